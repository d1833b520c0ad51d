"""Durations as people write them: `30s 15m 24h 7d`, or combinations such as `1d12h`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST_DAYS = 3650
MICROSECOND = timedelta(microseconds=1)

_SHAPE = re.compile(
    r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,8})h)?(?:(?P<minutes>\d{1,9})m)?(?:(?P<seconds>\d{1,10})s)?",
    re.ASCII,
)


def parse_duration(text: object) -> timedelta:
    """Read `1d12h` as a timedelta.

    Raises ValueError when the text is not such a duration, is zero, or is longer than ten years.
    """
    if isinstance(text, timedelta):
        return _checked(text, format_duration(text))
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a duration; write it as 30s, 15m, 24h, 7d or 1d12h")
    if text.strip().startswith("-"):
        raise ValueError(f"{text!r} is a negative duration; time only moves forward, write 24h")
    match = _SHAPE.fullmatch(text.strip())
    if match is None or not text.strip():
        raise ValueError(f"{text!r} is not a duration; write it as 30s, 15m, 24h, 7d or 1d12h")
    parts = {unit: int(value) for unit, value in match.groupdict().items() if value is not None}
    return _checked(timedelta(**parts), text)


def format_duration(duration: timedelta) -> str:
    """Write a timedelta as `1d12h`, whole seconds: the inverse of `parse_duration`.

    A day and a half is `1d12h`; exactly one or two days are `24h` and `48h`, as the trade says.
    """
    seconds = duration // timedelta(seconds=1)
    if seconds in (86_400, 172_800):
        return f"{seconds // 3600}h"
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def to_microseconds(duration: timedelta) -> int:
    """Give the length in whole microseconds, the unit of all engine arithmetic."""
    return duration // MICROSECOND


def _checked(duration: timedelta, text: object) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError(f"{text!r} lasts no time; give at least 1s")
    if duration > timedelta(days=LONGEST_DAYS):
        raise ValueError(f"{text!r} is longer than ten years ({LONGEST_DAYS}d)")
    return duration


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30s", "15m", "24h", "7d", "1d12h"]}),
]
