"""The flow on the page: as a canvas with a panel beside it, or as a list."""

from functools import partial

import streamlit as st

from core.services.flow_problems import problems_by_step
from core.ui.flow_canvas import canvas
from core.ui.flows import (
    flow_actions,
    flow_deeds,
    flow_draft,
    flow_list,
    flow_panel,
    flow_settings,
)
from core.ui.flows.flow_graph import Problems, graph_of
from core.ui.flows.flow_surroundings import StepSurroundings

_HEIGHT = 640


def show_canvas(around: StepSurroundings) -> None:
    """Show the canvas, and beside it the chosen step or the campaign's settings."""
    left, right = st.columns([8, 5], gap="medium")
    chosen = flow_draft.chosen_step()
    with right, st.container(border=True, height=_HEIGHT):
        if chosen is None:
            flow_settings.edit_settings(around.asking.vocabulary)
        else:
            _offer_settings()
            flow_panel.show_kind(chosen)
            flow_panel.edit_chosen(chosen, around)
    flow_deeds.settle()
    with left:
        _invite()
        canvas.show(
            graph_of(
                flow_draft.document(),
                problems(around),
                flow_draft.places(),
                chosen=chosen,
                can_undo=flow_draft.can_undo(),
                can_redo=flow_draft.can_redo(),
            ),
            key=f"flows_canvas_{flow_draft.opened_count()}",
            height=_HEIGHT,
            on_action=partial(flow_deeds.later, flow_actions.handle),
        )


def show_list(around: StepSurroundings) -> None:
    """Show the list, with the form of the chosen step in place."""
    _invite()
    flow_list.show(
        lambda: flow_settings.edit_settings(around.asking.vocabulary),
        lambda step_id: flow_panel.edit_chosen(step_id, around),
        lambda: problems(around),
    )


def problems(around: StepSurroundings) -> Problems:
    """List what is to be mended in the draft."""
    return problems_by_step(flow_draft.document(), [email.name for email in around.emails])


def _invite() -> None:
    if flow_draft.document()["steps"]:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown("Nothing happens yet after the start.", width="stretch")
        st.button(
            "Add the first e-mail",
            icon=":material/mail:",
            type="primary",
            key="flows_first_mail",
            on_click=flow_deeds.later,
            args=(flow_actions.add, "send"),
        )


def _offer_settings() -> None:
    st.button(
        "Campaign settings",
        icon=":material/arrow_back:",
        key="flows_settings",
        type="tertiary",
        on_click=flow_deeds.later,
        args=(flow_draft.choose, None),
    )
