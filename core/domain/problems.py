"""Turns what pydantic says about a file into sentences that name the key and its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from core.domain.keys import Place, keys_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a file: where (keys and positions from the top) and what."""

    place: Place
    message: str

    def __str__(self) -> str:
        """Write the fault as one line."""
        where = place_text(self.place)
        return f"{where}: {self.message}" if where else self.message


def problems_of(error: ValidationError, document: Any) -> list[Problem]:
    """List the faults of what was validated, `document`.

    What only follows from a fault inside is left out, such as "too few" of faulty ones.
    """
    problems = [
        Problem(place=_real_place(fault, document), message=_message(fault, document))
        for fault in error.errors(include_url=False)
    ]
    places = [problem.place for problem in problems]
    return [p for p in problems if not any(_is_inside(place, p.place) for place in places)]


def _is_inside(place: Place, outer: Place) -> bool:
    return 0 < len(outer) < len(place) and place[: len(outer)] == outer


def place_text(place: Place) -> str:
    """Write a place as `steps[2].timeout`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _real_place(fault: Any, document: Any) -> Place:
    """Drop from pydantic's path what is not in the file: the names of union members.

    Such a name may also be a key beside it, so paths that lead to the end are tried first.
    """
    return tuple(_walked(document, list(fault["loc"]), fault["type"]) or ())


def _walked(here: Any, parts: list[str | int], fault_type: str) -> list[str | int] | None:
    """Follow the parts from here, leaving out as few as need be; None if they lead nowhere."""
    if not parts:
        return []
    part, rest = parts[0], parts[1:]
    if not rest:
        return _ending(here, part, fault_type)
    if _holds_part(here, part) and isinstance(here[part], Mapping | list | tuple):
        further = _walked(here[part], rest, fault_type)
        if further is not None:
            return [part, *further]
    return _walked(here, rest, fault_type)


def _ending(here: Any, part: str | int, fault_type: str) -> list[str | int] | None:
    is_there = _holds_part(here, part)
    if fault_type == "missing":
        return None if is_there else [part]
    if fault_type == "extra_forbidden":
        return [part] if is_there else None
    return [part] if is_there else []


def _holds_part(here: Any, part: str | int) -> bool:
    if isinstance(here, Mapping):
        return part in here
    return isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)


def _message(fault: Any, document: Any) -> str:
    context, shown = fault.get("ctx", {}), _shown(fault["input"])
    match fault["type"]:
        case "extra_forbidden":
            return f"unknown key {fault['loc'][-1]!r}{_suggestion(fault, document)}"
        case "missing":
            return f"the key {fault['loc'][-1]!r} is missing"
        case "union_tag_invalid":
            return f"unknown kind {context['tag']!r}; known are {context['expected_tags']}"
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            return f"{shown} is not one of {context['expected']}"
    said = _SENTENCES.get(fault["type"])
    if said is None:
        return f"{_lower_first(fault['msg'])}, not {shown}"
    return said.format(shown=shown)


_SENTENCES = {
    "union_tag_not_found": "the key 'kind' is missing",
    "unknown_condition": (
        "a condition needs one of the keys trait, segment, did, opened, clicked, all, any, not"
    ),
    "tuple_type": "should be a list, not {shown}",
    "list_type": "should be a list, not {shown}",
    "string_type": "should be text; put {shown} in quotes",
    "model_type": "should be keys with values, not {shown}",
    "model_attributes_type": "should be keys with values, not {shown}",
    "dict_type": "should be keys with values, not {shown}",
}


def _suggestion(fault: Any, document: Any) -> str:
    """Suggest the nearest key that may stand where the unknown one stands."""
    *place, unknown = _real_place(fault, document)
    known = [key for key in keys_at(tuple(place), document) if key != unknown]
    near = get_close_matches(str(unknown), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
