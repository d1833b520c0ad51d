"""Disks that are full: one that really is, and a database that may grow no further."""

import mmap
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, Engine, event

NO_END = 2**31 - 1
_SIZE = 8 << 20  # bytes of a small disk


class Disk(Protocol):
    """A disk that can be filled and made free again; `folder` lies on it."""

    folder: Path

    def fill(self) -> None: ...

    def free(self) -> None: ...

    def limit(self, database: Engine) -> None: ...


class SmallDisk:
    """A file system of its own in memory, which a useless file fills to its last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                while _is_written(file.fileno(), size):
                    pass

    def free(self) -> None:
        self._ballast.unlink()

    def limit(self, database: Engine) -> None:
        """Do nothing: the file system itself says no."""


def _is_written(file: int, size: int) -> bool:
    try:
        return os.write(file, bytes(size)) > 0
    except OSError:
        return False


class Quota:
    """A most size of the database file, in pages; SQLite says that the disk is full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._most = memoryview(mmap.mmap(-1, 8)).cast("q")
        self._most[0] = NO_END

    def fill(self) -> None:
        self._most[0] = 1  # SQLite takes it for the size that there is

    def free(self) -> None:
        self._most[0] = NO_END

    def limit(self, database: Engine) -> None:
        """Let every transaction of a process ask how large the database may be."""
        event.listen(database, "begin", self._ask, insert=True)

    def _ask(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {self._most[0]}")


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount a small disk for a while, where this computer lets us."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only who may mount file systems can make a small one")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)
