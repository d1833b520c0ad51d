"""Encodes a part of a message for the wire (RFC 2045), by whichever encoding makes it smaller.

Every line has at most 76 columns and ends with CR LF; what is decoded is the text with such line
ends. No line begins with a dot or with "From ", which some mail servers would change.
"""

import binascii
import re

# Two columns stay free: a sign at the beginning of a line may need three of them (see `_guarded`).
_WIDEST = 74
# A line break may not stand within "=3D"; what begins a line is at most two signs shorter for it.
_PIECE = re.compile(rb".{71,73}(?<!=)(?<!=.)(?=.)|.+")
_AS_IT_IS = bytes((9, 10, *range(32, 127)))
_BASE64_BYTES = 57  # of a line of 76 columns
_LINE_END = b"\r\n"


def encoded_part(text: str) -> tuple[bytes, bytes]:
    """Give the name of the transfer encoding and the encoded text; any line end becomes CR LF."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    # Half a surrogate pair, which no encoding can hold, becomes a question mark.
    content = lines.encode("utf-8", "replace")
    escaped = _escaped(content)
    if 3 * len(escaped) > 4 * len(content):
        return b"base64", _base64(content)
    return b"quoted-printable", _quoted_printable(escaped)


def _escaped(content: bytes) -> bytes:
    """Write each byte that is not printable, and each "=", as its number."""
    escaped = content.replace(b"=", b"=3D")
    for code in set(escaped.translate(None, _AS_IT_IS)):
        escaped = escaped.replace(bytes((code,)), b"=%02X" % code)
    return escaped


def _quoted_printable(escaped: bytes) -> bytes:
    return _guarded(_LINE_END.join(map(_broken, escaped.split(b"\n"))))


def _broken(line: bytes) -> bytes:
    """Break a line where it is too wide; a space at its end, which may get lost, is escaped."""
    if line.endswith((b" ", b"\t")):
        line = line[:-1] + b"=%02X" % line[-1]
    return line if len(line) <= _WIDEST else b"=\r\n".join(_PIECE.findall(line))


def _guarded(lines: bytes) -> bytes:
    """Escape the first sign of a line that mail servers take for the end, or for another mail."""
    if lines.startswith((b".", b"From ")):
        lines = b"=%02X" % lines[0] + lines[1:]
    return lines.replace(b"\n.", b"\n=2E").replace(b"\nFrom ", b"\n=46rom ")


def _base64(content: bytes) -> bytes:
    sent = content.replace(b"\n", _LINE_END)
    starts = range(0, len(sent), _BASE64_BYTES)
    lines = [binascii.b2a_base64(sent[at : at + _BASE64_BYTES], newline=False) for at in starts]
    return _LINE_END.join(lines)
