"""Instants as the engine counts them: whole microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_microseconds(instant: datetime) -> int:
    """Count the microseconds since 1970 UTC of an aware instant."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_microseconds(microseconds: int) -> datetime:
    """Give the aware instant in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def iso(microseconds: int) -> str:
    """Write an instant as files do: `2026-08-31T09:30:00.000000Z`."""
    return from_microseconds(microseconds).isoformat(timespec="microseconds")[:-6] + "Z"
