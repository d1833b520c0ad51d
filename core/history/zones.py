"""Local times of a zone as SQL: which instant a clock on the wall meant (SEMANTICS 1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from core.domain.errors import UnusableInput

# Outside, the first and the last offset stay: nobody's history is there.
_FIRST = datetime(1969, 12, 1, tzinfo=UTC)
_LAST = datetime(2080, 2, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPeriod:
    """From local time `start` on: the instant is local − offset, but never before `earliest`.

    All three are microseconds; `start` and `earliest` count from 1970, the first locally.
    """

    start: int
    offset: int
    earliest: int


def check_zone(name: str) -> str:
    """Give the name back; raise UnusableInput if no time zone is called that."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = _nearest_zone(name)
        raise UnusableInput(
            f"{name!r} is not a time zone: use a name such as {near!r}, or 'UTC'."
        ) from error
    return name


def instant_sql(local_us: str, zone: str) -> str:
    """Turn a local time in µs (a column) into µs UTC.

    A local time that never was moves forward to the next valid instant, of an ambiguous one the
    earlier counts.
    """
    periods = local_periods(zone)
    if len(periods) == 1 and periods[0].offset == 0:
        return local_us
    return _choose_period(local_us, periods)


@lru_cache(maxsize=32)
def local_periods(zone: str) -> tuple[LocalPeriod, ...]:
    """List the periods of equal offset of a zone, by their local start."""
    info = ZoneInfo(check_zone(zone))
    offset = _offset(info, _FIRST)
    periods = [LocalPeriod(start=-(2**62), offset=offset, earliest=-(2**62))]
    for at in _changes(info):
        before, offset = offset, _offset(info, at)
        change = (at - _EPOCH) // timedelta(microseconds=1)
        # Clocks go forward: what they skip is read as the moment they jump. Clocks go back: the
        # repeated hour belongs to its first pass, so the new offset starts after it.
        periods.append(LocalPeriod(start=change + before, offset=offset, earliest=change))
    return tuple(periods)


def _choose_period(local_us: str, periods: Sequence[LocalPeriod]) -> str:
    # A tree of comparisons: about eight per row for a zone with 150 changes.
    if len(periods) == 1:
        only = periods[0]
        return f"greatest({local_us} - {only.offset}, {only.earliest})"
    middle = len(periods) // 2
    earlier = _choose_period(local_us, periods[:middle])
    later = _choose_period(local_us, periods[middle:])
    return f"CASE WHEN {local_us} < {periods[middle].start} THEN {earlier} ELSE {later} END"


def _changes(info: ZoneInfo) -> list[datetime]:
    """Find the instants at which the offset changes, looking once a day."""
    found = []
    day = _FIRST
    while day < _LAST:
        following = day + timedelta(days=1)
        if _offset(info, day) != _offset(info, following):
            found.append(_change_between(info, day, following))
        day = following
    return found


def _change_between(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = _offset(info, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _offset(info, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(info: ZoneInfo, at: datetime) -> int:
    """Give the zone's offset from UTC at an instant, in µs."""
    offset = at.astimezone(info).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _nearest_zone(name: str) -> str:
    names = {zone.rsplit("/", 1)[-1].lower(): zone for zone in sorted(available_timezones())}
    wanted = name.rsplit("/", 1)[-1].lower().replace(" ", "_")
    near = get_close_matches(wanted, names, n=1)
    return names[near[0]] if near else "Europe/Berlin"
