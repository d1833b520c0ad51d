"""How many e-mails may leave: tokens that come back as time passes, over all and by domain."""

import threading
from dataclasses import dataclass

MOST_DOMAINS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limits:
    """Grants e-mails at two rates (per second): over all, and to addresses of one domain.

    All senders of a process share one. What is granted and not used is given back. In the first
    second as many may leave as in each later one, at least one.
    """

    def __init__(self, per_second: float, per_domain_per_second: float) -> None:
        """Begin with full buckets."""
        self._per_second = per_second
        self._per_domain = per_domain_per_second
        self._all: _Bucket | None = None
        self._domains: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def change(self, per_second: float, per_domain_per_second: float) -> None:
        """Go on at other rates."""
        with self._lock:
            self._per_second, self._per_domain = per_second, per_domain_per_second

    def grant(self, wanted: int, now: float) -> int:
        """Give how many of the e-mails wanted may leave now (seconds)."""
        with self._lock:
            self._all = _filled(self._all, self._per_second, now)
            return _taken(self._all, wanted)

    def grant_to(self, domain: str, wanted: int, now: float) -> int:
        """Give how many of the e-mails wanted may leave to a domain now (seconds)."""
        with self._lock:
            if len(self._domains) > MOST_DOMAINS:
                self._forget_full(now)
            bucket = _filled(self._domains.get(domain), self._per_domain, now)
            self._domains[domain] = bucket
            return _taken(bucket, wanted)

    def give_back(self, count: int) -> None:
        """Take back what was granted and not used."""
        with self._lock:
            if self._all is not None:
                self._all.tokens += count

    def give_back_to(self, domain: str, count: int) -> None:
        """Take back what was granted to a domain and not used."""
        with self._lock:
            if domain in self._domains:
                self._domains[domain].tokens += count

    def _forget_full(self, now: float) -> None:
        self._domains = {
            name: bucket
            for name, bucket in self._domains.items()
            if bucket.tokens + (now - bucket.at) * self._per_domain < max(1.0, self._per_domain)
        }


def _filled(bucket: _Bucket | None, rate: float, now: float) -> _Bucket:
    most = max(1.0, rate)
    if bucket is None:
        return _Bucket(most, now)
    bucket.tokens = min(most, bucket.tokens + max(0.0, now - bucket.at) * rate)
    bucket.at = now  # also after a clock that was set back
    return bucket


def _taken(bucket: _Bucket, wanted: int) -> int:
    granted = min(wanted, int(bucket.tokens))
    bucket.tokens -= granted
    return granted
