"""Local times as instants: times of day and quiet hours, across changes of the clock (1.4, 5.1).

Times are µs since 1970 UTC; a time of day is in minutes since midnight.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.domain.instants import as_microseconds

SECOND = 1_000_000
DAY_MINUTES = 24 * 60
_WEEK = 7


def minutes_of(clock: str) -> int:
    """Read a time of day such as `09:30`."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def next_local(at: int, clock: int, weekdays: Collection[int], zone: ZoneInfo) -> int:
    """Give the next instant strictly after `at` at which clocks in the zone read `clock`.

    Only days of the given weekdays (0 is Monday) count; none given means all. A time that the
    clocks skip is the first instant after the gap, one that they show twice the earlier (1.4).
    """
    first_day = _local(at, zone).toordinal() - 1
    for day in range(first_day, first_day + 2 * _WEEK):
        if weekdays and (day - 1) % _WEEK not in weekdays:  # ordinal 1 was a Monday
            continue
        found, _ = _shown(day, clock, zone)
        if found > at:
            return found
    raise AssertionError("every weekday comes within two weeks")


def is_quiet(at: int, quiet_from: int, quiet_to: int, zone: ZoneInfo) -> bool:
    """Say whether clocks in the zone read a time in `[quiet_from, quiet_to)`, maybe overnight."""
    local = _local(at, zone)
    clock = local.hour * 60 + local.minute
    if quiet_from < quiet_to:
        return quiet_from <= clock < quiet_to
    return clock >= quiet_from or clock < quiet_to


def quiet_end(at: int, quiet_from: int, quiet_to: int, zone: ZoneInfo) -> int:
    """Give the first instant from `at` on that lies outside quiet hours; `at` itself if it does.

    Clocks leave quiet hours at their end, or when they are put back or forward out of them.
    """
    while is_quiet(at, quiet_from, quiet_to, zone):
        end = _next_shown(at, quiet_to, zone)
        change = _next_change(at, end, zone)
        at = end if change is None or is_quiet(change, quiet_from, quiet_to, zone) else change
    return at


def _next_shown(at: int, clock: int, zone: ZoneInfo) -> int:
    """Give the next instant at which clocks read `clock`, counting a repeated hour twice."""
    day = _local(at, zone).toordinal()
    shown = (_shown(nearby, clock, zone) for nearby in (day - 1, day, day + 1, day + 2))
    return min(instant for pair in shown for instant in pair if instant > at)


def _local(at: int, zone: ZoneInfo) -> datetime:
    # Whole seconds: no zone's offset is finer, and floats would round microseconds.
    return datetime.fromtimestamp(at // SECOND, zone)


@lru_cache(maxsize=65_536)
def _shown(day: int, clock: int, zone: ZoneInfo) -> tuple[int, int]:
    """Give the first and the last instant at which clocks read `clock` on a day (ordinal).

    Both are the end of the gap where clocks skip it.
    """
    local = datetime.combine(date.fromordinal(day), time(clock // 60, clock % 60), tzinfo=zone)
    first = as_microseconds(local.replace(fold=0).astimezone(UTC))
    last = as_microseconds(local.replace(fold=1).astimezone(UTC))
    if first <= last:
        return first, last
    # In a gap the reading with the former offset (fold 0) lies after the one with the new offset.
    end = _next_change(last, first, zone)
    assert end is not None  # the offset changes within the gap
    return end, end


def _next_change(after: int, until: int, zone: ZoneInfo) -> int | None:
    """Find the instant in `(after, until]` at which clocks are put back or forward, if any.

    Clocks are never changed twice within the two days that are asked for.
    """
    former = _offset(after, zone)
    if _offset(until, zone) == former:
        return None
    low, high = after // SECOND, until // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle * SECOND, zone) == former:
            low = middle
        else:
            high = middle
    return high * SECOND


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return _local(at, zone).utcoffset()
