"""Rehearse: let the recorded customers walk through campaigns, and see what would have happened."""

import streamlit as st

from core.ui.rehearse import (
    rehearse_ab,
    rehearse_bought,
    rehearse_changes,
    rehearse_exports,
    rehearse_held,
    rehearse_job,
    rehearse_overview,
    rehearse_paths,
    rehearse_pressure,
    rehearse_records,
    rehearse_setup,
    rehearse_view,
    rehearse_when,
    rehearse_why,
)

with st.container():  # always there, so that nothing below moves when a rehearsal starts
    rehearse_job.show()
if rehearse_setup.is_asked_for():
    rehearse_view.close()
record = rehearse_view.opened()
if record is None:
    rehearse_setup.show()
    rehearse_records.show()
    st.stop()

key = rehearse_view.dataset_of(record)
head = st.container()
place = rehearse_overview.choose_campaign([named.campaign.name for named in record.campaigns])
view = rehearse_view.View(record=record, place=place, key=key)
with head:
    rehearse_records.show_head(
        record, lambda: rehearse_overview.offer_flow(view), lambda: rehearse_exports.show(view)
    )
rehearse_records.show_warnings(record, is_same_data=key is not None)
rehearse_overview.show_numbers(view)
rehearse_overview.show_flow(view)

tabs = {
    "When": rehearse_when.show,
    "Held back": rehearse_held.show,
    "Paths": rehearse_paths.show,
    "Pressure": rehearse_pressure.show,
    "Bought anyway": rehearse_bought.show,
    "A/B": rehearse_ab.show,
    "Why": rehearse_why.show,
    "What changes": rehearse_changes.show,
}
shown = st.tabs(list(tabs), key="rehearse_tab", on_change="rerun")
for tab, show in zip(shown, tabs.values(), strict=True):
    if tab.open:
        with tab:
            show(view)
