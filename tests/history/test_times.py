"""Times as they are written (SEMANTICS 1.4, and the shapes of the exports)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.history.mapping import TimeFormat, TimeShape
from core.history.times import CellType, add_instants, cell_type
from core.history.zones import check_zone

FIRST_TIME = datetime.fromisoformat("1971-01-02")
LAST_TIME = datetime.fromisoformat("2079-12-30")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

ISO, DMY, MDY, YMD = TimeShape.ISO, TimeShape.DMY, TimeShape.MDY, TimeShape.YMD
COMPACT, WORDS = TimeShape.COMPACT, TimeShape.WORDS
SECONDS, MILLIS = TimeShape.EPOCH_S, TimeShape.EPOCH_MS
MICROS, NANOS = TimeShape.EPOCH_US, TimeShape.EPOCH_NS

READABLE = [
    (ISO, "2019-10-01", "2019-10-01 00:00:00"),
    (ISO, "2019-10-01 00:00:00 UTC", "2019-10-01 00:00:00"),
    (ISO, "2019-10-01T08:26:05Z", "2019-10-01 08:26:05"),
    (ISO, "2019-10-01t08:26:05z", "2019-10-01 08:26:05"),
    (ISO, "2019-10-01T08:26", "2019-10-01 08:26:00"),
    (ISO, "2019-10-01 08:26:05.123456789", "2019-10-01 08:26:05.123456"),
    (ISO, "2019-10-01 08:26:05,5", "2019-10-01 08:26:05.500000"),
    (ISO, "2022-12-22 13:25:47.779000+00:00", "2022-12-22 13:25:47.779000"),
    (ISO, "2021-03-16T19:16:37+0200", "2021-03-16 17:16:37"),
    (ISO, "2021-03-16 19:16:37 -0400", "2021-03-16 23:16:37"),
    (ISO, "2021-03-16 19:16:37-05", "2021-03-17 00:16:37"),
    (ISO, "2021-03-16 19:16:37 Europe/Berlin", "2021-03-16 18:16:37"),
    (ISO, "2010/12/1 8:26", "2010-12-01 08:26:00"),
    (ISO, "    2019-10-01", "2019-10-01 00:00:00"),
    (ISO, "2019-10-01 8:26 PM", "2019-10-01 20:26:00"),
    (ISO, "2019-10-01 12:05:09\u202fa.m.", "2019-10-01 00:05:09"),
    (MDY, "12/1/10 8:26", "2010-12-01 08:26:00"),
    (DMY, "12/1/10 8:26", "2010-01-12 08:26:00"),
    (YMD, "12/1/10 8:26", "2012-01-10 08:26:00"),
    (DMY, "31.12.1999 23:59:59", "1999-12-31 23:59:59"),
    (DMY, "31-12-69", "1969-12-31 00:00:00"),
    (MDY, "12-31-68", "2068-12-31 00:00:00"),
    (MDY, "12/1/2010, 8:26:01 PM", "2010-12-01 20:26:01"),
    (YMD, "2010.12.01 08:26", "2010-12-01 08:26:00"),
    (COMPACT, "19970101", "1997-01-01 00:00:00"),
    (COMPACT, "199701010826", "1997-01-01 08:26:00"),
    (COMPACT, "19970101082659", "1997-01-01 08:26:59"),
    (COMPACT, "20191001T101010Z", "2019-10-01 10:10:10"),
    (WORDS, "1 Dec 2010 08:26", "2010-12-01 08:26:00"),
    (WORDS, "Wed, 01 Dec 2010 08:26:00 GMT", "2010-12-01 08:26:00"),
    (WORDS, "December 1st, 2010 at 8:26 PM", "2010-12-01 20:26:00"),
    (WORDS, "01-DEC-10", "2010-12-01 00:00:00"),
    (SECONDS, "1601510400", "2020-10-01 00:00:00"),
    (SECONDS, "1601510400.25", "2020-10-01 00:00:00.250000"),
    (MILLIS, "1601510400123", "2020-10-01 00:00:00.123000"),
    (MILLIS, "1601510400123.0", "2020-10-01 00:00:00.123000"),
    (MICROS, "1601510400123456", "2020-10-01 00:00:00.123456"),
    (NANOS, "1601510400123456789", "2020-10-01 00:00:00.123456"),
]

UNREADABLE = [
    (ISO, "epoch"),
    (ISO, "infinity"),
    (ISO, "2019-02-30"),
    (ISO, "2019-10-01 00:00:00 UTC2"),
    (ISO, "19970101"),
    (ISO, ""),
    (MDY, "13/1/10 8:26"),
    (DMY, "31/4/2010"),
    (MDY, "12/1/110"),
    (COMPACT, "19971301"),
    (WORDS, "1 Foo 2010"),
    (MILLIS, "1.6E+12"),
    (MILLIS, "1601510400"),
    (SECONDS, "1601510400123"),
    (SECONDS, "0x5F751A80"),
    (SECONDS, "1_601_510_400"),
    (SECONDS, "9" * 30),
    (SECONDS, "0"),
]


def read(
    value: object,
    shape: TimeShape,
    *,
    zone: str = "UTC",
    cell: CellType = CellType.TEXT,
    duckdb_type: str = "VARCHAR",
    example: str | None = None,
) -> datetime | None:
    time = TimeFormat(shape=shape, zone=zone)
    return read_all([value], time, cell=cell, duckdb_type=duckdb_type, example=example)[0]


def read_all(
    values: Sequence[object],
    time: TimeFormat,
    *,
    cell: CellType = CellType.TEXT,
    duckdb_type: str = "VARCHAR",
    example: str | None = None,
) -> list[datetime | None]:
    """Read all values on a connection whose own zone is far away."""
    written = f"SELECT unnest(CAST($1 AS {duckdb_type}[])) AS written"
    sql = add_instants(written, "written", "us", cell=cell, time=time, example=example)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        found = connection.execute(f"SELECT us FROM ({sql})", [list(values)]).fetchall()
    return [None if us is None else EPOCH + us * MICROSECOND for (us,) in found]


@pytest.mark.parametrize(("shape", "text", "instant"), READABLE)
def test_a_time_is_read_as_it_is_written(shape: TimeShape, text: str, instant: str) -> None:
    assert read(text, shape) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(("shape", "text"), UNREADABLE)
def test_what_is_no_time_of_its_shape_is_unreadable(shape: TimeShape, text: str) -> None:
    assert read(text, shape) is None


@pytest.mark.parametrize("example", [None, "12/1/10 8:26", "2019-10-01", "2019-10-01 00:00 UTC"])
@pytest.mark.parametrize(("shape", "text", "instant"), READABLE[::3])
def test_an_example_never_changes_what_is_read(
    shape: TimeShape, text: str, instant: str, example: str | None
) -> None:
    assert read(text, shape, example=example or text) == read(text, shape)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=FIRST_TIME, max_value=LAST_TIME),
            st.integers(-12, 14),
        ),
        min_size=1,
    )
)
def test_a_time_with_an_offset_is_the_instant_it_names(times: list[tuple[datetime, int]]) -> None:
    written = [
        f"{at.isoformat()}{'+' if hours >= 0 else '-'}{abs(hours):02}:00" for at, hours in times
    ]

    found = read_all(written, TimeFormat(shape=ISO, zone="Asia/Tokyo"))

    assert found == [at.replace(tzinfo=UTC) - timedelta(hours=hours) for at, hours in times]


def first_instant_showing(local: datetime, zone: ZoneInfo) -> datetime:
    """Find the first instant at which the clocks of a zone show this time or are past it."""
    for fold in (0, 1):
        at = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == local:
            return at
    low = local.replace(tzinfo=UTC) - timedelta(hours=30)
    high = low + timedelta(hours=60)
    while high - low > MICROSECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            low = middle
        else:
            high = middle
    return high


def local_times() -> st.SearchStrategy[datetime]:
    """Give local times, half of them in the nights in which clocks are changed."""
    night = st.builds(
        lambda year, month, day, minutes: (
            datetime.fromisoformat(f"{year}-{month:02}-{day:02}") + timedelta(minutes=minutes)
        ),
        st.integers(1975, 2036),
        st.sampled_from([3, 4, 10, 11]),
        st.sampled_from([*range(1, 9), *range(24, 31)]),
        st.integers(0, 200),
    )
    return st.one_of(night, st.datetimes(min_value=FIRST_TIME, max_value=LAST_TIME))


@settings(max_examples=12, deadline=None)
@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
    ),
    local=st.lists(local_times(), min_size=20, max_size=60),
)
def test_a_local_time_is_the_first_instant_at_which_clocks_show_it(
    zone: str, local: list[datetime]
) -> None:
    found = read_all([at.isoformat() for at in local], TimeFormat(shape=ISO, zone=zone))

    assert found == [first_instant_showing(at, ZoneInfo(zone)) for at in local]


def test_a_nonexistent_local_time_moves_to_the_next_instant_an_ambiguous_takes_the_earlier() -> (
    None
):
    berlin = "Europe/Berlin"

    assert read("2021-03-28 02:30", ISO, zone=berlin) == datetime(2021, 3, 28, 1, tzinfo=UTC)
    assert read("2021-03-28 03:00", ISO, zone=berlin) == datetime(2021, 3, 28, 1, tzinfo=UTC)
    assert read("2021-10-31 02:30", ISO, zone=berlin) == datetime(2021, 10, 31, 0, 30, tzinfo=UTC)
    assert read("2021-10-31 03:00", ISO, zone=berlin) == datetime(2021, 10, 31, 2, tzinfo=UTC)


def test_typed_columns_are_read_without_going_through_text() -> None:
    day = read("2020-01-01", ISO, cell=CellType.NAIVE, duckdb_type="DATE", zone="Europe/Berlin")
    instant = read("2020-01-01 00:00:00+01", ISO, cell=CellType.INSTANT, duckdb_type="TIMESTAMPTZ")
    seconds = read(1601510400, SECONDS, cell=CellType.INTEGER, duckdb_type="BIGINT")
    fraction = read(1601510400.25, SECONDS, cell=CellType.FRACTION, duckdb_type="DOUBLE")
    compact = read(19970101, COMPACT, cell=CellType.INTEGER, duckdb_type="INTEGER")

    assert day == instant == datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert seconds == datetime(2020, 10, 1, tzinfo=UTC)
    assert fraction == datetime(2020, 10, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert compact == datetime(1997, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duckdb_type", "expected"),
    [
        ("UBIGINT", CellType.INTEGER),
        ("DECIMAL(18,3)", CellType.FRACTION),
        ("TIMESTAMP_NS", CellType.NAIVE),
        ("TIMESTAMP WITH TIME ZONE", CellType.INSTANT),
        ("BOOLEAN", None),
        ("STRUCT(a INTEGER)", None),
        ("INTEGER[]", None),
    ],
)
def test_types_that_cannot_hold_a_time_are_told_apart(
    duckdb_type: str, expected: CellType | None
) -> None:
    assert cell_type(duckdb_type) is expected


def test_an_unknown_zone_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnusableInput, match=r"'Berlin' is not a time zone.*'Europe/Berlin'"):
        check_zone("Berlin")
