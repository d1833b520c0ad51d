"""Reads the HTML of an e-mail: its links and pictures, and its words in their colours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from core.rendering.tags import VOID_TAGS
from core.services.email_colours import Colour, colour_of

_SKIPPED = frozenset({"head", "style", "script", "title"})
_BOLD_TAGS = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
_WHITE, _BLACK = Colour(255, 255, 255), Colour(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How words look; a colour is None where it cannot be told, as over a picture."""

    colour: Colour | None = _BLACK
    background: Colour | None = _WHITE
    pixels: float = 16
    is_bold: bool = False
    is_hidden: bool = False


@dataclass(slots=True, kw_only=True)
class Link:
    """A link and its words; None without an address."""

    address: str | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture; `alt` is None where it has no such attribute."""

    address: str
    alt: str | None
    is_linked: bool


@dataclass(slots=True)
class Page:
    """What there is to see in an e-mail."""

    links: list[Link] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    words: list[tuple[str, Style]] = field(default_factory=list)


def read_page(html: str) -> Page:
    """Read the HTML of an e-mail; comments, such as those for Outlook, are left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[tuple[str, Style]] = [("", Style())]
        self._links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "img":
            self._picture(attributes)
        if tag in VOID_TAGS:
            return
        if tag == "a":
            self._links.append(Link(address=attributes.get("href")))
            self.page.links.append(self._links[-1])
        self._open.append((tag, _styled(self._open[-1][1], tag, attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._links.pop()
        places = [place for place, (name, _) in enumerate(self._open) if name == tag]
        if places and places[-1] > 0:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        style = self._open[-1][1]
        words = " ".join(data.split())
        # A size of 0 is that of the gaps between columns: what stands inside has its own.
        if not words or style.is_hidden or style.pixels == 0:
            return
        self.page.words.append((words, style))
        for link in self._links:
            link.words = f"{link.words} {words}".strip()

    def _picture(self, attributes: Mapping[str, str | None]) -> None:
        if self._open[-1][1].is_hidden:
            return
        alt = attributes.get("alt")
        self.page.pictures.append(
            Picture(
                address=attributes.get("src") or "",
                alt=(alt or "") if "alt" in attributes else None,
                is_linked=bool(self._links),
            )
        )
        for link in self._links:
            link.words = f"{link.words} {alt or ''}".strip()


def _styled(outer: Style, tag: str, attributes: Mapping[str, str | None]) -> Style:
    """Give the style inside a tag."""
    style = outer
    if tag in _SKIPPED:
        style = replace(style, is_hidden=True)
    if tag in _BOLD_TAGS:
        style = replace(style, is_bold=True)
    if tag == "a":
        # What a link looks like without a colour of its own is up to style sheets and readers.
        style = replace(style, colour=None)
    if attributes.get("bgcolor"):
        style = replace(style, background=colour_of(attributes["bgcolor"] or ""))
    if attributes.get("background"):
        style = replace(style, background=None)
    for declaration in (attributes.get("style") or "").split(";"):
        name, _, value = declaration.partition(":")
        style = _declared(style, name.strip().lower(), value.strip().lower())
    return style


def _declared(style: Style, name: str, value: str) -> Style:
    match name:
        case "color":
            return style if value == "inherit" else replace(style, colour=colour_of(value))
        case "background" | "background-color":
            return _on(style, value)
        case "background-image":
            return style if value == "none" else replace(style, background=None)
        case "font-size":
            size = _PIXELS.match(value)
            return replace(style, pixels=float(size[1])) if size else style
        case "font-weight":
            is_bold = value in ("bold", "bolder") or (value.isdecimal() and int(value) >= 700)
            return replace(style, is_bold=is_bold)
        case "display":
            return replace(style, is_hidden=style.is_hidden or value.startswith("none"))
        case _:
            return style


def _on(style: Style, value: str) -> Style:
    if "(" in value and not value.startswith("rgb"):
        return replace(style, background=None)
    first = value.partition("!")[0].split(" ")[0] if not value.startswith("rgb") else value
    if first in ("", "none", "transparent", "inherit", "initial"):
        return style
    return replace(style, background=colour_of(first))
