"""Durations as people write them (SEMANTICS 9)."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.durations import LONGEST_DAYS, format_duration, parse_duration, to_microseconds

LENGTHS = st.integers(1, LONGEST_DAYS * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("1d12h", timedelta(hours=36)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90m", timedelta(hours=1.5)),
        (" 24h ", timedelta(hours=24)),
        ("3650d", timedelta(days=3650)),
        ("1s", timedelta(seconds=1)),
    ],
)
def test_9_a_duration_reads_as_it_says(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@given(LENGTHS)
def test_9_what_is_written_is_read_back(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length


@given(LENGTHS)
def test_9_a_written_duration_names_no_unit_of_which_there_is_none(length: timedelta) -> None:
    parts = re.findall(r"(\d+)([dhms])", format_duration(length))

    assert format_duration(length) == "".join(f"{amount}{unit}" for amount, unit in parts)
    assert all(int(amount) > 0 and not amount.startswith("0") for amount, _ in parts)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(hours=24), "24h"),
        (timedelta(hours=48), "48h"),
        (timedelta(days=3), "3d"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(seconds=61), "1m1s"),
    ],
)
def test_9_a_day_or_two_are_written_in_hours_as_the_trade_says(
    length: timedelta, expected: str
) -> None:
    assert format_duration(length) == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("-1h", "negative duration"),
        (" -24h", "negative duration"),
        ("0s", "lasts no time"),
        ("0d0h", "lasts no time"),
        ("3651d", "longer than ten years"),
        ("999999d", "longer than ten years"),
        ("87601h", "longer than ten years"),
        ("", "is not a duration; write it as 30s, 15m, 24h, 7d or 1d12h"),
        ("24", "is not a duration"),
        ("24 h", "is not a duration"),
        ("1h1d", "is not a duration"),
        ("1h2h", "is not a duration"),
        ("1.5h", "is not a duration"),
        ("24H", "is not a duration"),
        ("1w", "is not a duration"),
        ("1e3s", "is not a duration"),
        ("--1h", "duration"),
        (24, "24 is not a duration"),
        (1.5, "is not a duration"),
        (None, "is not a duration"),
        (True, "is not a duration"),
        (["24h"], "is not a duration"),
    ],
)
def test_9_what_is_no_duration_is_said_in_words(given: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_duration(given)


@given(st.text(max_size=12))
def test_9_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        found = parse_duration(text)
    except ValueError:
        return

    assert timedelta(0) < found <= timedelta(days=LONGEST_DAYS)


@pytest.mark.parametrize("digits", ["٢٤h", "２４h", "२४h"])
def test_9_digits_of_other_scripts_are_no_duration(digits: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(digits)


def test_a_length_in_microseconds_is_exact() -> None:
    assert to_microseconds(timedelta(days=3650, microseconds=1)) == 315_360_000_000_001
