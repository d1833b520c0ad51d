"""The test on everybody who would get the e-mail: started, watched, stopped, and what it found."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core import bootstrap
from core.domain.errors import CampaignError
from core.rendering.emails import EmailTemplate
from core.rendering.renderer import Renderer
from core.services.audience_test import (
    AudienceProgress,
    AudienceTest,
    as_sent,
    run_audience_test,
)
from core.services.email_context import Recipient
from core.services.jobs import Job, JobState
from core.ui import formats, navigation, signed_in
from core.ui.emails import (
    email_audience_view,
    email_draft,
    email_readers,
)
from core.ui.emails.email_crowds import Send, sends
from core.ui.readers import DatasetKey

JOB = "audience_test"
_CHOICE = "emails_audience"
_LOOK_EVERY = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came of a test, of which e-mail and of whom."""

    template: EmailTemplate
    crowd_id: str
    test: AudienceTest


def show(key: DatasetKey, template: EmailTemplate) -> None:
    """Show the choice of recipients, the test that runs, and what the last one found."""
    by_id = {send.crowd_id: send for send in sends(key, email_draft.family())}
    if not by_id:
        st.caption(
            "The test makes this e-mail for everybody to whom a rehearsal would have sent one. No "
            "rehearsal of this data is kept that sends e-mails."
        )
        st.page_link(
            navigation.REHEARSE, label="Rehearse a campaign", icon=":material/arrow_forward:"
        )
        return
    _show_choice(key, template, by_id)
    job = bootstrap.jobs().get(JOB)
    if job is None:
        return
    match job.state:
        case JobState.RUNNING:
            _watch()
        case JobState.DONE:
            _show_tested(job.result, template, by_id)
        case JobState.FAILED:
            st.error(formats.plain(job.message), title="The test could not be made")
        case JobState.CANCELLED:
            st.info(formats.plain(job.message), icon=":material/cancel:")


def _show_choice(key: DatasetKey, template: EmailTemplate, by_id: dict[str, Send]) -> None:
    if st.session_state.get(_CHOICE) not in by_id:
        st.session_state[_CHOICE] = next(iter(by_id))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Everybody who would have got",
            list(by_id),
            format_func=lambda crowd_id: by_id[crowd_id].label,
            key=_CHOICE,
            width="stretch",
        )
        st.button(
            "Test on everybody",
            icon=":material/groups:",
            type="primary",
            key="emails_audience_start",
            disabled=_is_running(),
            on_click=_start,
            args=(key, template, by_id[chosen]),
        )


def _is_running() -> bool:
    job = bootstrap.jobs().get(JOB)
    return job is not None and job.state is JobState.RUNNING


def _start(key: DatasetKey, template: EmailTemplate, send: Send) -> None:
    try:
        recipients, source = send.recipients(), email_readers.context_source(key)
    except CampaignError as error:  # the rehearsal was deleted meanwhile
        email_draft.notice(str(error))
        return

    def run(job: Job) -> Tested:
        # A process of its own: the previews go on meanwhile.
        with Renderer() as renderer:
            test = run_audience_test(
                as_sent(template, send.step),
                source,
                recipients,
                renderer,
                on_progress=job.report,
                is_cancelled=job.is_cancelled,
            )
        return Tested(template=template, crowd_id=send.crowd_id, test=test)

    bootstrap.jobs().start(JOB, run)


@signed_in.fragment(run_every=_LOOK_EVERY)
def _watch() -> None:
    job = bootstrap.jobs().get(JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
    progress: AudienceProgress | None = job.progress
    done, total = (0, 1) if progress is None else (progress.done_count, progress.total_count)
    with st.container(horizontal=True, vertical_alignment="center"):
        said = "Reading the events" if progress is None else f"{done:,} of {total:,} e-mails made"
        st.progress(done / total, text=said)
        st.button(
            "Stop",
            key="emails_audience_stop",
            icon=":material/stop_circle:",
            on_click=job.cancel,
            disabled=job.is_cancelled(),
        )


def _show_tested(tested: Tested, template: EmailTemplate, by_id: dict[str, Send]) -> None:
    send = by_id.get(tested.crowd_id)
    if tested.template.name != template.name or send is None:
        return
    st.markdown(f"**{formats.plain(send.label)}**")
    if tested.template != template:
        st.caption("The e-mail was changed since; test it again to see what that did.")
    recipients: Sequence[Recipient] = send.recipients()
    email_audience_view.show(tested.test, tested.crowd_id, recipients, template)
