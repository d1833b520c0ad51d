"""What the view says while there is no split to plan from: how to get one."""

import streamlit as st

from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.rehearse import (
    rehearse_choices,
    rehearse_setup,
    rehearse_view,
)


def show() -> None:
    """Say what a plan needs, and lead there."""
    has_rehearsals = bool(readers.rehearsals())
    with st.container(border=True):
        st.markdown("**A test begins with a split.**")
        st.markdown(
            "A split in a flow gives everybody one of several variants, by chance. Rehearse such a "
            "flow on your data, and this page says how long its test would take."
        )
        if has_rehearsals:
            st.markdown("None of the rehearsals kept so far is of a flow with a split.")
        _offer_ready()
        st.markdown("Or put a *Split* into a flow of your own, and rehearse it.")
        with st.container(horizontal=True):
            st.page_link(navigation.FLOWS, label="Go to Flows", icon=navigation.FLOWS.icon)
            st.page_link(navigation.REHEARSE, label="Go to Rehearse", icon=navigation.REHEARSE.icon)


def _offer_ready() -> None:
    """Offer to rehearse the campaigns that have a split already: saved ones, then ready-made."""
    manifests = [manifest for manifest in readers.datasets() if manifest.rows]
    if not manifests:
        st.markdown("It needs data first: upload an export, or load the sample shop.")
        st.page_link(navigation.DATA, label="Go to Data", icon=navigation.DATA.icon)
        return
    known = {name for manifest in manifests for name in manifest.counts_by_name}
    choices = [
        choice
        for choice in rehearse_choices.all_choices(known).values()
        if any(step.kind == "split" for step in choice.campaign.steps)
    ]
    for choice in choices:
        split = next(step for step in choice.campaign.steps if step.kind == "split")
        names = " or ".join(f"“{formats.plain(variant.name)}”" for variant in split.variants)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{formats.plain(choice.label)}** has one: {names}.", width="content")
            if st.button(
                "Rehearse it",
                icon=navigation.REHEARSE.icon,
                key=f"experiments_plan_rehearse_{choice.choice_id}",
            ):
                rehearse_view.close()
                rehearse_setup.ask_for([choice.choice_id])
                st.switch_page(navigation.REHEARSE)
