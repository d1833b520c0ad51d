"""The inner loops of the triggers, compiled by Numba: arrays in, arrays out (SEMANTICS 3, 4.1).

Common arguments: `starts` and `ends` delimit each group's events among the selected ones;
`remembered` is the group's entry in the memory, or -1. A *position* is an index into the selected
events; a negative position -(m + 1) refers to entry m of the memory.
"""

import numpy as np
from numba import njit

from core.engine.batches import Bits, Bools, Int32s, Int64s, UInt16s
from core.engine.memory import NEVER

START, UNLESS = 1, 2
_SMALL = 48
_MICRO = 1_000_000


@njit(cache=True, nogil=True)
def order_by_key(user: Int32s, key: Int32s) -> Int64s:
    """Order events that are sorted by user by (user, key), keeping the order within."""
    count = len(user)
    order = np.empty(count, np.int64)
    begin = 0
    while begin < count:
        end = begin + 1
        while end < count and user[end] == user[begin]:
            end += 1
        if end - begin > _SMALL:
            order[begin:end] = begin + np.argsort(key[begin:end], kind="mergesort")
        else:
            for index in range(begin, end):  # insertion sort: most users have few events
                place = index
                while place > begin and key[order[place - 1]] > key[index]:
                    order[place] = order[place - 1]
                    place -= 1
                order[place] = index
        begin = end
    return order


@njit(cache=True, nogil=True)
def group_bounds(user: Int32s, key: Int32s) -> Int64s:
    """Give where each run of equal (user, key) begins, and the length at the end."""
    count = len(user)
    bounds = np.empty(count + 1, np.int64)
    groups = 0
    for index in range(count):
        if index == 0 or user[index] != user[index - 1] or key[index] != key[index - 1]:
            bounds[groups] = index
            groups += 1
    bounds[groups] = count
    return bounds[: groups + 1].copy()


@njit(cache=True, nogil=True)
def user_bounds(user: Int32s) -> Int64s:
    """Give where each user's run of events begins, and the length at the end."""
    count = len(user)
    bounds = np.empty(count + 1, np.int64)
    users = 0
    for index in range(count):
        if index == 0 or user[index] != user[index - 1]:
            bounds[users] = index
            users += 1
    bounds[users] = count
    return bounds[: users + 1].copy()


@njit(cache=True, nogil=True)
def join_groups(
    user: Int32s, key: Int32s, bounds: Int64s, old_user: Int32s, old_key: Int32s
) -> tuple[Int32s, Int32s, Int64s, Int64s, Int64s]:
    """Merge the groups of the events with those of the memory, both sorted by (user, key).

    Gives per merged group: user, key, start and end of its events, and its entry in the memory.
    """
    new_count, old_count = len(bounds) - 1, len(old_user)
    users = np.empty(new_count + old_count, np.int32)
    keys = np.empty(new_count + old_count, np.int32)
    starts = np.zeros(new_count + old_count, np.int64)
    ends = np.zeros(new_count + old_count, np.int64)
    remembered = np.full(new_count + old_count, -1, np.int64)
    new, old, merged = 0, 0, 0
    while new < new_count or old < old_count:
        sign = 0
        if new >= new_count:
            sign = 1
        elif old >= old_count:
            sign = -1
        else:
            first = bounds[new]
            if user[first] != old_user[old]:
                sign = -1 if user[first] < old_user[old] else 1
            elif key[first] != old_key[old]:
                sign = -1 if key[first] < old_key[old] else 1
        if sign <= 0:
            first = bounds[new]
            users[merged], keys[merged] = user[first], key[first]
            starts[merged], ends[merged] = first, bounds[new + 1]
            new += 1
        if sign >= 0:
            users[merged], keys[merged] = old_user[old], old_key[old]
            remembered[merged] = old
            old += 1
        merged += 1
    return (
        users[:merged].copy(),
        keys[:merged].copy(),
        starts[:merged].copy(),
        ends[:merged].copy(),
        remembered[:merged].copy(),
    )


@njit(cache=True, nogil=True)
def settled_times(
    group_user: Int32s, user: Int32s, timestamp: Int64s, bounds: Int64s, watermark: int
) -> Int64s:
    """Give per group the time up to which nothing more can arrive for its user.

    That is the watermark, or the instant before the user's last event of the batch, if later: more
    events of that very instant may follow in the next batch.
    """
    settled = np.empty(len(group_user), np.int64)
    run = 0
    for group in range(len(group_user)):
        while run < len(bounds) - 1 and user[bounds[run]] < group_user[group]:
            run += 1
        settled[group] = watermark
        if run < len(bounds) - 1 and user[bounds[run]] == group_user[group]:
            settled[group] = max(watermark, timestamp[bounds[run + 1] - 1] - 1)
    return settled


