"""The measures over arrays equal what is found by trying every possibility."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import measures
from core.engine.kernels import START, UNLESS
from core.engine.measures import NOT_YET

TIMES = st.integers(0, 12)
LANES = st.lists(st.lists(TIMES, min_size=1, max_size=8).map(sorted), max_size=4)
WITHIN = st.integers(1, 8)
law = settings(max_examples=200, deadline=None)


def arrays(lanes: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Give the times of all groups behind one another, and the groups' bounds."""
    times = np.array([at for lane in lanes for at in lane], dtype=np.int64)
    bounds = np.cumsum([0, *(len(lane) for lane in lanes)]).astype(np.int64)
    return times, bounds


@law
@given(data=st.data())
def test_the_next_goal_is_the_first_whose_moment_is_later(data: st.DataObject) -> None:
    moments = sorted(data.draw(st.lists(st.tuples(st.integers(0, 3), TIMES), max_size=8)))
    goals = sorted(data.draw(st.lists(st.tuples(st.integers(0, 3), TIMES), max_size=8)))
    user, moment = np.array(moments, np.int64).reshape(-1, 2).T
    goal_user, goal_moment = np.array(goals, np.int64).reshape(-1, 2).T

    found = measures.next_after(
        user.astype(np.int32), moment, goal_user.astype(np.int32), goal_moment, goal_moment * 10
    )

    assert found.tolist() == [
        min((at * 10 for u, at in goals if u == user and at > moment), default=NOT_YET)
        for user, moment in moments
    ]


@law
@given(data=st.data(), horizon=st.integers(1, 6), begin=st.integers(0, 5), length=WITHIN)
def test_a_covered_share_counts_each_instant_that_a_goal_follows_once(
    data: st.DataObject, horizon: int, begin: int, length: int
) -> None:
    goals = sorted(data.draw(st.lists(st.tuples(st.integers(0, 2), TIMES), max_size=8)))
    user, at = np.array(goals, np.int64).reshape(-1, 2).T

    total, squares = measures.covered_shares(
        user.astype(np.int32), np.ascontiguousarray(at), begin, begin + length, horizon
    )

    # Goals lie on whole numbers, so between two of them every instant is like the first one.
    shares = [
        sum(any(u == person and x < g <= x + horizon for u, g in goals) for x in instants) / length
        for person in range(3)
        for instants in [range(begin, begin + length)]
    ]
    assert np.allclose([total, squares], [sum(shares), sum(s * s for s in shares)])


@law
@given(lanes=LANES, count=st.integers(1, 5))
def test_the_shortest_span_is_that_of_the_closest_events(
    lanes: list[list[int]], count: int
) -> None:
    times, bounds = arrays(lanes)

    spans, places = measures.shortest_spans(times, bounds, count)

    for n, lane in enumerate(lanes):
        chosen = [max(c) - min(c) for c in combinations(lane, count)]
        assert spans[n] == min(chosen, default=NOT_YET)
        assert bool(places[n] >= 0) is bool(chosen)
        if chosen:
            last = places[n] - bounds[n]
            assert lane[last] - lane[last - count + 1] == spans[n]


@law
@given(lanes=LANES, within=WITHIN)
def test_most_in_a_window_is_the_fullest_one_up_to_an_event(
    lanes: list[list[int]], within: int
) -> None:
    times, bounds = arrays(lanes)

    most, places = measures.most_in_window(times, bounds, within)

    for n, lane in enumerate(lanes):
        filled = [
            sum(at > lane[last] - within for at in lane[: last + 1]) for last in range(len(lane))
        ]
        assert most[n] == max(filled)
        assert filled[places[n] - bounds[n]] == most[n]


