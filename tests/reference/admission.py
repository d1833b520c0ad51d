"""SEMANTICS 4.1 and 4.2 read plainly: which raw firings enrol, and why the others do not."""

from typing import Any

from tests.reference.matching import compares, look_up, microseconds
from tests.reference.triggers import Firing


def admit(
    campaign: dict[str, Any], firings: list[Firing], profiles: dict[str, dict[str, Any]]
) -> list[str]:
    """Give each firing's outcome, in their order: `enrolled`, `reentry` or `audience`.

    `firings` are in the order of `raw_firings`; `profiles` holds the traits of each user that has
    a profile. Every enrolment ends at once, so that `active` (4.3) does not occur.
    """
    admitted: list[Firing] = []
    outcomes = []
    for firing in firings:
        outcome = _outcome(campaign, firing, admitted, profiles.get(firing.user_id, {}))
        if outcome == "enrolled":
            admitted.append(firing)
        outcomes.append(outcome)
    return outcomes


def _outcome(
    campaign: dict[str, Any], firing: Firing, admitted: list[Firing], traits: dict[str, Any]
) -> str:
    """Give the first reason that applies (4)."""
    if _is_refused_by_reentry(campaign, firing, admitted):
        return "reentry"
    audience = campaign.get("audience")
    if audience is not None and not holds(audience, traits):
        return "audience"
    return "enrolled"


def _is_refused_by_reentry(
    campaign: dict[str, Any], firing: Firing, admitted: list[Firing]
) -> bool:
    """Look for an admitted firing of the user, or of their key, that is too recent (4.1)."""
    earlier = [other for other in admitted if other.user_id == firing.user_id]
    if campaign.get("reentry_per", "user") == "key":
        earlier = [other for other in earlier if other.key == firing.key]
    reentry = campaign.get("reentry", "always")
    if reentry == "always":
        return False
    if reentry == "once":
        return bool(earlier)
    cooldown = microseconds(reentry["cooldown"])
    return any(firing.fired_at - cooldown < e.fired_at <= firing.fired_at for e in earlier)


def holds(condition: dict[str, Any], traits: dict[str, Any]) -> bool:
    """Say whether a condition over traits and segments is true of a person (4.2)."""
    if "all" in condition:
        return all(holds(part, traits) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, traits) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], traits)
    if "segment" in condition:
        return condition["segment"] in _segments(traits.get("segments"))
    return compares(condition["op"], look_up(traits, condition["trait"]), condition.get("value"))


def _segments(value: Any) -> list[str]:
    """List the segments named by the trait: a list of names, or names with commas between."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",")]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
