"""Local time read plainly (SEMANTICS 1.4, 5.1, 5.5): a zone is a list of stretches of one offset.

An instant is µs since 1970 in UTC. A reading is what the local clock and calendar show, written as
the µs since 1970 at which a clock in UTC would show the same.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONES = frozenset(available_timezones())
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_FIRST = (datetime(2020, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime(2030, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Stretch(NamedTuple):
    """The time from one instant to just before another, in which local clocks are off by one."""

    start: int
    end: int
    offset: int


def zone_of(profile: dict[str, Any] | None, campaign: dict[str, Any]) -> str:
    """Name the zone whose clocks count: the profile's, else the campaign's, else UTC (1.4)."""
    named = (profile or {}).get("timezone")
    if isinstance(named, str) and named in ZONES:
        return named
    return campaign.get("timezone", "UTC")


def reading(zone: str, at: int) -> int:
    """Give what local clocks show at an instant."""
    return at + _stretch_at(zone, at).offset


def instant(zone: str, shown: int) -> int:
    """Give the first instant at which local clocks show this or, where they skip it, more (1.4)."""
    for stretch in _stretches(zone):
        reached = max(stretch.start, shown - stretch.offset)
        if reached < stretch.end:
            return reached
    raise ValueError(f"{shown} is too late to be read in {zone}")


def next_occurrence(zone: str, clock: str, days: list[str], after: int) -> int:
    """Give the next instant strictly after another at which it is that time, on those days (5.1).

    `days` are weekdays of the local calendar; none means every day.
    """
    midnight = reading(zone, after) // DAY * DAY
    dates = [midnight + number * DAY for number in range(-1, 15)]
    wanted = [date for date in dates if not days or _weekday(date) in days]
    moments = [instant(zone, date + minutes_of(clock) * MINUTE) for date in wanted]
    return min(moment for moment in moments if moment > after)


def is_quiet(zone: str, quiet: dict[str, str], at: int) -> bool:
    """Say whether local clocks are in `[from, to)`, overnight where `from` is the later (5.5)."""
    start, end = minutes_of(quiet["from"]) * MINUTE, minutes_of(quiet["to"]) * MINUTE
    shown = reading(zone, at) % DAY
    return start <= shown < end if start < end else shown >= start or shown < end


def quiet_until(zone: str, quiet: dict[str, str], at: int) -> int:
    """Give the first instant, from this one on, at which local clocks are not in quiet hours.

    Clocks leave quiet hours by reaching `to`, or by being put forward or back to another time.
    """
    while is_quiet(zone, quiet, at):
        at = min(_reaches(zone, quiet["to"], at), _stretch_at(zone, at).end)
    return at


def minutes_of(clock: str) -> int:
    """Read `21:00` as minutes since midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _reaches(zone: str, clock: str, at: int) -> int:
    """Give when clocks would next show a time of day if nobody put them forward or back."""
    ahead = (minutes_of(clock) * MINUTE - reading(zone, at)) % DAY
    return at + (ahead or DAY)


def _weekday(shown: int) -> str:
    return WEEKDAYS[(_EPOCH + timedelta(microseconds=shown)).weekday()]


def _stretch_at(zone: str, at: int) -> Stretch:
    return next(stretch for stretch in _stretches(zone) if stretch.start <= at < stretch.end)


@cache
def _stretches(zone: str) -> list[Stretch]:
    """List the stretches of ten years, found by looking at the clock once a day."""
    stretches, start, offset = [], _FIRST, _offset(zone, _FIRST)
    for at in range(_FIRST, _LAST, DAY):
        if _offset(zone, at) != offset:
            change = _change_between(zone, at - DAY, at)
            stretches.append(Stretch(start, change, offset))
            start, offset = change, _offset(zone, at)
    return [*stretches, Stretch(start, _LAST, offset)]


def _change_between(zone: str, before: int, after: int) -> int:
    """Give the second at which the clocks were put forward or back, by halving."""
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: str, at: int) -> int:
    local = (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
