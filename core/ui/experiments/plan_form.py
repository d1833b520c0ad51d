"""What a plan is asked: control, goal, smallest lift, and under "more" the rest of a test."""

from datetime import date
from typing import Any

import streamlit as st

from core.domain.steps import SplitStep
from core.services.drafts import Document
from core.ui import formats
from core.ui.experiments import plan_goals
from core.ui.triggers.trigger_form import Vocabulary, edit_duration

POWERS = (0.7, 0.8, 0.9, 0.95)


def edit(key: str, document: Document, split: SplitStep, asking: plan_goals.Asking) -> Document:
    """Show the settings that decide the answer; give them as edited."""
    first = st.container()
    document = {**document, "primary": plan_goals.edit_primary(key, document["primary"], asking)}
    with _words():
        st.markdown("within", width="content")
        within = edit_duration(f"{key}_window", document["window"], "Time for the goal")
        st.markdown("of the split", width="content")
    document = {**document, "window": within}
    document["smallest_lift"] = _edit_percent(
        f"{key}_lift",
        "I would act on a rise of … % or more",
        document["smallest_lift"],
        least=0.1,
        most=10_000.0,
        said="The smallest lift that matters to you, relative to the control: +10 % is from 20 % "
        "to 22 % of the people. The smaller it is, the longer the test takes.",
    )
    with st.expander("Allocation and certainty", key=f"{key}_sharing"):
        document = _edit_sharing(key, document, split)
    with first:  # of the variants that were let in just now
        document = _edit_control(f"{key}_control", document)
    with st.expander("Other goals and guardrails", key=f"{key}_others"):
        return plan_goals.edit_others(key, document, asking)


def edit_start(key: str, starts_on: date | None, today: date) -> date:
    """Show when the test begins."""
    chosen = st.date_input(
        "Starts on",
        max(today, starts_on or today),
        min_value=today,
        key=f"{key}_start",
        format="YYYY-MM-DD",
        width=160,
        help="At the beginning of this day. Weekdays differ, so the start moves the end.",
    )
    return chosen if isinstance(chosen, date) else today


def _edit_control(key: str, document: Document) -> Document:
    names = [variant["name"] for variant in document["variants"]]
    if not names:
        return document
    former = document["control"] if document["control"] in names else names[0]
    control = st.segmented_control(
        "What you do at present (the control)",
        names,
        default=former,
        format_func=formats.plain,
        key=f"{key}_{'_'.join(names)}",
        required=True,
        help="All other variants are compared with it.",
    )
    return {**document, "control": control or former}


def _edit_sharing(key: str, document: Document, split: SplitStep) -> Document:
    held = {variant["name"]: variant["weight"] for variant in document["variants"]}
    st.caption("How the people of the split are shared out: 1 and 1 is half each.")
    edited = []
    for number, variant in enumerate(split.variants):
        is_in = _is_in(f"{key}_in_{number}", variant.name, held, len(split.variants))
        if not is_in:
            continue
        weight = st.number_input(
            formats.plain(variant.name),
            min_value=0.01,
            max_value=1_000_000.0,
            value=float(held.get(variant.name, variant.weight)),
            step=1.0,
            format="%g",
            key=f"{key}_weight_{number}",
            width=160,
        )
        edited.append({"name": variant.name, "weight": float(weight)})
    document = {**document, "variants": edited}
    document["holdout"] = _edit_percent(
        f"{key}_holdout",
        "Left alone, for comparison (%)",
        document["holdout"],
        least=0.0,
        most=90.0,
        said="They walk the flow and are measured, but get no e-mail and no variant: what the "
        "campaign as a whole brings is read from them.",
    )
    document["power"] = st.segmented_control(
        "Chance to find the lift",
        sorted({*POWERS, document["power"]}),
        default=document["power"],
        format_func=lambda power: f"{100 * power:g} %",
        key=f"{key}_power",
        required=True,
        help="If the lift is real, so many of 100 such tests find it. Four in five is usual.",
    )
    return document


def _is_in(key: str, name: str, held: dict[str, float], count: int) -> bool:
    """Let a variant be left out, where more than two are there."""
    if count <= 2:
        return True
    return st.toggle(f"Test {formats.plain(name)}", value=name in held, key=key)


def _edit_percent(
    key: str, label: str, former: float, *, least: float, most: float, said: str
) -> float:
    """Show a share as a percentage; what was not touched stays exactly what it was."""
    shown = round(100 * former, 4)
    percent = st.number_input(
        label,
        min_value=least,
        max_value=most,
        value=min(most, max(least, shown)),
        step=1.0,
        format="%g",
        key=key,
        help=said,
        width=260,
    )
    return former if percent == shown else round(percent / 100, 6)


def vocabulary_of(
    counts_by_name: dict[str, int], properties: list[str], values_of: Any
) -> Vocabulary:
    """Give what can be said about a dataset's events; goals ask nothing about traits."""
    return Vocabulary(
        counts_by_name=counts_by_name,
        properties=properties,
        traits=[],
        values_of=values_of,
        trait_values_of=lambda name: [],
    )


def _words() -> Any:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")
