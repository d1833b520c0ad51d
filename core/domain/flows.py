"""The shape of a flow: a DAG in which every step can be reached (SEMANTICS 9)."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from core.domain.conditions import ClickedCondition, OpenedCondition, parts_of
from core.domain.steps import SendStep, Step, conditions_of, successors

Ways = Mapping[str, Sequence[tuple[str, str | None]]]


def check_flow(steps: Sequence[Step]) -> None:
    """Raise ValueError naming the step and the key at fault unless the steps form a sound flow."""
    ids = [step.id for step in steps]
    for position, step_id in enumerate(ids):
        if step_id in ids[:position]:
            raise ValueError(f"steps[{position}]: another step is called {step_id!r} already")
    ways = ways_out(steps)
    _check_targets(ids, ways)
    _check_cycles(ids, ways)
    _check_reachable(ids, ways)
    _check_reactions(steps)


def ways_out(steps: Sequence[Step]) -> Ways:
    """Map each step's id to its ways out, with what is left out filled in."""
    following = [*(step.id for step in steps[1:]), None][: len(steps)]
    return {step.id: successors(step, after) for step, after in zip(steps, following, strict=True)}


def _check_targets(ids: Sequence[str], ways: Ways) -> None:
    for position, step_id in enumerate(ids):
        for place, target in ways[step_id]:
            if target is not None and target not in ways:
                near = get_close_matches(target, ids, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"steps[{position}].{place}: no step is called {target!r}{hint}")


def _check_cycles(ids: Sequence[str], ways: Ways) -> None:
    """Peel off steps without a way in, then those without a way out: what remains is a circle."""
    ahead = {step_id: {target for _, target in ways[step_id] if target} for step_id in ids}
    behind = {step_id: {other for other in ids if step_id in ahead[other]} for step_id in ids}
    circle = _peeled(_peeled(set(ids), behind), ahead)
    if circle:
        through = ", ".join(step_id for step_id in ids if step_id in circle)
        raise ValueError(
            f"steps: the flow goes in a circle through {through}; a person must always move forward"
        )


def _peeled(left: set[str], neighbours: Mapping[str, set[str]]) -> set[str]:
    """Take away steps with no neighbour left, until all that are left have one."""
    while True:
        bare = {step_id for step_id in left if not neighbours[step_id] & left}
        if not bare:
            return left
        left = left - bare


def _check_reachable(ids: Sequence[str], ways: Ways) -> None:
    if not ids:
        return
    seen = {ids[0]}
    ahead = [ids[0]]
    while ahead:
        for _, target in ways[ahead.pop()]:
            if target is not None and target not in seen:
                seen.add(target)
                ahead.append(target)
    for position, step_id in enumerate(ids):
        if step_id not in seen:
            raise ValueError(f"steps[{position}]: nobody can reach the step {step_id!r}")


def _check_reactions(steps: Sequence[Step]) -> None:
    sends = {step.id for step in steps if isinstance(step, SendStep)}
    for position, step in enumerate(steps):
        for condition in conditions_of(step):
            for part in parts_of(condition):
                named = _reaction_to(part)
                if named is not None and named not in sends:
                    raise ValueError(f"steps[{position}]: no send step is called {named!r}")


def _reaction_to(part: object) -> str | None:
    if isinstance(part, OpenedCondition):
        return part.opened
    return part.clicked if isinstance(part, ClickedCondition) else None
