"""What is worth knowing before trusting a dataset: gaps, clocks, rows left out, unknown people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.history.facts import ClockProblems, QuietDay
from core.history.manifest import Manifest
from core.services.datasets import left_out_rate, rejected_count

_MANY_LEFT_OUT = 0.05
_CLOSED_DAY_RATE = 0.9
_MOST_CLOSED_DAYS = 2
_WEEKS_TO_JUDGE = 4


class Oddity(StrEnum):
    """The kinds of oddities."""

    GAP = "gap"
    SCATTERED_GAPS = "scattered gaps"
    CLOSED_DAY = "closed day"
    QUIET_DAYS = "quiet days"
    FUTURE = "future"
    OUT_OF_ORDER = "out of order"
    MANY_LEFT_OUT = "many left out"
    UNKNOWN_PEOPLE = "unknown people"


_HARMLESS = (Oddity.OUT_OF_ORDER, Oddity.CLOSED_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days in a row, the first and the last included."""

    first_on: date
    last_on: date

    @property
    def day_count(self) -> int:
        """Count the days."""
        return (self.last_on - self.first_on).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One oddity: how many days, rows or people, what share of all, and the longest stretch.

    `weekday` (0 is Monday) is set where all the days are of one weekday.
    """

    oddity: Oddity
    count: int
    share: float
    stretch: Stretch | None = None
    weekday: int | None = None

    @property
    def is_harmless(self) -> bool:
        """Say whether nothing has to be done about it."""
        return self.oddity in _HARMLESS


def findings(
    manifest: Manifest,
    quiet: Sequence[QuietDay],
    clocks: ClockProblems,
    unknown_people: int,
) -> list[Finding]:
    """List what is odd about a dataset; `quiet` are its quiet days in order."""
    if manifest.first_at is None or manifest.last_at is None:
        return []
    span = (manifest.last_at.date() - manifest.first_at.date()).days + 1
    return [
        *_about_days(quiet, manifest.first_at.date(), span),
        *_shares(Oddity.FUTURE, clocks.future_count, manifest.rows),
        *_shares(Oddity.OUT_OF_ORDER, clocks.out_of_order_count, manifest.rows),
        *_about_left_out(manifest),
        *_shares(Oddity.UNKNOWN_PEOPLE, unknown_people, manifest.users),
    ]


def stretches(days: Sequence[date]) -> list[Stretch]:
    """Join days that follow each other; the days are in order."""
    found: list[Stretch] = []
    for day in days:
        if found and day - found[-1].last_on == timedelta(days=1):
            found[-1] = Stretch(first_on=found[-1].first_on, last_on=day)
        else:
            found.append(Stretch(first_on=day, last_on=day))
    return found


def _about_days(quiet: Sequence[QuietDay], first_on: date, span: int) -> Iterator[Finding]:
    empty = [found.day for found in quiet if found.count == 0]
    low = [found.day for found in quiet if found.count > 0]
    closed = _closed_weekdays(empty, first_on, span)
    for weekday in closed:
        count = sum(day.weekday() == weekday for day in empty)
        yield Finding(oddity=Oddity.CLOSED_DAY, count=count, share=count / span, weekday=weekday)
    parts = [part for part in stretches(empty) if not _is_only(part, closed)]
    if parts:
        yield _about(Oddity.GAP if len(parts) == 1 else Oddity.SCATTERED_GAPS, parts, span)
    if low:
        yield _about(Oddity.QUIET_DAYS, stretches(low), span)


def _closed_weekdays(empty: Sequence[date], first_on: date, span: int) -> list[int]:
    """Find one or two weekdays (0 is Monday) that are nearly always without events."""
    closed = []
    for weekday in range(7):
        all_count = _weekday_count(first_on, span, weekday)
        empty_count = sum(day.weekday() == weekday for day in empty)
        if all_count >= _WEEKS_TO_JUDGE and empty_count >= _CLOSED_DAY_RATE * all_count:
            closed.append(weekday)
    return closed if len(closed) <= _MOST_CLOSED_DAYS else []


def _is_only(part: Stretch, weekdays: Sequence[int]) -> bool:
    days = (part.first_on + timedelta(days=n) for n in range(part.day_count))
    return all(day.weekday() in weekdays for day in days)


def _weekday_count(first_on: date, span: int, weekday: int) -> int:
    """Count the days of a weekday in a period."""
    offset = (weekday - first_on.weekday()) % 7
    return (span - offset + 6) // 7


def _about(oddity: Oddity, parts: Sequence[Stretch], span: int) -> Finding:
    count = sum(part.day_count for part in parts)
    longest = max(parts, key=lambda part: part.day_count)
    return Finding(oddity=oddity, count=count, share=count / span, stretch=longest)


def _about_left_out(manifest: Manifest) -> Iterator[Finding]:
    rate = left_out_rate(manifest) or 0.0
    if rate > _MANY_LEFT_OUT:
        count = rejected_count(manifest)
        yield Finding(oddity=Oddity.MANY_LEFT_OUT, count=count, share=rate)


def _shares(oddity: Oddity, count: int, total: int) -> Iterator[Finding]:
    if count:
        yield Finding(oddity=oddity, count=count, share=min(1.0, count / max(1, total)))
