"""What people did before a launch, looked up person by person while their e-mails are composed."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.domain.deeds import Deed
from core.domain.meanings import Meanings
from core.domain.values import JsonValue
from core.history.columns import EventColumns
from core.history.reading import Dataset
from core.services.deed_columns import DeedColumns, event_properties, property_paths

MOST_ROWS = 6_000_000  # events kept in memory, about 60 bytes each


@dataclass(slots=True)
class _Group:
    """The events of some neighbours; `causes` with all properties, read where one is asked for."""

    columns: EventColumns
    deeds: DeedColumns
    causes: EventColumns | None = None
    lock: Lock = field(default_factory=Lock)


class HistoryDeeds:
    """Looks people up in a dataset; what was read stays for their neighbours.

    Safe for several threads.
    """

    def __init__(self, dataset: Dataset, meanings: Meanings, most_rows: int = MOST_ROWS) -> None:
        """Learn which people stand in which part of the dataset."""
        self._dataset, self._meanings, self._most_rows = dataset, meanings, most_rows
        tables = dataset.groups(["user"]) if dataset.manifest.rows else iter(())
        self._first_users = np.array([table["user"][0].as_py() for table in tables], dtype=np.int64)
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self._lock = Lock()

    def of(self, user_id: str, until: int) -> tuple[Sequence[Deed], int | None]:
        """Give what somebody did up to an instant (µs), and the time of their last event by then.

        None for somebody without events by then.
        """
        user = self._dataset.user_code(user_id)
        if user is None:
            return [], None
        group = self._group_with(user)
        times = group.columns.timestamp[_rows_of(group.columns, user)]
        count = int(np.searchsorted(times, until, "right"))
        if count == 0:
            return [], None
        deeds = group.deeds.of(user)
        return [deed for deed in deeds if deed.at <= until], int(times[count - 1])

    def properties_of(self, user_id: str, event_id: str) -> dict[str, JsonValue] | None:
        """Give the properties of somebody's event; None where the dataset does not have it."""
        user = self._dataset.user_code(user_id)
        if user is None:
            return None
        paths = property_paths(self._dataset.manifest)
        columns = self._with_causes(user, paths)
        rows = _rows_of(columns, user)
        assert columns.event_ids is not None
        place: int = pc.index(columns.event_ids[rows], event_id).as_py()
        return None if place < 0 else event_properties(columns, rows.start + place, paths)

    def _with_causes(self, user: int, paths: Sequence[str]) -> EventColumns:
        group = self._group_with(user)
        with group.lock:
            if group.causes is None:
                place = [self._place_of(user)]
                group.causes = self._dataset.read_chunk(place, paths, with_event_ids=True)
            return group.causes

    def _place_of(self, user: int) -> int:
        return int(np.searchsorted(self._first_users, user, "right")) - 1

    def _group_with(self, user: int) -> _Group:
        place = self._place_of(user)
        with self._lock:
            found = self._groups.get(place)
            if found is None:
                columns = self._dataset.read_chunk([place], self._meanings.paths())
                names = self._dataset.manifest.names
                found = _Group(columns, DeedColumns(columns, names, self._meanings))
                self._groups[place] = found
                self._make_room()
            self._groups.move_to_end(place)
        return found

    def _make_room(self) -> None:
        """Let go of what was not asked for longest, but never of the last."""
        while len(self._groups) > 1 and self._row_count() > self._most_rows:
            self._groups.popitem(last=False)

    def _row_count(self) -> int:
        return sum(len(group.columns.row) for group in self._groups.values())


def _rows_of(columns: EventColumns, user: int) -> Any:
    # Of the same type as the column, or all of it would be converted each time.
    ends = np.array((user, user + 1), dtype=columns.user.dtype)
    first, last = np.searchsorted(columns.user, ends)
    return slice(int(first), int(last))
