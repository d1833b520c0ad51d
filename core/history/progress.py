"""How a long import tells where it is, and how it is stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import duckdb

from core.domain.errors import Cancelled

_POLL_SECONDS = 0.2


class Stage(StrEnum):
    """What an import is doing; the text is shown to people."""

    LOOKING = "Looking at the columns"
    READING = "Reading"
    SORTING = "Sorting and storing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a stage is: rows done, their speed, and how many and how long still, if known."""

    stage: Stage
    rows: int
    rows_per_second: float
    total_rows: int | None
    seconds_left: float | None


ProgressCallback = Callable[[Progress], None]
CancelQuestion = Callable[[], bool]


class Watch:
    """Reports progress to whoever asked for it, and stops the work when they said so.

    `is_cancelled` is also asked from a second thread.
    """

    def __init__(
        self,
        on_progress: ProgressCallback | None = None,
        is_cancelled: CancelQuestion | None = None,
    ) -> None:
        """Remember whom to tell and whom to ask; both may be nobody."""
        self._tell = on_progress
        self._is_cancelled = is_cancelled
        self._stage: Stage | None = None
        self._began = 0.0
        self._rows = 0
        self._total: int | None = None

    def begin(self, stage: Stage, total_rows: int | None) -> None:
        """Start a stage; raise `Cancelled` if the work was stopped."""
        self._stage, self._total, self._rows = stage, total_rows, 0
        self._began = time.perf_counter()
        self.advance(0)

    def advance(self, rows: int) -> None:
        """Report that `rows` more are done; raise `Cancelled` if the work was stopped."""
        self.check()
        self._rows += rows
        if self._tell is not None and self._stage is not None:
            self._tell(self._progress(self._stage))

    def check(self) -> None:
        """Raise `Cancelled` if the work was stopped."""
        if self._is_cancelled is not None and self._is_cancelled():
            raise Cancelled("The import was stopped; nothing was changed.")

    @contextmanager
    def interrupting(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let a stop also end a query that runs long; it then raises `Cancelled`."""
        if self._is_cancelled is None:
            yield
            return
        done = threading.Event()
        guard = threading.Thread(target=self._guard, args=(connection, done), daemon=True)
        guard.start()
        try:
            yield
        except duckdb.InterruptException as error:
            raise Cancelled("The import was stopped; nothing was changed.") from error
        finally:
            done.set()
            guard.join()

    def _guard(self, connection: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
        while not done.wait(_POLL_SECONDS):
            if self._is_cancelled is not None and self._is_cancelled():
                connection.interrupt()

    def _progress(self, stage: Stage) -> Progress:
        seconds = time.perf_counter() - self._began
        speed = self._rows / seconds if seconds > 0 else 0.0
        left = None
        if self._total is not None and speed > 0:
            left = max(self._total - self._rows, 0) / speed
        return Progress(
            stage=stage,
            rows=self._rows,
            rows_per_second=speed,
            total_rows=self._total,
            seconds_left=left,
        )
