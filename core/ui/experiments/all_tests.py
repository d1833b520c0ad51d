"""All tests: drafts, running and ended ones, and results read from files."""

import streamlit as st

from core import bootstrap
from core.domain.errors import CampaignError
from core.domain.experiments import Experiment, ExperimentState
from core.domain.roles import Role
from core.services import experiment_uploads, experiments
from core.services.experiment_uploads import KeptResults
from core.ui import (
    audit,
    formats,
    navigation,
    notices,
    signed_in,
)
from core.ui.experiments import experiment_readers, place, upload
from core.ui.experiments.place import View

_CHOICE = "experiments_view"
_GROUPS = {
    ExperimentState.RUNNING: "Running",
    ExperimentState.DRAFT: "Planned",
    ExperimentState.ENDED: "Ended",
}


def choose_view(view: View) -> None:
    """Offer the two views that begin something: the list, and a plan."""
    st.session_state[_CHOICE] = view
    st.segmented_control(
        "What to do",
        [View.ALL, View.PLAN],
        key=_CHOICE,
        required=True,
        label_visibility="collapsed",
        on_change=_chosen,
    )


def _chosen() -> None:
    place.go(View(st.session_state[_CHOICE]))


def show() -> None:
    """List what there is, or say how to begin; the upload stands below."""
    found, files = experiment_readers.all_experiments(), experiment_readers.files()
    if not found and not files:
        _show_beginning()
    for state, title in _GROUPS.items():
        tests = [test for test in found if test.state is state]
        if tests:
            st.subheader(title, anchor=False)
            for test in tests:
                _show_test(test)
    if files:
        st.subheader("Read from files", anchor=False)
        for kept in files:
            _show_file(kept)
    st.subheader("Read results from elsewhere", anchor=False)
    st.caption(
        "A test that ran in any e-mail tool gets the same page: upload who got which variant, and "
        "who reached the goal."
    )
    upload.show()


def _show_beginning() -> None:
    with st.container(border=True):
        st.markdown(
            "**No test yet.** A test needs a flow with a split: some people go one way, others "
            "another, by chance."
        )
        with st.container(horizontal=True):
            st.button(
                "Plan a test",
                type="primary",
                icon=":material/event_note:",
                key="experiments_begin_plan",
                on_click=place.go,
                args=(View.PLAN,),
                help="From a rehearsal of a flow with a split: how many people and days it takes.",
            )
            if st.button(
                "Draw a flow with a split",
                icon=navigation.FLOWS.icon,
                key="experiments_begin_flow",
            ):
                st.switch_page(navigation.FLOWS)


def _show_test(test: Experiment) -> None:
    settings = test.settings
    with _card():
        with st.container(gap="xsmall", width=640):
            st.markdown(f"**{formats.plain(test.name)}**  \n:gray[{_since(test)}]")
            names = ", ".join(formats.plain(name) for name in settings.variant_names)
            st.caption(f"{names} · {formats.plain(settings.campaign)}")
        is_draft = test.state is ExperimentState.DRAFT
        with st.container(horizontal=True, width="content"):
            st.button(
                "Open",
                key=f"experiments_open_{test.experiment_id}",
                on_click=place.go,
                args=(View.PLAN if is_draft else View.TEST, test.name),
            )
            if is_draft:
                _offer_deleting(test)


def _offer_deleting(test: Experiment) -> None:
    with st.popover(
        "Delete",
        icon=":material/delete:",
        key=f"experiments_drop_{test.experiment_id}",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    ):
        st.markdown("Delete this plan? The campaign stays.")
        st.button(
            "Delete for good",
            type="primary",
            key=f"experiments_forget_{test.experiment_id}",
            on_click=_forget_draft,
            args=(test.name,),
        )


def _since(test: Experiment) -> str:
    if test.ended_at is not None:
        return f"ended {formats.day(test.ended_at)}"
    if test.launched_at is not None:
        return f"running since {formats.day(test.launched_at)}"
    return f"planned {formats.day(test.changes[-1].at)}, not launched"


def _show_file(kept: KeptResults) -> None:
    with _card():
        with st.container(gap="xsmall", width=640):
            names = ", ".join(formats.plain(name) for name in kept.settings.variant_names)
            st.markdown(f"**{formats.plain(kept.name)}**  \n:gray[{names}]")
            st.caption(f"Read {formats.day(kept.kept_at)}")
        with st.container(horizontal=True, width="content"):
            st.button(
                "Open",
                key=f"experiments_open_{kept.results_id}",
                on_click=place.go,
                args=(View.FILE, kept.results_id),
            )
            with st.popover(
                "Forget",
                icon=":material/delete:",
                key=f"experiments_f_{kept.results_id}",
                disabled=not signed_in.may(Role.EDITOR),
                help=signed_in.why_not(Role.EDITOR),
            ):
                show_forgetting(kept)


def show_forgetting(kept: KeptResults) -> None:
    """Ask whether results from a file are to be forgotten."""
    st.markdown("Forget these results? Their link will lead nowhere; your file stays yours.")
    st.button(
        "Forget for good",
        type="primary",
        key=f"experiments_forget_{kept.results_id}",
        on_click=_forget_file,
        args=(kept,),
    )


@signed_in.only(Role.EDITOR)
def _forget_draft(name: str) -> None:
    try:
        experiments.delete_draft(bootstrap.database(), name)
    except CampaignError as error:
        notices.keep(place.NOTICE, str(error))


@signed_in.only(Role.EDITOR)
def _forget_file(kept: KeptResults) -> None:
    try:
        experiment_uploads.forget_results(bootstrap.home(), kept.results_id)
    except CampaignError as error:
        notices.keep(place.NOTICE, str(error))
    else:
        audit.noted("Deleted results of a test", kept.name)
        notices.keep(place.NOTICE, f"The results “{kept.name}” are forgotten.")
    place.go(View.ALL)


def _card() -> st.delta_generator.DeltaGenerator:
    return st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    )
