"""The end of a plan: what will be fixed, kept as a draft or launched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError, UnusableInput
from core.domain.experiments import ExperimentSettings
from core.domain.roles import Role
from core.services import experiment_launching
from core.services.experiment_history import SplitChoice, dataset_of
from core.services.experiment_plan import ExperimentPlan, planned_settings
from core.services.experiments import draft_experiment
from core.services.launch_preview import RehearsedSends
from core.services.live_launches import Launch, LaunchMode
from core.stats.intervals import Reason
from core.ui import audit, formats, notices, signed_in
from core.ui.experiments import place, plan_draft, plan_pieces, plan_readers, plan_words
from core.ui.experiments.place import View
from core.ui.live import launch_consent

_HOW = {LaunchMode.LIVE: "for real", LaunchMode.SANDBOX: "in the sandbox"}
_FAILURE = "experiments_plan_failure"


@dataclass(frozen=True, slots=True)
class _Launching:
    """All that a launch needs; `settings` is None where the test has no usable name."""

    choice: SplitChoice
    campaign: Campaign
    settings: ExperimentSettings | None
    plan: ExperimentPlan
    mode: LaunchMode


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
        is_fitting = _fitting(campaign, settings)
        mode = launch_consent.choose_mode("experiments_plan_mode")
        running = plan_readers.running_launch(campaign.name, mode)
        is_ready = is_fitting and running is None and plan.starts_on == today
        named = settings.model_copy(update={"name": name}) if name else None
        is_sendable, found = _say_what_a_launch_does(campaign, mode)
        _show_failure()
        with st.container(horizontal=True, vertical_alignment="center"):
            _offer_draft(named, plan)
            launching = _Launching(choice, campaign, named, plan, mode)
            _offer_launch(launching, found, is_ready=is_ready and is_sendable)
        _offer_today(plan, today)
        _show_running(running, mode)


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
        disabled=settings is None or not signed_in.may(Role.EDITOR),
        on_click=_keep,
        args=(settings, plan),
        help=signed_in.why_not(Role.EDITOR) or "Kept under *All tests*; open it there to go on.",
    )


def _offer_launch(launching: _Launching, found: RehearsedSends | None, *, is_ready: bool) -> None:
    has_size = not isinstance(launching.plan.size, Reason)
    is_off = launching.settings is None or not is_ready or not has_size
    if launching.mode is LaunchMode.SANDBOX:
        _show_button("Launch in the sandbox", launching, is_off=is_off)
        return
    with st.popover(
        "Launch for real",
        icon=":material/rocket_launch:",
        key="experiments_plan_for_real",
        disabled=is_off,
    ):
        st.markdown(formats.plain(launch_consent.question(found)))
        _show_button("Yes, launch it", launching, is_off=is_off)


def _show_button(label: str, launching: _Launching, *, is_off: bool) -> None:
    if st.button(
        label,
        type="primary",
        icon=":material/rocket_launch:",
        key="experiments_plan_launch",
        disabled=is_off or not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    ):
        with st.spinner("Launching: the flow learns what your customers did so far …"):
            is_done = _attempt(lambda: _launch(launching))
        if is_done and launching.settings is not None:
            place.go(View.TEST, launching.settings.name)
        st.rerun()


def _say_what_a_launch_does(
    campaign: Campaign, mode: LaunchMode
) -> tuple[bool, RehearsedSends | None]:
    """Say what a launch does; give whether it can be done, and what was rehearsed."""
    if mode is LaunchMode.SANDBOX:
        launch_consent.show_sandbox()
        return True, None
    return launch_consent.show_live(campaign)


def _offer_today(plan: ExperimentPlan, today: date) -> None:
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


def _show_running(running: Launch | None, mode: LaunchMode) -> None:
    """Say that the campaign runs in that mode already, and offer to stop it."""
    if running is None:
        return
    test = plan_readers.running_test_of(running.id)
    said = f"“{running.name}” runs {_HOW[mode]} since {formats.day(running.launched_at)}"
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
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR)
        or "Nobody enters any more, and everybody under way leaves.",
    )


def _keep(settings: ExperimentSettings, plan: ExperimentPlan) -> None:
    def keep() -> None:
        signed_in.check(Role.EDITOR)
        given = settings if isinstance(plan.size, Reason) else planned_settings(settings, plan)
        by = signed_in.actor()
        draft_experiment(bootstrap.database(), given, by=by, at=now(), note=_note(plan))

    if _attempt(keep):
        plan_draft.name_draft(settings.name)
        place.go(View.PLAN, settings.name)
        notices.keep(place.NOTICE, f"Kept “{settings.name}” as a draft.")


def _launch(launching: _Launching) -> None:
    settings, plan, mode = launching.settings, launching.plan, launching.mode
    assert settings is not None  # else the button is disabled
    signed_in.check(Role.EDITOR)
    experiment_launching.launch_test(
        bootstrap.database(),
        launching.campaign,
        planned_settings(settings, plan),
        mode=mode,
        history=dataset_of(bootstrap.home(), launching.choice.rehearsal_id),
        by=signed_in.actor(),
        at=now(),
        note=_note(plan),
    )
    audit.noted("Launched a test", settings.name, f"{settings.campaign}, {_HOW[mode]}")
    notices.keep(place.NOTICE, f"Launched “{settings.name}” {_HOW[mode]}.")


def _stop(running: Launch) -> None:
    def stop() -> None:
        signed_in.check(Role.EDITOR)
        experiment_launching.stop_launch(bootstrap.database(), running.id, at=now())

    if _attempt(stop):
        audit.noted("Stopped a campaign", running.name, f"version {running.version_number}")
        notices.keep(place.NOTICE, f"Stopped “{running.name}” {_HOW[running.mode]}.")


def _note(plan: ExperimentPlan) -> str:
    return f"Planned: {plan_words.headline(plan)}"


def _attempt(deed: Callable[[], None]) -> bool:
    """Do something that may be refused; say whether it was done, and keep the reason if not."""
    try:
        deed()
    except CampaignError as error:
        st.session_state[_FAILURE] = str(error)
        return False
    return True


def _show_failure() -> None:
    failure = st.session_state.pop(_FAILURE, None)
    if failure:
        st.error(formats.plain(failure), icon=":material/block:")
