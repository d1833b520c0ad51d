"""Files that came through the browser: kept on disk until they are imported or dropped."""

import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from core.domain.errors import UnusableInput
from core.domain.instants import EPOCH

FORGOTTEN_AFTER = timedelta(days=2)
_PIECE_BYTES = 8 << 20
_LONGEST_NAME = 120


def keep_upload(
    home: Path,
    file: IO[bytes],
    name: str,
    *,
    on_progress: Callable[[int], None] = lambda byte_count: None,
) -> Path:
    """Write an uploaded file to a folder of its own and give its path; tells the bytes written.

    Raises UnusableInput when the disk is full or cannot be written to.
    """
    folder = uploads_folder(home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = Path(tempfile.mkdtemp(dir=folder)) / _safe_name(name)
    except OSError as error:
        raise UnusableInput(f"Cannot keep {name!r} in {folder}: {error.strerror}.") from error
    try:
        _copy(file, kept, on_progress)
    except OSError as error:
        shutil.rmtree(kept.parent, ignore_errors=True)
        raise UnusableInput(f"Cannot keep {name!r} in {folder}: {error.strerror}.") from error
    return kept


def drop_upload(home: Path, path: Path) -> None:
    """Delete an upload; a file that did not come through the browser is left alone."""
    if path.parent.parent == uploads_folder(home):
        shutil.rmtree(path.parent, ignore_errors=True)


def drop_forgotten_uploads(home: Path, now: datetime) -> None:
    """Delete uploads that nobody imported for two days: their browser tab is long gone."""
    folder = uploads_folder(home)
    if not folder.is_dir():
        return
    for kept in folder.iterdir():
        changed_at = EPOCH + timedelta(seconds=kept.stat().st_mtime)
        if now - changed_at > FORGOTTEN_AFTER:
            shutil.rmtree(kept, ignore_errors=True)


def uploads_folder(home: Path) -> Path:
    """Give the folder of uploads; it is no dataset and may be deleted at any time."""
    return home / "uploads"


def _copy(file: IO[bytes], target: Path, on_progress: Callable[[int], None]) -> None:
    written = 0
    with target.open("wb") as kept:
        while piece := file.read(_PIECE_BYTES):
            kept.write(piece)
            written += len(piece)
            on_progress(written)


def _safe_name(name: str) -> str:
    """Keep what is harmless of a name that the browser sent."""
    last = re.split(r"[/\\]", name)[-1]
    safe = re.sub(r"[^\w .()-]+", "_", last).strip(" .")
    return safe[-_LONGEST_NAME:] or "upload"
