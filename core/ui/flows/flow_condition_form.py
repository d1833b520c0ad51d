"""The question of a branch's case, in words: parts of which all, any or none have to hold."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.services.drafts import Document
from core.ui.condition_form import edit_conditions
from core.ui.flows import flow_draft
from core.ui.flows.flow_matcher_form import edit_flow_event
from core.ui.flows.flow_surroundings import Asking

_JOINS = {"all": "all of this", "any": "any of this", "none": "none of this"}
# What a part asks, and its opposite. Traits have opposites of their own ("is not").
_ASKED = {
    ("did", True): "did",
    ("did", False): "did not do",
    ("clicked", True): "clicked in",
    ("clicked", False): "did not click in",
    ("opened", True): "opened",
    ("opened", False): "did not open",
    ("segment", True): "is in the segment",
    ("segment", False): "is not in the segment",
}
_ADDED = {
    "did": "What they did since they entered",
    "clicked": "A click in an e-mail",
    "opened": "An opened e-mail",
    "segment": "A segment they are in",
}

# Takes what gives the condition to put in the place of the one that is there by then.
ChangeCondition = Callable[[Callable[[Any], Document]], None]


def edit_condition(key: str, former: Any, asking: Asking, change: ChangeCondition) -> Any:
    """Show a condition and give it as edited, the former where nothing else is asked.

    `change` changes it from outside the widgets, as adding and removing a part does.
    """
    parsed = _parsed(former)
    if parsed is None:
        _show_deeper(key, change, asking)
        return former
    join, parts = parsed
    chosen = st.segmented_control(
        "What has to hold",
        list(_JOINS),
        format_func=_JOINS.__getitem__,
        default=join,
        required=True,
        key=f"{key}_join",
        label_visibility="collapsed",
    )
    traits = _edit_traits(f"{key}_traits", [part for part in parts if "trait" in part], asking)
    deeds = [part for part in parts if "trait" not in part]
    edited = [
        _edit_part(f"{key}_{number}", part, asking, partial(change, _without(number)))
        for number, part in enumerate(deeds)
    ]
    _offer_part(f"{key}_more", asking, change)
    result = _joined(str(chosen), [*traits, *edited])
    return former if _question(result) == _question(former) else result


def _parsed(former: Any) -> tuple[str, list[Document]] | None:
    """Give a condition as how its parts are joined and its parts; None if it goes deeper."""
    match former:
        case {"not": {"any": [*inner]}}:
            join, parts = "none", list(inner)
        case {"all": [*inner]}:
            join, parts = "all", list(inner)
        case {"any": [*inner]}:
            join, parts = "any", list(inner)
        case dict():
            join, parts = "all", [former]
        case _:
            join, parts = "all", []
    return (join, parts) if all(_is_part(part) for part in parts) else None


def _is_part(part: Document) -> bool:
    return "trait" in part or _asked(part) in _ASKED


def _asked(part: Document) -> tuple[str, bool]:
    inner = part.get("not", part)
    return next((kind for kind in _ADDED if kind in inner), ""), "not" not in part


def _joined(join: str, parts: Sequence[Document]) -> Document:
    if join == "none":
        return {"not": {"any": list(parts)}}
    return dict(parts[0]) if join == "all" and len(parts) == 1 else {join: list(parts)}


def _question(condition: Any) -> tuple[str, list[str]]:
    """Give what a condition asks, in whatever order."""
    join, parts = _parsed(condition) or ("", [])
    return join, sorted(map(flow_draft.meaning, parts))


def _with(part: Document) -> Callable[[Any], Document]:
    def added(held: Any) -> Document:
        join, parts = _parsed(held) or ("all", [])
        return _joined(join, [*parts, part])

    return added


def _without(number: int) -> Callable[[Any], Document]:
    """Leave out a part, by its number among those that do not ask for traits."""

    def removed(held: Any) -> Document:
        join, parts = _parsed(held) or ("all", [])
        gone = [part for part in parts if "trait" not in part][number]
        return _joined(join, [part for part in parts if part is not gone])

    return removed


def _edit_traits(key: str, parts: Sequence[Document], asking: Asking) -> list[Document]:
    vocabulary = asking.vocabulary
    if not parts and not vocabulary.traits:
        return []
    return edit_conditions(key, parts, "trait", vocabulary.traits, vocabulary.trait_values_of)


def _edit_part(key: str, part: Document, asking: Asking, remove: Callable[[], None]) -> Document:
    asked = _asked(part)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        kind, is_wanted = st.selectbox(
            "What is asked",
            list(_ASKED),
            index=list(_ASKED).index(asked),
            format_func=_ASKED.__getitem__,
            key=f"{key}_asked",
            label_visibility="collapsed",
            width=200,
        )
        st.button(
            "Remove",
            icon=":material/close:",
            key=f"{key}_remove",
            type="tertiary",
            help="Remove this condition",
            on_click=remove,
        )
    inner = part.get("not", part) if kind == asked[0] else _new_part(kind, asking)
    edited = _EDITORS[kind](f"{key}_{kind}", inner, asking)
    return edited if is_wanted else {"not": edited}


def _edit_did(key: str, part: Document, asking: Asking) -> Document:
    label = "What they did"
    return {"did": edit_flow_event(key, part["did"], label, asking.vocabulary, asking.trigger)}


def _edit_reaction(key: str, part: Document, asking: Asking) -> Document:
    kind = next(kind for kind in ("clicked", "opened") if kind in part)
    options = list(asking.emails)
    former = part[kind] if part[kind] in options else None
    step_id = st.selectbox(
        "Which e-mail",
        options,
        index=None if former is None else options.index(former),
        format_func=lambda option: asking.emails[option],
        key=key,
        placeholder="choose an e-mail of this flow",
        label_visibility="collapsed",
    )
    return {kind: step_id or part[kind]}


def _edit_segment(key: str, part: Document, asking: Asking) -> Document:
    known = asking.vocabulary.traits
    values = asking.vocabulary.trait_values_of("segments") if "segments" in known else []
    options = list(dict.fromkeys([*map(str, values), *filter(None, [part["segment"]])]))
    name = st.selectbox(
        "Which segment",
        options,
        index=options.index(part["segment"]) if part["segment"] else None,
        key=key,
        placeholder="its name",
        accept_new_options=True,
        label_visibility="collapsed",
    )
    return {"segment": name or ""}


_EDITORS: Mapping[str, Callable[[str, Document, Asking], Document]] = {
    "did": _edit_did,
    "clicked": _edit_reaction,
    "opened": _edit_reaction,
    "segment": _edit_segment,
}


def _offer_part(key: str, asking: Asking, change: ChangeCondition) -> None:
    kinds = [kind for kind in _ADDED if asking.emails or kind not in ("clicked", "opened")]
    st.menu_button(
        "Add another condition",
        kinds,
        format_func=_ADDED.__getitem__,
        icon=":material/add:",
        key=key,
        type="tertiary",
        on_click=lambda: change(_with(_new_part(st.session_state[key], asking))),
    )


def _new_part(kind: str, asking: Asking) -> Document:
    match kind:
        case "did":
            return {"did": {"event": [asking.vocabulary.second_event("")], "where": []}}
        case "segment":
            return {"segment": ""}
        case _:
            return {kind: next(reversed(list(asking.emails)), "")}


def _show_deeper(key: str, change: ChangeCondition, asking: Asking) -> None:
    st.caption("This question was written in a file and goes deeper than what fits here.")
    st.button(
        "Ask something else instead",
        key=f"{key}_instead",
        type="tertiary",
        icon=":material/restart_alt:",
        on_click=change,
        args=(lambda _: _new_part("did", asking),),
    )
