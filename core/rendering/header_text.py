"""Makes text fit for a header and for the line of an inbox, and writes headers as RFC 2047 asks."""

import binascii
import re
from collections.abc import Iterator

from core.rendering.hardening import xml_text

LONGEST_TEXT = 500
WIDEST = 76

_LINE_ENDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# An override that a name leaves open turns all that follows it.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 ]*")
_TO_ESCAPE = re.compile(r"[\"\\]")
_MOST_BYTES = 42  # of an encoded word, so that it stays below 75 signs


def header_text(text: str) -> str:
    """Give text as one line without control signs, cut where no inbox shows it any more."""
    line = " ".join(_TURNING.sub("", _LINE_ENDS.sub(" ", xml_text(text))).split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1].rstrip() + "…"


def text_header(name: str, text: str) -> str:
    """Write a header of words for people; `text` is a line without control signs."""
    if text.isascii() and "=?" not in text:
        return _folded(f"{name}:", text.split(" "))
    return _folded(f"{name}:", _encoded_words(text))


def address_header(name: str, address: str, person: str) -> str:
    """Write a header with one address and the name of the person behind it."""
    if not person:
        return _folded(f"{name}:", [address])
    if not person.isascii() or "=?" in person:
        words = list(_encoded_words(person))
    elif _PLAIN_PHRASE.fullmatch(person):
        words = person.split(" ")
    else:
        words = ['"' + _TO_ESCAPE.sub(r"\\\g<0>", person) + '"']
    return _folded(f"{name}:", [*words, f"<{address}>"])


def verbatim_header(name: str, *words: str) -> str:
    """Write a header whose words nobody may encode or break: ids, and addresses of web pages.

    A long List-Unsubscribe that is folded into encoded words is no address to any mailbox.
    """
    return _folded(f"{name}:", words)


def _folded(line: str, words: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Write words with a line end before each that would make the line too wide."""
    lines: list[str] = []
    for word in words:
        if len(line) + 1 + len(word) > WIDEST and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def _encoded_words(text: str) -> Iterator[str]:
    """Encode text in pieces that end between characters; readers join them without a space."""
    rest = text.encode()
    while rest:
        end = min(_MOST_BYTES, len(rest))
        while end < len(rest) and rest[end] & 0xC0 == 0x80:
            end -= 1
        piece = binascii.b2a_base64(rest[:end], newline=False).decode()
        yield f"=?utf-8?b?{piece}?="
        rest = rest[end:]
