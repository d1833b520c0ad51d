"""Taking a rehearsal along: CSV files, the campaign as YAML, a report to print."""

from functools import partial

import streamlit as st

from core.domain.outcomes import Reactions
from core.services import rehearsal_csv
from core.services.campaign_files import campaign_yaml
from core.services.flow_files import file_name
from core.ui import readers
from core.ui.rehearse import rehearse_report
from core.ui.rehearse.rehearse_view import View


def show(view: View) -> None:
    """Offer the downloads; each is made when it is asked for."""
    with st.popover("Take along", icon=":material/download:", key="rehearse_take_along"):
        _offer_report(view)
        _offer_csv(view)
        st.download_button(
            "This campaign (YAML)",
            campaign_yaml(view.campaign),
            file_name=file_name({"name": view.campaign.name}),
            mime="application/yaml",
            key="rehearse_yaml",
            icon=":material/description:",
            on_click="ignore",
            width="stretch",
        )


def _offer_report(view: View) -> None:
    everybody = None
    if view.record.has_range:
        everybody = readers.outcome(view.rehearsal_id, Reactions.EVERYBODY)
    outcome = readers.outcome(view.rehearsal_id)
    st.download_button(
        "Report to print (HTML)",
        partial(rehearse_report.report, view.record, outcome, everybody),
        file_name=f"rehearsal-{view.rehearsal_id}.html",
        mime="text/html",
        key="rehearse_report",
        icon=":material/print:",
        on_click="ignore",
        width="stretch",
        help="One file with all charts; opens in any browser, without a network.",
    )


def _offer_csv(view: View) -> None:
    if view.key is None:
        st.caption("The CSV files name people; the data has changed since, so they cannot.")
        return
    outcome, dataset = readers.outcome(view.rehearsal_id), readers.dataset(view.key)
    st.download_button(
        "Everything as CSV (ZIP)",
        partial(rehearsal_csv.archive, view.record, outcome, dataset),
        file_name=f"rehearsal-{view.rehearsal_id}.zip",
        mime="application/zip",
        key="rehearse_csv",
        icon=":material/table:",
        on_click="ignore",
        width="stretch",
        help="firings.csv: each time the trigger was met. messages.csv: each e-mail, sent or held "
        "back. trace.csv: what each step did. All campaigns of the rehearsal.",
    )
