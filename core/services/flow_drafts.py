"""Edits of a flow: from a draft to another draft (their form: `core.services.flow_forms`).

No edit changes where the ways of steps lead that it is not about. After each, the steps stand in
the order of the flow. What would make people go in a circle, or lead nowhere, is refused.
"""

from collections.abc import Sequence
from copy import deepcopy

from core.domain.errors import UnusableInput
from core.services.drafts import Document
from core.services.flow_forms import explicit
from core.services.flow_ways import (
    END,
    fresh_id,
    in_order,
    reachable,
    targets,
    ways,
    with_way,
    with_ways,
)
from core.services.step_names import with_step_renamed

_LONGEST_ID = 100


def step_of(document: Document, step_id: str) -> Document:
    """Give the step of that id. Raises UnusableInput if the draft has none."""
    steps: Sequence[Document] = document["steps"]
    for step in steps:
        if step["id"] == step_id:
            return step
    raise UnusableInput(f"no step is called {step_id!r}; choose one of the flow's steps")


def insert(
    document: Document, step: Document, *, after: str, way: str, onward: str | None = None
) -> Document:
    """Lead a way of the step `after` to a new step, and that one on to where the way led.

    `onward` is the way of the new step that leads on, by default its first; its others end the
    flow. Raises UnusableInput for an id that is taken or a step or way that does not exist.
    """
    draft = explicit(document)
    target = _target(step_of(draft, after), way)
    new = _led_on(_free(draft, step), onward, target)
    steps = [
        part
        for each in draft["steps"]
        for part in ([with_way(each, way, new["id"]), new] if each["id"] == after else [each])
    ]
    return _with(draft, steps)


def insert_entry(document: Document, step: Document, *, onward: str | None = None) -> Document:
    """Put a new step before the first one; see `insert`."""
    draft = explicit(document)
    target = draft["steps"][0]["id"] if draft["steps"] else END
    return _with(draft, [_led_on(_free(draft, step), onward, target), *draft["steps"]])


def connect(document: Document, step_id: str, way: str, target: str | None) -> Document:
    """Lead a way of a step to another step, or with None to the end.

    Raises UnusableInput for a step or way that does not exist, and for a circle.
    """
    draft = explicit(document)
    step = step_of(draft, step_id)
    _target(step, way)
    return _with(draft, _put(draft, step_id, _checked(draft, with_way(step, way, target or END))))


def set_entry(document: Document, step_id: str) -> Document:
    """Make a step the first one. Raises UnusableInput if there is none of that id."""
    draft = explicit(document)
    entry = step_of(draft, step_id)
    return _with(draft, [entry, *(step for step in draft["steps"] if step is not entry)])


def delete(document: Document, step_id: str) -> Document:
    """Take a step out: what led to it leads on to where its first way leads that does not end.

    Raises UnusableInput if there is none of that id.
    """
    draft = explicit(document)
    gone = step_of(draft, step_id)
    successor = next(iter(targets(gone)), END)
    is_entry = gone is draft["steps"][0]
    left = [_redirected(step, step_id, successor) for step in draft["steps"] if step is not gone]
    if is_entry and successor:
        left.sort(key=lambda step: step["id"] != successor)
    return _with(draft, left)


def delete_unreachable(document: Document) -> Document:
    """Take out all steps that nobody can reach."""
    draft = explicit(document)
    reached = reachable(draft["steps"])
    return _with(draft, [step for step in draft["steps"] if step["id"] in reached])


def rename(document: Document, step_id: str, new_id: str) -> Document:
    """Call a step otherwise, everywhere the draft speaks of it.

    Raises UnusableInput for an id that is taken, empty, or too long.
    """
    draft = explicit(document)
    step_of(draft, step_id)
    if new_id == step_id:
        return draft
    _check_free(draft, new_id)
    return with_step_renamed(draft, step_id, new_id)


def replace(document: Document, step_id: str, step: Document) -> Document:
    """Put an edited step in the place of the former; another id in it renames the step.

    A way that it leaves out ends the flow. Raises UnusableInput as `rename` and `connect` do.
    """
    draft = explicit(document)
    step_of(draft, step_id)
    ends = {place: END for place, target in ways(step) if target is None}
    edited = _checked(draft, with_ways({**step, "id": step_id}, ends))
    return rename(_with(draft, _put(draft, step_id, edited)), step_id, step["id"])


def duplicate(document: Document, step_id: str, new_id: str | None = None) -> Document:
    """Put a copy of a step behind it, on its first way. A split's copy assigns people anew.

    Raises UnusableInput for a step that ends the flow, behind which nothing can stand.
    """
    draft = explicit(document)
    step = step_of(draft, step_id)
    if not ways(step):
        raise UnusableInput(f"nothing comes after {step_id!r}; put another end on another way")
    copy = deepcopy(step) | {"id": new_id or fresh_id(_stem(step_id), _ids(draft))}
    if step["kind"] == "split":
        copy["salt"] = None
    return insert(draft, copy, after=step_id, way=ways(step)[0][0])


def _with(draft: Document, steps: Sequence[Document]) -> Document:
    return {**draft, "steps": in_order(steps)}


def _put(draft: Document, step_id: str, new: Document) -> list[Document]:
    return [new if step["id"] == step_id else step for step in draft["steps"]]


def _ids(draft: Document) -> list[str]:
    return [step["id"] for step in draft["steps"]]


def _target(step: Document, way: str) -> str:
    target = dict(ways(step)).get(way)
    if target is None:
        raise UnusableInput(f"the step {step['id']!r} has no way {way!r}; choose one of its ways")
    return target


def _led_on(step: Document, onward: str | None, target: str) -> Document:
    places = [place for place, _ in ways(step)]
    led = dict.fromkeys(places, END)
    if places:
        led[onward or places[0]] = target
    return with_ways(step, led)


def _redirected(step: Document, former: str, target: str) -> Document:
    return with_ways(step, {place: target for place, led in ways(step) if led == former})


def _free(draft: Document, step: Document) -> Document:
    _check_free(draft, step["id"])
    return step


def _check_free(draft: Document, step_id: str) -> None:
    if not 1 <= len(step_id) <= _LONGEST_ID:
        raise UnusableInput(f"a step's name has 1 to {_LONGEST_ID} characters; choose another")
    if step_id in _ids(draft):
        raise UnusableInput(f"another step is called {step_id!r} already; choose another name")


def _checked(draft: Document, step: Document) -> Document:
    """Give the step unless one of its ways leads nowhere or back to it."""
    for target in targets(step):
        step_of(draft, target)
        if step["id"] in reachable(draft["steps"], target):
            raise UnusableInput(_circle(step["id"], target))
    return step


def _circle(step_id: str, target: str) -> str:
    if step_id == target:
        return f"{step_id!r} cannot lead to itself; people always move forward"
    return (
        f"{target!r} comes before {step_id!r}; people always move forward, "
        "so lead this way to a later step"
    )


def _stem(step_id: str) -> str:
    """Give an id without the number that `fresh_id` put behind it."""
    stem, _, number = step_id.rpartition("_")
    return stem if stem and number.isascii() and number.isdigit() else step_id
