"""The engine's view of events: columns of one batch, sorted by (user, timestamp, seq)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.domain.values import JsonValue

MISSING = -1

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]
UInt16s = NDArray[np.uint16]
Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyColumn:
    """One property of every event: an index into the distinct `values`, or `MISSING`."""

    codes: Int32s
    values: Sequence[JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventBatch:
    """Events of a batch as equally long arrays, sorted by (user, timestamp, seq).

    `user` holds codes of the caller's choice, stable between batches that share memory; so are the
    codes of a key's column, whose `values` may grow from batch to batch. `timestamp` is in
    microseconds since 1970 UTC. `row` refers to the event for the caller and increases in the
    order of a user's events.
    """

    user: Int32s
    timestamp: Int64s
    row: Int64s
    name: Int32s
    names: Sequence[str]
    properties: Mapping[str, PropertyColumn] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the events."""
        return len(self.user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Firings:
    """Raw firings as equally long arrays, sorted by (user, fired_at, row).

    `row` refers to the event that caused the firing (SEMANTICS 3.7); `key` is an index into
    `key_texts`, or `MISSING` for a trigger without a key.
    """

    user: Int32s
    fired_at: Int64s
    row: Int64s
    key: Int32s
    key_texts: Sequence[str]

    def __len__(self) -> int:
        """Count the firings."""
        return len(self.user)

    def take(self, places: Int64s) -> "Firings":
        """Give the firings at some places, in that order."""
        return Firings(
            user=self.user[places],
            fired_at=self.fired_at[places],
            row=self.row[places],
            key=self.key[places],
            key_texts=self.key_texts,
        )
