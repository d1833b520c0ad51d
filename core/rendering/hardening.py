"""Makes filled-in MJML safe for the compiler, which corrupts or breaks out of attribute values.

Line ends, backslashes, unusual spaces and combining marks come out of it as escape sequences, and
a quote inside single quotes ends the attribute. Numeric entities pass through it untouched.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape

from core.rendering.emails import RemovedLink
from core.rendering.links import LINK_ATTRIBUTES, is_safe_link
from core.rendering.missing import MARK
from core.rendering.tags import ATTRIBUTE, TAG, VOID_TAGS, value_of

# Attributes as most are written: printable ASCII in double quotes, nothing to decode.
_PLAIN = re.compile(r"[ !-%(-;=?-\[\]-~]*+")
_DOUBTFUL_LINK = re.compile(
    r"(?:href|src|url|icon|background|action|poster)\w*\s*=\s*\"(?!https?://|mailto:|tel:|#)"
    r"|srcset"
)
_LONGEST_KEPT = 400
_TO_ENCODE = re.compile(r"[^ !#-%'-;=?-\[\]-~]")
_TO_ENCODE_IN_CSS = re.compile(r"[^ !#-;=?-\[\]-~]")
# Addresses that become `url('…')`, where an entity is decoded before the quotes count.
_IN_STYLE_SHEETS = frozenset({"background-url", "background"})
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")

_NOT_XML_BYTES = bytes(code for code in range(32) if code not in (9, 10, 13))
_NOT_XML_SIGNS = ("\ufffe", "\uffff")


@dataclass(slots=True)
class Hardened:
    """MJML that the compiler reads as it is meant."""

    mjml: str
    removed_links: list[RemovedLink] = field(default_factory=list)
    sign_by_name: dict[str, str] = field(default_factory=dict)
    depth: int = 0

    def restored(self, html: str) -> str:
        """Put the characters that have no entity back into what the compiler made."""
        for name, sign in self.sign_by_name.items():
            html = html.replace(name, sign)
        return html


def xml_text(text: str) -> str:
    """Drop what XML cannot hold: control characters, halves of surrogate pairs, U+FFFE, U+FFFF."""
    encoded = text.encode("utf-8", "ignore").translate(None, _NOT_XML_BYTES)
    cleaned = encoded.decode("utf-8")
    for sign in _NOT_XML_SIGNS:
        if sign in cleaned:
            cleaned = cleaned.replace(sign, "")
    return cleaned


def harden(mjml: str) -> Hardened:
    """Rewrite every attribute value to what the compiler passes through, and drop unsafe links."""
    hardened = Hardened(mjml)
    hardened.mjml = _Rewriting(mjml, hardened).rewritten()
    return hardened


class _Rewriting:
    def __init__(self, mjml: str, hardened: Hardened) -> None:
        self.hardened = hardened
        self.mjml = mjml
        self.to_encode = _TO_ENCODE

    def rewritten(self) -> str:
        """Give the MJML with the tags rewritten that need it; few do, the rest is copied whole."""
        parts: list[str] = []
        position = depth = deepest = 0
        for tag in TAG.finditer(self.mjml):
            steps, is_harmless = _known(tag[0])
            depth += steps
            if depth > deepest:
                deepest = depth
            if not is_harmless:
                parts += (self.mjml[position : tag.start()], self.tag(tag))
                position = tag.end()
        self.hardened.depth = deepest
        return "".join((*parts, self.mjml[position:]))

    def tag(self, tag: re.Match[str]) -> str:
        _, name, attributes = tag.groups()
        # The address of a font goes into a style sheet too, where "&" stands for itself.
        self.to_encode = _TO_ENCODE_IN_CSS if name == "mj-font" else _TO_ENCODE
        return f"<{name}{ATTRIBUTE.sub(self.attribute, attributes)}>"

    def attribute(self, attribute: re.Match[str]) -> str:
        raw = value_of(attribute)
        if raw is None:
            return attribute[0]
        value = decoded(raw)
        name = attribute["name"]
        if name.lower() in LINK_ATTRIBUTES and not is_safe_link(value, name.lower()):
            return self.unsafe_link(name, value)
        if name in _IN_STYLE_SHEETS:
            value = value.replace("'", "%27").replace("(", "%28").replace(")", "%29")
        return f'{attribute["space"] or " "}{name}="{self.to_encode.sub(self.entity, value)}"'

    def unsafe_link(self, name: str, value: str) -> str:
        if value.startswith(MARK):
            return f' {name}="#"'
        self.hardened.removed_links.append(RemovedLink(attribute=name, value=value))
        return ""

    def entity(self, sign: re.Match[str]) -> str:
        code = ord(sign[0])
        # HTML reads an entity of these as another character or none.
        if 0x7F <= code <= 0x9F or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
            return self.name_of(sign[0])
        return f"&#{code};"

    def name_of(self, sign: str) -> str:
        name = f"sign{ord(sign)}sign"
        while name in self.mjml:
            name += "q"
        self.hardened.sign_by_name[name] = sign
        return name


def _known(tag: str) -> tuple[int, bool]:
    """Say how many levels a tag goes down, and whether it can stay as it is."""
    # Most tags are the same for everybody, so most answers are known already.
    return _found_out(tag) if len(tag) > _LONGEST_KEPT else _kept_answer(tag)


def _found_out(text: str) -> tuple[int, bool]:
    tag = TAG.fullmatch(text)
    assert tag is not None
    end, name, attributes = tag.groups()
    if end:
        return -1, True
    opens = name is not None and not attributes.endswith("/") and name not in VOID_TAGS
    return int(opens), not attributes or _are_plain(attributes)


def _are_plain(attributes: str) -> bool:
    is_plain = _PLAIN.fullmatch(attributes) is not None
    return is_plain and _DOUBTFUL_LINK.search(attributes) is None


_kept_answer = lru_cache(maxsize=4_096)(_found_out)


def decoded(value: str) -> str:
    """Give what an attribute value means: entities end with a semicolon, any other "&" is one."""
    return _ENTITY.sub(_sign, value) if "&" in value else value


def _sign(entity: re.Match[str]) -> str:
    return xml_text(unescape(entity[0]))
