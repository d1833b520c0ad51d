"""The panel of the chosen step: its name, its form, where it leads, and what is wrong with it."""

import re
from collections.abc import Sequence

import streamlit as st

from core.domain.errors import UnusableInput
from core.services import flow_drafts, step_words
from core.services.drafts import Document
from core.services.flow_problems import problems_by_step
from core.services.flow_ways import END, reachable, ways, with_way
from core.services.new_steps import KINDS
from core.ui import formats, navigation
from core.ui.experiments import place as experiments_place
from core.ui.experiments import plan_draft, plan_readers
from core.ui.flows import (
    flow_actions,
    flow_deeds,
    flow_draft,
)
from core.ui.flows.flow_step_form import edit_step
from core.ui.flows.flow_surroundings import StepSurroundings
from core.ui.flows.flow_words import kind_label, target_words

_CASE = re.compile(r"cases\[(\d+)\]")


def edit_chosen(step_id: str, around: StepSurroundings) -> None:
    """Show the panel of a step and keep what is edited."""
    draft = flow_draft.document()
    step = flow_drafts.step_of(draft, step_id)
    key = f"flows_{flow_draft.revision()}_{step_id}"
    _edit_name(f"{key}_name", step)
    warning = st.container()
    edited = edit_step(key, step, around)
    edited = _edit_ways(f"{key}_ways", edited, draft["steps"])
    try:
        flow_draft.keep(flow_drafts.replace(draft, step_id, edited))
    except UnusableInput as error:
        st.error(formats.plain(f"{error}."))
    with warning:
        _show_problems(step_id, around)
    if step["kind"] == "split":
        _offer_plan(f"{key}_plan", draft["name"], step_id)
    _show_deeds(key, step)


def _offer_plan(key: str, campaign: str, split: str) -> None:
    """Lead to the plan of a split's test, once the flow was rehearsed with it."""
    rehearsed = plan_readers.newest_of(campaign, split)
    if rehearsed is None:
        st.caption("Rehearse this flow, and the page Experiments says how long its test takes.")
    elif st.button(
        "Plan this test",
        icon=navigation.EXPERIMENTS.icon,
        key=key,
        type="tertiary",
        help="How many people and days it takes, by the newest rehearsal that is kept.",
    ):
        plan_draft.ask_for(plan_draft.choice_key(rehearsed))
        experiments_place.ask_for(experiments_place.View.PLAN)
        st.switch_page(navigation.EXPERIMENTS)


def _show_problems(step_id: str, around: StepSurroundings) -> None:
    problems = problems_by_step(flow_draft.document(), [email.name for email in around.emails])
    if problems.get(step_id):
        st.warning(formats.plain(" ".join(problems[step_id])), icon=":material/error:")


def show_kind(step_id: str) -> None:
    """Show what kind of step it is."""
    st.markdown(f"**{kind_label(flow_drafts.step_of(flow_draft.document(), step_id)['kind'])}**")


def offer_step(key: str, after: str | None, way: str | None, label: str = "Add a step") -> None:
    """Show the menu that puts a step onto a way; without one, before the first step."""
    st.menu_button(
        label,
        list(KINDS),
        format_func=kind_label,
        icon=":material/add:",
        key=key,
        type="tertiary",
        on_click=lambda: flow_deeds.later(flow_actions.add, st.session_state[key], after, way),
    )


def _edit_name(key: str, step: Document) -> None:
    st.text_input(
        "Name of this step",
        value=step["id"],
        max_chars=100,
        key=key,
        help="Figures and lists call it so.",
        on_change=lambda: flow_deeds.later(flow_actions.rename, step["id"], st.session_state[key]),
    )


def _edit_ways(key: str, step: Document, steps: Sequence[Document]) -> Document:
    """Show where each way leads; steps that lead here are no choice, or people went in circles."""
    labels = step_words.way_labels(step)
    ahead = [other["id"] for other in steps if step["id"] not in reachable(steps, other["id"])]
    for place, target in ways(step):
        options = [END, *ahead, *([target] if target and target not in ahead else [])]
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            chosen = st.selectbox(
                f"{_way_words(place, labels[place])} →",
                options,
                index=options.index(target or END),
                format_func=lambda option: target_words(option, steps),
                key=f"{key}_{place}",
                width="stretch",
            )
            offer_step(f"{key}_{place}_add", step["id"], place)
        step = with_way(step, place, chosen)
    return step


def _way_words(place: str, label: str) -> str:
    """Name a way in a few words; what a case asks stands in the form already."""
    case = _CASE.match(place)
    if case is not None:
        return f"Case {int(case[1]) + 1}"
    return formats.plain(label[:1].upper() + label[1:]) or "Then"


def _show_deeds(key: str, step: Document) -> None:
    with st.container(horizontal=True, gap="small"):
        if ways(step):
            st.button(
                "Duplicate",
                icon=":material/content_copy:",
                key=f"{key}_copy",
                type="tertiary",
                on_click=flow_deeds.later,
                args=(flow_actions.duplicate, step["id"]),
            )
        st.button(
            "Delete",
            icon=":material/delete:",
            key=f"{key}_delete",
            type="tertiary",
            on_click=flow_deeds.later,
            args=(flow_actions.delete, step["id"]),
        )
