"""The only place that asks what time it is; everything else is given the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present instant, aware and in UTC."""
    return datetime.now(UTC)
