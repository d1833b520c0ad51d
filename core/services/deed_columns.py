"""Reads deeds, and the properties of single events, from the columns of a chunk."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.domain.deeds import Deed, Item, deed_with, read_items
from core.domain.meanings import DeedKind, Meaning, Meanings, Names, ProductNames
from core.domain.values import JsonValue
from core.engine.batches import Int64s
from core.history.columns import EventColumns
from core.history.manifest import Manifest

_REST = ""  # the path under which properties without a column of their own are read


class DeedColumns:
    """The deeds of the users of a chunk, read when asked for."""

    def __init__(self, columns: EventColumns, names: Sequence[str], meanings: Meanings) -> None:
        """Look which events are deeds, and which of their properties this chunk has at all."""
        kinds = meanings.kind_by_event()
        is_deed = np.array([name in kinds for name in names], dtype=np.bool_)
        self._rows = np.flatnonzero(is_deed[columns.name]) if len(names) else columns.row[:0]
        self._user = columns.user[self._rows]
        self._columns = columns
        self._kinds = [kinds.get(name) for name in names]
        self._meanings = replace(
            meanings,
            deeds={
                kind: _narrowed(meaning, columns, self._rows_of(kind))
                for kind, meaning in meanings.deeds.items()
            },
        )
        self._paths = self._meanings.paths()
        self._item_paths = {k: m.item_paths() for k, m in self._meanings.deeds.items()}
        self._known_items: dict[tuple[DeedKind, tuple[int, ...]], tuple[Item, ...]] = {}

    def of(self, user: int) -> list[Deed]:
        """Read the deeds of one user, by code, in order."""
        # Of the same type as the column, or all of it would be converted each time.
        ends = np.array((user, user + 1), dtype=self._user.dtype)
        first, last = np.searchsorted(self._user, ends)
        rows = self._rows[first:last]
        cells = _Cells(self._columns, rows, self._paths)
        times = self._columns.timestamp[rows].tolist()
        deeds = []
        for place, name in enumerate(self._columns.name[rows].tolist()):
            kind = self._kinds[name]
            assert kind is not None  # only rows that are deeds were kept
            cells.place = place
            items = self._items(kind, cells)
            deeds.append(deed_with(items, self._meanings, kind, times[place], cells.get))
        return deeds

    def _items(self, kind: DeedKind, cells: "_Cells") -> tuple[Item, ...]:
        """Read the products, once for all events that say the same of them."""
        key = (kind, cells.codes(self._item_paths[kind]))
        found = self._known_items.get(key)
        if found is None:
            found = self._known_items[key] = read_items(self._meanings, kind, cells.get)
        return found

    def _rows_of(self, kind: DeedKind) -> Int64s:
        wanted = [code for code, other in enumerate(self._kinds) if other is kind]
        return self._rows[np.isin(self._columns.name[self._rows], wanted)]


class _Cells:
    """The values of some rows by path, of one row at a time."""

    def __init__(self, columns: EventColumns, rows: Int64s, paths: Sequence[str]) -> None:
        self.place = 0
        self._codes = {path: columns.properties[path].codes[rows].tolist() for path in paths}
        self._values = {path: columns.properties[path].values for path in paths}

    def codes(self, paths: Sequence[str]) -> tuple[int, ...]:
        return tuple([self._codes[path][self.place] for path in paths])

    def get(self, path: str) -> JsonValue:
        code: int = self._codes[path][self.place]
        return None if code < 0 else self._values[path][code]


def property_paths(manifest: Manifest) -> list[str]:
    """List the paths that together hold all properties of an event."""
    rest = [] if manifest.rest_column is None else [_REST]
    return [*(column.name for column in manifest.properties), *rest]


def event_properties(columns: EventColumns, row: int, paths: Sequence[str]) -> dict[str, JsonValue]:
    """Give the properties of the event at a place in a chunk that was read with `paths`."""
    found: dict[str, JsonValue] = {}
    for path in paths:
        column = columns.properties[path]
        if (code := column.codes[row]) >= 0:
            found[path] = column.values[code]
    rest = found.pop(_REST, {})
    return {**found, **rest} if isinstance(rest, dict) else found


def _narrowed(meaning: Meaning, columns: EventColumns, rows: Int64s) -> Meaning:
    """Leave out the paths that no event of the kind has, which would be tried in vain each time."""

    def kept(names: Names) -> Names:
        return tuple(n for n in names if (columns.properties[n].codes[rows] >= 0).any())

    product = meaning.product
    return replace(
        meaning,
        items=kept(meaning.items),
        product=ProductNames(
            product_id=kept(product.product_id),
            quantity=kept(product.quantity),
            price=kept(product.price),
            title=kept(product.title),
            image=kept(product.image),
            url=kept(product.url),
        ),
        cart_id=kept(meaning.cart_id),
        cart_url=kept(meaning.cart_url),
        order_id=kept(meaning.order_id),
        revenue=kept(meaning.revenue),
        currency=kept(meaning.currency),
    )
