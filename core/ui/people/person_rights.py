"""Giving out everything that is known of a person, and erasing it for good."""

from datetime import timedelta

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services import erasing, people
from core.services.erasing import ErasureStep
from core.services.jobs import Job, JobState
from core.services.personal_data import as_json, personal_data
from core.ui import audit, formats, masked, signed_in
from core.ui.people import people_words

ERASE_JOB = "erase a person"
_SURE, _REFUSED = "people_sure", "people_erase_refused"
_LISTED = 20


def show(user_id: str, email: str | None) -> None:
    """Show what can be done with all that is known of somebody."""
    st.subheader("Their rights", anchor=False)
    if not signed_in.may(Role.ADMIN):
        st.caption(str(signed_in.why_not(Role.ADMIN)))
        return
    st.markdown("**Give them everything that is known**")
    st.caption(
        "Profile, consent, what they did here and in your loaded data, decisions and e-mails, as "
        "one file."
    )
    st.download_button(
        "Download all their data",
        data=lambda: _export(user_id),
        file_name="personal-data.json",
        mime="application/json",
        icon=":material/download:",
        key="people_export",
        on_click=audit.noted,
        args=("Gave out all data of a person", user_id),
    )
    _show_erasing(user_id, email)


def _export(user_id: str) -> str:
    return as_json(personal_data(bootstrap.database(), bootstrap.home(), user_id, at=now()))


def _show_erasing(user_id: str, email: str | None) -> None:
    st.markdown("**Erase them**")
    st.caption(
        "Takes them out of everything that was received live, of all your loaded data, and of the "
        "files that were uploaded or written for them. Rehearsals of data they are in are deleted; "
        "make them again. Only a fingerprint of their address stays, so that no old file ever "
        "leads to an e-mail to them. This cannot be undone."
    )
    if email is not None:
        same = people.others_with_address(bootstrap.database(), user_id, email)
        if same:
            listed = ", ".join(formats.plain(masked.text(one)) for one in same)
            st.warning(
                f"The same address belongs to {listed}: erase them too if they are the same "
                "person.",
                icon=":material/group:",
            )
    # A key of each person's own: what was ticked for one never arms the button for another.
    is_sure = st.checkbox("Yes, erase this person for good", key=f"{_SURE}_{user_id}")
    st.button(
        "Erase",
        type="primary",
        icon=":material/delete_forever:",
        key="people_erase",
        disabled=not is_sure,
        on_click=_erase,
        args=(user_id,),
    )
    refused = st.session_state.pop(_REFUSED, None)
    if refused:
        st.error(formats.plain(refused), icon=":material/error:")


@signed_in.only(Role.ADMIN)
def _erase(user_id: str) -> None:
    database, home = bootstrap.database(), bootstrap.home()
    st.session_state[f"{_SURE}_{user_id}"] = False
    if is_erasing():
        st.session_state[_REFUSED] = "Somebody is being erased just now; wait until that is done."
        return
    try:
        number = erasing.ask_for_erasure(database, home, user_id, actor=signed_in.actor(), at=now())
    except CampaignError as error:
        st.session_state[_REFUSED] = str(error)
        return
    # Never the id: the log outlives the person.
    audit.noted("Erased a person", f"erasure {number}")

    def carry_out(job: Job) -> object:
        return erasing.go_on(database, home, number, at=now(), report=job.report)

    bootstrap.jobs().start(ERASE_JOB, carry_out)
    st.session_state["people_search"] = ""


def is_erasing() -> bool:
    """Say whether an erasure is under way in this process."""
    job = bootstrap.jobs().get(ERASE_JOB)
    return job is not None and job.state is JobState.RUNNING


def show_progress() -> None:
    """Show an erasure that is under way, or what became of the last one."""
    if is_erasing():
        _show_running()
        return
    job = bootstrap.jobs().get(ERASE_JOB)
    if job is None:
        return
    # Others may have looked at what is gone: nothing of it may come out of a cache.
    st.cache_data.clear()
    st.cache_resource.clear()
    bootstrap.jobs().forget(ERASE_JOB)
    if job.state is JobState.DONE and job.result.done_at is not None:
        lines = "\n".join(f"- {line}" for line in people_words.receipt(job.result.receipt))
        st.success(f"**Erased.** Gone for good:\n{lines}", icon=":material/check:")
    else:
        said = job.message or "The database is in use and cannot be cleared just now."
        st.warning(
            f"{formats.plain(said)} Nothing is sent to them any more. The rest is erased by "
            "itself as soon as it can be, while the evaluator runs.",
            icon=":material/hourglass:",
        )


@signed_in.fragment(run_every=timedelta(seconds=1))
def _show_running() -> None:
    job = bootstrap.jobs().get(ERASE_JOB)
    if job is None or job.state is not JobState.RUNNING:
        st.rerun()
        return
    step = job.progress
    if isinstance(step, ErasureStep):
        st.progress(step.done_rate, text=f"Erasing: {formats.plain(step.doing)} …")


def show_past() -> None:
    """List the erasures: when, by whom, and what; nobody is named."""
    past = erasing.all_erasures(bootstrap.database())[:_LISTED]
    if not past:
        return
    with st.expander(f"People who were erased ({len(past)})", key="people_erased"):
        for one in past:
            when = formats.moment(one.asked_at, "UTC")
            state = "" if one.done_at is not None else ", **not complete yet**"
            lines = "; ".join(people_words.receipt(one.receipt))
            st.markdown(
                f"{one.id}. {when} UTC, by {formats.plain(masked.text(one.actor))}{state}: {lines}"
            )
