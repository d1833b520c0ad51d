"""Which keys may stand at a place of the campaign file."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from core.domain.campaigns import Campaign, Cooldown, FrequencyCap, Goal, QuietHours
from core.domain.conditions import TraitCondition
from core.domain.matchers import Matcher, PropertyCondition
from core.domain.steps import Case, Step, Variant
from core.domain.triggers import Trigger

Place = tuple[str | int, ...]

_BY_KIND: dict[str, type[BaseModel]] = {
    get_args(member.model_fields["kind"].annotation)[0]: member
    for union in (Trigger, Step)
    for member in get_args(get_args(union)[0])
}
_BY_KEY: dict[str, type[BaseModel]] = {
    "reentry": Cooldown,
    "goal": Goal,
    "quiet_hours": QuietHours,
    "frequency_cap": FrequencyCap,
    "variants": Variant,
    "cases": Case,
    "where": PropertyCondition,
    **dict.fromkeys(("audience", "all", "any", "not", "if"), TraitCondition),
    **dict.fromkeys(("match", "start", "unless", "of", "steps", "event", "did"), Matcher),
}


def keys_at(place: Place, document: Any) -> list[str]:
    """List the keys that the mapping at a place of the document may have; none if unknown."""
    here = document
    for part in place:
        here = here[part]
    names = [part for part in place if isinstance(part, str)]
    kind = here.get("kind") if isinstance(here, Mapping) else None
    model = _BY_KIND.get(str(kind)) or (_BY_KEY.get(names[-1]) if names else Campaign)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]
