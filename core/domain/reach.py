"""What sends ask of a profile: whether it says yes, and the zone that it names (SEMANTICS 5.5)."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from core.domain.campaigns import ZONES
from core.domain.values import JsonValue

EMAIL, CONSENT, UNSUBSCRIBED, SUPPRESSED, TIMEZONE = (
    "email",
    "consent",
    "unsubscribed",
    "suppressed",
    "timezone",
)
_YES = frozenset({"true", "yes", "1"})


# What a flow may not touch: who somebody is, and what only they can say.
_THEIR_OWN = frozenset({"user_id", EMAIL, CONSENT})
_ONE_WAY = frozenset({UNSUBSCRIBED, SUPPRESSED})


def settable(traits: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Give the traits that a flow may set (5.6): it can end the sending to somebody, not begin it.

    Neither consent nor the address are a flow's to change, nor can it take an unsubscription back.
    """
    return {
        name: value
        for name, value in traits.items()
        if name not in _THEIR_OWN and (name not in _ONE_WAY or is_yes(value))
    }


def is_yes(value: JsonValue) -> bool:
    """Say whether a trait says yes: true, "yes", 1 …"""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value == 1
    return isinstance(value, str) and value.strip().lower() in _YES


def zone_called(name: JsonValue) -> ZoneInfo | None:
    """Give the zone that a trait names; None if it names none."""
    return ZoneInfo(name) if isinstance(name, str) and name in ZONES else None
