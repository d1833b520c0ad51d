"""The one import that runs or has just ended: watched and stopped from any page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core import bootstrap
from core.domain.roles import Role
from core.history.manifest import FileKind, ImportRecord
from core.history.progress import Progress, Stage
from core.history.storing import ImportReport
from core.services import datasets
from core.services.imports import IMPORT_JOB, Watching
from core.services.jobs import Job, JobState
from core.ui import audit, formats, navigation, signed_in
from core.ui.data import data_words
from core.ui.datasets import CHOICE

_LOOK_EVERY = 0.5
_DONE = ":green[:material/check_circle:]"
_BEFORE_SORTING = 0.7  # of the whole bar: sorting is the smaller part


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStatus:
    """What is being imported, and how far it is."""

    dataset: str
    progress: Progress | None = None
    unpacked_bytes: int = 0


ImportTask = Callable[[Watching], Sequence[ImportReport]]


def start(dataset: str, task: ImportTask) -> bool:
    """Run an import beside the pages; say no while another one runs, which goes on alone."""
    if state() is JobState.RUNNING:
        return False

    def run(job: Job) -> Sequence[ImportReport]:
        job.report(ImportStatus(dataset=dataset))
        return task(
            Watching(
                on_progress=lambda p: job.report(ImportStatus(dataset=dataset, progress=p)),
                on_unpacked=lambda n: job.report(ImportStatus(dataset=dataset, unpacked_bytes=n)),
                is_cancelled=job.is_cancelled,
            )
        )

    bootstrap.jobs().start(IMPORT_JOB, run)
    return True


def state() -> JobState | None:
    """Say where the import stands; None if there is none to tell about."""
    job = bootstrap.jobs().get(IMPORT_JOB)
    return None if job is None else job.state


def show(*, is_at_data: bool) -> None:
    """Show the import that runs, or what came of the last one; nothing if there is none.

    The page Data shows the dataset below the outcome; the other pages offer the way there.
    """
    job = bootstrap.jobs().get(IMPORT_JOB)
    if job is None:
        return
    match job.state:
        case JobState.RUNNING:
            with st.container(border=True):
                _watch()
        case JobState.DONE:
            with st.container(border=True):
                _show_outcome(job.result, is_at_data=is_at_data)
        case JobState.FAILED:
            st.error(formats.plain(job.message), title="Nothing was imported")
            _offer_to_forget()
        case JobState.CANCELLED:
            st.info(job.message, icon=":material/cancel:")
            _offer_to_forget()


def _offer_to_forget() -> None:
    st.button(
        "Understood",
        key="import_understood",
        on_click=signed_in.only(Role.EDITOR)(forget),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )


@signed_in.fragment(run_every=_LOOK_EVERY)
def _watch() -> None:
    job = bootstrap.jobs().get(IMPORT_JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    status: ImportStatus | None = job.progress
    name = "" if status is None else f" into **{formats.plain(status.dataset)}**"
    st.markdown(f":material/hourglass_top: Importing{name}. You can use the other pages meanwhile.")
    progress = None if status is None else status.progress
    st.progress(_share(progress), text=_status_text(status))
    st.button(
        "Stop the import",
        key="import_stop",
        icon=":material/stop_circle:",
        on_click=signed_in.only(Role.EDITOR)(job.cancel),
        disabled=job.is_cancelled() or not signed_in.may(Role.EDITOR),
    )


def _share(progress: Progress | None) -> float:
    if progress is None or not progress.total_rows:
        return 0.0
    done = min(progress.rows / progress.total_rows, 1.0)
    if progress.stage is Stage.SORTING:
        return _BEFORE_SORTING + (1 - _BEFORE_SORTING) * done
    return _BEFORE_SORTING * done


def _status_text(status: ImportStatus | None) -> str:
    if status is None or status.progress is None:
        unpacked = 0 if status is None else status.unpacked_bytes
        return f"Unpacking: {formats.size(unpacked)}" if unpacked else "Opening the files"
    return _progress_text(status.progress)


def _progress_text(progress: Progress) -> str:
    told = progress.stage.value
    if progress.rows:
        told += f": {progress.rows:,} rows"
        if progress.total_rows:
            told += f" of about {max(progress.rows, progress.total_rows):,}"
        told += f", {progress.rows_per_second:,.0f} rows per second"
    if progress.seconds_left is not None:
        told += f", {formats.time_left(progress.seconds_left)} left"
    return told


def _show_outcome(reports: Sequence[ImportReport], *, is_at_data: bool) -> None:
    if not reports:
        st.markdown(f"{_DONE} Everything was there already.")
    for position, report in enumerate(reports):
        _show_report(report, position)
    with st.container(horizontal=True):
        if is_at_data:
            st.button(
                "Define a trigger",
                type="primary",
                icon=navigation.TRIGGERS.icon,
                key="import_to_triggers",
                on_click=_finish,
                args=(reports, navigation.TRIGGERS),
            )
        st.button(
            "Close" if is_at_data else "See the data",
            key="import_to_data",
            on_click=_finish,
            args=(reports, navigation.DATA),
        )


def _show_report(report: ImportReport, position: int) -> None:
    record = report.record
    names = formats.plain(", ".join(file.name for file in record.files))
    dataset = formats.plain(report.manifest.name)
    st.markdown(f"{_DONE} **{names}** is in **{dataset}**: {_counts(record)}.")
    show_left_out(report.manifest.name, record, f"import_rejects_{position}")


def show_left_out(name: str, record: ImportRecord, key: str) -> None:
    """Show why rows of an import were left out, with the file that lists them, and warnings."""
    for warning in record.warnings:
        st.markdown(f":gray[:material/info:] {formats.plain(warning)}")
    if record.rejected_count:
        with st.expander(data_words.left_out_title(record)):
            for reason in data_words.reasons(record):
                st.markdown(f"- {reason}")
            _download_rejects(name, record, key)


def _counts(record: ImportRecord) -> str:
    thing = data_words.THINGS[record.kind]
    parts = [f"{record.read_count:,} rows read", f"**{record.added_count:,} {thing} added**"]
    if record.kind is FileKind.EVENTS:
        parts.append(f"{record.duplicate_count:,} there already")
    elif record.duplicate_count:
        parts.append(f"{record.duplicate_count:,} rows about known {thing}")
    return ", ".join([*parts, f"{record.rejected_count:,} left out"])


def _download_rejects(name: str, record: ImportRecord, key: str) -> None:
    path = datasets.rejects_path(bootstrap.home(), name, record)
    if path is None:
        return

    def told() -> bytes:
        """Give the rows as they were written, with whatever addresses stand in them."""
        signed_in.check(Role.EDITOR)
        audit.noted("Downloaded rows that an import left out", name)
        return path.read_bytes()

    st.download_button(
        "Download the rows that were left out",
        told,
        file_name=path.name,
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )


def _finish(reports: Sequence[ImportReport], page: st.Page) -> None:
    """Drop the outcome and go on; once it is dropped, its buttons are not there to be asked.

    Who only looks leaves it to those who import.
    """
    if reports:
        st.session_state[CHOICE] = reports[0].manifest.name
    if signed_in.may(Role.EDITOR):
        forget()
    st.switch_page(page)


def forget() -> None:
    """Drop the outcome of the last import, once it was seen; one that runs goes on."""
    bootstrap.jobs().forget(IMPORT_JOB)
