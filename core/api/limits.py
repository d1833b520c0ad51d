"""How much the routes take in at once; everything a stranger sends is bounded by one of these."""

from dataclasses import dataclass

KILOBYTE = 1 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes of JSON, after it was unpacked; times in seconds."""

    call_size: int = 32 * KILOBYTE
    batch_size: int = 500 * KILOBYTE
    batch_count: int = 2_500
    depth: int = 32
    # Two of them in one index entry have to fit into a third of a page of PostgreSQL.
    id_length: int = 255
    # An address alone is an entry of an index, which PostgreSQL bounds; RFC 5321 allows 254.
    email_length: int = 320
    requests_at_once: int = 300
    # What waits to be stored: calls of everybody, and of one write key.
    waiting_count: int = 20_000
    waiting_count_per_key: int = 15_000
    stored_at_once: int = 5_000
    body_wait: float = 30.0
    retry_after: int = 2
    # Events a second with one write key, in the long run; for so long all of them may come at once.
    server_rate: int = 2_000
    browser_rate: int = 200
    burst: float = 60.0
