"""Steps with several ways: the cases of a branch, the variants of a split."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.services.drafts import Document
from core.services.step_words import share
from core.ui.flows import flow_actions, flow_deeds
from core.ui.flows.flow_condition_form import ChangeCondition, edit_condition
from core.ui.flows.flow_surroundings import StepSurroundings

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def edit_branch(key: str, step: Document, around: StepSurroundings) -> Document:
    """Show the cases of a branch, in the order in which they are asked."""
    cases = step["cases"]
    edited = []
    for number, case in enumerate(cases):
        with st.container(border=True):
            _show_case_head(f"{key}_{number}", step["id"], number, len(cases))
            asked = edit_condition(
                f"{key}_{number}", case.get("if"), around.asking, _case_changer(step["id"], number)
            )
        edited.append({**case, "if": asked})
    st.button(
        "Add a case",
        icon=":material/add:",
        key=f"{key}_add",
        type="tertiary",
        on_click=flow_deeds.later,
        args=(
            _change_members,
            step["id"],
            "cases",
            lambda held: [*held, {"if": {"any": []}, "next": ""}],
        ),
    )
    st.caption("Everybody takes the first case that holds; who fits none goes on “otherwise”.")
    return {"cases": edited}


def _show_case_head(key: str, step_id: str, number: int, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Case {number + 1}:** if", width="stretch")
        if number:
            st.button(
                "Earlier",
                icon=":material/arrow_upward:",
                key=f"{key}_up",
                type="tertiary",
                help="Ask this earlier",
                on_click=flow_deeds.later,
                args=(_change_members, step_id, "cases", lambda held: _swapped(held, number)),
            )
        if count > 1:
            st.button(
                "Remove",
                icon=":material/delete:",
                key=f"{key}_drop",
                type="tertiary",
                help="Remove this case",
                on_click=flow_deeds.later,
                args=(
                    _change_members,
                    step_id,
                    "cases",
                    lambda held: [*held[:number], *held[number + 1 :]],
                ),
            )


def _case_changer(step_id: str, number: int) -> ChangeCondition:
    """Give what changes the question of a case, whatever it asks by then."""

    def change_case(change: Callable[[Any], Document]) -> None:
        _change_members(
            step_id,
            "cases",
            lambda held: [
                {**case, "if": change(case.get("if"))} if place == number else case
                for place, case in enumerate(held)
            ],
        )

    return lambda change: flow_deeds.later(change_case, change)


def edit_split(key: str, step: Document, around: StepSurroundings) -> Document:
    """Show the variants of a split with their shares."""
    count = len(step["variants"])
    shares, edited = [], []
    for number, variant in enumerate(step["variants"]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            edited.append(_edit_variant(f"{key}_{number}", variant, number))
            shares.append(st.empty())
            if count > 2:
                st.button(
                    "Remove",
                    icon=":material/close:",
                    key=f"{key}_{number}_drop",
                    type="tertiary",
                    help="Remove this variant",
                    on_click=flow_deeds.later,
                    args=(_change_members, step["id"], "variants", _without(number)),
                )
    total = sum(variant["weight"] for variant in edited)
    for place, variant in zip(shares, edited, strict=True):
        place.markdown(share(variant["weight"] / total) if total else "–", width="content")
    st.button(
        "Add a variant",
        icon=":material/add:",
        key=f"{key}_add",
        type="tertiary",
        on_click=flow_deeds.later,
        args=(_change_members, step["id"], "variants", _with_variant),
    )
    st.caption("Shares count against each other: 1 and 1 are halves. Nobody ever changes sides.")
    return {"variants": edited}


def _edit_variant(key: str, variant: Document, number: int) -> Document:
    name = st.text_input(
        f"Name of variant {number + 1}",
        value=variant["name"],
        key=f"{key}_name",
        placeholder=f"variant {number + 1}",
        label_visibility="collapsed",
        width=170,
    )
    weight = st.number_input(
        f"Share of variant {number + 1}",
        min_value=0.0,
        max_value=1_000_000.0,
        value=float(variant["weight"]),
        step=1.0,
        format="%g",
        key=f"{key}_weight",
        label_visibility="collapsed",
        width=120,
    )
    return {**variant, "name": name.strip(), "weight": float(weight)}


def _with_variant(held: Sequence[Document]) -> list[Document]:
    taken = {variant["name"] for variant in held}
    name = next((letter for letter in _LETTERS if letter not in taken), f"{len(held) + 1}")
    return [*held, {"name": name, "weight": 1.0, "next": ""}]


def _without(number: int) -> Callable[[Sequence[Document]], list[Document]]:
    return lambda held: [*held[:number], *held[number + 1 :]]


def _swapped(held: Sequence[Document], number: int) -> list[Document]:
    swapped = list(held)
    swapped[number - 1], swapped[number] = swapped[number], swapped[number - 1]
    return swapped


def _change_members(
    step_id: str, part: str, change: Callable[[Sequence[Document]], list[Document]]
) -> None:
    flow_actions.change_step(step_id, lambda step: {**step, part: change(step[part])})
