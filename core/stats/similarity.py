"""Which items go together: neighbours of each item by the people who chose both."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Float32s = NDArray[np.float32]

# One person in common is chance, not a habit.
_FEWEST_TOGETHER = 2
# How many shared people it takes before half of a similarity is believed.
_DOUBT = 10.0
# Pairs of items worked on at a time: about 20 bytes each, several times over.
_PAIRS_AT_ONCE = 6_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """For n items the nearest others, the most similar first, as one run of entries per item.

    The neighbours of item i are `item[starts[i]:starts[i + 1]]`, `score` (0 to 1) beside them.
    """

    starts: Int64s
    item: Int32s
    score: Float32s


def neighbours(
    users: Int32s,
    items: Int32s,
    item_count: int,
    *,
    candidates: Bools | None = None,
    most: int = 20,
) -> Neighbours:
    """Find the neighbours of each item from distinct pairs (user, item), at most `most` each.

    Only `candidates` (all by default) become neighbours. Similarity is the cosine of the sets of
    people, less where few people chose both. Equally similar ones go by their numbers. The memory
    is bounded by the pairs and the result, not by the square of the items.
    """
    chosen = _matrix(users, items, item_count)
    by_item = chosen.T.tocsr()
    wanted = np.ones(item_count, dtype=np.bool_) if candidates is None else candidates
    people = np.diff(by_item.indptr).astype(np.float64)
    parts = [
        _nearest(by_item[first:last] @ chosen, first, people, wanted, most)
        for first, last in _blocks(by_item, np.diff(chosen.indptr))
    ]
    found = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else []
    owner, item, score = found or [np.empty(0, dtype=np.int64)] * 3
    starts = np.searchsorted(owner, np.arange(item_count + 1))
    return Neighbours(starts=starts, item=item.astype(np.int32), score=score.astype(np.float32))


def _matrix(users: Int32s, items: Int32s, item_count: int) -> sparse.csr_matrix:
    _, rows = np.unique(users, return_inverse=True)
    ones = np.ones(len(items), dtype=np.int32)
    shape = (int(rows.max()) + 1 if len(rows) else 0, item_count)
    return sparse.csr_matrix((ones, (rows.astype(np.int32), items)), shape=shape)


def _blocks(by_item: sparse.csr_matrix, chosen_counts: Int32s) -> Iterator[tuple[int, int]]:
    """Cut the items into runs whose products with all others are about equally much work."""
    work = np.zeros(by_item.shape[0] + 1, dtype=np.int64)
    per_entry = chosen_counts[by_item.indices].astype(np.int64)
    work[1:] = np.concatenate(([0], np.cumsum(per_entry)))[by_item.indptr[1:]]
    first, end = 0, by_item.shape[0]
    while first < end:
        last = int(np.searchsorted(work, work[first] + _PAIRS_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), end)
        yield first, last
        first = last


def _nearest(
    together: sparse.csr_matrix,
    first: int,
    people: NDArray[np.float64],
    wanted: Bools,
    most: int,
) -> tuple[Int64s, Int32s, NDArray[np.float64]]:
    """Score the pairs of a block of items and keep the best of each as (owner, item, score)."""
    pairs = together.tocoo()
    owner = pairs.row.astype(np.int64) + first
    is_pair = (pairs.data >= _FEWEST_TOGETHER) & (owner != pairs.col) & wanted[pairs.col]
    owner, item, both = owner[is_pair], pairs.col[is_pair], pairs.data[is_pair].astype(np.float64)
    score = both / np.sqrt(people[owner] * people[item]) * (both / (both + _DOUBT))
    order = np.lexsort((item, -score, owner))
    owner, item, score = owner[order], item[order], score[order]
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    keep = place < most
    return owner[keep], item[keep], score[keep]
