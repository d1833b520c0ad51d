"""What the evaluator's process does beside deciding: sending, calling, watching, forgetting."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to be done again and again: `run` does what is due at a time, and counts it.

    It must be safe to run in several processes at once, and to be killed at any moment. While it
    finds something to do it is run again at once, otherwise after `every` seconds. While the
    evaluator is paused or stopped only those are run that say so: what sends must not.
    """

    name: str
    every: float
    run: Callable[[datetime], int]
    while_paused: bool = False


def always() -> bool:
    """Say that nobody paused anything."""
    return True


def run_once(
    errands: Sequence[Errand], now: datetime, *, is_on: Callable[[], bool] = always
) -> dict[str, int]:
    """Run each errand once, for a cron or a cloud function; give how much each of them did."""
    return {errand.name: _tried(errand, now, is_on) for errand in errands}


@contextmanager
def beside(
    errands: Sequence[Errand],
    clock: Callable[[], datetime],
    *,
    is_on: Callable[[], bool] = always,
) -> Iterator[None]:
    """Run errands, each in a thread of its own, for as long as the context lasts.

    `is_on` is asked before each run whether the evaluator is paused. At the end each errand
    finishes what it has begun.
    """
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_again, args=(errand, clock, is_on, stopping), name=errand.name)
        for errand in errands
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _again(
    errand: Errand,
    clock: Callable[[], datetime],
    is_on: Callable[[], bool],
    stopping: threading.Event,
) -> None:
    while not stopping.is_set():
        if not _tried(errand, clock(), is_on):
            stopping.wait(errand.every)


def _tried(errand: Errand, now: datetime, is_on: Callable[[], bool]) -> int:
    """Run an errand; what fails now may succeed later, and must not keep the others from theirs."""
    try:
        return errand.run(now) if errand.while_paused or is_on() else 0
    except Exception:
        logger.exception("an errand failed", extra={"errand": errand.name})
        return 0
