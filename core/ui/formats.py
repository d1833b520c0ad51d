"""How numbers, shares, times and durations are written on screen."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.domain.instants import from_microseconds
from core.services import phrases
from core.stats.estimates import Estimate


def people(count: int) -> str:
    """Write `1 person` or `1,040 people`."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


def percent(rate: float | None) -> str:
    """Write a rate (0 to 1) as a percentage; a dash where there is none."""
    if rate is None:
        return "–"
    return f"{rate:.1%}" if rate < 0.1 else f"{rate:.0%}"


def fine_percent(rate: float | None) -> str:
    """Write a rate that may be tiny with two digits that say something: `0.04%`."""
    if rate == 0:
        return "0%"
    if rate is None or rate >= 0.01:
        return percent(rate)
    return f"{float(f'{100 * rate:.1g}'):.6f}".rstrip("0") + "%" if rate > 1e-6 else "under 0.0001%"


def plain(text: str) -> str:
    """Escape a text of somebody else for Markdown, so that it is shown as it is."""
    return phrases.escaped(text)


def interval(estimate: Estimate | None) -> str:
    """Write an estimate of a rate with its interval: `12 % (10 to 14 %)`."""
    if estimate is None:
        return "–"
    digits = 1 if estimate.high < 0.1 else 0
    value, low, high = (
        f"{100 * part:.{digits}f}" for part in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} % ({low} to {high} %)"


def times(estimate: Estimate | None) -> str:
    """Write a ratio with its interval: `1.8 × (1.5 to 2.1)`."""
    if estimate is None:
        return "–"
    return f"{estimate.value:.1f} × ({estimate.low:.1f} to {estimate.high:.1f})"


def time_left(seconds: float) -> str:
    """Write how long something still takes, roughly: `a few seconds`, `about 3 minutes`."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} seconds"
    return f"about {round(seconds / 60):,} minutes"


def size(byte_count: int) -> str:
    """Write the size of files: `640 kB`, `12 MB`, `2.1 GB`."""
    if byte_count < 1_000_000:
        return f"{max(1, round(byte_count / 1_000))} kB"
    if byte_count < 1_000_000_000:
        return f"{byte_count / 1_000_000:.0f} MB"
    return f"{byte_count / 1_000_000_000:.1f} GB"


def microseconds(length: float) -> str:
    """Write a length in µs as a duration."""
    return phrases.duration(timedelta(microseconds=round(length)))


def moment(at: int, zone: str) -> str:
    """Write an instant (µs since 1970 UTC) in local time: `Mon 3 Aug 2026, 09:30`."""
    return local(at, zone).strftime("%a %-d %b %Y, %H:%M")


def exact_moment(at: int, zone: str) -> str:
    """Write an instant as `moment` does, with seconds."""
    return local(at, zone).strftime("%a %-d %b %Y, %H:%M:%S")


def day(at: datetime) -> str:
    """Write the day of an instant: `3 Aug 2026`."""
    return at.strftime("%-d %b %Y")


def calendar_day(on: date) -> str:
    """Write a day of the calendar: `3 Aug 2026`."""
    return on.strftime("%-d %b %Y")


def period(first_at: datetime | None, last_at: datetime | None) -> str:
    """Write a period by its first and last day; a dash where there is none."""
    if first_at is None or last_at is None:
        return "–"
    return f"{day(first_at)} to {day(last_at)}"


def local(at: int, zone: str) -> datetime:
    """Give an instant (µs since 1970 UTC) in a zone."""
    return from_microseconds(at).astimezone(ZoneInfo(zone))
