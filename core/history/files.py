"""Opening a person's file: what it is, its columns, and a plain form of it that DuckDB reads."""

import errno
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from core.domain.errors import UnusableInput
from core.history.looking import Look, look_into_csv, look_into_json_lines, look_into_parquet
from core.history.rewriting import as_utf8, count_newlines, file_chunks, with_line_feeds, with_tabs
from core.history.sniffing import RUN_OF_SPACES, chosen_encoding, find_encoding, read_header
from core.history.sources import LONGEST_LINE, SourceFile
from core.history.unpacking import CHUNK_BYTES, Packing, packing_of, unpacked_chunks

OnRead = Callable[[int], None]

_PREFIX_BYTES = 4 * CHUNK_BYTES
_WILDCARD = re.compile(r"[*?\[\]{}]")


@contextmanager
def open_source(
    path: Path,
    *,
    encoding: str | None = None,
    whole: bool = True,
    scratch: Path | None = None,
    on_read: OnRead | None = None,
) -> Iterator[SourceFile]:
    """Open a CSV, Parquet or JSON lines file; copies that are needed live until the block ends.

    `whole=False` reads only the beginning, for a first look that is quick for any size: an archive
    that is broken further down stays unseen. Copies are made in `scratch` (by default the system's
    folder for temporary files); `on_read` is told the bytes of each as they are written, and may
    raise to stop. Raises UnusableInput for everything that cannot be read.
    """
    _check_path(path)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copies = _Copies(folder=Path(folder), on_read=on_read or _ignore)
        try:
            source = _opened(path, copies, encoding=encoding, whole=whole)
        except PermissionError as error:
            raise UnusableInput(f"{path.name} may not be read: check its permissions.") from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UnusableInput(
                f"There is not enough room to unpack {path.name} in {folder}: make room there."
            ) from error
        yield source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copies:
    """Where copies are made, and who wants to know how far they are."""

    folder: Path
    on_read: OnRead

    def write(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Write a copy and give its path."""
        target, written = self.folder / name, 0
        with target.open("wb") as file:
            for chunk in chunks:
                written += file.write(chunk)
                self.on_read(written)
        return target


def _ignore(_written: int) -> None:
    """Serve a caller who does not want to know."""


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise UnusableInput(f"{path} is a folder: name the file in it.")
    if not path.is_file():
        raise UnusableInput(f"{path} does not exist: check the name and the folder.")
    if path.stat().st_size == 0:
        raise UnusableInput(f"{path.name} is empty: there is no header and no row in it.")


def _opened(path: Path, copies: _Copies, *, encoding: str | None, whole: bool) -> SourceFile:
    packing = packing_of(path)
    rest = unpacked_chunks(path, packing)
    prefix, is_all = _beginning(path.name, rest)
    chunks = chain([prefix], rest)
    if prefix.startswith(b"PAR1"):
        readable = path if packing is Packing.NONE else copies.write("unpacked", chunks)
        return look_into_parquet(path, _without_wildcards(readable, copies.folder))
    found = chosen_encoding(encoding) if encoding else find_encoding(path.name, prefix)
    first = _first_lines(path.name, prefix, found, is_all=is_all)
    header = None if first.lstrip()[:1] in {"{", "["} else read_header(path.name, first)
    in_spaces = header is not None and header.dialect.delimiter == RUN_OF_SPACES
    if whole:
        readable = path if packing is Packing.NONE else copies.write("unpacked", chunks)
        readable = _plain_form(path.name, readable, copies, found, in_spaces)
    else:
        readable = copies.write("first", [first.encode()])
        readable = _plain_form(path.name, readable, copies, "utf-8", in_spaces)
    look = Look(
        path=path,
        readable=_without_wildcards(readable, copies.folder),
        first_lines=first,
        is_whole=whole or is_all,
    )
    return look_into_json_lines(look) if header is None else look_into_csv(look, header)


def _beginning(name: str, chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """Read the first megabytes, up to a line end at least; say whether that is all."""
    prefix = b""
    for chunk in chunks:
        prefix += chunk
        if len(prefix) >= _PREFIX_BYTES and (b"\n" in prefix or b"\r" in prefix):
            return prefix, False
        if len(prefix) >= LONGEST_LINE:
            raise UnusableInput(
                f"{name} has a first line of more than {LONGEST_LINE // 1_000_000} MB: it is no"
                " table with one row per line."
            )
    if not prefix:
        raise UnusableInput(f"{name} is empty: there is no header and no row in it.")
    return prefix, True


def _first_lines(name: str, prefix: bytes, encoding: str, *, is_all: bool) -> str:
    """Decode the beginning, with one kind of line end; a line that is cut is left out."""
    decoded = b"".join(as_utf8(name, [prefix], encoding)).decode(errors="ignore")
    text = decoded.removeprefix("\ufeff").replace("\r\n", "\n")
    text = text if "\n" in text else text.replace("\r", "\n")
    return text if is_all else text[: text.rfind("\n") + 1]


def _plain_form(name: str, readable: Path, copies: _Copies, encoding: str, in_spaces: bool) -> Path:
    """Rewrite what DuckDB would not read: other encodings, mixed line ends, runs of spaces."""
    if encoding != "utf-8":
        readable = copies.write("utf8", as_utf8(name, file_chunks(readable), encoding))
    newlines = count_newlines(readable)
    if newlines.are_uniform and not in_spaces:
        return readable
    lines = with_line_feeds(file_chunks(readable), newlines)
    return copies.write("plain", with_tabs(lines) if in_spaces else lines)


def _without_wildcards(path: Path, folder: Path) -> Path:
    """Give a path in which DuckDB sees no pattern of several files."""
    if not _WILDCARD.search(str(path)):
        return path
    link = folder / f"link{path.suffix}"
    link.symlink_to(path.absolute())
    return link