@law
@given(data=st.data(), lanes=LANES, within=WITHIN)
def test_the_largest_sum_is_that_of_the_richest_window_up_to_an_event(
    data: st.DataObject, lanes: list[list[int]], within: int
) -> None:
    times, bounds = arrays(lanes)
    millionths = [data.draw(st.integers(-3_000_000, 3_000_000)) for _ in times]
    parts = [divmod(amount, 1_000_000) for amount in millionths]
    whole, micro = np.array(parts, np.int64).reshape(-1, 2).T

    largest, places = measures.largest_sums(
        times, np.ascontiguousarray(whole), np.ascontiguousarray(micro), bounds, within
    )

    for n, lane in enumerate(lanes):
        own = list(zip(lane, millionths[bounds[n] : bounds[n + 1]], strict=True))
        sums = [
            sum(amount for at, amount in own[: last + 1] if at > lane[last] - within) / 1e6
            for last in range(len(lane))
        ]
        assert np.isclose(largest[n], max(sums), atol=1e-9)
        assert np.isclose(sums[places[n] - bounds[n]], largest[n], atol=1e-9)


@law
@given(data=st.data(), lanes=LANES, within=WITHIN, anchor_first=st.booleans())
def test_the_longest_wait_is_that_of_the_start_that_waited_most_before_an_end(
    data: st.DataObject, lanes: list[list[int]], within: int, anchor_first: bool
) -> None:
    times, bounds = arrays(lanes)
    bits = [data.draw(st.sampled_from((START, UNLESS, START | UNLESS))) for _ in times]

    waits, enders, still = measures.longest_waits(
        times, np.array(bits, np.uint8), bounds, within, anchor_first
    )

    for n, lane in enumerate(lanes):
        own = list(zip(lane, bits[bounds[n] : bounds[n + 1]], strict=True))
        ended, open_at = waited(own, within, anchor_first)
        assert waits[n] == max((wait for wait, _ in ended), default=-1)
        assert bool(enders[n] >= 0) is bool(ended)
        assert not ended or (waits[n], enders[n] - bounds[n]) in ended
        assert (still[n] - bounds[n] if still[n] >= 0 else None) == open_at


def waited(
    own: list[tuple[int, int]], within: int, anchor_first: bool
) -> tuple[list[tuple[int, int]], int | None]:
    """List (time waited, place of what ended it), and the place of the start that still waits."""
    ended, armed = [], None
    for place, (at, bits) in enumerate(own):
        if armed is not None and own[armed][0] + within < at:
            armed = None
        if armed is not None and bits & UNLESS:
            ended.append((at - own[armed][0], place))
            armed = None
        if bits & START and (armed is None or not anchor_first):
            armed = place
    return ended, armed


@law
@given(data=st.data(), lanes=LANES, within=WITHIN, steps=st.integers(2, 4))
def test_the_shortest_completion_is_found_among_all_choices_of_distinct_events_in_order(
    data: st.DataObject, lanes: list[list[int]], within: int, steps: int
) -> None:
    times, bounds = arrays(lanes)
    bits = [data.draw(st.integers(1, 2**steps - 1)) for _ in times]

    spans, places, nearly = measures.shortest_completions(
        times, np.array(bits, np.uint8), bounds, steps, within
    )

    for n, lane in enumerate(lanes):
        own = bits[bounds[n] : bounds[n + 1]]
        whole, most = chains(own, steps), chains(own, steps - 1)
        assert spans[n] == min((lane[c[-1]] - lane[c[0]] for c in whole), default=NOT_YET)
        assert bool(places[n] >= 0) is bool(whole)
        in_time = {c[-1] for c in most if lane[c[-1]] - lane[c[0]] <= within}
        assert bool(nearly[n] >= 0) is bool(in_time)
        assert not in_time or nearly[n] - bounds[n] in in_time


def chains(bits: list[int], steps: int) -> list[tuple[int, ...]]:
    """List the choices of places, in order, whose events do step after step."""
    return [
        places
        for places in combinations(range(len(bits)), steps)
        if all(bits[place] >> step & 1 for step, place in enumerate(places))
    ]
