"""A flow is a DAG in which every step exists, is called once and can be reached (SEMANTICS 9)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from core.domain.campaigns import Campaign
from core.domain.flows import ways_out
from tests.domain.faults import campaign_with, fault_of, faults_of

IDS = ("a", "b", "c", "d", "e")
Written = dict[str, Any]


@st.composite
def flows(draw: DrawFn) -> list[Written]:
    """Draw up to five steps whose ways lead anywhere, often nowhere in particular."""
    count = draw(st.integers(0, 5))
    ids = draw(st.permutations(IDS[:count])) if draw(st.integers(0, 9)) else ["a"] * count
    return [draw(_steps(step_id, ids)) for step_id in ids]


def _steps(step_id: str, ids: list[str]) -> st.SearchStrategy[Written]:
    target = st.none() | st.sampled_from([*ids, *ids, *ids, "nowhere"])
    wait = {"id": step_id, "kind": "wait_for", "event": {"event": "view"}, "timeout": "1h"}
    is_german = {"trait": "country", "op": "eq", "value": "DE"}
    return st.one_of(
        st.just({"id": step_id, "kind": "exit"}),
        target.map(lambda t: {"id": step_id, "kind": "send", "template": "x", **_way("next", t)}),
        target.map(lambda t: {"id": step_id, "kind": "delay", "for": "1h", **_way("next", t)}),
        st.tuples(target, target).map(
            lambda t: {**wait, **_way("then", t[0]), **_way("otherwise", t[1])}
        ),
        st.tuples(target, target, target).map(
            lambda t: {
                "id": step_id,
                "kind": "branch",
                "cases": [{"if": is_german, **_way("next", way)} for way in t[:2]],
                **_way("otherwise", t[2]),
            }
        ),
        st.tuples(target, target).map(
            lambda t: {
                "id": step_id,
                "kind": "split",
                "variants": [
                    {"name": f"v{n}", "weight": 1, **_way("next", way)} for n, way in enumerate(t)
                ],
            }
        ),
    )


def _way(key: str, target: str | None) -> Written:
    return {} if target is None else {key: target}


def ways_by_hand(steps: list[Written]) -> dict[str, list[str | None]]:
    """Give where each step leads; a way left out is the following step, after the last the end."""
    ways = {}
    for place, step in enumerate(steps):
        following = steps[place + 1]["id"] if place + 1 < len(steps) else None
        match step["kind"]:
            case "exit":
                written = []
            case "wait_for":
                written = [step.get("then"), step.get("otherwise")]
            case "branch":
                written = [*(case.get("next") for case in step["cases"]), step.get("otherwise")]
            case "split":
                written = [variant.get("next") for variant in step["variants"]]
            case _:
                written = [step.get("next")]
        ways[step["id"]] = [following if target is None else target for target in written]
    return ways


def fault_by_hand(steps: list[Written]) -> str | None:
    """Say in a word what is wrong with a flow, trying every path there is."""
    ids = [step["id"] for step in steps]
    ways = ways_by_hand(steps)
    if len(set(ids)) < len(ids):
        return "called"
    targets = {target for found in ways.values() for target in found} - {None}
    if targets - set(ids):
        return "no step is called"
    if any(_returns(ways, step_id, [step_id]) for step_id in ids):
        return "circle"
    reached = _reached(ways, ids[0]) if ids else set()
    return "nobody can reach" if set(ids) - reached else None


def _returns(ways: dict[str, list[str | None]], start: str, path: list[str]) -> bool:
    nexts = [target for target in ways[path[-1]] if target is not None]
    return any(
        target == start or (target not in path and _returns(ways, start, [*path, target]))
        for target in nexts
    )


def _reached(ways: dict[str, list[str | None]], start: str) -> set[str]:
    reached = {start}
    for target in ways[start]:
        if target is not None:
            reached |= _reached(ways, target)
    return reached


@settings(max_examples=200, deadline=None)
@given(steps=flows())
def test_9_a_flow_is_refused_exactly_if_something_is_wrong_with_it(steps: list[Written]) -> None:
    faults = faults_of(campaign_with(steps=steps))

    wrong = fault_by_hand(steps)
    assert bool(faults) is (wrong is not None)
    if wrong is not None:
        assert len(faults) == 1
        assert wrong in faults[0]
        assert faults[0].startswith("steps")


@settings(max_examples=150, deadline=None)
@given(steps=flows().filter(lambda steps: fault_by_hand(steps) is None))
def test_9_what_is_left_out_is_the_following_step(steps: list[Written]) -> None:
    campaign = Campaign.model_validate(campaign_with(steps=steps))

    ways = {
        step_id: [target for _, target in found]
        for step_id, found in ways_out(campaign.steps).items()
    }

    assert ways == ways_by_hand(steps)


def send(step_id: str, **more: Any) -> Written:
    return {"id": step_id, "kind": "send", "template": "x", **more}


def test_9_a_second_step_of_one_name_is_named_with_its_place() -> None:
    fault = fault_of(campaign_with(steps=[send("a"), send("b"), send("a")]))

    assert fault == "steps[2]: another step is called 'a' already"


@pytest.mark.parametrize(
    ("step", "place"),
    [
        (send("a", next="done!"), "steps[0].next"),
        (
            {
                "id": "a",
                "kind": "wait_for",
                "event": {"event": "view"},
                "timeout": "1h",
                "otherwise": "done!",
            },
            "steps[0].otherwise",
        ),
        (
            {
                "id": "a",
                "kind": "branch",
                "cases": [{"if": {"segment": "A"}}, {"if": {"segment": "B"}, "next": "done!"}],
            },
            "steps[0].cases[1].next",
        ),
        (
            {
                "id": "a",
                "kind": "split",
                "variants": [
                    {"name": "x", "weight": 1, "next": "done!"},
                    {"name": "y", "weight": 1},
                ],
            },
            "steps[0].variants[0].next",
        ),
    ],
)
def test_9_an_unknown_step_is_named_with_its_place_and_the_nearest(
    step: Written, place: str
) -> None:
    fault = fault_of(campaign_with(steps=[step, {"id": "done", "kind": "exit"}]))

    assert fault == f"{place}: no step is called 'done!'; did you mean 'done'?"


def test_9_a_circle_names_the_steps_it_goes_through() -> None:
    steps = [send("a"), send("b", next="c"), send("c", next="b")]

    fault = fault_of(campaign_with(steps=steps))

    assert fault.startswith("steps: the flow goes in a circle through b, c")


def test_9_a_step_that_leads_to_itself_is_a_circle() -> None:
    assert "circle through a" in fault_of(campaign_with(steps=[send("a", next="a")]))


def test_9_a_circle_names_no_step_that_only_follows_it() -> None:
    wait = {"id": "w", "kind": "wait_for", "event": {"event": "v"}, "timeout": "1h"}
    steps = [send("a"), {**wait, "then": "a", "otherwise": "end"}, send("end")]

    fault = fault_of(campaign_with(steps=steps))

    assert "circle through a, w;" in fault


def test_9_a_step_nobody_can_reach_is_named_with_its_place() -> None:
    steps = [send("a", next="c"), send("b"), send("c")]

    assert fault_of(campaign_with(steps=steps)) == "steps[1]: nobody can reach the step 'b'"


def test_9_what_stands_after_an_exit_needs_a_way_to_it() -> None:
    steps = [{"id": "done", "kind": "exit"}, send("late")]

    assert fault_of(campaign_with(steps=steps)) == "steps[1]: nobody can reach the step 'late'"


@pytest.mark.parametrize("reaction", ["opened", "clicked"])
def test_9_a_reaction_is_to_a_send_step(reaction: str) -> None:
    def flow(named: str) -> Written:
        nested = {"all": [{"not": {reaction: named}}]}
        branch = {"id": "b", "kind": "branch", "cases": [{"if": nested}]}
        return campaign_with(steps=[send("mail"), branch, send("end")])

    assert faults_of(flow("mail")) == []
    assert fault_of(flow("mial")) == "steps[1]: no send step is called 'mial'"
    assert fault_of(flow("b")) == "steps[1]: no send step is called 'b'"


def test_a_campaign_may_have_no_steps_yet() -> None:
    assert Campaign.model_validate(campaign_with(steps=[])).steps == ()
