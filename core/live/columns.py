"""Stored events as the engine's columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.domain.mail_events import DELIVERY, OUR_DOING
from core.domain.matchers import OURS
from core.domain.values import JsonValue, at_path
from core.engine.batches import MISSING, EventBatch, PropertyColumn
from core.store.live_events import ReceivedEvent

_BY_A_MACHINE = '"is_machine": true'  # as `outcome_events` writes it
Readers = Mapping[str, frozenset[str] | None]


class Codes:
    """Codes of one property's values: equal JSON texts share a code, 1, true and "1" do not."""

    def __init__(self) -> None:
        """Begin without values."""
        self.values: list[JsonValue] = []
        self._codes: dict[Any, int] = {}

    def code(self, value: JsonValue) -> int:
        """Give the code of a value, a new one if it has none; a missing value has MISSING."""
        if value is None:
            return MISSING
        key = value if type(value) is str else (type(value), json.dumps(value))
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.values)
            self.values.append(value)
        return code


def batch_of(
    events: Sequence[ReceivedEvent],
    user_code: Mapping[str, int],
    readers: Readers,
    codes: Mapping[str, Codes],
) -> tuple[EventBatch, list[ReceivedEvent]]:
    """Put events in the engine's order (user code, time, arrival) and into its columns.

    `codes` holds one `Codes` per path of `readers`. Gives the events in that order as well.
    """
    user = np.array([user_code[event.user_id] for event in events], dtype=np.int32)
    at = np.array([event.at for event in events], dtype=np.int64)
    seq = np.array([event.seq for event in events], dtype=np.int64)
    order = np.lexsort((seq, at, user))
    ordered = [events[place] for place in order.tolist()]
    name_codes: dict[str, int] = {}
    names = [name_codes.setdefault(engine_name(event), len(name_codes)) for event in ordered]
    batch = EventBatch(
        user=user[order],
        timestamp=at[order],
        row=seq[order],
        name=np.array(names, dtype=np.int32),
        names=list(name_codes),
        properties=_properties(ordered, readers, codes),
    )
    return batch, ordered


def engine_name(event: ReceivedEvent) -> str:
    """Give the name by which the engine knows an event; see `matchers.OURS`."""
    is_ours = event.source == DELIVERY and (
        event.event in OUR_DOING or _BY_A_MACHINE in event.properties
    )
    return f"{OURS}{event.event}" if is_ours else event.event


def _properties(
    events: Sequence[ReceivedEvent], readers: Readers, codes: Mapping[str, Codes]
) -> dict[str, PropertyColumn]:
    columns = {path: np.full(len(events), MISSING, dtype=np.int32) for path in readers}
    paths_of = _paths_by_name(readers)
    for place, event in enumerate(events):
        paths = paths_of(event.event)
        if paths:
            properties = json.loads(event.properties)
            for path in paths:
                columns[path][place] = codes[path].code(at_path(properties, path))
    return {
        path: PropertyColumn(codes=column, values=codes[path].values)
        for path, column in columns.items()
    }


def _paths_by_name(readers: Readers) -> Callable[[str], list[str]]:
    """Give what says which properties of an event are read, asked once per name."""
    known: dict[str, list[str]] = {}

    def paths_of(name: str) -> list[str]:
        if name not in known:
            known[name] = [p for p, names in readers.items() if names is None or name in names]
        return known[name]

    return paths_of
