"""A change to a dataset as one step: prepared aside under a lock, then put in place."""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import UnusableInput
from core.history import naming
from core.history.manifest import (
    MANIFEST_NAME,
    Manifest,
    load_manifest,
    save_manifest,
    sync_folder,
)

_LOCK_NAME = ".lock"
_DRAFT_NAME = "import.tmp"


@dataclass(frozen=True)
class Draft:
    """A dataset that is being changed: what it is now, and folders for what it will be.

    `folder` is the dataset's; `scratch` holds temporary files; what lies in `generation` when
    `publish` is called becomes the dataset's files.
    """

    folder: Path
    scratch: Path
    generation: Path
    manifest: Manifest

    @property
    def current(self) -> Path | None:
        """Give the folder of the present generation, if there is one."""
        number = self.manifest.generation
        return naming.generation_folder(self.folder, number) if number else None

    @property
    def next_generation(self) -> int:
        """Number the generation to come."""
        return self.manifest.generation + 1

    def keep(self, file_name: str) -> None:
        """Let the next generation have a file of the present one as it is."""
        if self.current is not None and (self.current / file_name).exists():
            _link(self.current / file_name, self.generation / file_name)

    def keep_rejects(self, rejects: Path, file_name: str) -> Path:
        """Move a rejects file to where the dataset keeps them, named after the imported file."""
        folder = naming.rejects_folder(self.folder)
        folder.mkdir(exist_ok=True)
        number = 1 + max((_leading_number(path.name) for path in folder.iterdir()), default=0)
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(file_name).name.split(".")[0])[:80]
        target = folder / f"{number}-{stem}.csv"
        rejects.replace(target)
        return target

    def publish(self, manifest: Manifest) -> None:
        """Make `manifest`, and the new generation if it names that, the dataset's truth."""
        if manifest.generation == self.next_generation:
            for file in self.generation.iterdir():
                _sync_file(file)
            self.generation.replace(naming.generation_folder(self.folder, manifest.generation))
            sync_folder(self.folder)
        save_manifest(self.folder, manifest)
        _remove_leftovers(self.folder, manifest)


@contextmanager
def drafted(home: Path, name: str) -> Iterator[Draft]:
    """Prepare a change of a dataset, new or not; without `publish` it stays as it was.

    Raises UnusableInput for an impossible name, and while another process changes the dataset.
    """
    folder = naming.dataset_folder(home, name)
    with _locked(folder, name):
        manifest = load_manifest(folder) or Manifest(name=name, generation=0)
        _remove_leftovers(folder, manifest)
        scratch = folder / _DRAFT_NAME
        generation = scratch / "generation"
        generation.mkdir(parents=True)
        try:
            yield Draft(folder, scratch, generation, manifest)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UnusableInput(
                f"The disk is full: make room beside {folder}, about three times the size of the"
                " file; nothing was changed."
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            if not (folder / MANIFEST_NAME).exists():
                shutil.rmtree(folder, ignore_errors=True)


def delete_dataset(home: Path, name: str) -> None:
    """Delete a dataset; raises UnusableInput if there is none or it is being changed."""
    folder = naming.dataset_folder(home, name)
    if load_manifest(folder) is None:
        raise UnusableInput(f"There is no dataset called {name!r} to delete.")
    with _locked(folder, name):
        # Without its manifest it is gone, whatever happens to the rest.
        (folder / MANIFEST_NAME).unlink()
        shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the dataset's lock, which the operating system lets go when the process ends."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK_NAME, os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise UnusableInput(
                f"The dataset {name!r} is being changed by another import: wait until that is"
                " done, then try again."
            ) from error
        if _is_still(folder / _LOCK_NAME, handle):
            break
        os.close(handle)
    try:
        yield
    finally:
        os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    """Say whether the locked file is the one at `path`: it may have been deleted meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _remove_leftovers(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: former generations, and what a crash left."""
    shutil.rmtree(folder / _DRAFT_NAME, ignore_errors=True)
    (folder / f"{MANIFEST_NAME}.new").unlink(missing_ok=True)
    current = naming.generation_folder(folder, manifest.generation)
    for path in folder.iterdir():
        if naming.GENERATION.fullmatch(path.name) and path != current:
            shutil.rmtree(path, ignore_errors=True)
    named = {record.rejects_file for record in manifest.imports}
    for path in naming.rejects_folder(folder).glob("*"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _leading_number(name: str) -> int:
    digits = name.split("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Some file systems know no hard links.
        shutil.copyfile(source, target)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