@njit(cache=True, nogil=True)
def count_firings(
    times: Int64s,
    starts: Int64s,
    ends: Int64s,
    remembered: Int64s,
    offsets: Int64s,
    old_times: Int64s,
    at_least: int,
    within: int,
) -> Int64s:
    """Give the positions at which the last `at_least` events lie in (t - within, t] (3.2)."""
    fired = np.empty(len(times), np.int64)
    found = 0
    for group in range(len(starts)):
        old, old_end = 0, 0
        if remembered[group] >= 0:
            old, old_end = offsets[remembered[group]], offsets[remembered[group] + 1]
        before = old_end - old
        for position in range(starts[group], ends[group]):
            earliest = before + position - starts[group] - (at_least - 1)
            if earliest < 0:
                continue
            if earliest < before:
                earliest_at = old_times[old + earliest]
            else:
                earliest_at = times[starts[group] + earliest - before]
            if earliest_at > times[position] - within:
                fired[found] = position
                found += 1
    return fired[:found].copy()


@njit(cache=True, nogil=True)
def sum_firings(
    times: Int64s,
    whole: Int64s,
    micro: Int64s,
    starts: Int64s,
    ends: Int64s,
    remembered: Int64s,
    offsets: Int64s,
    old_times: Int64s,
    old_whole: Int64s,
    old_micro: Int64s,
    least_whole: int,
    least_micro: int,
    within: int,
) -> Int64s:
    """Give the positions at which the sum over (t - within, t] reaches the least (3.3)."""
    fired = np.empty(len(times), np.int64)
    found = 0
    for group in range(len(starts)):
        start, end = starts[group], ends[group]
        old, old_end = 0, 0
        units, parts = 0, 0
        if remembered[group] >= 0:
            old, old_end = offsets[remembered[group]], offsets[remembered[group] + 1]
            for entry in range(old, old_end):
                units += old_whole[entry]
                parts += old_micro[entry]
        oldest = start
        for position in range(start, end):
            units += whole[position]
            parts += micro[position]
            edge = times[position] - within
            while old < old_end and old_times[old] <= edge:
                units -= old_whole[old]
                parts -= old_micro[old]
                old += 1
            while times[oldest] <= edge:
                units -= whole[oldest]
                parts -= micro[oldest]
                oldest += 1
            carried = units + parts // _MICRO
            rest = parts % _MICRO
            if carried > least_whole or (carried == least_whole and rest >= least_micro):
                fired[found] = position
                found += 1
    return fired[:found].copy()


@njit(cache=True, nogil=True)
def absence_firings(
    times: Int64s,
    bits: Bits,
    starts: Int64s,
    ends: Int64s,
    remembered: Int64s,
    settled: Int64s,
    old_due_at: Int64s,
    within: int,
    anchor_first: bool,
) -> tuple[Int64s, Int64s, Int64s]:
    """Give the positions of the starts whose deadline passed, and per group what stays armed (3.4).

    The second array holds the group of each firing; the third, per group, the position of the start
    that keeps it armed, or NEVER.
    """
    fired = np.empty(len(times) + len(starts), np.int64)
    fired_group = np.empty(len(times) + len(starts), np.int64)
    armed_by = np.full(len(starts), NEVER, np.int64)
    found = 0
    for group in range(len(starts)):
        cause = NEVER
        due_at = np.int64(0)
        if remembered[group] >= 0:
            cause = -(remembered[group] + 1)
            due_at = old_due_at[remembered[group]]
        for position in range(starts[group], ends[group]):
            now = times[position]
            if cause != NEVER and due_at < now:  # events come before timers at one instant (1.6)
                fired[found] = cause
                fired_group[found] = group
                found += 1
                cause = NEVER
            if bits[position] & UNLESS:
                cause = NEVER
            if bits[position] & START and (cause == NEVER or not anchor_first):
                cause = position
                due_at = now + within
        if cause != NEVER and due_at <= settled[group]:
            fired[found] = cause
            fired_group[found] = group
            found += 1
            cause = NEVER
        armed_by[group] = cause
    return fired[:found].copy(), fired_group[:found].copy(), armed_by


