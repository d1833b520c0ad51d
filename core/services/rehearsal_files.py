"""The files a rehearsal writes: CSV in a fixed order, the same bytes for the same input (7.4)."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import IO, Any

from core.domain.errors import UnusableInput

HELD_BYTES = 128 * 2**20
COPIED_AT_ONCE = 16 * 2**20


class LinesWriter:
    """Takes the lines of several campaigns side by side, and makes one file of them in the end.

    Each campaign's lines arrive in the order of the file, batch by batch. Those of the first
    campaign are written at once; the others wait, in memory as long as they are few.
    """

    def __init__(self, path: Path, header: str, names: Iterable[str], stack: ExitStack) -> None:
        """Begin the file; `stack` closes and removes whatever is left open or waiting."""
        self._first, *others = sorted(names)
        self._whole = stack.enter_context(path.open("wb"))
        self._whole.write(f"{header}\n".encode())
        self._waiting = {name: _Waiting(path.parent, stack) for name in others}

    def add(self, name: str, lines: bytes | memoryview) -> None:
        """Append lines of a campaign."""
        if name == self._first:
            self._whole.write(lines)
        else:
            self._waiting[name].add(lines)

    def finish(self) -> None:
        """Write the lines that waited, by name of the campaign."""
        for name in sorted(self._waiting):
            self._waiting[name].write_to(self._whole)
        self._whole.close()


class _Waiting:
    """The lines of one campaign; once they are many, in a file that vanishes with us."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._lines: list[bytes | memoryview] = []
        self._size = 0
        self._file: IO[bytes] | None = None

    def add(self, lines: bytes | memoryview) -> None:
        self._lines.append(lines)
        self._size += len(lines)
        if self._size > HELD_BYTES:
            self._spill()

    def write_to(self, whole: IO[bytes]) -> None:
        if self._file is not None:
            self._file.seek(0)
            shutil.copyfileobj(self._file, whole, COPIED_AT_ONCE)
        whole.writelines(self._lines)

    def _spill(self) -> None:
        if self._file is None:
            opened = TemporaryFile(dir=self._folder)  # noqa: SIM115 - the stack closes it
            self._file = self._stack.enter_context(opened)
        self._file.writelines(self._lines)
        self._lines, self._size = [], 0


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Write `summary.json` with sorted keys."""
    text = json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


@contextmanager
def replaced_together(folder: Path, names: Iterable[str]) -> Iterator[dict[str, Path]]:
    """Give a draft path per name; put all drafts in place at the end, or none on an error.

    Drafts lie in a hidden folder of their own: another process may be writing the same files.
    Raises UnusableInput when the folder cannot be made or written to.
    """
    drafts = _begin(folder, list(names))
    try:
        yield drafts
        for name, draft in drafts.items():
            draft.replace(folder / name)
    finally:
        for place in {draft.parent for draft in drafts.values()}:
            shutil.rmtree(place, ignore_errors=True)


def _begin(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if (folder / name).is_dir():
                raise UnusableInput(
                    f"{folder / name} is a folder; give another --out folder, or move it away."
                )
        place = Path(mkdtemp(prefix=".draft-", dir=folder))
        drafts = {name: place / name for name in names}
        for draft in drafts.values():
            draft.touch()
    except OSError as error:
        raise UnusableInput(
            f"Cannot write to {folder}: {error.strerror}; give another --out folder."
        ) from error
    return drafts
