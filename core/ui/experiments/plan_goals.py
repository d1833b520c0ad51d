"""Goals and guardrails of a plan, chosen in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.domain.experiments import GUARDRAIL_PRESETS, MOST_SECONDARY
from core.services.drafts import Document
from core.ui.condition_form import edit_conditions
from core.ui.experiments import plan_draft
from core.ui.triggers.trigger_form import Vocabulary, edit_events

_NO_MONEY = ""
_GUARDED = {
    "unsubscribe": "People who unsubscribe",
    "complaint": "People who complain",
    "refund": "People who get a refund",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What goals can speak of: the data's events, and which of their properties hold numbers."""

    vocabulary: Vocabulary
    numbers_of: Callable[[tuple[str, ...]], Sequence[str]]


def edit_primary(key: str, former: Document, asking: Asking) -> Document:
    """Show the goal that decides, with what of it is money."""
    st.markdown("The better variant is the one after which more people do")
    goal = _edit_goal(f"{key}_primary", former, "The goal that decides", asking)
    return _edit_money(f"{key}_primary_money", goal, asking)


def edit_others(key: str, document: Document, asking: Asking) -> Document:
    """Show the goals that explain a result, and what may not get worse."""
    st.caption("Other goals explain a result; they decide nothing.")
    secondary = _edit_secondary(f"{key}_secondary", document["secondary"], asking)
    st.caption("Must not become more frequent than in the control by, in points of the share:")
    guardrails = _edit_guardrails(f"{key}_guardrail", document["guardrails"])
    return {**document, "secondary": secondary, "guardrails": guardrails}


def _edit_goal(key: str, former: Document, label: str, asking: Asking) -> Document:
    event = former["event"]
    names = edit_events(f"{key}_events", event["event"], label, asking.vocabulary)
    where = edit_conditions(
        f"{key}_where",
        event.get("where") or [],
        "property",
        asking.vocabulary.properties,
        lambda name: asking.vocabulary.values_of(names, name),
    )
    return {**former, "event": {"event": names, "where": where}}


def _edit_money(key: str, goal: Document, asking: Asking) -> Document:
    names = tuple(goal["event"]["event"])
    numbers = asking.numbers_of(names) if names else []
    held = goal.get("value") or _NO_MONEY
    options = list(dict.fromkeys([_NO_MONEY, *numbers, held]))
    if len(options) == 1:
        return {**goal, "value": None}
    chosen = st.selectbox(
        "Money per person as well",
        options,
        index=options.index(held),
        format_func=lambda name: name or "no, only whether they did",
        key=f"{key}_{'_'.join(names)}",
        help="The property with the money of one event. It is summed per person, and the result "
        "is read by it too; the goal itself still decides.",
        width=260,
    )
    return {**goal, "value": chosen or None}


def _edit_secondary(key: str, former: Sequence[Document], asking: Asking) -> list[Document]:
    """Show the other goals as rows; those without an event yet are left out when it is planned."""
    rows_key = f"{key}_rows"
    rows: list[int] = st.session_state.setdefault(rows_key, list(range(len(former))))
    edited = []
    for row in list(rows):
        blank: Document = {"name": "goal", "event": {"event": [], "where": []}, "value": None}
        held = former[rows.index(row)] if rows.index(row) < len(former) else blank
        with st.container(border=True):
            goal = _edit_goal(f"{key}_{row}", held, f"Other goal {row + 1}", asking)
            st.button(
                "Remove this goal",
                icon=":material/close:",
                key=f"{key}_{row}_remove",
                type="tertiary",
                on_click=_remove,
                args=(rows_key, row),
            )
        edited.append(goal)
    if len(rows) < MOST_SECONDARY:
        st.button(
            "Add a goal",
            icon=":material/add:",
            key=f"{key}_add",
            type="tertiary",
            on_click=lambda: rows.append(max([*rows, -1]) + 1),
        )
    return edited


def _remove(rows_key: str, row: int) -> None:
    """Take a row out, and its goal from what is kept, so that the others keep theirs."""
    rows: list[int] = st.session_state[rows_key]
    plan = plan_draft.kept()
    assert plan is not None  # its form is shown
    place, secondary = rows.index(row), list(plan["document"]["secondary"])
    rows.remove(row)
    plan_draft.keep(
        {**plan["document"], "secondary": [*secondary[:place], *secondary[place + 1 :]]},
        plan["starts_on"],
    )


def _edit_guardrails(key: str, former: Sequence[Document]) -> list[Document]:
    """Show the presets, and whatever else a plan guards."""
    held = {guardrail["name"]: guardrail for guardrail in former}
    presets = {
        name: preset.model_dump(mode="json", by_alias=True)
        for name, preset in GUARDRAIL_PRESETS.items()
    }
    edited = []
    for name in dict.fromkeys([*presets, *held]):
        guardrail = held.get(name) or presets[name]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = _GUARDED.get(name, name)
            is_on = st.toggle(label, value=name in held, key=f"{key}_{name}", width=210)
            margin = _edit_margin(f"{key}_{name}_margin", guardrail["margin"], label)
        if is_on:
            edited.append({**guardrail, "margin": margin})
    return edited


def _edit_margin(key: str, former: float, label: str) -> float:
    shown = round(100 * former, 4)
    points = st.number_input(
        f"{label}: points",
        min_value=0.01,
        max_value=50.0,
        value=shown,
        step=0.05,
        format="%g",
        key=key,
        label_visibility="collapsed",
        width=130,
    )
    return former if points == shown else round(points / 100, 6)
