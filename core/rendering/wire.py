"""How parent and worker speak over pipes: a JSON head and texts behind it, each with its length."""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

LARGEST_FRAME = 64_000_000  # bytes

_LENGTH = struct.Struct(">II")


class BrokenFrame(Exception):
    """What came over a pipe is no frame; the other side is not to be trusted any more."""


def frame(head: Any, texts: Sequence[str] = ()) -> bytes:
    """Write a message: `head` is JSON, `texts` follow as they are, which spares escaping them."""
    bodies = [text.encode("utf-8", "replace") for text in texts]
    # Half a surrogate pair, which no encoding can hold, becomes a question mark.
    said = json.dumps([head, [len(body) for body in bodies]], ensure_ascii=False)
    start = said.encode("utf-8", "replace")
    return b"".join((_LENGTH.pack(len(start), sum(map(len, bodies))), start, *bodies))


def read_frame(read: Callable[[int], bytes]) -> tuple[Any, list[str]] | None:
    """Read a message with `read`, which gives as many bytes as asked, or fewer at the end."""
    lengths = read(_LENGTH.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTH.size:
        raise BrokenFrame
    start_size, rest_size = _LENGTH.unpack(lengths)
    if start_size + rest_size > LARGEST_FRAME:
        raise BrokenFrame
    content = read(start_size + rest_size)
    if len(content) < start_size + rest_size:
        raise BrokenFrame
    head, sizes = json.loads(content[:start_size])
    texts: list[str] = []
    position = start_size
    for size in sizes:
        texts.append(content[position : position + size].decode("utf-8"))
        position += size
    return head, texts
