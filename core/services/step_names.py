"""Giving a step another id, everywhere a draft speaks of it."""

from dataclasses import dataclass
from typing import Any

from core.services.drafts import Document
from core.services.flow_ways import ways, with_ways

_REACTIONS = ("opened", "clicked")
_FREE_FORM = ("set", "body", "value")  # content of the marketer's own, whatever its keys are


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renaming:
    former: str
    new: str
    campaign: str


def with_step_renamed(document: Document, former: str, new: str) -> Document:
    """Give the draft with a step called otherwise: in ways, conditions and matchers.

    A split without a salt of its own assigns people by its id: it gets the former salt, so that
    everybody keeps their variant (SEMANTICS 6.1).
    """
    renaming = _Renaming(former=former, new=new, campaign=str(document.get("name", "")))
    steps = [_called(_led(step, renaming), renaming) for step in document["steps"]]
    spoken = {
        "goal": _spoken(document.get("goal"), renaming),
        "steps": [_spoken(step, renaming) for step in steps],
    }
    return {**document, **{key: value for key, value in spoken.items() if key in document}}


def default_salt(campaign: str, step_id: str) -> str:
    """Give the salt of a split that names none (SEMANTICS 6.1)."""
    return f"{campaign}:{step_id}"


def _led(step: Document, renaming: _Renaming) -> Document:
    led = [place for place, target in ways(step) if target == renaming.former]
    return with_ways(step, dict.fromkeys(led, renaming.new))


def _called(step: Document, renaming: _Renaming) -> Document:
    if step["id"] != renaming.former:
        return step
    step = {**step, "id": renaming.new}
    if step["kind"] != "split":
        return step
    kept = step.get("salt") or default_salt(renaming.campaign, renaming.former)
    is_default = kept == default_salt(renaming.campaign, renaming.new)
    return {**step, "salt": None if is_default else kept}


def _spoken(part: Any, renaming: _Renaming) -> Any:
    """Rename in what is said about the step: `opened`, `clicked`, matchers of its reactions."""
    if isinstance(part, list):
        return [_spoken(member, renaming) for member in part]
    if not isinstance(part, dict):
        return part
    inner = {key: v if key in _FREE_FORM else _spoken(v, renaming) for key, v in part.items()}
    for reaction in _REACTIONS:
        if inner.get(reaction) == renaming.former:
            inner[reaction] = renaming.new
    if _means_reactions(inner, renaming.campaign):
        inner["where"] = [_compared(condition, renaming) for condition in inner["where"]]
    return inner


def _means_reactions(part: Document, campaign: str) -> bool:
    """Say whether this is a matcher of reactions, which carry the campaign and step they are to."""
    names, where = part.get("event"), part.get("where")
    if not names or not isinstance(names, list) or not isinstance(where, list):
        return False
    campaigns = [c.get("value") for c in where if c.get("property") == "campaign"]
    return all(n.startswith("email_") for n in names) and all(c == campaign for c in campaigns)


def _compared(condition: Document, renaming: _Renaming) -> Document:
    if condition.get("property") != "step":
        return condition
    value = condition.get("value")
    if isinstance(value, list):
        value = [renaming.new if member == renaming.former else member for member in value]
    elif value == renaming.former:
        value = renaming.new
    return {**condition, "value": value}
