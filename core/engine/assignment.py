"""Who gets which variant, and who is held out: a hash of salt and user id (SEMANTICS 6)."""

from collections.abc import Sequence

import numpy as np

from core.engine import kernels
from core.engine.batches import Bools, Int32s

BUCKETS = 10_000
_OFFSET_BASIS = 2166136261
_PRIME = 16777619


def bucket(salt: str, user_id: str) -> float:
    """Give the user's bucket for a salt, 0 ≤ bucket < 1 in steps of 1/10,000.

    GrowthBook's hash version 2: 32-bit FNV-1a over UTF-16 code units, applied twice.
    """
    return int(buckets(salt, [user_id])[0]) / BUCKETS


def buckets(salt: str, user_ids: Sequence[str]) -> Int32s:
    """Give the bucket of each user as a whole number out of 10,000 (shape: users)."""
    encoded = [user_id.encode("utf-16-le", "surrogatepass") for user_id in user_ids]
    lengths = np.array([len(part) // 2 for part in encoded], dtype=np.int64)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    units = np.frombuffer(b"".join(encoded), dtype="<u2").astype(np.uint16)
    return kernels.buckets(units, offsets, salt_hash(salt))


def in_holdout(salt: str, share: float, user_ids: Sequence[str]) -> Bools:
    """Say for each user whether the campaign leaves them untouched (6.2)."""
    return buckets(salt, user_ids) / BUCKETS < share


def salt_hash(text: str) -> int:
    """Give a salt's own FNV-1a hash, with which the hash of each user begins (32 bits)."""
    value = _OFFSET_BASIS
    encoded = text.encode("utf-16-le", "surrogatepass")
    for place in range(0, len(encoded), 2):
        value = (value ^ int.from_bytes(encoded[place : place + 2], "little")) * _PRIME % 2**32
    return value
