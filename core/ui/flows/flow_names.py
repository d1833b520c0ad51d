"""Event names of a flow that the data calls otherwise."""

from collections.abc import Collection, Mapping

import streamlit as st

from core.services import fitting, flow_forms
from core.ui import formats
from core.ui.flows import flow_deeds, flow_draft


def show(events: Collection[str]) -> None:
    """Say which names were matched to the data, and offer to match those that could be."""
    matched = flow_draft.matched_names()
    if matched:
        st.caption(f"Matched to your data: {_pairs(matched)}.")
    campaign = flow_draft.campaign()
    names = {} if campaign is None else fitting.fitted_names(campaign, events)
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"This data has other names: {_pairs(names)}.", width="content")
        st.button(
            "Use its names",
            icon=":material/sync_alt:",
            key="flows_use_names",
            type="tertiary",
            on_click=flow_deeds.later,
            args=(_use, names),
        )


def _use(names: Mapping[str, str]) -> None:
    campaign = flow_draft.campaign()
    if campaign is not None:
        flow_draft.change(flow_forms.opened(fitting.fitted(campaign, names)))


def _pairs(names: Mapping[str, str]) -> str:
    return ", ".join(
        f"{formats.plain(before)} → **{formats.plain(after)}**" for before, after in names.items()
    )
