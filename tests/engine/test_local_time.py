"""Local times become instants as SEMANTICS 1.4, 5.1 and 5.5 say, across changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.instants import as_microseconds, from_microseconds
from core.engine.local_time import is_quiet, minutes_of, next_local, quiet_end

MONDAY, FRIDAY, SATURDAY = 0, 4, 5
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
)

clocks = st.integers(0, 24 * 60 - 1)
instants = st.integers(
    as_microseconds(datetime(2010, 1, 1, tzinfo=UTC)),
    as_microseconds(datetime(2027, 1, 1, tzinfo=UTC)),
)


def upcoming(arrival: str, clock: str, zone: str, *weekdays: int) -> str:
    at = as_microseconds(datetime.fromisoformat(arrival))
    found = next_local(at, minutes_of(clock), weekdays, ZoneInfo(zone))
    return from_microseconds(found).isoformat()


@pytest.mark.parametrize(
    ("arrival", "clock", "zone", "weekdays", "expected"),
    [
        # Monday 05:00 in Tokyo is Sunday 20:00 UTC.
        ("2026-08-30T19:59:59+00:00", "05:00", "Asia/Tokyo", [MONDAY], "2026-08-30T20:00:00+00:00"),
        ("2026-08-30T20:00:00+00:00", "05:00", "Asia/Tokyo", [MONDAY], "2026-09-06T20:00:00+00:00"),
        # Monday 21:00 in New York is Tuesday 01:00 UTC in summer, 02:00 in winter.
        (
            *("2026-08-31T12:00:00+00:00", "21:00", "America/New_York", [MONDAY]),
            "2026-09-01T01:00:00+00:00",
        ),
        (
            *("2026-11-01T12:00:00+00:00", "21:00", "America/New_York", [MONDAY]),
            "2026-11-03T02:00:00+00:00",
        ),
        # From Friday to Monday 09:00 in Berlin, over the change to summer time and back.
        (
            *("2026-03-27T15:00:00+00:00", "09:00", "Europe/Berlin", [MONDAY]),
            "2026-03-30T07:00:00+00:00",
        ),
        (
            *("2026-10-23T15:00:00+00:00", "09:00", "Europe/Berlin", [MONDAY]),
            "2026-10-26T08:00:00+00:00",
        ),
        # 02:30 does not exist on 29 March 2026 in Berlin: 03:00, which is 01:00 UTC.
        ("2026-03-28T12:00:00+00:00", "02:30", "Europe/Berlin", [], "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T01:00:00+00:00", "02:30", "Europe/Berlin", [], "2026-03-30T00:30:00+00:00"),
        # 02:30 comes twice on 25 October 2026: the earlier one counts, and only that.
        ("2026-10-24T12:00:00+00:00", "02:30", "Europe/Berlin", [], "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T00:30:00+00:00", "02:30", "Europe/Berlin", [], "2026-10-26T01:30:00+00:00"),
        # Samoa had no 30 December 2011: its 09:00 is the first instant of the 31st.
        ("2011-12-29T20:00:00+00:00", "09:00", "Pacific/Apia", [], "2011-12-30T10:00:00+00:00"),
        # A time reached at this very instant is not ahead.
        ("2026-08-31T09:00:00+00:00", "09:00", "UTC", [], "2026-09-01T09:00:00+00:00"),
        ("2026-08-31T08:59:59.999999+00:00", "09:00", "UTC", [], "2026-08-31T09:00:00+00:00"),
    ],
)
def test_5_1_the_next_time_of_day_strictly_after_arrival(
    arrival: str, clock: str, zone: str, weekdays: list[int], expected: str
) -> None:
    assert upcoming(arrival, clock, zone, *weekdays) == expected


@pytest.mark.parametrize(
    ("arrival", "expected"),
    [
        # The night of 28 to 29 March 2026 in Berlin: 21:00 is 20:00 UTC, 08:00 is 06:00 UTC.
        ("2026-03-28T19:59:59+00:00", "2026-03-28T19:59:59+00:00"),
        ("2026-03-28T20:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        ("2026-03-29T05:59:59+00:00", "2026-03-29T06:00:00+00:00"),
        ("2026-03-29T06:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        # The night of 24 to 25 October 2026: 21:00 is 19:00 UTC, 08:00 is 07:00 UTC.
        ("2026-10-24T18:59:59+00:00", "2026-10-24T18:59:59+00:00"),
        ("2026-10-24T19:00:00+00:00", "2026-10-25T07:00:00+00:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T07:00:00+00:00"),
        ("2026-10-25T07:00:00+00:00", "2026-10-25T07:00:00+00:00"),
    ],
)
def test_5_5_quiet_hours_over_both_changes_of_the_clock(arrival: str, expected: str) -> None:
    at = as_microseconds(datetime.fromisoformat(arrival))

    end = quiet_end(at, minutes_of("21:00"), minutes_of("08:00"), ZoneInfo("Europe/Berlin"))

    assert from_microseconds(end).isoformat() == expected


def test_5_5_in_the_second_pass_of_an_hour_the_second_end_counts() -> None:
    # 02:10 for the second time, in winter time; quiet until 02:30, which was shown once already.
    at = as_microseconds(datetime(2026, 10, 25, 1, 10, tzinfo=UTC))

    end = quiet_end(at, minutes_of("21:00"), minutes_of("02:30"), ZoneInfo("Europe/Berlin"))

    assert from_microseconds(end) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_5_5_where_a_gap_swallows_the_open_time_the_next_end_counts() -> None:
    # Open from 02:30 to 02:45 only, which 29 March 2026 does not have.
    at = as_microseconds(datetime(2026, 3, 28, 12, 0, tzinfo=UTC))

    end = quiet_end(at, minutes_of("02:45"), minutes_of("02:30"), ZoneInfo("Europe/Berlin"))

    assert from_microseconds(end) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@given(at=instants, quiet_from=clocks, quiet_to=clocks, zone=st.sampled_from(ZONES))
def test_5_5_the_end_is_the_first_instant_outside_quiet_hours(
    at: int, quiet_from: int, quiet_to: int, zone: str
) -> None:
    assume(quiet_from != quiet_to)
    where = ZoneInfo(zone)

    end = quiet_end(at, quiet_from, quiet_to, where)

    assert not is_quiet(end, quiet_from, quiet_to, where)
    assert end >= at
    between = range(at, end, 10 * 60_000_000)
    assert all(is_quiet(instant, quiet_from, quiet_to, where) for instant in between)
    assert end == at or is_quiet(end - 1, quiet_from, quiet_to, where)


@given(
    at=instants,
    clock=clocks,
    weekdays=st.sets(st.integers(0, 6)),
    zone=st.sampled_from(ZONES),
)
def test_5_1_clocks_read_the_time_or_jumped_over_it(
    at: int, clock: int, weekdays: set[int], zone: str
) -> None:
    where = ZoneInfo(zone)

    found = next_local(at, clock, weekdays, where)

    local = from_microseconds(found).astimezone(where)
    before = from_microseconds(found - 1).astimezone(where)
    jumped = (local.utcoffset() or timedelta()) > (before.utcoffset() or timedelta())
    assert found > at
    assert local.hour * 60 + local.minute == clock or jumped
    assert not weekdays or local.weekday() in weekdays or jumped
