"""The evaluator beside the dashboard: a child process, there while there is something to decide."""

import logging
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.domain.errors import UnusableInput
from core.services.errands import Errand
from core.services.errands import beside as errands_beside
from core.services.evaluator_switch import EvaluatorState, evaluator_state
from core.services.live_questions import is_needed

logger = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks whether there is something to decide
WATCH = 0.5  # seconds between looks whether the evaluator still runs
LONGEST_REST = 60.0  # seconds before an evaluator that keeps ending is started again
STEADY = 60.0  # seconds after which an evaluator that ends is no longer called failing
PATIENCE = 10.0  # seconds in which it has to end once told to


OFF = "off"


@contextmanager
def beside(
    command: Sequence[str],
    folder: Path,
    database: Callable[[], Engine],
    *,
    switch: str = "",
    watches: Sequence[Errand] = (),
    clock: Callable[[], datetime] | None = None,
) -> Iterator[None]:
    """Keep the evaluator running for as long as the context is open, unless the switch is `off`.

    `command` starts it in `folder`; `database` opens what it decides on, later and elsewhere.
    `watches` are errands that go on here when the evaluator is down: they say that it is.
    """
    if clock is None:
        with _kept_running(command, folder, database, switch):
            yield
        return
    with errands_beside(watches, clock), _kept_running(command, folder, database, switch):
        yield


@contextmanager
def _kept_running(
    command: Sequence[str], folder: Path, database: Callable[[], Engine], switch: str
) -> Iterator[None]:
    if switch.strip().lower() == OFF:
        yield
        return
    embedded = EmbeddedWorker(
        command, folder, lambda: _asks_for_it(database), is_told_off=lambda: _is_told_off(database)
    )
    embedded.start()
    try:
        yield
    finally:
        embedded.stop()


class EmbeddedWorker:
    """Starts the evaluator once it is wanted, and again, ever more slowly, where it ends."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        is_wanted: Callable[[], bool],
        *,
        is_told_off: Callable[[], bool] = lambda: False,
        look: float = LOOK,
        first_rest: float = 1.0,
    ) -> None:
        self._command, self._folder, self._is_wanted = list(command), folder, is_wanted
        self._is_told_off = is_told_off
        self._look, self._first_rest = look, first_rest
        self._stopping = Event()
        self._thread = Thread(target=self._keep_running, name="embedded evaluator", daemon=True)

    def start(self) -> None:
        """Begin to look after the evaluator, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the evaluator, and wait until it is gone."""
        self._stopping.set()
        self._thread.join()

    def _keep_running(self) -> None:
        rest = self._first_rest
        while self._is_wanted_in_time():
            seconds = self._run_once()
            if self._stopping.is_set():
                return
            if self._is_told_off():
                continue
            rest = self._first_rest if seconds >= STEADY else rest
            logger.warning("the evaluator ended; it is started again", extra={"after": rest})
            self._stopping.wait(rest)
            rest = min(2 * rest, LONGEST_REST)

    def _is_wanted_in_time(self) -> bool:
        """Wait until there is something to decide; False if it is over before."""
        while not self._stopping.is_set() and not self._is_wanted():
            self._stopping.wait(self._look)
        return not self._stopping.is_set()

    def _run_once(self) -> float:
        """Run the evaluator until it ends or is to end; give about how many seconds it ran."""
        # In a session of its own: Ctrl+C reaches the dashboard, which ends it in order.
        process = subprocess.Popen(self._command, cwd=self._folder, start_new_session=True)
        seconds = 0.0
        while process.poll() is None and not self._stopping.wait(WATCH):
            seconds += WATCH
            if self._is_told_off():
                break
        _end(process)
        return seconds


def _is_told_off(database: Callable[[], Engine]) -> bool:
    """Say whether somebody stopped the evaluator; while nobody can be asked, nobody did."""
    try:
        return evaluator_state(database()) is EvaluatorState.STOPPED
    except (DBAPIError, UnusableInput):
        return False


def _asks_for_it(database: Callable[[], Engine]) -> bool:
    """Say whether there is something to decide; a database that does not answer may do so later."""
    try:
        return not _is_told_off(database) and is_needed(database())
    except (DBAPIError, UnusableInput):
        logger.warning("the evaluator cannot be started: no answer from the database")
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()  # whatever it was at is not committed, and is decided the next time
        process.wait()