@njit(cache=True, nogil=True)
def sequence_firings(
    times: Int64s,
    bits: Bits,
    starts: Int64s,
    ends: Int64s,
    remembered: Int64s,
    old_first_at: Int64s,
    steps: int,
    within: int,
) -> tuple[Int64s, Int64s]:
    """Give the positions that complete the steps in time, and the chains that remain (3.6).

    A completing event clears its group's chains and, being used up, starts no new one.
    """
    fired = np.empty(len(times), np.int64)
    chains = np.full((len(starts), steps - 1), NEVER, np.int64)
    found = 0
    for group in range(len(starts)):
        first_at = chains[group]
        if remembered[group] >= 0:
            first_at[:] = old_first_at[remembered[group]]
        for position in range(starts[group], ends[group]):
            now = times[position]
            completed = False
            for length in range(steps - 1, 0, -1):  # longer chains first
                begun_at = first_at[length - 1]
                if begun_at == NEVER or not bits[position] >> length & 1:
                    continue
                if now - begun_at > within:
                    continue
                if length == steps - 1:
                    completed = True
                    break
                first_at[length] = max(first_at[length], begun_at)
            if completed:
                first_at[:] = NEVER
                fired[found] = position
                found += 1
            elif bits[position] & 1:
                first_at[0] = now
    return fired[:found].copy(), chains


@njit(cache=True, nogil=True)
def window_kept(
    times: Int64s,
    starts: Int64s,
    ends: Int64s,
    remembered: Int64s,
    offsets: Int64s,
    old_times: Int64s,
    most: int,
    within: int,
) -> tuple[Int64s, Int64s]:
    """Give the positions a window still needs, per group: the last `most` newer than its edge.

    The edge lies `within` before the group's last event; the second array holds the offsets.
    """
    kept = np.empty(len(times) + len(old_times), np.int64)
    bounds = np.zeros(len(starts) + 1, np.int64)
    found = 0
    for group in range(len(starts)):
        old, old_end = 0, 0
        if remembered[group] >= 0:
            old, old_end = offsets[remembered[group]], offsets[remembered[group] + 1]
        start, end = starts[group], ends[group]
        last_at = times[end - 1] if end > start else old_times[old_end - 1]
        total = old_end - old + end - start
        for index in range(max(0, total - most), total):
            if index < old_end - old:
                if old_times[old + index] > last_at - within:
                    kept[found] = -(old + index + 1)
                    found += 1
            elif times[start + index - (old_end - old)] > last_at - within:
                kept[found] = start + index - (old_end - old)
                found += 1
        bounds[group + 1] = found
    return kept[:found].copy(), bounds


@njit(cache=True, nogil=True)
def admissions(
    fired_at: Int64s, group: Int64s, last_at: Int64s, is_wanted: Bools, cooldown: int
) -> Int64s:
    """Give each firing's outcome: 0 enrolled, 1 reentry, 2 audience (4.1, 4.2).

    Firings come in order of time within their group; `last_at` (per group, NEVER at first) is
    updated in place. A cooldown of -1 means always, 0 means once.
    """
    outcome = np.zeros(len(fired_at), np.int64)
    for index in range(len(fired_at)):
        now, before = fired_at[index], last_at[group[index]]
        if before != NEVER and cooldown >= 0 and (cooldown == 0 or now - before < cooldown):
            outcome[index] = 1
        elif not is_wanted[index]:
            outcome[index] = 2
        else:
            last_at[group[index]] = now
    return outcome


@njit(cache=True, nogil=True)
def buckets(units: UInt16s, offsets: Int64s, salt_hash: int) -> Int32s:
    """Give each text's bucket out of 10,000 (6.1), given the hash of the salt before it."""
    result = np.empty(len(offsets) - 1, np.int32)
    digits = np.empty(10, np.uint32)
    for index in range(len(result)):
        value = np.uint32(salt_hash)
        for place in range(offsets[index], offsets[index + 1]):
            value = np.uint32((value ^ np.uint32(units[place])) * np.uint32(16777619))
        length = 0
        rest = value
        while True:
            digits[length] = np.uint32(48) + rest % np.uint32(10)
            rest //= np.uint32(10)
            length += 1
            if rest == 0:
                break
        again = np.uint32(2166136261)
        for place in range(length - 1, -1, -1):
            again = np.uint32((again ^ digits[place]) * np.uint32(16777619))
        result[index] = again % np.uint32(10000)
    return result
