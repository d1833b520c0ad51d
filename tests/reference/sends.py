"""SEMANTICS 5.5 and 6 read plainly: what speaks against sending, and who gets which variant."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference.matching import compares, microseconds

OPENED, CLICKED = "email_opened", "email_clicked"
UNSUBSCRIBED = "email_unsubscribed"
BOUNCED, COMPLAINED = "email_bounced", "email_complained"

_BUCKETS = 10_000


def reason_against(
    campaign: dict[str, Any],
    user_id: str,
    profiles: dict[str, dict[str, Any]] | None,
    happened: set[str],
    sent_at: list[int],
    at: int,
) -> str | None:
    """Give the first reason for which a message is withheld, None when it is sent (5.5).

    `happened` holds the names of all events of the user so far, `sent_at` the times of what was
    sent to them so far by any campaign of the run. Without profiles everybody can be reached.
    """
    if profiles is not None:
        reason = _out_of_reach(user_id, profiles, happened)
        if reason is not None:
            return reason
    salt = campaign.get("holdout_salt") or f"holdout:{campaign['name']}"
    if bucket(salt, user_id) < _exactly(campaign.get("holdout", 0)) * _BUCKETS:
        return "holdout"
    cap = campaign.get("frequency_cap")
    if cap is not None:
        within = [time for time in sent_at if at - microseconds(cap["per"]) < time <= at]
        if len(within) >= cap["max"]:
            return "frequency_cap"
    return None


def may_be_set(name: str, value: Any) -> bool:
    """Say whether a flow may set a trait: it can end the sending, not begin it (5.6)."""
    if name in ("unsubscribed", "suppressed"):
        return _is_true(value)
    return name not in ("user_id", "email", "consent")


def assigned(campaign_name: str, step: dict[str, Any], user_id: str) -> str:
    """Name the first variant whose range of buckets ends above the user's (6.1)."""
    place = bucket(step.get("salt") or f"{campaign_name}:{step['id']}", user_id)
    total = sum(_exactly(variant["weight"]) for variant in step["variants"])
    high = Fraction(0)
    for variant in step["variants"]:
        high += _exactly(variant["weight"]) / total
        if place < high * _BUCKETS:
            return variant["name"]
    raise AssertionError("the last range ends at 1, above every bucket")


def bucket(salt: str, user_id: str) -> int:
    """Give the user's bucket for a salt, a whole number out of 10,000 (6.1)."""
    return _fnv1a32(str(_fnv1a32(salt + user_id))) % _BUCKETS


def _fnv1a32(text: str) -> int:
    value, units = 2166136261, text.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = (value ^ (low + 256 * high)) * 16777619 % 2**32
    return value


def _exactly(written: float) -> Fraction:
    """Take a number for the decimal it is written as: 0.1 is a tenth."""
    return Fraction(Decimal(repr(written)))


def _out_of_reach(
    user_id: str, profiles: dict[str, dict[str, Any]], happened: set[str]
) -> str | None:
    profile = profiles.get(user_id)
    traits = profile or {}
    asks_consent = any("consent" in other for other in profiles.values())
    is_refused = asks_consent and profile is not None and not _is_true(traits.get("consent"))
    if _is_true(traits.get("unsubscribed")) or is_refused or UNSUBSCRIBED in happened:
        return "unsubscribed"
    if _is_true(traits.get("suppressed")) or {BOUNCED, COMPLAINED} & happened:
        return "suppressed"
    return "no_address" if traits.get("email") is None else None


def _is_true(value: Any) -> bool:
    """Say whether a trait says yes: true, 1, or a text `true`, `yes` or `1`."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "1")
    return value is True or compares("eq", value, 1)
