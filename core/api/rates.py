"""How many events a second one write key may send: a bucket of tokens for each."""

import math
from dataclasses import dataclass
from datetime import datetime

from core.api.limits import Limits
from core.api.refusals import too_many
from core.domain.write_keys import Sender

_MOST_WAIT = 60  # seconds; a client that is told to wait longer may give up


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class Rates:
    """Counts what each sender's key took; whoever has used up theirs waits until it has filled."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: dict[str, _Bucket] = {}

    def take(self, sender: Sender, count: int, now: datetime) -> None:
        """Take so many events from a sender; raises Refused, with how long to wait."""
        rate = self._limits.browser_rate if sender.is_public else self._limits.server_rate
        most = rate * self._limits.burst
        bucket = self._filled(sender.name, rate, most, now)
        # What is more than a full bucket could never come: it empties it, and others wait longer.
        lacking = min(count, most) - bucket.tokens
        if lacking > 0:
            wait = min(_MOST_WAIT, max(1, math.ceil(lacking / rate)))
            said = f"more than {rate:,} events a second with this write key; send these again later"
            raise too_many(said, wait)
        bucket.tokens -= count

    def _filled(self, name: str, rate: int, most: float, now: datetime) -> _Bucket:
        bucket = self._buckets.setdefault(name, _Bucket(most, now))
        passed = (now - bucket.filled_at).total_seconds()
        if passed > 0:
            bucket.tokens = min(most, bucket.tokens + passed * rate)
        bucket.filled_at = now  # a clock that was put back begins anew
        return bucket
