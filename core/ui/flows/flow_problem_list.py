"""What is to be mended before a flow can be saved and rehearsed, with the way to each step."""

import streamlit as st

from core.ui import formats
from core.ui.flows import flow_deeds, flow_draft
from core.ui.flows.flow_draft import START
from core.ui.flows.flow_graph import Problems

_LISTED = 8


def show(problems: Problems) -> None:
    """List the problems, the campaign's own first."""
    if not problems:
        return
    with st.container(border=True):
        st.markdown("**Before this can be saved and rehearsed**")
        for step_id in sorted(problems, key=bool)[:_LISTED]:
            _show_problem(step_id, " ".join(problems[step_id]))
        if len(problems) > _LISTED:
            st.caption(f"and {len(problems) - _LISTED} more")


def _show_problem(step_id: str, sentence: str) -> None:
    place = formats.plain(step_id) or "Campaign"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":orange[:material/error:] **{place}** · {formats.plain(sentence)}", width="stretch"
        )
        st.button(
            "Go to step" if step_id else "Go to settings",
            key=f"flows_problem_{step_id}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=flow_deeds.later,
            args=(flow_draft.choose, step_id or START),
        )
