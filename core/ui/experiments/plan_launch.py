"""The end of a plan: what will be fixed, kept as a draft or launched in the sandbox."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentSettings
from core.services import experiment_launching
from core.services.experiment_history import SplitChoice, dataset_of
from core.services.experiment_plan import ExperimentPlan, planned_settings
from core.services.experiments import draft_experiment
from core.services.live_launches import Launch
from core.stats.intervals import Reason
from core.ui import formats, notices
from core.ui.experiments import place, plan_draft, plan_pieces, plan_readers, plan_words
from core.ui.experiments.place import View

BY = "this page"
_FAILURE = "experiments_plan_failure"


def show(
    key: str,
    choice: SplitChoice,
    campaign: Campaign,
    settings: ExperimentSettings,
    plan: ExperimentPlan,
    today: date,
) -> None:
    """Show what a launch fixes, and the two ways on."""
    plan_pieces.heading("Fix and launch", "launch")
    with st.container(border=True):
        st.table(fixed_table(settings, plan), alt="What is fixed when the test is launched")
        st.caption(
            "All of this is fixed at the launch and kept in the test's log, so that nobody can "
            "choose the goal once the result is known. Weights may change later; whoever has come "
            "by then keeps the variant they got."
        )
        name = _edit_name(key, settings.name)
        running = plan_readers.running_in_sandbox(campaign.name)
        is_ready = _fitting(campaign, settings) and running is None and plan.starts_on == today
        named = settings.model_copy(update={"name": name}) if name else None
        _show_failure()
        with st.container(horizontal=True, vertical_alignment="center"):
            _offer_draft(named, plan)
            _offer_launch(choice, campaign, named, plan, is_ready=is_ready)
        _say_what_a_launch_does(plan, today)
        _show_running(running)


def fixed_table(settings: ExperimentSettings, plan: ExperimentPlan) -> pd.DataFrame:
    """Put what a launch fixes into two columns."""
    rows = plan_words.fixed(settings, plan)
    said = [formats.plain(text) for text in rows.values()]
    return pd.DataFrame({"What": list(rows), "Fixed as": said}).set_index("What")


def _edit_name(key: str, former: str) -> str:
    """Show the name; give nothing for one that cannot be used."""
    name: str = st.text_input("Name of the test", former, max_chars=200, key=f"{key}_name")
    name = " ".join(name.split())
    plan = plan_draft.kept()
    assert plan is not None  # the view has begun one
    plan_draft.keep({**plan["document"], "name": name or former}, plan["starts_on"])
    if not name:
        st.caption("Give the test a name.")
    elif name != plan["draft_name"] and name in plan_readers.test_names():
        st.warning("Another test has this name; choose another one.", icon=":material/edit:")
        return ""
    return name


def _fitting(campaign: Campaign, settings: ExperimentSettings) -> bool:
    """Say how the flow changes with the test, or why it cannot; whether it can."""
    try:
        as_tested = experiment_launching.campaign_of_test(campaign, settings)
    except UnusableInput as error:
        st.warning(formats.plain(f"The flow cannot be changed as planned: {error}"))
        return False
    if as_tested != campaign:
        st.caption(
            "The plan shares people out otherwise than the flow does. The launch saves the flow "
            "with these variants, weights and comparison group as a new version."
        )
    elif settings.version is None:
        st.caption("The flow is not saved as it was rehearsed; the launch saves it as a version.")
    return True


def _offer_draft(settings: ExperimentSettings | None, plan: ExperimentPlan) -> None:
    st.button(
        "Keep as a draft",
        icon=":material/save:",
        key="experiments_plan_keep",
        disabled=settings is None,
        on_click=_keep,
        args=(settings, plan),
        help="Kept under *All tests*; open it there to go on.",
    )


def _offer_launch(
    choice: SplitChoice,
    campaign: Campaign,
    settings: ExperimentSettings | None,
    plan: ExperimentPlan,
    *,
    is_ready: bool,
) -> None:
    has_size = not isinstance(plan.size, Reason)
    if st.button(
        "Launch in the sandbox",
        type="primary",
        icon=":material/rocket_launch:",
        key="experiments_plan_launch",
        disabled=settings is None or not is_ready or not has_size,
        help="No e-mail leaves.",
    ):
        assert settings is not None  # else the button is disabled
        with st.spinner("Launching: the flow learns what your customers did so far …"):
            is_done = _attempt(lambda: _launch(choice, campaign, settings, plan))
        if is_done:
            place.go(View.TEST, settings.name)
        st.rerun()


def _say_what_a_launch_does(plan: ExperimentPlan, today: date) -> None:
    st.caption(
        "In the sandbox everything is decided on the events that come in from now on, as it would "
        "be for real, and **no e-mail leaves**. Sending for real is not possible yet."
    )
    if plan.starts_on != today:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"This plan starts on {formats.calendar_day(plan.starts_on)}; a launch starts now.",
                width="content",
            )
            st.button(
                "Plan it from today",
                key="experiments_plan_today",
                type="tertiary",
                on_click=plan_draft.start_today,
            )


def _show_running(running: Launch | None) -> None:
    """Say that the campaign runs in the sandbox already, and offer to stop it."""
    if running is None:
        return
    test = plan_readers.running_test_of(running.id)
    said = f"“{running.name}” runs in the sandbox since {formats.day(running.launched_at)}"
    if test is not None:
        st.info(formats.plain(f"{said}, for the test “{test.name}”. End that one first."))
        st.button(
            "Open that test",
            key="experiments_plan_open_running",
            on_click=place.go,
            args=(View.TEST, test.name),
        )
        return
    st.info(formats.plain(f"{said}, and no test reads it. Stop it to launch it anew."))
    st.button(
        "Stop it",
        icon=":material/stop_circle:",
        key="experiments_plan_stop_sandbox",
        on_click=_stop,
        args=(running,),
        help="Nobody enters any more, and everybody under way leaves. Nothing was sent.",
    )


def _keep(settings: ExperimentSettings, plan: ExperimentPlan) -> None:
    def keep() -> None:
        given = settings if isinstance(plan.size, Reason) else planned_settings(settings, plan)
        draft_experiment(bootstrap.database(), given, by=BY, at=now(), note=_note(plan))

    if _attempt(keep):
        plan_draft.name_draft(settings.name)
        place.go(View.PLAN, settings.name)
        notices.keep(place.NOTICE, f"Kept “{settings.name}” as a draft.")


def _launch(
    choice: SplitChoice, campaign: Campaign, settings: ExperimentSettings, plan: ExperimentPlan
) -> None:
    experiment_launching.launch_in_sandbox(
        bootstrap.database(),
        campaign,
        planned_settings(settings, plan),
        history=dataset_of(bootstrap.home(), choice.rehearsal_id),
        by=BY,
        at=now(),
        note=_note(plan),
    )
    notices.keep(place.NOTICE, f"Launched “{settings.name}” in the sandbox. No e-mail leaves.")


def _stop(running: Launch) -> None:
    def stop() -> None:
        experiment_launching.stop_sandbox(bootstrap.database(), running.id, at=now())

    if _attempt(stop):
        notices.keep(place.NOTICE, f"Stopped “{running.name}” in the sandbox.")


def _note(plan: ExperimentPlan) -> str:
    return f"Planned: {plan_words.headline(plan)}"


def _attempt(deed: Callable[[], None]) -> bool:
    """Do something that may be refused; say whether it was done, and keep the reason if not."""
    try:
        deed()
    except UnusableInput as error:
        st.session_state[_FAILURE] = str(error)
        return False
    return True


def _show_failure() -> None:
    failure = st.session_state.pop(_FAILURE, None)
    if failure:
        st.error(formats.plain(failure), icon=":material/block:")
