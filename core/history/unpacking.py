"""The bytes of a file, out of gzip or zip, in pieces; a broken archive is one clear sentence."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from core.domain.errors import UnusableInput

CHUNK_BYTES = 1 << 20

_ENCRYPTED = 0x1
_BOOKKEEPING = ("__MACOSX/", ".DS_Store", "Thumbs.db")


class Packing(StrEnum):
    """What a file is wrapped in."""

    NONE = "none"
    GZIP = "gzip"
    ZIP = "zip"


def packing_of(path: Path) -> Packing:
    """Look at the first bytes; the name of a file proves nothing."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        return Packing.GZIP
    if start in {b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"}:
        return Packing.ZIP
    return Packing.NONE


def unpacked_chunks(path: Path, packing: Packing) -> Iterator[bytes]:
    """Yield the unpacked bytes; raise UnusableInput at the place where the archive is broken."""
    try:
        with _opened(path, packing) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except EOFError as error:
        raise UnusableInput(
            f"{path.name} is cut off: its compressed data ends too early; download or export it"
            " again."
        ) from error
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise UnusableInput(
            f"{path.name} is damaged and cannot be unpacked; download or export it again."
        ) from error


@contextmanager
def _opened(path: Path, packing: Packing) -> Iterator[IO[bytes]]:
    match packing:
        case Packing.NONE:
            with path.open("rb") as file:
                yield file
        case Packing.GZIP:
            with gzip.open(path) as file:
                yield cast("IO[bytes]", file)
        case Packing.ZIP:
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(_only_member(path, archive)) as file,
            ):
                yield file


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise UnusableInput(f"{path.name} is a spreadsheet or document: save the sheet as CSV.")
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not any(mark in member.filename for mark in _BOOKKEEPING)
    ]
    if len(members) != 1:
        shown = ", ".join(member.filename for member in members[:3])
        raise UnusableInput(
            f"{path.name} holds {len(members)} files{f' ({shown})' if shown else ''}: unpack it"
            " and give the files one by one."
        )
    if members[0].flag_bits & _ENCRYPTED:
        raise UnusableInput(f"{path.name} is locked with a password: unpack it first.")
    if members[0].compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnusableInput(
            f"{path.name} uses a rare kind of compression: unpack it and give the file itself."
        )
    return members[0]
