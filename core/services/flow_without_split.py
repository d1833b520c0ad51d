"""A flow without one of its splits: everybody goes the way of one variant."""

from collections.abc import Sequence
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.steps import SplitStep
from core.services.drafts import Document
from core.services.flow_drafts import delete_unreachable
from core.services.flow_forms import campaign_of, opened
from core.services.flow_ways import END, ways, with_ways

Condition = dict[str, Any]


def without_split(campaign: Campaign, split: str, winner: str) -> Campaign:
    """Lead everybody the winner's way: the split goes, and so do steps nobody reaches any more.

    Questions about e-mails that nobody gets any more are answered with no. Raises UnusableInput
    where there is no such split or variant, and where nothing of the flow would be left.
    """
    check_variant(split_of(campaign, split), winner)
    draft = opened(campaign)
    steps: Sequence[Document] = draft["steps"]
    target = _target(next(step for step in steps if step["id"] == split), winner)
    left = delete_unreachable({**draft, "steps": _taken_out(steps, split, target)})
    found = _without_lost_questions(left)
    if not found["steps"]:
        raise UnusableInput(
            f"Nothing would be left of the flow if everybody went the way of {winner!r}, for that "
            "has no steps; pause the campaign instead."
        )
    return campaign_of(found)


def split_of(campaign: Campaign, split: str) -> SplitStep:
    """Give the split of that id. Raises UnusableInput where the campaign has none any more."""
    for step in campaign.steps:
        if step.id == split and isinstance(step, SplitStep):
            return step
    raise UnusableInput(
        f"The campaign {campaign.name!r} has no split called {split!r} any more: it was rolled out "
        "or drawn anew."
    )


def check_variant(step: SplitStep, name: str) -> None:
    """Raise UnusableInput unless the split has that variant."""
    if name not in [variant.name for variant in step.variants]:
        raise UnusableInput(f"The split {step.id!r} has no variant called {name!r} any more.")


def _target(step: Document, winner: str) -> str:
    names = [variant["name"] for variant in step["variants"]]
    found: str = step["variants"][names.index(winner)]["next"]
    return found


def _without_lost_questions(draft: Document) -> Document:
    """Answer questions about e-mails that are no longer in the flow: nobody opened those."""
    sends = {step["id"] for step in draft["steps"] if step["kind"] == "send"}
    steps = [
        _branch_without(step, sends) if step["kind"] == "branch" else step
        for step in draft["steps"]
    ]
    kept = delete_unreachable({**draft, "steps": _folded(steps)})
    return kept if kept == draft else _without_lost_questions(kept)


def _branch_without(step: Document, sends: set[str]) -> Document:
    """Take out cases that never hold; from one that always holds on, nothing else matters."""
    cases: list[Document] = []
    for case in step["cases"]:
        asked = _answered(case["if"], sends)
        if asked is True:
            return {**step, "cases": cases, "otherwise": case["next"]}
        if asked is not False:
            cases.append({**case, "if": asked})
    return {**step, "cases": cases}


def _folded(steps: Sequence[Document]) -> list[Document]:
    """Take out branches without a question: whoever came there goes on the other way."""
    left = list(steps)
    while empty := next((s for s in left if s["kind"] == "branch" and not s["cases"]), None):
        left = _taken_out(left, empty["id"], empty["otherwise"])
    return left


def _taken_out(steps: Sequence[Document], step_id: str, target: str) -> list[Document]:
    """Take out a step: what led to it leads to `target`; no step is left if nobody enters any."""
    left = [
        with_ways(step, {place: target for place, led in ways(step) if led == step_id})
        for step in steps
        if step["id"] != step_id
    ]
    if steps[0]["id"] != step_id:
        return left
    return sorted(left, key=lambda step: step["id"] != target) if target != END else []


def _answered(asked: Condition, sends: set[str]) -> Condition | bool:
    """Give a question with what is known put in: True or False where nothing is left to ask."""
    for kind in ("opened", "clicked"):
        if kind in asked:
            return asked if asked[kind] in sends else False
    if "not" in asked:
        part = _answered(asked["not"], sends)
        return not part if isinstance(part, bool) else {**asked, "not": part}
    for kind, decisive in (("all", False), ("any", True)):
        if kind in asked:
            return _joined(asked, kind, decisive, sends)
    return asked


def _joined(asked: Condition, kind: str, decisive: bool, sends: set[str]) -> Condition | bool:
    parts = [_answered(part, sends) for part in asked[kind]]
    if decisive in [part for part in parts if isinstance(part, bool)]:
        return decisive
    left = [part for part in parts if not isinstance(part, bool)]
    return {**asked, kind: left} if left else not decisive
