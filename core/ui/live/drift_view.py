"""The check of a past day: what live decided against what the rehearsal of it decides."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.instants import as_microseconds
from core.services.drift import MOST, DriftReport, Same, check_drift, differences_csv
from core.services.drift_causes import Cause, Difference
from core.services.drift_replay import DriftProgress, Watch
from core.services.jobs import Job, JobState
from core.services.live_launches import Launch
from core.ui import formats, masked, signed_in
from core.ui.live import words
from core.ui.live.decision_log import label, labels
from core.ui.rehearse import rehearse_words

JOB = "drift"
_LOOK_EVERY = 0.5
_LISTED = 500
_DAY = timedelta(days=1)
CAUSES = {
    Cause.LATE_EVENT: "An event came late",
    Cause.OUTAGE: "The evaluator was down or behind",
    Cause.UNDECIDED: "The person could not be decided on",
    Cause.PROFILE: "The profile changed since",
    Cause.SUPPRESSED: "The address gets nothing any more since",
    Cause.CHANGED: "The campaign was changed at that moment",
    Cause.FOLLOWS: "Follows from the difference before",
    Cause.UNKNOWN: "No cause found",
}


def show(launches: Sequence[Launch]) -> None:
    """Offer the check, and show how it goes or what it found."""
    st.markdown(
        "Choose a day. The rehearsal decides it once more from the events as they were recorded, "
        "each at its own time, and says where live decided otherwise, and why."
    )
    job = bootstrap.jobs().get(JOB)
    is_running = job is not None and job.state is JobState.RUNNING
    _show_form(launches, is_running=is_running)
    if job is None:
        return
    if is_running:
        _watch()
        return
    if job.state is JobState.DONE:
        _show_report(job.result)
    elif job.message:
        st.error(formats.plain(job.message), icon=":material/block:")


def _show_form(launches: Sequence[Launch], *, is_running: bool) -> None:
    by_id = {launch.id: launch for launch in reversed(launches)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        launch_id = st.selectbox(
            "Campaign",
            list(by_id),
            key="live_drift_launch",
            format_func=labels(launches).__getitem__,
            width=320,
        )
        launch = by_id[launch_id]
        zone = ZoneInfo(launch.campaign.timezone)
        today = now().astimezone(zone).date()
        begun = launch.launched_at.astimezone(zone).date()
        days = st.date_input(
            "Days",
            (max(begun, today - _DAY), today),
            min_value=begun,
            max_value=max(begun, today),
            key=f"live_drift_days_{launch_id}",
            width=260,
            help=f"Days of {launch.campaign.timezone}, both included.",
        )
        since, until = _period(days, zone)
        st.button(
            "Check",
            type="primary",
            icon=":material/compare_arrows:",
            key="live_drift_check",
            disabled=is_running or since is None,
            on_click=_start,
            args=(launch, since, until),
        )


def _period(days: object, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Give the time from the first day's begin to the last day's end, once both are chosen."""
    chosen = [day for day in days if isinstance(day, date)] if isinstance(days, tuple) else []
    if not chosen:
        return None, None
    return (
        datetime.combine(chosen[0], time(), zone),
        datetime.combine(chosen[-1] + _DAY, time(), zone),
    )


def _start(launch: Launch, since: datetime, until: datetime) -> None:
    database, home = bootstrap.database(), bootstrap.home()

    def run(job: Job) -> DriftReport:
        watch = Watch(report=job.report, is_cancelled=job.is_cancelled)
        return check_drift(database, home, launch.id, since, until, now=now(), watch=watch)

    bootstrap.jobs().start(JOB, run)


@signed_in.fragment(run_every=_LOOK_EVERY)
def _watch() -> None:
    job = bootstrap.jobs().get(JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun(scope="app")
    assert job is not None  # or the page is drawn anew
    progress = job.progress
    done = progress.done_rate if isinstance(progress, DriftProgress) else 0.0
    count = progress.event_count if isinstance(progress, DriftProgress) else 0
    said = "Deciding once more" if done else f"Reading the events: {count:,}"
    st.progress(done, text=f"{said} …")
    st.button("Cancel", icon=":material/close:", key="live_drift_cancel", on_click=job.cancel)


def _show_report(report: DriftReport) -> None:
    zone = report.launch.campaign.timezone
    st.subheader(_headline(report), anchor=False)
    begin, end = (
        formats.exact_moment(as_microseconds(at), zone) for at in (report.since, report.until)
    )
    st.caption(
        f"{formats.plain(label(report.launch))}, {begin} to {end} ({zone}). Compared: "
        f"{report.decision_count:,} times the trigger caught somebody, {report.mail_count:,} "
        f"e-mails due or held back, {formats.people(report.people_count)}."
    )
    for note in report.notes:
        st.warning(formats.plain(note))
    if not report.differences:
        return
    _show_causes(report.differences)
    rows = [_row(each, report.launch.campaign, zone) for each in report.differences[:_LISTED]]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        alt="Where live decided otherwise than the rehearsal: person, what, both, and the cause",
        column_config={"Cause": st.column_config.TextColumn(width="large")},
    )
    if report.difference_count > MOST:
        st.caption(f"The first {MOST:,} are explained and in the file.")
    st.download_button(
        "Download as CSV",
        differences_csv(report),
        "differences.csv",
        "text/csv",
        icon=":material/download:",
        key="live_drift_csv",
        on_click="ignore",
    )


def _headline(report: DriftReport) -> str:
    if report.same is Same.NOTHING:
        return "Nothing was decided in that time"
    if report.same is Same.EQUAL:
        return "No difference: live decided what the rehearsal decides"
    count = report.difference_count
    return f"{count:,} {'difference' if count == 1 else 'differences'}"


def _show_causes(differences: Sequence[Difference]) -> None:
    counts = Counter(each.cause for each in differences)
    listed = [f"{CAUSES[cause]}: {count:,}" for cause, count in counts.most_common()]
    st.markdown(" · ".join(listed))
    if counts[Cause.UNKNOWN]:
        st.warning(
            "For some no cause was found. That should not be: please report it with the file."
        )


def _row(each: Difference, campaign: Campaign, zone: str) -> dict[str, str]:
    mails = rehearse_words.mail_labels(campaign)
    return {
        "Person": masked.text(each.user_id),
        "What": mails.get(each.step, each.step) if each.step else "Entry",
        "Live": _decided(each.live, each.live_at, zone),
        "Rehearsed": _decided(each.again, each.again_at, zone),
        "Cause": _cause(each, zone),
    }


def _decided(outcome: str | None, at: int | None, zone: str) -> str:
    if outcome is None or at is None:
        return "nothing"
    said = {"enrolled": "entered", "sent": "due"}.get(outcome) or words.REASONS.get(
        outcome, outcome
    )
    return f"{said}, {formats.exact_moment(at, zone)}"


def _cause(each: Difference, zone: str) -> str:
    said = CAUSES[each.cause]
    if each.cause_at is not None and each.known_at is not None:
        return (
            f"{said}: {each.cause_event} of {formats.exact_moment(each.cause_at, zone)} came in "
            f"{formats.exact_moment(each.known_at, zone)}"
        )
    if each.known_at is not None:
        return f"{said}: {formats.exact_moment(each.known_at, zone)}"
    return said
