"""Answers of the database that many requests ask for, kept for a moment."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Asks once, and gives the same answer until it is too old."""

    def __init__(self, ask: Callable[[], Answer], clock: Callable[[], datetime]) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._kept: tuple[Answer, datetime] | None = None

    def get(self, at_most: timedelta) -> Answer:
        """Give an answer that is younger than `at_most`."""
        with self._lock:
            now = self._clock()
            kept = self._kept
            if kept is None or not timedelta() <= now - kept[1] < at_most:
                kept = (self._ask(), now)
                self._kept = kept
            return kept[0]
