"""The one rehearsal that runs: started, watched with its speed, stopped, opened when finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core import bootstrap
from core.clock import now
from core.history.reading import open_dataset
from core.rehearsal.reports.ranges import depends_on_reactions
from core.services.jobs import Job, JobState
from core.services.rehearse import RehearsalProgress
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord, rehearse_and_keep
from core.ui import formats, signed_in
from core.ui.rehearse import rehearse_view

JOB = "rehearse"
_LOOK_EVERY = 0.4
_WANTED = "rehearse_wanted"  # what becomes of the rehearsal this session started
_OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is to be rehearsed; `since` and `until` are None for the whole history."""

    dataset: str
    campaigns: Sequence[NamedVersion]
    since: datetime | None = None
    until: datetime | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a rehearsal is; flows that depend on reactions take two rounds (7.2)."""

    setup: Setup
    round_count: int
    round_number: int
    started_at: datetime
    progress: RehearsalProgress

    @property
    def share(self) -> float:
        """Give the share that is done, 0 to 1."""
        total = self.progress.total_count
        done = min(self.progress.done_count / total, 1.0) if total else 0.0
        return (self.round_number - 1 + done) / self.round_count

    def people_per_second(self, at: datetime) -> float | None:
        """Give the speed of this round; None before it can be told."""
        seconds = (at - self.started_at).total_seconds()
        return self.progress.people_count / seconds if seconds > 0.2 else None


def start(setup: Setup, compare_under: str = _OPEN) -> None:
    """Rehearse beside the pages; another rehearsal that runs goes on alone.

    The finished one is opened, or chosen in the widget of that key to be compared with.
    """
    if is_running():
        return
    home = bootstrap.home()

    def run(job: Job) -> RehearsalRecord:
        watch = Watch(job, setup)
        return rehearse_and_keep(
            home,
            open_dataset(home, setup.dataset),
            setup.campaigns,
            made_at=now(),
            since=setup.since,
            until=setup.until,
            seed=setup.seed,
            on_progress=watch.saw,
            is_cancelled=job.is_cancelled,
        )

    bootstrap.jobs().start(JOB, run)
    st.session_state[_WANTED] = compare_under


class Watch:
    """Turns what a rehearsal reports into a status: a round begins where the count falls."""

    def __init__(self, job: Job, setup: Setup) -> None:
        """Begin to report to a job."""
        self._job, self._setup = job, setup
        depends = any(depends_on_reactions(named.campaign) for named in setup.campaigns)
        self._rounds, self._round, self._started_at = 1 + depends, 1, now()
        self._last = RehearsalProgress(done_count=0, total_count=0)
        self.saw(self._last)

    def saw(self, progress: RehearsalProgress) -> None:
        """Report how far it is."""
        # A small dataset is one batch: its second round reports the very same as its first.
        is_again = progress == self._last and progress.people_count > 0
        if progress.done_count < self._last.done_count or is_again:
            self._round, self._started_at = self._round + 1, now()
        self._last = progress
        self._job.report(
            Status(
                setup=self._setup,
                round_count=self._rounds,
                round_number=min(self._round, self._rounds),
                started_at=self._started_at,
                progress=progress,
            )
        )


def is_running() -> bool:
    """Say whether a rehearsal runs."""
    job = bootstrap.jobs().get(JOB)
    return job is not None and job.state is JobState.RUNNING


def show() -> None:
    """Show the rehearsal that runs, or what came of it; a finished one is opened at once."""
    job = bootstrap.jobs().get(JOB)
    if job is None:
        return
    match job.state:
        case JobState.RUNNING:
            with st.container(border=True):
                _watch()
        case JobState.DONE:
            _take_up(job.result)
        case JobState.FAILED:
            st.error(formats.plain(job.message), title="The rehearsal could not be made")
            st.button("Understood", key="rehearse_understood", on_click=forget)
        case JobState.CANCELLED:
            st.info("The rehearsal was stopped; nothing was kept.", icon=":material/cancel:")
            st.button("Understood", key="rehearse_understood", on_click=forget)


def forget() -> None:
    """Drop what came of the last rehearsal, once it was seen; one that runs goes on."""
    bootstrap.jobs().forget(JOB)
    st.session_state.pop(_WANTED, None)


def _take_up(record: RehearsalRecord) -> None:
    """Open what this session asked for; to the others it is offered in their list."""
    wanted = st.session_state.get(_WANTED)
    if wanted is None:
        return
    if wanted == _OPEN:
        rehearse_view.open_one(record.rehearsal_id)
    else:
        st.session_state[wanted] = f"{record.rehearsal_id}:0"
    forget()


@signed_in.fragment(run_every=_LOOK_EVERY)
def _watch() -> None:
    job = bootstrap.jobs().get(JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    status: Status | None = job.progress
    names = "" if status is None else _names(status.setup)
    st.markdown(f":material/theater_comedy: Rehearsing{names}. You can use the other pages.")
    text = "Stopping …" if job.is_cancelled() else told(status, now())
    st.progress(0.0 if status is None else status.share, text=text)
    st.button(
        "Stop",
        key="rehearse_stop",
        icon=":material/stop_circle:",
        on_click=job.cancel,
        disabled=job.is_cancelled(),
    )


def _names(setup: Setup) -> str:
    names = [formats.plain(named.campaign.name) for named in setup.campaigns]
    shown = ", ".join(f"**{name}**" for name in names[:3])
    return f" {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def told(status: Status | None, at: datetime) -> str:
    """Say how far a rehearsal is, and how fast."""
    if status is None or not status.progress.total_count:
        return "Opening the data and walking the first people through"
    said = f"{formats.people(status.progress.people_count)} done"
    speed = status.people_per_second(at)
    if speed:
        said += f", {speed:,.0f} people per second"
    if status.round_count > 1:
        rounds = ("as recorded", "as if everybody reacted to their e-mails")
        said += f" (round {status.round_number} of 2: {rounds[status.round_number - 1]})"
    return said
