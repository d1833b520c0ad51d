"""Who looked at and who bought which products, as pairs of numbers, read from a whole dataset."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.deeds import listed_items
from core.domain.meanings import DeedKind, Meaning, Meanings, ProductNames
from core.domain.values import JsonValue, key_text
from core.history.columns import EventColumns, Int32s, Int64s
from core.history.reading import Dataset

_ROWS_AT_ONCE = 500_000
_LOOKED = (DeedKind.VIEW, DeedKind.ADD)
_BOUGHT = (DeedKind.BUY,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """Distinct pairs of a person and a product, of each person only the newest.

    `users` and `items` are codes, equally long; `people` counts for each product everybody who
    chose it, also those whose pair was left out.
    """

    users: Int32s
    items: Int32s
    people: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChoices:
    """The products of a dataset, sorted, and who looked at (or put in a cart) and bought them."""

    product_ids: Sequence[str]
    viewed: Choices
    bought: Choices


def product_choices(
    dataset: Dataset, meanings: Meanings, *, until: int | None = None, most_per_person: int = 50
) -> ProductChoices:
    """Read who chose what up to `until` (µs), of each person the newest `most_per_person`."""
    codes = _ItemCodes()
    viewed, bought = _Gathered(most_per_person), _Gathered(most_per_person)
    for columns in dataset.chunks(_product_paths(meanings), until, _ROWS_AT_ONCE):
        reader = _ChunkReader(columns, dataset.manifest.names, meanings, codes)
        viewed.add(*reader.pairs(_LOOKED))
        bought.add(*reader.pairs(_BOUGHT))
    order, product_ids = codes.sorted()
    return ProductChoices(
        product_ids=product_ids,
        viewed=viewed.choices(order),
        bought=bought.choices(order),
    )


def _product_paths(meanings: Meanings) -> list[str]:
    paths = (p for m in meanings.deeds.values() for p in (*m.items, *m.product.product_id))
    return list(dict.fromkeys(paths))


class _ItemCodes:
    """Numbers products in the order in which they are met."""

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}

    def of(self, product_id: str) -> int:
        return self._by_id.setdefault(product_id, len(self._by_id))

    def sorted(self) -> tuple[Int32s, list[str]]:
        """Give the place of each code among the sorted ids, and these."""
        product_ids = sorted(self._by_id)
        order = np.empty(len(product_ids), dtype=np.int32)
        order[[self._by_id[product_id] for product_id in product_ids]] = np.arange(len(product_ids))
        return order, product_ids


class _ChunkReader:
    """Reads the pairs of one chunk, each distinct value of a property once."""

    def __init__(
        self, columns: EventColumns, names: Sequence[str], meanings: Meanings, codes: _ItemCodes
    ) -> None:
        self._columns, self._names, self._meanings, self._codes = columns, names, meanings, codes

    def pairs(self, kinds: Sequence[DeedKind]) -> tuple[Int32s, Int32s]:
        """Give users and products of all deeds of some kinds, in the order of the events."""
        found = [
            part
            for kind in kinds
            if (meaning := self._meanings.deeds.get(kind)) is not None
            for part in self._parts(meaning)
        ]
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(rows for rows, _ in found)])
        items = np.concatenate([np.empty(0, dtype=np.int32), *(items for _, items in found)])
        order = np.argsort(rows, kind="stable")
        return self._columns.user[rows[order]], items[order]

    def _parts(self, meaning: Meaning) -> Iterator[tuple[Int64s, Int32s]]:
        """Read each event from the first property that names products; see `read_deed`."""
        wanted = [code for code, name in enumerate(self._names) if name in meaning.events]
        left = np.flatnonzero(np.isin(self._columns.name, wanted))
        for path in (*meaning.items, *meaning.product.product_id):
            column = self._columns.properties[path]
            codes = column.codes[left]
            runs = self._members(column.values, np.unique(codes), is_list=path in meaning.items)
            counts = np.diff(runs.starts)[codes]
            rows = np.repeat(left, counts)
            first = np.repeat(np.cumsum(counts) - counts, counts)
            places = np.repeat(runs.starts[codes], counts) + np.arange(len(rows)) - first
            yield rows, runs.members[places]
            left = left[counts == 0]

    def _members(self, values: Sequence[JsonValue], wanted: Int32s, *, is_list: bool) -> "_Runs":
        """Read the products of the wanted values; -1, the last run, stands for a missing one."""
        inside = self._meanings.in_items
        found: list[list[int]] = [[] for _ in range(len(values) + 1)]
        for value in wanted[wanted >= 0].tolist():
            ids = _ids(values[value], inside, is_list=is_list)
            found[value] = [self._codes.of(product_id) for product_id in ids]
        lengths = np.array([len(codes) for codes in found], dtype=np.int64)
        return _Runs(
            starts=np.concatenate(([0], np.cumsum(lengths))),
            members=np.array([code for codes in found for code in codes], dtype=np.int32),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Runs:
    """The products of each distinct value v: `members[starts[v]:starts[v + 1]]`."""

    starts: Int64s
    members: Int32s


def _ids(value: JsonValue, inside: ProductNames, *, is_list: bool) -> list[str]:
    text = None if is_list else key_text(value)
    if text is not None:
        return [text] if text else []
    return [item.product_id for item in listed_items(value, inside)]


class _Gathered:
    """Gathers pairs chunk by chunk; a chunk holds whole users."""

    def __init__(self, most_per_person: int) -> None:
        self._most = most_per_person
        self._users: list[Int32s] = []
        self._items: list[Int32s] = []
        self._people = np.zeros(0, dtype=np.int64)

    def add(self, users: Int32s, items: Int32s) -> None:
        """Add pairs in the order of their events, the same pair perhaps several times."""
        users, items = _newest_first(users, items)
        people = np.bincount(items, minlength=len(self._people)).astype(np.int64)
        people[: len(self._people)] += self._people
        self._people = people
        place = np.arange(len(users)) - np.searchsorted(users, users)
        keep = place < self._most
        self._users.append(users[keep])
        self._items.append(items[keep])

    def choices(self, order: Int32s) -> Choices:
        """Give all pairs with the products' final numbers."""
        people = np.zeros(len(order), dtype=np.int64)
        people[order[: len(self._people)]] = self._people
        empty = np.empty(0, dtype=np.int32)
        return Choices(
            users=np.concatenate([empty, *self._users]),
            items=order[np.concatenate([empty, *self._items])],
            people=people,
        )


def _newest_first(users: Int32s, items: Int32s) -> tuple[Int32s, Int32s]:
    """Keep the last of each pair, sorted by user, each user's newest first."""
    users, items = users[::-1], items[::-1]
    pairs: NDArray[np.int64] = (users.astype(np.int64) << 32) | items
    _, first = np.unique(pairs, return_index=True)
    first.sort()
    users, items = users[first], items[first]
    order = np.argsort(users, kind="stable")
    return users[order], items[order]
