"""Hypothesis strategies: campaigns with small flows of every shape, and edits of them."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from core.domain.campaigns import Campaign
from core.domain.flows import ways_out
from core.services import flow_drafts as edits
from core.services.drafts import Document
from core.services.flow_ways import ways, with_ways
from core.services.new_steps import KINDS, new_step
from tests.services.shops import CART

# Names that a flow's own names may collide with stand among them.
IDS = ("mail", "mail_2", "wait", "end", "end_2", "pause", "ünal 1")
Written = dict[str, Any]

_CLICKED = {"event": ["email_clicked"], "where": []}
_QUESTIONS: Sequence[Written] = (
    {"trait": "country", "op": "eq", "value": "DE"},
    {"segment": "VIP"},
    {"did": {"event": ["buy"], "where": []}},
)


@st.composite
def campaigns(draw: DrawFn) -> Campaign:
    """Draw a campaign whose flow has up to six steps, as somebody may have written it by hand."""
    steps = draw(_reachable_steps())
    if draw(st.booleans()):
        steps = _shuffled(draw, steps)
    changes = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "holdout": st.sampled_from([0.0, 0.1]),
                "exit_on_goal": st.booleans(),
                "quiet_hours": st.just({"from": "21:00", "to": "08:00"}),
            },
        )
    )
    return Campaign.model_validate({**CART, **changes, "steps": steps})


@st.composite
def _reachable_steps(draw: DrawFn) -> list[Written]:
    count = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6]))
    ids = list(draw(st.permutations(IDS))[:count])
    exit_id = draw(st.sampled_from([None, "end", "end", "end_2", "bye"]))
    if exit_id is not None:
        ids = [*(step_id for step_id in ids if step_id != exit_id), exit_id]
    steps = [draw(_step(step_id, ids[n + 1 :])) for n, step_id in enumerate(ids)]
    if exit_id is not None:
        steps[-1] = {"id": exit_id, "kind": "exit"}
    while (reached := _reached(steps)) != steps:
        steps = reached
    sends = [step["id"] for step in steps if step["kind"] == "send"]
    return [_asking(draw, step, sends) for step in steps]


def _reached(steps: list[Written]) -> list[Written]:
    """Leave out what the first step does not lead to; it changes what follows on what."""
    seen = set()
    for position, step in enumerate(steps):
        if position == 0 or step["id"] in seen:
            after = steps[position + 1]["id"] if position + 1 < len(steps) else None
            seen |= {step["id"], *(target or after for _, target in ways(step))}
    kept = [step for step in steps if step["id"] in seen]
    left = {step["id"] for step in kept}
    return [_forgetting(step, left) for step in kept]


def _forgetting(step: Written, left: set[str]) -> Written:
    """Leave out ways to steps that are gone."""
    if "variants" in step or "cases" in step:
        key = "variants" if "variants" in step else "cases"
        step = {**step, key: [_forgetting(member, left) for member in step[key]]}
    return {
        key: value
        for key, value in step.items()
        if key not in ("next", "then", "otherwise") or value in left
    }


def _step(step_id: str, later: Sequence[str]) -> SearchStrategy[Written]:
    ways_on: SearchStrategy[Written] = st.sampled_from([*later, *later, None]).map(
        lambda target: {} if target is None else {"next": target}
    )
    base = st.sampled_from(
        [
            {"kind": "send", "template": "cart"},
            {"kind": "send", "template": "cart", "subject": "Still there?"},
            {"kind": "delay", "for": "4h"},
            {"kind": "delay", "until": "09:00", "on": ["mon", "fri"]},
            {"kind": "update_profile", "set": {"opened": "mail", "n": 1}},
            {"kind": "webhook", "url": "https://example.com/", "body": {"clicked": "mail"}},
        ]
    )
    simple = st.builds(lambda step, way: {"id": step_id, **step, **way}, base, ways_on)
    members = st.lists(ways_on, min_size=2, max_size=3)
    split = st.builds(
        lambda way, salt: {
            "id": step_id,
            "kind": "split",
            "salt": salt,
            "variants": [{"name": f"v{n}", "weight": 1, **on} for n, on in enumerate(way)],
        },
        members,
        st.sampled_from([None, "own"]),
    )
    branch = st.builds(
        lambda way, last: {
            "id": step_id,
            "kind": "branch",
            "cases": [{"if": _QUESTIONS[n], **on} for n, on in enumerate(way)],
            **_as("otherwise", last),
        },
        st.lists(ways_on, min_size=1, max_size=2),
        ways_on,
    )
    wait = st.builds(
        lambda then, last: {
            "id": step_id,
            "kind": "wait_for",
            "event": _CLICKED,
            "timeout": "24h",
            **_as("then", then),
            **_as("otherwise", last),
        },
        ways_on,
        ways_on,
    )
    leaving = st.just({"id": step_id, "kind": "exit"})
    return st.one_of(simple, simple, split, branch, wait, split, branch, leaving)


def _as(key: str, way: Written) -> Written:
    return {key: way["next"]} if way else {}


def _asking(draw: DrawFn, step: Written, sends: Sequence[str]) -> Written:
    """Let branches and waits ask about an e-mail of the flow, if there is one."""
    if not sends or not draw(st.booleans()):
        return step
    about = draw(st.sampled_from(sends))
    if step["kind"] == "branch":
        asked = {"all": [{"not": {"opened": about}}, {"any": [{"clicked": about}]}]}
        return {**step, "cases": [{**step["cases"][0], "if": asked}, *step["cases"][1:]]}
    if step["kind"] == "wait_for":
        where = [{"property": "step", "op": "eq", "value": about}]
        return {**step, "event": {**_CLICKED, "where": where}}
    return step


def _shuffled(draw: DrawFn, steps: list[Written]) -> list[Written]:
    """Write out all ways, and list the steps between the first and the last in another order."""
    if len(steps) < 3:
        return steps
    led = ways_out(Campaign.model_validate({**CART, "steps": steps}).steps)
    full = [with_ways(step, dict(led[step["id"]])) for step in steps]
    between: list[Written] = draw(st.permutations(full[1:-1]))
    return [full[0], *between, full[-1]]


@st.composite
def edit_of(draw: DrawFn, draft: Document) -> Callable[[Document], Document]:
    """Draw an edit that fits the draft; some are refused."""
    ids = [step["id"] for step in draft["steps"]]
    step = new_step(draft, draw(st.sampled_from(KINDS)), template="cart")
    if not ids:
        return lambda document: edits.insert_entry(document, step)
    step_id, other = draw(st.sampled_from(ids)), draw(st.sampled_from([*ids, None]))
    chosen = edits.step_of(draft, step_id)
    way = draw(st.sampled_from([place for place, _ in ways(chosen)] or ["next"]))
    possible: list[Callable[[Document], Document]] = [
        lambda document: edits.insert(document, step, after=step_id, way=way),
        lambda document: edits.insert_entry(document, step),
        lambda document: edits.connect(document, step_id, way, other),
        lambda document: edits.delete(document, step_id),
        lambda document: edits.rename(document, step_id, "renamed"),
        lambda document: edits.replace(document, step_id, {**step, "id": step_id}),
        lambda document: edits.duplicate(document, step_id),
        lambda document: edits.set_entry(document, step_id),
        edits.delete_unreachable,
    ]
    return draw(st.sampled_from(possible))
