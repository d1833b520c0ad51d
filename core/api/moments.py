"""When something happened: the time of a message, by our clock instead of the sender's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.api.refusals import UnusableMessage

# Less than this between sending and receiving is the journey, not a clock that is wrong.
JOURNEY = timedelta(seconds=5)
_NO_TIME = timedelta()
_LONGEST = 64
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # before it are no times but mistakes


def clock_error(sent_at: object, received_at: datetime) -> timedelta:
    """Give how much the sender's clock is behind ours; nothing if it does not say what it shows."""
    shown = _instant(sent_at)
    if shown is None or shown < _EARLIEST:
        return _NO_TIME
    behind = received_at - shown
    return behind if abs(behind) > JOURNEY else _NO_TIME


def said_at(message: Mapping[str, Any]) -> Any:
    """Give when a message says that its event happened, as it says it; None if it does not."""
    said = message.get("timestamp")
    return message.get("originalTimestamp") if said is None else said


def happened_at(
    message: Mapping[str, Any], behind: timedelta, received_at: datetime
) -> datetime | None:
    """Give when a message's event happened, in UTC and never after it came; None if it is unsaid.

    `behind` is the clock error of its sender; it does not count where somebody before us has
    corrected the time already. Raises UnusableMessage.
    """
    said = said_at(message)
    if said is None:
        return None
    instant = _instant(said)
    if instant is None:
        raise UnusableMessage(
            f"the timestamp {str(said)[:40]!r} is no time; write it as 2026-08-31T09:30:00.000Z"
        )
    is_corrected = message.get("receivedAt") is not None
    try:
        happened = min(instant if is_corrected else instant + behind, received_at)
    except OverflowError as error:
        raise UnusableMessage("the timestamp is out of range") from error
    if happened < _EARLIEST:
        raise UnusableMessage(f"the timestamp {said[:40]!r} is out of range: it lies before 1970")
    return happened


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
