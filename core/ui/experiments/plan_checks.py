"""The method tried on the history before a test is launched: false alarms, and an effect put in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core import bootstrap
from core.domain.experiments import ExperimentSettings
from core.rehearsal.reports.split_traffic import ExposedHistory
from core.services import experiment_checks
from core.services.experiment_checks import AA_RUNS, POWER_RUNS, CheckProgress
from core.services.experiment_history import SplitChoice, dataset_of
from core.services.experiment_plan import ExperimentPlan
from core.services.experiment_words import REASON_WORDS
from core.services.jobs import Job, JobState
from core.stats.intervals import Reason
from core.stats.simulated import AACheck, PowerCheck
from core.ui import formats, signed_in
from core.ui.experiments import (
    plan_explained,
    plan_figures,
    plan_pieces,
    plan_readers,
    plan_words,
)

JOB = "experiment_check"
_LOOK_EVERY = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of the checks of a plan; `of` tells which plan."""

    of: str
    alarms: AACheck | Reason
    power: PowerCheck | Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Which check runs, and how far it is."""

    is_power: bool
    progress: CheckProgress

    @property
    def share(self) -> float:
        """Give the share of all that is done, 0 to 1; the first check takes two thirds."""
        done = self.progress.done_count / self.progress.total_count
        return (2 + done) / 3 if self.is_power else 2 * done / 3


def show(
    choice: SplitChoice,
    settings: ExperimentSettings,
    plan: ExperimentPlan,
    history: ExposedHistory,
) -> None:
    """Offer the checks, watch them, or show what came of them."""
    plan_pieces.heading("Check the method on your history", "alarms", plan_explained.ALARMS)
    st.caption(
        "Before you believe a test, see how its rule behaves on your own customers: how often it "
        "finds something where nothing is, and how often it finds an effect that is there."
    )
    job, name = bootstrap.jobs().get(JOB), name_of(choice, settings, plan)
    if job is not None and job.state is JobState.RUNNING:
        _watch()
        return
    _show_outcome(job, name, plan)
    st.button(
        "Check now" if job is None else "Check again",
        icon=":material/science:",
        key="experiments_plan_check",
        on_click=start,
        args=(choice, settings, plan, history, name),
        help=f"{AA_RUNS:,} tests without an effect and {POWER_RUNS} with one. It takes some "
        "seconds, or a minute with many people; you can use the other pages.",
    )


def name_of(choice: SplitChoice, settings: ExperimentSettings, plan: ExperimentPlan) -> str:
    """Name a plan by all that a check depends on."""
    said = plan_readers.asked(settings).model_dump_json()
    return f"{choice.rehearsal_id}:{choice.place}:{plan.starts_on}:{said}"


def start(
    choice: SplitChoice,
    settings: ExperimentSettings,
    plan: ExperimentPlan,
    history: ExposedHistory,
    name: str,
) -> None:
    """Begin the checks beside the pages; where one runs already, that one goes on."""
    home = bootstrap.home()

    def run(job: Job) -> Checked:
        dataset = dataset_of(home, choice.rehearsal_id)
        alarms = experiment_checks.check_split(
            history,
            settings,
            experiment_checks.ids_of(dataset, history),
            on_progress=_reporting(job, is_power=False),
            is_cancelled=job.is_cancelled,
        )
        power = experiment_checks.power_check(
            history,
            settings,
            plan,
            on_progress=_reporting(job, is_power=True),
            is_cancelled=job.is_cancelled,
        )
        return Checked(of=name, alarms=alarms, power=power)

    bootstrap.jobs().start(JOB, run)


def _reporting(job: Job, *, is_power: bool) -> Callable[[CheckProgress], None]:
    return lambda progress: job.report(Stage(is_power=is_power, progress=progress))


@signed_in.fragment(run_every=_LOOK_EVERY)
def _watch() -> None:
    job = bootstrap.jobs().get(JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    stage: Stage | None = job.progress
    text = "Stopping …" if job.is_cancelled() else told(stage)
    st.progress(0.0 if stage is None else stage.share, text=text)
    st.button(
        "Stop",
        key="experiments_plan_stop",
        icon=":material/stop_circle:",
        on_click=job.cancel,
        disabled=job.is_cancelled(),
    )


def told(stage: Stage | None) -> str:
    """Say how far the checks are."""
    if stage is None:
        return "Looking up the people of the split"
    kind = "with an effect" if stage.is_power else "without any difference"
    done = stage.progress
    return f"{done.done_count:,} of {done.total_count:,} tests {kind}"


def _show_outcome(job: Job | None, name: str, plan: ExperimentPlan) -> None:
    if job is None:
        return
    match job.state:
        case JobState.FAILED:
            st.error(formats.plain(job.message), title="The check could not be made")
        case JobState.CANCELLED:
            st.info("The check was stopped; nothing was kept.", icon=":material/cancel:")
        case JobState.DONE if job.result.of != name:
            st.info(
                "The plan has changed since the last check. Check again to see this one's figures.",
                icon=":material/history:",
            )
        case JobState.DONE:
            _show_checked(job.result, plan)


def _show_checked(checked: Checked, plan: ExperimentPlan) -> None:
    if isinstance(checked.alarms, AACheck):
        is_kept, said = plan_words.alarms_verdict(checked.alarms)
        show_verdict = st.success if is_kept else st.error
        show_verdict(said, icon=":material/verified:" if is_kept else ":material/warning:")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Nothing to find: false alarms**")
        if isinstance(checked.alarms, Reason):
            st.caption(_too_little(checked.alarms))
        else:
            _chart("alarms", plan_figures.alarms(checked.alarms))
            _say(plan_words.alarms(checked.alarms))
    with right:
        plan_pieces.heading("Something to find", "found", plan_explained.FOUND)
        if isinstance(checked.power, Reason):
            st.caption(_too_little(checked.power))
        else:
            _chart("found", plan_figures.found(checked.power, plan.power))
            _say(plan_words.power_words(checked.power, plan.power))


def _too_little(reason: Reason) -> str:
    return formats.plain(
        f"Nothing can be tried on this history: {REASON_WORDS[reason]}. It takes at "
        "least 100 people and 10 goals."
    )


def _say(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        st.markdown(plan_pieces.text(sentence))


def _chart(key: str, figure: object) -> None:
    st.plotly_chart(figure, key=f"experiments_plan_{key}", config=plan_pieces.PLAIN_CHART)
