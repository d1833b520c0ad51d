"""CSS, HTML and pictures that well-known mail programs do not show.

The facts are from caniemail.com, whose tests are of 2019 to 2024; that no program runs scripts, and
that round gradients fare like straight ones, was not looked up there. A short list of what
marketers use, because no Python package was found that carries all of its data.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

GMAIL, OUTLOOK, OUTLOOK_COM = "Gmail", "Outlook on Windows", "Outlook.com"
YAHOO = "Yahoo Mail"

_REGIONS = re.compile(
    r"<(mj-style|style)\b[^>]*>(?P<sheet>.*?)</\1\s*>|\sstyle\s*=\s*(?P<quote>[\"'])(?P<inline>.*?)(?P=quote)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Unsupported:
    name: str
    pattern: re.Pattern[str]
    clients: tuple[str, ...]
    mend: str


def _css(name: str, pattern: str, clients: tuple[str, ...], mend: str) -> _Unsupported:
    return _Unsupported(name, re.compile(pattern, re.IGNORECASE), clients, mend)


def _property(names: str, clients: tuple[str, ...], mend: str) -> _Unsupported:
    return _css(names.partition("|")[0], rf"(?<![\w-])(?:{names})\s*:", clients, mend)


_MOST = (GMAIL, OUTLOOK, YAHOO)
_CSS = (
    _css("display: flex", r"display\s*:\s*(?:inline-)?flex", (OUTLOOK,), "Use <mj-column>."),
    _css("display: grid", r"display\s*:\s*(?:inline-)?grid", _MOST, "Use <mj-column>."),
    _css(
        "position",
        r"(?<![\w-])position\s*:\s*(?:absolute|fixed|sticky|relative)",
        (GMAIL, OUTLOOK),
        "Place it with columns and padding.",
    ),
    _property("gap|row-gap|column-gap", (OUTLOOK, YAHOO), "Use padding."),
    _property(
        "background-image", (OUTLOOK,), "Use background-url of <mj-section>, made for Outlook too."
    ),
    _css(
        "gradient",
        r"(?:linear|radial|conic)-gradient\s*\(",
        (OUTLOOK, OUTLOOK_COM, YAHOO),
        "Give a background-color that is fine alone.",
    ),
    _css("var()", r"(?<![\w-])(?:var\s*\(|--[\w-]+\s*:)", _MOST, "Write the value itself."),
    _property("box-shadow", _MOST, "Check that it looks right without."),
    _property("transform", _MOST, "Turn or scale the picture itself."),
    _property(
        "animation|animation-name", _MOST, "Use an animated GIF whose first picture says it all."
    ),
    _property("filter", _MOST, "Change the picture itself."),
    _property("opacity", (OUTLOOK, YAHOO), "Use a lighter colour."),
    _property("object-fit", (OUTLOOK, YAHOO), "Cut the picture itself to size."),
    _property("aspect-ratio", _MOST, "Give pictures width and height, or cut them to shape."),
    _css("@import", r"@import\b", (GMAIL, OUTLOOK_COM, YAHOO), "Put the rules into <mj-style>."),
)
_HTML = (
    _css(
        "<script>", r"<script\b", (*_MOST, "Apple Mail"), "Leave it out: no mail program runs it."
    ),
    _css("<video>", r"<video\b", _MOST, "Link a picture of it to the page that plays it."),
    _css("<form>", r"<form\b", (OUTLOOK,), "Link to a page with the form."),
    _css("SVG", r"\ssrc\s*=\s*[\"'][^\"']*\.svg\b", (GMAIL, OUTLOOK), "Use a PNG."),
)


def unsupported(source: str) -> Iterator[tuple[int, str, str]]:
    """List what mail programs do not show: its place in the source, what, and the way out.

    Each thing is named once per source, where it is used first.
    """
    found: list[tuple[int, _Unsupported]] = []
    for region in _REGIONS.finditer(source):
        group = "sheet" if region["sheet"] is not None else "inline"
        found += _first_uses(_CSS, source, *region.span(group))
    found += _first_uses(_HTML, source, 0, len(source))
    told: set[str] = set()
    for place, entry in sorted(found, key=lambda use: use[0]):
        if entry.name not in told:
            told.add(entry.name)
            yield place, f"{entry.name} does not work in {_listed(entry.clients)}.", entry.mend


def _first_uses(
    entries: tuple[_Unsupported, ...], source: str, start: int, end: int
) -> Iterator[tuple[int, _Unsupported]]:
    for entry in entries:
        use = entry.pattern.search(source, start, end)
        if use is not None:
            yield use.start(), entry


def _listed(clients: tuple[str, ...]) -> str:
    *most, last = clients
    return f"{', '.join(most)} and {last}" if most else last
