"""What a mailbox decodes is what was written, in lines that every server takes."""

import binascii
import quopri
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rendering.transfer import encoded_part

DECODE: dict[bytes, Callable[[bytes], bytes]] = {
    b"quoted-printable": quopri.decodestring,
    b"base64": binascii.a2b_base64,
}
ANYTHING = st.characters() | st.characters(categories=["Cs"])
TRAPS = st.sampled_from(["\r", "\n", "\r\n", " ", "\t", ".", "=", "=3D", "From ", "\u2028", "ü"])
TEXTS = st.lists(ANYTHING | TRAPS | st.integers(1, 99).map("x=".__mul__), max_size=30).map("".join)


def as_sent(text: str) -> bytes:
    """Give the bytes a mailbox is to see: each line end is CR LF, half a pair a question mark."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.encode("utf-8", "replace").replace(b"\n", b"\r\n")


@given(TEXTS)
@example("")
@example("x" * 73 + "=" * 9 + "x" * 73)
@example("a \r\n\tb\t\n  ")
@example(".\n..\n." + "." * 500)
@example("From me\nFrom you" + "From us " * 40)
def test_what_is_decoded_is_the_text_byte_for_byte(text: str) -> None:
    name, encoded = encoded_part(text)

    assert DECODE[name](encoded) == as_sent(text)


@given(TEXTS)
@example("x" * 10_000)
@example("=" * 500)
@example("." * 500)
@example("From " * 100)
@example((" " * 80 + "\n") * 3)
def test_lines_are_what_every_mail_server_takes(text: str) -> None:
    _, encoded = encoded_part(text)

    lines = encoded.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)
    assert all(32 <= code < 127 or code == 9 for line in lines for code in line)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    assert not any(line.startswith((b".", b"From ")) for line in lines)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<p>Grüße aus Köln, und alles Gute für den Weg!</p>" * 50, b"quoted-printable"),
        ("ตะกร้าของคุณรออยู่" * 50, b"base64"),
        ("Ваша корзина ждёт" * 50, b"base64"),
    ],
)
def test_the_smaller_encoding_is_taken(text: str, name: bytes) -> None:
    found, encoded = encoded_part(text)

    assert found == name
    assert len(encoded) < 1.4 * len(text.encode())
