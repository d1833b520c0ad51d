"""Results read from a file: opened by their link, read in another way, taken along, forgotten."""

import streamlit as st

from core import bootstrap
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services.experiment_results import ExperimentResults
from core.services.experiment_uploads import KeptResults, change_kept
from core.ui import formats, notices, signed_in
from core.ui.experiments import (
    all_tests,
    experiment_readers,
    exports,
    place,
    result_view,
    result_words,
)
from core.ui.experiments.place import View


def show(results_id: str) -> None:
    """Show the results of a file; a link to some that are gone is said in a sentence."""
    try:
        kept = experiment_readers.file(results_id)
        results = experiment_readers.file_results(kept)
    except CampaignError as error:
        st.warning(formats.plain(str(error)), icon=":material/link_off:")
        st.button("All tests", key="experiments_back", on_click=place.go, args=(View.ALL,))
        return
    _show_head(kept, results)
    result_view.show(results)


def _show_head(kept: KeptResults, results: ExperimentResults) -> None:
    st.subheader(formats.plain(kept.name), anchor=False)
    st.markdown(
        f"{result_words.about(results)}  \n:gray[Read from a file of {results.row_count:,} rows on "
        f"{formats.day(kept.kept_at)}. The address of this page is its link.]"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All tests",
            icon=":material/arrow_back:",
            key="experiments_back",
            on_click=place.go,
            args=(View.ALL,),
        )
        with st.popover(
            "Read it differently",
            icon=":material/tune:",
            key="experiments_tune",
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        ):
            _show_choices(kept)
        exports.show(results)
        with st.popover(
            "Forget",
            icon=":material/delete:",
            key="experiments_forget",
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        ):
            all_tests.show_forgetting(kept)


def _show_choices(kept: KeptResults) -> None:
    settings = kept.settings
    with st.form(f"experiments_{kept.results_id}_choices", border=False):
        control = st.selectbox(
            "Control: what the others are compared with",
            list(settings.variant_names),
            index=settings.control_place,
            key=f"experiments_{kept.results_id}_control",
        )
        planned = st.number_input(
            "How many people were planned, all variants together",
            min_value=2,
            value=settings.planned_people_count,
            step=100,
            key=f"experiments_{kept.results_id}_planned",
            help="Only if it was fixed before the test began: at that size it is read once and for "
            "all. Choosing it after a look at the result makes false winners.",
        )
        smallest = st.number_input(
            "A difference smaller than this does not matter (in %)",
            min_value=0.1,
            max_value=100.0,
            value=None if settings.smallest_lift is None else 100 * settings.smallest_lift,
            key=f"experiments_{kept.results_id}_smallest",
            help="Once the difference is certainly smaller, the test says so and need not go on.",
        )
        if not st.form_submit_button("Read it like this", type="primary"):
            return
    try:
        signed_in.check(Role.EDITOR)
        change_kept(
            bootstrap.home(),
            kept.results_id,
            control=control,
            planned_people_count=planned,
            smallest_lift=None if smallest is None else smallest / 100,
        )
    except CampaignError as error:
        st.error(formats.plain(str(error)))
        return
    notices.keep(place.NOTICE, "The results are read anew.")
    st.rerun()
