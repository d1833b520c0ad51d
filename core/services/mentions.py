"""Finding a person's ids and addresses in texts and files."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from email import policy
from email.errors import MessageError
from email.parser import BytesParser
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote

from core.store.personal_rows import Mentions, Names

_PIECE = 4 << 20
_LONG = 6  # characters
_OVERLAP = 1_024  # longer than any id or address
_TEXT = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".log", ".eml"})


def mentions_of(names: Names) -> Mentions:
    """Give the question whether a text mentions somebody; longer words around an id are not."""
    return _finder(sorted({*names.user_ids, *names.addresses}))


def mentions_of_long_names(names: Names) -> Mentions:
    """Ask as `mentions_of`, but leave out names that are too short to mean anybody in a text."""
    return _finder([name for name in {*names.user_ids, *names.addresses} if len(name) >= _LONG])


def is_mentioned_in(path: Path, mentions: Mentions) -> bool:
    """Say whether a file mentions somebody; yes for one whose text cannot be read."""
    try:
        return any(mentions(text) for text in _texts(path))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError):
        return True


def is_mentioned_in_letter(path: Path, mentions: Mentions) -> bool:
    """Say whether an e-mail of the folder is to somebody or mentions them in its texts."""
    try:
        content = path.read_bytes()
        if mentions(unquote(path.name)) or mentions(content.decode("utf-8", "replace")):
            return True
        letter = BytesParser(policy=policy.default).parsebytes(content)
        heads = (str(value) for value in letter.values())
        bodies = (
            str(part.get_content())
            for part in letter.walk()
            if part.get_content_type()[:5] == "text/"
        )
        return any(map(mentions, heads)) or any(map(mentions, bodies))
    except FileNotFoundError:
        return False
    except (MessageError, LookupError, ValueError):
        return True


def _finder(names: Iterable[str]) -> Callable[[str], bool]:
    written = {form for name in names if name for form in (name, quote(name, safe=""))}
    if not written:
        return lambda text: False
    either = "|".join(re.escape(form) for form in sorted(written, key=len, reverse=True))
    found = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    return lambda text: found.search(text) is not None


def _texts(path: Path) -> Iterator[str]:
    """Read a file as overlapping pieces of text, unpacked; raises ValueError for anything else."""
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as file:
            yield from _pieces(file)
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield from _pieces(member)
    elif path.suffix.lower() in _TEXT:
        with path.open("rb") as file:
            yield from _pieces(file)
    else:
        raise ValueError("this is no text")


def _pieces(file: IO[bytes] | gzip.GzipFile) -> Iterator[str]:
    held = b""
    while piece := file.read(_PIECE):
        yield (held + piece).decode("utf-8", "replace")
        held = piece[-_OVERLAP:]
