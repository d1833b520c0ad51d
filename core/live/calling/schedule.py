"""What becomes of a call after an answer: done, tried again, or given up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core.live.calling.connections import Answered, Failed

# How long the next try waits, after the first, the second …; after the last it is given up.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
LONGEST_WAIT = timedelta(hours=6)
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a call: `next_at` is None once it is over; `said` why it did not succeed."""

    is_done: bool
    next_at: datetime | None = None
    said: str = ""


def judge(result: Answered | Failed, attempt_count: int, now: datetime) -> Verdict:
    """Judge the result of the attempt of this number, the first being 1."""
    if isinstance(result, Answered) and result.is_taken:
        return Verdict(is_done=True)
    is_final = result.status == _GONE if isinstance(result, Answered) else result.is_final
    if is_final or attempt_count > len(WAITS):
        return Verdict(is_done=False, said=result.said)
    wait = WAITS[attempt_count - 1]
    if isinstance(result, Answered) and result.retry_after is not None:
        wait = max(wait, min(_asked_wait(result.retry_after, now), LONGEST_WAIT))
    return Verdict(is_done=False, next_at=now + wait, said=result.said)


def _asked_wait(written: str, now: datetime) -> timedelta:
    """Read a Retry-After: seconds, or a date; nothing where it is neither."""
    text = written.strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
