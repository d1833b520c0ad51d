"""The ways out of steps as plain data: where they lead, and the order of a list of steps."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count

from pydantic import TypeAdapter

from core.domain.steps import Step
from core.services.drafts import Document

# What a way of a draft says where the flow ends; every other way is the id of a step.
END = ""

_STEP: TypeAdapter[Step] = TypeAdapter(Step)
_MEMBER = re.compile(r"(cases|variants)\[(\d+)\]\.next")


def ways(step: Document) -> list[tuple[str, str | None]]:
    """List the ways out of a step as (place in the step, target); None where it is left out."""
    match step.get("kind"):
        case "exit":
            return []
        case "wait_for":
            return [("then", step.get("then")), ("otherwise", step.get("otherwise"))]
        case "branch":
            return [*_member_ways(step, "cases"), ("otherwise", step.get("otherwise"))]
        case "split":
            return _member_ways(step, "variants")
        case _:
            return [("next", step.get("next"))]


def with_way(step: Document, place: str, target: str | None) -> Document:
    """Give the step with one of its ways leading elsewhere; KeyError for a place it lacks."""
    if place not in dict(ways(step)):
        raise KeyError(place)
    member = _MEMBER.fullmatch(place)
    if member is None:
        return {**step, place: target}
    key, position = member[1], int(member[2])
    members = list(step[key])
    members[position] = {**members[position], "next": target}
    return {**step, key: members}


def with_ways(step: Document, target_by_place: Mapping[str, str | None]) -> Document:
    """Give the step with several of its ways leading elsewhere."""
    for place, target in target_by_place.items():
        step = with_way(step, place, target)
    return step


def checked_step(step: Document) -> Step:
    """Give the step of a draft as the domain knows it, its ways left out.

    Raises pydantic's ValidationError for one that is not complete.
    """
    return _STEP.validate_python(with_ways(step, dict.fromkeys(dict(ways(step)))))


def targets(step: Document) -> list[str]:
    """List the steps that the ways of a step of a draft lead to, ends left out."""
    return [target for _, target in ways(step) if target]


def in_order(steps: Sequence[Document]) -> list[Document]:
    """Put steps of a draft in the order of the flow: each after those that lead to it.

    The first stays the first, for it is the entry; otherwise the former order decides. Steps in a
    circle, which have no such order, keep the one they have.
    """
    left = list(steps)
    ordered: list[Document] = []
    while left:
        behind = {target for step in left for target in targets(step)}
        free = [position for position, step in enumerate(left) if step["id"] not in behind]
        ordered.append(left.pop(free[0] if ordered and free else 0))
    return ordered


def reachable(steps: Sequence[Document], start: str | None = None) -> set[str]:
    """Name the steps of a draft that a step leads to, by default the entry, itself included."""
    step_by_id = {step["id"]: step for step in steps}
    ahead = [step["id"] for step in steps[:1]] if start is None else [start]
    seen = set(ahead) & step_by_id.keys()
    ahead = list(seen)
    while ahead:
        new = {t for t in targets(step_by_id[ahead.pop()]) if t in step_by_id} - seen
        seen |= new
        ahead += new
    return seen


def fresh_id(wanted: str, taken: Collection[str]) -> str:
    """Give the id, or with a number behind it the first that is free: mail, mail_2, mail_3 …"""
    numbered = (f"{wanted}_{number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name not in taken)


def _member_ways(step: Document, key: str) -> list[tuple[str, str | None]]:
    members = step.get(key) or []
    return [(f"{key}[{n}].next", member.get("next")) for n, member in enumerate(members)]
