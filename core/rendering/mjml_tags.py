"""The tags of MJML: which attributes each takes, and what may stand inside it."""

from collections.abc import Mapping

_SIDES = ("top", "right", "bottom", "left")


def _sided(name: str) -> tuple[str, ...]:
    return (name, *(f"{name}-{side}" for side in _SIDES))


_PADDING = _sided("padding")
_BORDER = (*_sided("border"), "border-radius")
_FONT = ("color", "font-family", "font-size", "font-style", "font-weight", "letter-spacing")
_WORDS = (*_FONT, "line-height", "text-decoration", "text-transform")
_INNER = (*_sided("inner-border"), "inner-border-radius", "inner-background-color")
_LINK = ("href", "rel", "target", "title", "name")
_BACKGROUND = (
    *("background-color", "background-url", "background-repeat", "background-size"),
    *("background-position", "background-position-x", "background-position-y"),
)
_ICONS = (
    *("icon-align", "icon-width", "icon-height", "icon-position"),
    *("icon-wrapped-url", "icon-wrapped-alt", "icon-unwrapped-url", "icon-unwrapped-alt"),
)
_SECTION = (*_BACKGROUND, *_BORDER, *_PADDING, "direction", "full-width", "text-align")
_IN_COLUMN = (*_PADDING, "align", "container-background-color", "vertical-align")
_THUMBNAILS = ("border", "border-radius", "hover-border-color", "selected-border-color", "width")

_BODY_TAGS: Mapping[str, tuple[str, ...]] = {
    "mj-body": ("background-color", "width", "id", "title", "lang", "dir"),
    "mj-wrapper": (*_SECTION, "gap"),
    "mj-section": (*_SECTION, "text-padding"),
    "mj-group": ("background-color", "direction", "vertical-align", "width"),
    "mj-column": (
        *("background-color", "direction", "vertical-align", "width"),
        *(*_BORDER, *_PADDING, *_INNER),
    ),
    "mj-hero": (
        *("mode", "height", "width", "background-width", "background-height", "border-radius"),
        *(*_BACKGROUND, *_IN_COLUMN, *_sided("inner-padding"), "inner-background-color"),
    ),
    "mj-text": (*_WORDS, *_IN_COLUMN, "background-color", "height"),
    "mj-button": (
        *(*_WORDS, *_IN_COLUMN, *_BORDER, *_LINK, "background-color", "height", "width"),
        *("inner-padding", "text-align"),
    ),
    "mj-image": (
        *(*_IN_COLUMN, *_BORDER, *_LINK, "alt", "src", "srcset", "sizes", "usemap", "width"),
        *("height", "max-height", "font-size", "fluid-on-mobile", "full-width"),
    ),
    "mj-divider": (*_IN_COLUMN, "border-color", "border-style", "border-width", "width"),
    "mj-spacer": (*_IN_COLUMN, "height", "width"),
    "mj-table": (
        *(*_WORDS, *_IN_COLUMN, "border", "cellpadding", "cellspacing", "role"),
        *("table-layout", "width"),
    ),
    "mj-social": (
        *(*_WORDS, *_IN_COLUMN, "border-radius", "icon-size", "icon-height", "icon-padding"),
        *("inner-padding", "mode", "table-layout", "text-padding"),
    ),
    "mj-social-element": (
        *(*_WORDS, *_IN_COLUMN, *_LINK, "alt", "background-color", "border-radius", "src"),
        *("srcset", "sizes", "icon-size", "icon-height", "icon-padding", "icon-position"),
        "text-padding",
    ),
    "mj-navbar": (
        *(*_IN_COLUMN, "base-url", "hamburger", "ico-align", "ico-open", "ico-close"),
        *("ico-color", "ico-font-size", "ico-font-family", "ico-text-transform"),
        *(*_sided("ico-padding"), "ico-text-decoration", "ico-line-height"),
    ),
    "mj-navbar-link": (*_WORDS, *_PADDING, *_LINK),
    "mj-accordion": (*_IN_COLUMN, *_ICONS, "border", "font-family"),
    "mj-accordion-element": (*_ICONS, "background-color", "border", "font-family"),
    "mj-accordion-title": (*_FONT, *_PADDING, "background-color"),
    "mj-accordion-text": (*_FONT, *_PADDING, "background-color", "line-height"),
    "mj-carousel": (
        *(*_IN_COLUMN, "border-radius", "icon-width", "left-icon", "right-icon", "thumbnails"),
        *(f"tb-{name}" for name in _THUMBNAILS),
    ),
    "mj-carousel-image": (
        *(*_LINK, "alt", "src", "thumbnails-src", "border-radius", "tb-border"),
        "tb-border-radius",
    ),
    "mj-raw": ("position",),
}
_HEAD_TAGS: Mapping[str, tuple[str, ...]] = {
    "mjml": ("lang", "dir", "owa"),
    "mj-head": (),
    "mj-title": (),
    "mj-preview": (),
    "mj-attributes": (),
    "mj-breakpoint": ("width",),
    "mj-font": ("name", "href"),
    "mj-style": ("inline", "css-class"),
    "mj-include": ("path", "type", "css-inline"),
}

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **{tag: frozenset((*names, "css-class", "mj-class")) for tag, names in _BODY_TAGS.items()},
    **{tag: frozenset(names) for tag, names in _HEAD_TAGS.items()},
}
EVERY_ATTRIBUTE = frozenset().union(*ATTRIBUTES.values())

# What holds words or HTML, in which the tags of MJML mean nothing.
TEXT_TAGS = frozenset(
    (
        *("mj-text", "mj-button", "mj-table", "mj-raw", "mj-title", "mj-preview", "mj-style"),
        *("mj-social-element", "mj-navbar-link", "mj-accordion-title", "mj-accordion-text"),
    )
)

_IN_COLUMNS = frozenset(
    (
        *("mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-raw"),
        *("mj-social", "mj-navbar", "mj-accordion", "mj-carousel"),
    )
)
CHILDREN: Mapping[str, frozenset[str]] = {
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": frozenset(
        (
            *("mj-title", "mj-preview", "mj-attributes", "mj-breakpoint", "mj-font"),
            *("mj-style", "mj-raw"),
        )
    ),
    "mj-body": frozenset({"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}),
    "mj-wrapper": frozenset({"mj-section", "mj-hero", "mj-raw"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _IN_COLUMNS,
    "mj-hero": _IN_COLUMNS,
    "mj-social": frozenset({"mj-social-element"}),
    "mj-navbar": frozenset({"mj-navbar-link"}),
    "mj-accordion": frozenset({"mj-accordion-element"}),
    "mj-accordion-element": frozenset({"mj-accordion-title", "mj-accordion-text"}),
    "mj-carousel": frozenset({"mj-carousel-image"}),
}
# Inside these the compiler refuses what it does not expect; elsewhere it goes on in silence.
STRICT_TAGS = frozenset(
    (
        *("mjml", "mj-head", "mj-social", "mj-navbar", "mj-accordion", "mj-accordion-element"),
        "mj-carousel",
    )
)
