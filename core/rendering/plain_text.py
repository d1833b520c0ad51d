"""The plain-text part of an e-mail, made from its filled-in MJML: what a reader sees, in order."""

import re
from dataclasses import dataclass, field
from html import unescape

from core.rendering.hardening import decoded
from core.rendering.tags import ATTRIBUTE, TAG, value_of

_HIDDEN = frozenset({"mj-head", "mj-style", "style", "script", "head", "title"})
_PARAGRAPHS = frozenset(
    (
        *("mj-section", "mj-wrapper", "mj-hero", "mj-text", "mj-button", "mj-table", "mj-image"),
        *("mj-divider", "mj-spacer", "mj-accordion-element", "mj-social", "mj-navbar", "mj-group"),
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "hr"),
    )
)
_LINES = frozenset(
    (
        *("br", "div", "tr", "li", "mj-social-element", "mj-navbar-link"),
        *("mj-accordion-title", "mj-accordion-text", "mj-column"),
    )
)
_LINKS = frozenset({"a", "mj-button", "mj-social-element", "mj-navbar-link"})
_PICTURES = frozenset({"img", "mj-image"})
_PICTURE = "\x00"
# Ends a line if words stand on both sides; what stands side by side makes one block.
_SOFT_END = "\x01"
_SOFT_ENDS = re.compile(r"[ \n\x01]*\x01[ \n\x01]*")
_SPACES = re.compile(r"[ \t\r\n\xa0]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def plain_text(mjml: str) -> str:
    """Give what an e-mail says as text, with the address of each link behind its words."""
    writer = _Writer()
    position = max(0, mjml.find("<mj-body"))
    for tag in TAG.finditer(mjml, position):
        start, end = tag.span()
        if start > position:
            writer.words(mjml[position:start])
        position = end
        if tag["name"] is not None:
            writer.tag(tag)
    writer.words(mjml[position:])
    return writer.text()


@dataclass(slots=True)
class _Writer:
    parts: list[str] = field(default_factory=list)
    hidden_by: str = ""
    group_depth: int = 0
    # Of each open link its tag, its address, and where its words begin.
    links: list[tuple[str, str, int]] = field(default_factory=list)

    def words(self, raw: str) -> None:
        if self.hidden_by:
            return
        if not raw.isspace():
            self.parts.append(_SPACES.sub(" ", unescape(raw) if "&" in raw else raw))
        elif self.parts and not self.parts[-1].endswith(("\n", " ", _SOFT_END)):
            self.parts.append(" ")

    def tag(self, tag: re.Match[str]) -> None:
        name = tag["name"]
        is_end = bool(tag["end"])
        if self.hidden_by:
            if is_end and name == self.hidden_by:
                self.hidden_by = ""
            return
        if name in _HIDDEN:
            is_closed = tag["attributes"].endswith("/")
            self.hidden_by = "" if is_end or is_closed else name
        elif is_end:
            self.end(name)
        else:
            self.start(name, tag["attributes"])

    def start(self, name: str, raw: str) -> None:
        self.line_end(name)
        if name == "mj-group":
            self.group_depth += 1
        if name == "li":
            self.parts.append("- ")
        if name in ("td", "th"):
            self.parts.append(" ")
        if name in _PICTURES:
            alt = _attribute(raw, "alt")
            if alt:
                self.parts.append(f"{_PICTURE}{_SPACES.sub(' ', alt).strip()}\n")
        if name in _LINKS and not raw.endswith("/"):
            self.links.append((name, _attribute(raw, "href"), len(self.parts)))

    def end(self, name: str) -> None:
        if name in _LINKS and self.links and self.links[-1][0] == name:
            self.end_link()
        if name == "mj-group":
            self.group_depth = max(0, self.group_depth - 1)
        self.line_end(name)

    def end_link(self) -> None:
        _, address, first = self.links.pop()
        words = "".join(self.parts[first:]).strip()
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if address and not address.startswith("#") and words and words != shown:
            self.parts.append(f" ({shown})")
        elif address and not words.strip(_PICTURE):
            self.parts.append(shown)

    def line_end(self, name: str) -> None:
        if name in _PARAGRAPHS:
            is_inside_group = self.group_depth and name != "mj-group"
            self.parts.append(_SOFT_END if is_inside_group else "\n\n")
        elif name == "br" or (name in _LINES and not self.is_at_start(name)):
            self.parts.append("\n")

    def is_at_start(self, name: str) -> bool:
        """Say whether a line has just begun, or goes on in the next column beside it."""
        goes_on = name == "mj-column" and self.group_depth > 0
        return goes_on or (bool(self.parts) and self.parts[-1].endswith(("\n", "- ")))

    def text(self) -> str:
        joined = _SOFT_ENDS.sub(_line_end, "".join(self.parts))
        lines = [" ".join(line.split(" ")).strip() for line in joined.split("\n")]
        said = {line.split(" (")[0] for line in lines if not line.startswith(_PICTURE)}
        kept: list[str] = []
        for line in lines:
            if not line.startswith(_PICTURE):
                kept.append(line)
            elif line[1:] not in said:
                kept.append(f"[{line[1:]}]")
        return _EMPTY_LINES.sub("\n\n", "\n".join(kept)).strip() + "\n"


def _line_end(ends: re.Match[str]) -> str:
    return "\n\n" if "\n\n" in ends[0] else "\n"


def _attribute(raw: str, name: str) -> str:
    if name not in raw:
        return ""
    for attribute in ATTRIBUTE.finditer(raw):
        if attribute["name"] == name:
            return decoded(value_of(attribute) or "").strip()
    return ""
