"""A launched test: opened by its link, read at one moment, steered."""

from datetime import datetime, timedelta

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, ExperimentState
from core.services import roll_out
from core.services.experiment_results import ExperimentResults
from core.services.live_launches import LaunchMode
from core.ui import formats
from core.ui.experiments import (
    actions,
    experiment_readers,
    exports,
    place,
    result_view,
    result_words,
)
from core.ui.experiments.place import View

_READ_AT = "experiments_read_at"  # (test, moment): everything on the page speaks of that moment
_STALE_AFTER = timedelta(minutes=5)


def show(name: str) -> None:
    """Show a test; a link to one that is gone, or only planned, is said in a sentence."""
    try:
        experiment = experiment_readers.experiment(name)
    except UnusableInput as error:
        st.warning(formats.plain(str(error)), icon=":material/link_off:")
        _show_back()
        return
    if experiment.state is ExperimentState.DRAFT:
        place.go(View.PLAN, name)
        st.rerun()
    read_at = _moment(experiment)
    try:
        results = experiment_readers.live_results(experiment, read_at)
    except UnusableInput as error:
        st.subheader(formats.plain(name), anchor=False)
        st.warning(formats.plain(str(error)))
        _show_back()
        return
    _show_head(experiment, results, read_at)
    result_view.show(
        results, experiment.changes, lambda: actions.show_roll_out(experiment, results)
    )


def _show_head(experiment: Experiment, results: ExperimentResults, read_at: datetime) -> None:
    st.subheader(formats.plain(experiment.name), anchor=False)
    st.markdown(f"{result_words.about(results)}  \n:gray[{_state(experiment, read_at)}]")
    launch = roll_out.launch_of(bootstrap.database(), experiment)
    if launch is not None and launch.mode is LaunchMode.SANDBOX:
        st.caption(
            ":material/science: Runs in the sandbox: **no customer gets mail**. “Got an e-mail” "
            "means that one would have been sent, and nothing below proves what e-mails do."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_back()
        st.button(
            "Read again",
            icon=":material/refresh:",
            key="experiments_read_again",
            on_click=_read_again,
            help="With everything that has come in until now.",
        )
        exports.show(results, experiment.changes)
        actions.show(experiment, results)


def _state(experiment: Experiment, read_at: datetime) -> str:
    campaign = formats.plain(experiment.settings.campaign)
    split = formats.plain(experiment.settings.split)
    said = f"Split “{split}” of {campaign}"
    if experiment.launched_at is not None:
        said += f", launched {experiment.launched_at:%-d %b %Y}"
    if experiment.ended_at is not None:
        said += f", ended {experiment.ended_at:%-d %b %Y}"
    return f"{said}. As of {read_at:%-d %b %Y, %H:%M} UTC. The address of this page is its link."


def _show_back() -> None:
    st.button(
        "All tests",
        icon=":material/arrow_back:",
        key="experiments_back",
        on_click=place.go,
        args=(View.ALL,),
    )


def _moment(experiment: Experiment) -> datetime:
    """Give the moment of reading: kept for a while, so that the page does not change under hands.

    What was done to the test after it counts at once.
    """
    name, read_at = st.session_state.get(_READ_AT, (None, None))
    is_fresh = (
        name == experiment.name
        and now() - read_at < _STALE_AFTER
        and read_at >= experiment.changes[-1].at
    )
    if not is_fresh:
        read_at = now()
        st.session_state[_READ_AT] = (experiment.name, read_at)
    moment: datetime = read_at
    return moment


def _read_again() -> None:
    st.session_state.pop(_READ_AT, None)
