"""Answers that take their time, asked for no more often than they may cost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

SHARE = 20  # an answer that took a second is good for twenty


class Sparing(Generic[Answer]):
    """Asks anew once the last answer has lasted `SHARE` times as long as it took."""

    def __init__(self, ask: Callable[[], Answer], clock: Callable[[], datetime]) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._kept: tuple[Answer, datetime, timedelta] | None = None

    def get(self) -> Answer:
        """Give an answer that is as new as may be."""
        with self._lock:
            begun_at = self._clock()
            if self._kept is not None:
                answer, answered_at, took = self._kept
                if timedelta() <= begun_at - answered_at < SHARE * took:
                    return answer
            answer = self._ask()
            ended_at = self._clock()
            self._kept = (answer, ended_at, ended_at - begun_at)
            return answer

    def forget(self) -> None:
        """Have the next one ask anew, because something was just changed."""
        with self._lock:
            self._kept = None
