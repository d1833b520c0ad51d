"""Measures over a whole history: goals after a moment, spans of events, silences.

Compiled loops like the kernels, over the same arrays; they decide nothing and remember nothing.
`bounds` delimit the groups of the selected events (see `kernels.group_bounds`).
"""

import numpy as np
from numba import njit

from core.engine.batches import Bits, Float64s, Int32s, Int64s
from core.engine.kernels import START, UNLESS
from core.engine.memory import NEVER

NOT_YET = np.iinfo(np.int64).max


@njit(cache=True, nogil=True)
def next_after(
    user: Int32s, moment: Int64s, goal_user: Int32s, goal_moment: Int64s, goal_at: Int64s
) -> Int64s:
    """Give `goal_at` of each user's first goal whose moment is later than theirs, else NOT_YET.

    Both lists are sorted by (user, moment). A moment is a time, or a place in the order of events.
    """
    found = np.full(len(user), NOT_YET, np.int64)
    goal = 0
    for index in range(len(user)):
        while goal < len(goal_user) and goal_user[goal] < user[index]:
            goal += 1
        while (
            goal < len(goal_user)
            and goal_user[goal] == user[index]
            and goal_moment[goal] <= moment[index]
        ):
            goal += 1
        if goal < len(goal_user) and goal_user[goal] == user[index]:
            found[index] = goal_at[goal]
    return found


@njit(cache=True, nogil=True)
def covered_shares(
    goal_user: Int32s, goal_at: Int64s, begin: int, end: int, horizon: int
) -> tuple[float, float]:
    """Sum over users the share of instants in [begin, end) that a goal follows within the horizon.

    An instant x is followed when a goal lies in (x, x + horizon]. Gives the sum of the users'
    shares and the sum of their squares; users without a goal add nothing.
    """
    total, squares = 0.0, 0.0
    length = end - begin
    index = 0
    while index < len(goal_user):
        user = goal_user[index]
        covered = 0
        reach = begin  # instants before this one are counted already
        while index < len(goal_user) and goal_user[index] == user:
            low = max(reach, goal_at[index] - horizon)
            high = min(end, goal_at[index])
            if high > low:
                covered += high - low
                reach = high
            index += 1
        share = covered / length
        total += share
        squares += share * share
    return total, squares


@njit(cache=True, nogil=True)
def shortest_spans(times: Int64s, bounds: Int64s, count: int) -> tuple[Int64s, Int64s]:
    """Give per group the shortest span of `count` events in a row, and where the last one is.

    NOT_YET and -1 for a group with fewer events.
    """
    spans = np.full(len(bounds) - 1, NOT_YET, np.int64)
    places = np.full(len(bounds) - 1, -1, np.int64)
    for group in range(len(bounds) - 1):
        for position in range(bounds[group] + count - 1, bounds[group + 1]):
            span = times[position] - times[position - count + 1]
            if span < spans[group]:
                spans[group], places[group] = span, position
    return spans, places


@njit(cache=True, nogil=True)
def most_in_window(times: Int64s, bounds: Int64s, within: int) -> tuple[Int64s, Int64s]:
    """Give per group the largest number of events in any (t - within, t], and where t is."""
    most = np.zeros(len(bounds) - 1, np.int64)
    places = np.full(len(bounds) - 1, -1, np.int64)
    for group in range(len(bounds) - 1):
        oldest = bounds[group]
        for position in range(bounds[group], bounds[group + 1]):
            while times[oldest] <= times[position] - within:
                oldest += 1
            if position - oldest + 1 > most[group]:
                most[group], places[group] = position - oldest + 1, position
    return most, places


@njit(cache=True, nogil=True)
def largest_sums(
    times: Int64s, whole: Int64s, micro: Int64s, bounds: Int64s, within: int
) -> tuple[Float64s, Int64s]:
    """Give per group the largest sum in any (t - within, t], and where t is."""
    largest = np.full(len(bounds) - 1, -np.inf)
    places = np.full(len(bounds) - 1, -1, np.int64)
    for group in range(len(bounds) - 1):
        oldest = bounds[group]
        units, parts = 0, 0
        for position in range(bounds[group], bounds[group + 1]):
            units += whole[position]
            parts += micro[position]
            while times[oldest] <= times[position] - within:
                units -= whole[oldest]
                parts -= micro[oldest]
                oldest += 1
            if units + parts / 1e6 > largest[group]:
                largest[group], places[group] = units + parts / 1e6, position
    return largest, places


@njit(cache=True, nogil=True)
def longest_waits(
    times: Int64s, bits: Bits, bounds: Int64s, within: int, anchor_first: bool
) -> tuple[Int64s, Int64s, Int64s]:
    """Give per group the longest time from an arming start to what ended the wait.

    Also the position of the `unless` that ended it, and the position of a start still waiting at
    the end, each -1 if none. Waits that reached their deadline are left out.
    """
    waits = np.full(len(bounds) - 1, -1, np.int64)
    enders = np.full(len(bounds) - 1, -1, np.int64)
    open_since = np.full(len(bounds) - 1, -1, np.int64)
    for group in range(len(bounds) - 1):
        cause = -1
        for position in range(bounds[group], bounds[group + 1]):
            if cause >= 0 and times[cause] + within < times[position]:
                cause = -1
            if cause >= 0 and bits[position] & UNLESS:
                if times[position] - times[cause] > waits[group]:
                    waits[group], enders[group] = times[position] - times[cause], position
                cause = -1
            if bits[position] & START and (cause < 0 or not anchor_first):
                cause = position
        open_since[group] = cause
    return waits, enders, open_since


@njit(cache=True, nogil=True)
def shortest_completions(
    times: Int64s, bits: Bits, bounds: Int64s, steps: int, within: int
) -> tuple[Int64s, Int64s, Int64s]:
    """Give per group the shortest time in which the steps were done in order, without a limit.

    Also the position of the completing event, and the position at which all steps but the last were
    done with time left for it; each -1 if none.
    """
    spans = np.full(len(bounds) - 1, NOT_YET, np.int64)
    places = np.full(len(bounds) - 1, -1, np.int64)
    nearly = np.full(len(bounds) - 1, -1, np.int64)
    first_at = np.empty(steps, np.int64)
    for group in range(len(bounds) - 1):
        first_at[:] = NEVER
        for position in range(bounds[group], bounds[group + 1]):
            now = times[position]
            for length in range(steps - 1, 0, -1):
                begun_at = first_at[length - 1]
                if begun_at == NEVER or not bits[position] >> length & 1:
                    continue
                first_at[length] = max(first_at[length], begun_at)
                if length == steps - 1 and now - begun_at < spans[group]:
                    spans[group], places[group] = now - begun_at, position
                if length == steps - 2 and now - begun_at <= within:
                    nearly[group] = position
            if bits[position] & 1:
                first_at[0] = now
                if steps == 2:
                    nearly[group] = position
    return spans, places, nearly
