"""Taking the results of a test along: a table, the file for other programs, a report to print."""

from functools import partial

import streamlit as st

from core.domain.experiments import Change
from core.services.experiment_exports import RESULTS_FILE, results_csv, results_json
from core.services.experiment_results import ExperimentResults
from core.services.flow_files import file_name
from core.ui.experiments import report


def show(results: ExperimentResults, changes: tuple[Change, ...] = ()) -> None:
    """Offer the downloads; each is made when it is asked for."""
    stem = file_name({"name": results.settings.name}).rpartition(".")[0]
    with st.popover("Take along", icon=":material/download:", key="experiments_take_along"):
        st.download_button(
            "Report to print (HTML)",
            partial(report.report, results, changes),
            file_name=f"{stem}.html",
            mime="text/html",
            key="experiments_report",
            icon=":material/print:",
            on_click="ignore",
            width="stretch",
            help="One file with all charts; opens in any browser, without a network.",
        )
        st.download_button(
            "All figures (CSV)",
            partial(results_csv, results),
            file_name=f"{stem}.csv",
            mime="text/csv",
            key="experiments_csv",
            icon=":material/table:",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "For other programs (results.json)",
            partial(results_json, results),
            file_name=RESULTS_FILE,
            mime="application/json",
            key="experiments_json",
            icon=":material/data_object:",
            on_click="ignore",
            width="stretch",
        )
