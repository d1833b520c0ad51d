"""The latest requests that were refused as a whole, for people to find out why nothing arrives."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from core.api.refusals import Refused

KEPT_COUNT = 50
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """A request that was not taken: when, at which path, from which page, and why."""

    at: datetime
    path: str
    origin: str | None
    code: str
    reason: str


class RefusedRequests:
    """Keeps the latest in memory: what strangers send never reaches the database."""

    def __init__(self) -> None:
        self._kept = deque[RefusedRequest](maxlen=KEPT_COUNT)
        self._lock = Lock()

    def note(self, refused: Refused, *, at: datetime, path: str, origin: str | None) -> None:
        """Keep why a request was refused, in place of the oldest."""
        one = RefusedRequest(
            at=at,
            path=path[:_LONGEST],
            origin=None if origin is None else origin[:_LONGEST],
            code=refused.code,
            reason=refused.message,
        )
        with self._lock:
            self._kept.append(one)

    def latest(self) -> list[RefusedRequest]:
        """List them, the latest first."""
        with self._lock:
            return list(reversed(self._kept))
