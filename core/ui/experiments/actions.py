"""What can be done to a launched test: weights, its end, a note, and its winner for everybody."""

from collections.abc import Callable

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.experiments import Experiment, ExperimentState
from core.domain.roles import Role
from core.services import experiments, roll_out
from core.services.experiment_results import ExperimentResults
from core.services.flow_without_split import split_of
from core.ui import (
    formats,
    navigation,
    notices,
    signed_in,
)
from core.ui.experiments.place import NOTICE
from core.ui.flows import flow_gallery


def show(experiment: Experiment, results: ExperimentResults) -> None:
    """Offer what the state of the test allows."""
    if experiment.state is ExperimentState.RUNNING:
        with _popover("Change the weights", ":material/balance:", "experiments_weights"):
            _show_weights(experiment)
        with _popover("End it", ":material/stop_circle:", "experiments_end"):
            _show_end(experiment, results)
    with _popover("Add a note", ":material/edit_note:", "experiments_note"):
        _show_note(experiment)


def _popover(label: str, icon: str, key: str) -> st.delta_generator.DeltaGenerator:
    return st.popover(
        label,
        icon=icon,
        key=key,
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )


def show_roll_out(experiment: Experiment, results: ExperimentResults) -> None:
    """Offer to make a winner the way for everybody; nothing while the test runs or has none."""
    winner = results.verdict.winner
    if winner is None:
        return
    if experiment.state is ExperimentState.RUNNING:
        st.caption(
            f"{formats.plain(winner)} can become the way for everybody once the test is ended."
        )
        return
    if not _has_split(experiment):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The flow no longer has this split: it was rolled out, or drawn anew.")
            _offer_flow(experiment)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Make it the flow",
            type="primary",
            icon=":material/rocket_launch:",
            key="experiments_roll_out",
            on_click=_later,
            args=(lambda: _roll_out(experiment, winner),),
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        )
        st.caption(
            f"Saves a version of {formats.plain(experiment.settings.campaign)} in which everybody "
            f"goes the way of {formats.plain(winner)}. People on their way go on as they began."
        )


def _show_weights(experiment: Experiment) -> None:
    settings = experiment.settings
    present = experiment.weight_periods[-1].weights
    st.markdown(
        "From now on people are shared out like this. **Whoever has a variant keeps it** on their "
        "way, and counts with it; somebody who enters once more later still counts with their "
        "first one. The end that was planned does not count any more: what was seen under "
        "different weights cannot be read as one, so only the rule that holds at any look decides."
    )
    with st.form("experiments_weights_form", border=False):
        weights = [
            st.number_input(
                formats.plain(name),
                min_value=0.01,
                max_value=1_000_000.0,
                value=float(weight),
                key=f"experiments_weight_{number}",
            )
            for number, (name, weight) in enumerate(
                zip(settings.variant_names, present, strict=True)
            )
        ]
        note = st.text_input("Why (optional)", key="experiments_weights_note")
        if st.form_submit_button("Change from now on", type="primary"):
            _act(lambda: _reweigh(experiment, weights, note))


def _show_end(experiment: Experiment, results: ExperimentResults) -> None:
    st.markdown(end_words(results))
    with st.form("experiments_end_form", border=False):
        note = st.text_input("Why (optional)", key="experiments_end_note")
        if st.form_submit_button("End the test now", type="primary"):
            _act(lambda: _end(experiment, note))


def end_words(results: ExperimentResults) -> str:
    """Say what ending a test now costs."""
    said = (
        "People who come to the split later do not belong to the test. Those in it are watched "
        "until their time for the goal is over."
    )
    if results.verdict.winner is not None:
        return f"It is decided. {said}"
    planned = results.planned_people_count
    if planned is None or results.people_count >= planned:
        return f"{said} Nothing is decided yet, and it may stay so."
    return (
        f"Only {results.people_count:,} of {planned:,} planned people have come. Without the "
        "planned end only a large difference can still be proved; most likely the test will end "
        f"without an answer. {said}"
    )


def _show_note(experiment: Experiment) -> None:
    with st.form("experiments_note_form", border=False, clear_on_submit=True):
        note = st.text_area("For the log of the test", key="experiments_note_text")
        if st.form_submit_button("Write it down", type="primary"):
            _act(lambda: _note(experiment, note))


def _reweigh(experiment: Experiment, weights: list[float], note: str) -> str:
    signed_in.check(Role.EDITOR)
    by = signed_in.actor()
    roll_out.reweigh(bootstrap.database(), experiment, weights, by=by, at=now(), note=note)
    return "From now on people are shared out by the new weights."


def _end(experiment: Experiment, note: str) -> str:
    signed_in.check(Role.EDITOR)
    experiments.end_experiment(
        bootstrap.database(), experiment.name, by=signed_in.actor(), at=now(), note=note.strip()
    )
    return f"The test “{experiment.name}” is ended."


def _note(experiment: Experiment, note: str) -> str:
    signed_in.check(Role.EDITOR)
    if not note.strip():
        return "There was nothing to write down."
    experiments.note_experiment(
        bootstrap.database(), experiment.name, note.strip(), by=signed_in.actor(), at=now()
    )
    return "Written into the log."


def _roll_out(experiment: Experiment, winner: str) -> str:
    signed_in.check(Role.EDITOR)
    by = signed_in.actor()
    done = roll_out.roll_out(bootstrap.database(), experiment, winner, by=by, at=now())
    said = f"{winner} is the way for everybody: {done.campaign}, version {done.version}."
    return f"{said} It runs for everybody who enters from now on." if done.is_launched else said


def _act(deed: Callable[[], str]) -> None:
    """Do something and look at the page anew."""
    _later(deed)
    st.rerun()


def _later(deed: Callable[[], str]) -> None:
    try:
        notices.keep(NOTICE, deed())
    except CampaignError as error:
        notices.keep(NOTICE, str(error))


def _has_split(experiment: Experiment) -> bool:
    try:
        campaign = roll_out.tested_campaign(bootstrap.database(), experiment)
        split_of(campaign, experiment.settings.split)
    except CampaignError:
        return False
    return True


def _offer_flow(experiment: Experiment) -> None:
    if st.button("See the flow", icon=navigation.FLOWS.icon, key="experiments_flow"):
        flow_gallery.open_from_elsewhere(experiment.settings.campaign)
        st.switch_page(navigation.FLOWS)
