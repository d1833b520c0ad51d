"""Hand-computed examples of local time (SEMANTICS 1.4, 5.1, 5.5): both changes of the clocks."""

from datetime import datetime

import pytest

from tests.reference.local_time import instant, next_occurrence, quiet_until, reading, zone_of

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
CASABLANCA, TOKYO = "Africa/Casablanca", "Asia/Tokyo"
MINUTE = 60_000_000


def utc(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("zone", "at", "shown"),
    [
        ("UTC", "2025-10-26 00:59:59", "2025-10-26 00:59:59"),
        (BERLIN, "2025-10-26 00:59:59", "2025-10-26 02:59:59"),
        (BERLIN, "2025-10-26 01:00", "2025-10-26 02:00"),
        (BERLIN, "2026-03-29 01:00", "2026-03-29 03:00"),
        (LORD_HOWE, "2025-10-04 15:29:59", "2025-10-05 01:59:59"),
        (LORD_HOWE, "2025-10-04 15:30", "2025-10-05 02:30"),
        (LORD_HOWE, "2026-04-04 15:00", "2026-04-05 01:30"),
        (CASABLANCA, "2026-02-15 01:59:59", "2026-02-15 02:59:59"),
        (CASABLANCA, "2026-02-15 02:00", "2026-02-15 02:00"),
        (TOKYO, "2025-11-02 06:00", "2025-11-02 15:00"),
    ],
)
def test_clocks_show_what_calendars_say(zone: str, at: str, shown: str):
    assert reading(zone, utc(at)) == utc(shown)


@pytest.mark.parametrize(
    ("zone", "shown", "at"),
    [
        (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
        (BERLIN, "2026-03-29 02:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 02:30", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
        (BERLIN, "2025-10-26 02:00", "2025-10-26 00:00"),
        (BERLIN, "2025-10-26 02:59", "2025-10-26 00:59"),
        (BERLIN, "2025-10-26 03:00", "2025-10-26 02:00"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:00"),
        (NEW_YORK, "2025-11-02 01:30", "2025-11-02 05:30"),
        (LORD_HOWE, "2025-10-05 02:10", "2025-10-04 15:30"),
        (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
    ],
)
def test_1_4_a_skipped_time_moves_to_the_change_and_one_that_comes_twice_is_the_earlier(
    zone: str, shown: str, at: str
):
    assert instant(zone, utc(shown)) == utc(at)


@pytest.mark.parametrize(
    ("zone", "clock", "days", "after", "at"),
    [
        (TOKYO, "05:00", ["mon"], "2025-10-24 10:00", "2025-10-26 20:00"),
        (NEW_YORK, "21:00", ["mon"], "2025-11-01 12:00", "2025-11-04 02:00"),
        (NEW_YORK, "21:00", ["mon"], "2026-03-07 12:00", "2026-03-10 01:00"),
        (BERLIN, "09:00", ["mon"], "2025-10-24 12:00", "2025-10-27 08:00"),
        (BERLIN, "09:00", ["mon"], "2026-03-27 12:00", "2026-03-30 07:00"),
        (BERLIN, "09:00", ["fri", "sun"], "2026-03-27 08:00", "2026-03-29 07:00"),
        (BERLIN, "09:00", ["fri"], "2026-03-27 07:59:59", "2026-03-27 08:00"),
        (BERLIN, "09:00", ["fri"], "2026-03-27 08:00", "2026-04-03 07:00"),
        # The gap: 02:30 is not there on Sunday 29 March, and 03:00 has come when it would have.
        (BERLIN, "02:30", [], "2026-03-29 00:59:59", "2026-03-29 01:00"),
        (BERLIN, "02:30", ["sun"], "2026-03-28 12:00", "2026-03-29 01:00"),
        (BERLIN, "02:30", [], "2026-03-29 01:00", "2026-03-30 00:30"),
        # The hour that comes twice: only the first 02:30 counts.
        (BERLIN, "02:30", [], "2025-10-26 00:29", "2025-10-26 00:30"),
        (BERLIN, "02:30", [], "2025-10-26 00:30", "2025-10-27 01:30"),
        (BERLIN, "02:30", [], "2025-10-26 01:10", "2025-10-27 01:30"),
        (BERLIN, "00:00", [], "2025-10-25 21:59:59", "2025-10-25 22:00"),
        (BERLIN, "00:00", ["mon"], "2025-10-25 22:00", "2025-10-26 23:00"),
    ],
)
def test_5_1_until_is_the_next_local_occurrence_strictly_after_arrival(
    zone: str, clock: str, days: list[str], after: str, at: str
):
    assert next_occurrence(zone, clock, days, utc(after)) == utc(at)


@pytest.mark.parametrize(
    ("start", "end", "at", "ends_at"),
    [
        # A night and a day as they mostly are; the end itself is not quiet, the start is.
        ("21:00", "08:00", "2025-06-02 19:00", "2025-06-03 06:00"),
        ("21:00", "08:00", "2025-06-02 18:59:59", "2025-06-02 18:59:59"),
        ("21:00", "08:00", "2025-06-03 06:00", "2025-06-03 06:00"),
        ("09:00", "17:00", "2025-06-02 07:00", "2025-06-02 15:00"),
        # The night that is an hour longer, and the one that is an hour shorter.
        ("21:00", "08:00", "2025-10-25 19:00", "2025-10-26 07:00"),
        ("21:00", "08:00", "2026-03-28 20:00", "2026-03-29 06:00"),
        # An end that is skipped comes with the change.
        ("21:00", "02:30", "2026-03-28 22:00", "2026-03-29 01:00"),
        # An end that comes twice: the first that comes after t.
        ("21:00", "02:30", "2025-10-25 22:00", "2025-10-26 00:30"),
        ("21:00", "02:30", "2025-10-26 01:00", "2025-10-26 01:30"),
        # Set back out of quiet hours, set back into them, and set forward across what is not quiet.
        ("02:30", "03:30", "2025-10-26 00:40", "2025-10-26 01:00"),
        ("02:30", "02:10", "2025-10-26 00:40", "2025-10-26 01:10"),
        ("02:45", "02:15", "2026-03-28 22:00", "2026-03-30 00:15"),
    ],
)
def test_5_5_quiet_hours_of_berlin_end_at_the_first_moment_that_is_not_quiet(
    start: str, end: str, at: str, ends_at: str
):
    assert quiet_until(BERLIN, {"from": start, "to": end}, utc(at)) == utc(ends_at)


def test_quiet_hours_are_left_at_the_microsecond():
    night = {"from": "21:00", "to": "08:00"}

    assert quiet_until("UTC", night, utc("2025-06-03 08:00") - 1) == utc("2025-06-03 08:00")


@pytest.mark.parametrize(
    ("profile", "zone"),
    [
        ({"timezone": "Asia/Tokyo"}, TOKYO),
        ({"timezone": "Nowhere/City"}, BERLIN),
        ({"timezone": 5}, BERLIN),
        ({}, BERLIN),
        (None, BERLIN),
    ],
)
def test_1_4_the_profile_names_the_zone_or_else_the_campaign(profile: dict | None, zone: str):
    assert zone_of(profile, {"timezone": BERLIN}) == zone
    assert zone_of(profile, {}) == (TOKYO if zone == TOKYO else "UTC")
