"""Neighbours are those whom the same people chose, counted by hand and by a plain reading."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats import similarity
from core.stats.similarity import Neighbours, neighbours

PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 6)), max_size=40)


def found(pairs: set[tuple[int, int]], item_count: int = 7, **options: object) -> Neighbours:
    users, items = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2).T
    return neighbours(users, items, item_count, **options)  # type: ignore[arg-type]


def near(result: Neighbours, item: int) -> list[tuple[int, float]]:
    run = slice(result.starts[item], result.starts[item + 1])
    return list(zip(result.item[run].tolist(), result.score[run].tolist(), strict=True))


def plain_reading(pairs: set[tuple[int, int]], most: int) -> dict[int, list[tuple[int, float]]]:
    people = {i: {u for u, item in pairs if item == i} for i in range(7)}
    scored: dict[int, list[tuple[float, int]]] = {i: [] for i in range(7)}
    for one, other in combinations(range(7), 2):
        both = len(people[one] & people[other])
        if both >= 2:
            cosine = both / np.sqrt(float(len(people[one]) * len(people[other])))
            score = cosine * both / (both + 10)
            scored[one].append((-score, other))
            scored[other].append((-score, one))
    return {i: [(o, -s) for s, o in sorted(rows)[:most]] for i, rows in scored.items()}


def test_neighbours_share_people() -> None:
    pairs = {(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 2), (4, 2)}

    result = found(pairs, 3)

    # Items 0 and 1 share two of three and two people; 2 shares one person with 0, which is chance.
    assert near(result, 0) == [(1, pytest.approx(2 / np.sqrt(6) * 2 / 12))]
    assert near(result, 1) == [(0, pytest.approx(2 / np.sqrt(6) * 2 / 12))]
    assert near(result, 2) == []


def test_what_is_no_candidate_is_nobodys_neighbour() -> None:
    pairs = {(user, item) for user in range(3) for item in range(3)}

    result = found(pairs, 3, candidates=np.array([True, False, True]))

    assert [item for item, _ in near(result, 0)] == [2]
    assert [item for item, _ in near(result, 1)] == [0, 2]


def test_equal_neighbours_stand_in_the_order_of_their_numbers() -> None:
    pairs = {(user, item) for user in range(4) for item in range(5)}

    result = found(pairs, 5, most=2)

    assert [item for item, _ in near(result, 4)] == [0, 1]
    assert [item for item, _ in near(result, 0)] == [1, 2]


def test_without_choices_there_are_no_neighbours() -> None:
    assert found(set(), 3).starts.tolist() == [0, 0, 0, 0]
    assert found(set(), 0).starts.tolist() == [0]


@given(PAIRS, st.integers(1, 4), st.sampled_from([1, 7, 6_000_000]))
def test_neighbours_equal_a_plain_reading_in_blocks_of_any_size(
    pairs: set[tuple[int, int]], most: int, pairs_at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "_PAIRS_AT_ONCE", pairs_at_once)

        result = found(pairs, most=most)

    expected = plain_reading(pairs, most)
    for item in range(7):
        assert [other for other, _ in near(result, item)] == [o for o, _ in expected[item]]
        assert [s for _, s in near(result, item)] == pytest.approx([s for _, s in expected[item]])
