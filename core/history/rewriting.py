"""Bringing text that DuckDB would not read into a plain form: UTF-8, one kind of line end."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import UnusableInput
from core.history.unpacking import CHUNK_BYTES

_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_AT_ENDS = re.compile(rb"^[ \t]+|[ \t]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newlines:
    """How often a file holds each kind of line end; all zero where there is no carriage return."""

    carriage_returns: int
    line_feeds: int
    pairs: int

    @property
    def are_uniform(self) -> bool:
        """Say whether every line ends alike."""
        return self.carriage_returns == self.pairs and self.pairs in {0, self.line_feeds}


def count_newlines(path: Path) -> Newlines:
    """Count line ends; a file without a single carriage return costs next to nothing."""
    if not any(b"\r" in chunk for chunk in file_chunks(path)):
        return Newlines(carriage_returns=0, line_feeds=0, pairs=0)
    returns = feeds = pairs = 0
    last = b""
    for chunk in file_chunks(path):
        returns += chunk.count(b"\r")
        feeds += chunk.count(b"\n")
        pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
        last = chunk[-1:]
    return Newlines(carriage_returns=returns, line_feeds=feeds, pairs=pairs)


def file_chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def as_utf8(name: str, chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Re-encode; raise UnusableInput where the bytes are not of that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise UnusableInput(
                f"{name} is not {encoding} after line {line:,}: save it as 'CSV UTF-8'."
            ) from error
        line += text.count("\n")
        yield text.encode()


def with_line_feeds(chunks: Iterable[bytes], newlines: Newlines) -> Iterator[bytes]:
    """End every line with a line feed; a lone carriage return inside a line becomes a space."""
    lone = b"\n" if newlines.line_feeds == 0 else b" "
    held = b""
    for chunk in chunks:
        joined = held + chunk
        held = b"\r" if joined.endswith(b"\r") else b""
        complete = joined[: len(joined) - len(held)]
        yield complete.replace(b"\r\n", b"\n").replace(b"\r", lone)
    yield held.replace(b"\r", lone)


def with_tabs(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Turn each run of spaces into one tab; spaces around a line are dropped."""
    held = b""
    for chunk in chunks:
        complete, newline, held = (held + chunk).rpartition(b"\n")
        yield _tabbed(complete) + newline
    yield _tabbed(held)


def _tabbed(lines: bytes) -> bytes:
    return _BLANKS.sub(b"\t", _BLANKS_AT_ENDS.sub(b"", lines))
