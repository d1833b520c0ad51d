"""The outbox: each e-mail with its state, what it looked like, and what may be done about it."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.services.live_deeds import MOST_ROWS, Mail, mails, queue_failed, send_again
from core.services.live_launches import Launch
from core.ui import audit, formats, masked, notices, readers, signed_in
from core.ui.live import live_readers, mail_opened, words
from core.ui.live.decision_log import label, labels
from core.ui.live.places import NOTICE
from core.ui.live.trouble_card import trouble_card
from core.ui.rehearse import rehearse_records, rehearse_words

_TABLE = "live_mails"
_LISTED = 10  # of those about which something may be done


@signed_in.fragment()
def show(launches: Sequence[Launch]) -> None:
    """Show the latest e-mails that fit the filters, and the one that is chosen."""
    by_id = {launch.id: launch for launch in launches}
    _show_stuck("failed", by_id)
    _show_stuck("unknown", by_id)
    state, launch_id, person = _filters(by_id)
    found = mails(bootstrap.database(), state=state, launch_id=launch_id, user_id=person)
    found = [mail for mail in found if mail.launch_id in by_id]
    if not found:
        is_any = state or launch_id is not None or person
        st.caption("Nothing fits." if is_any else "No e-mail became due yet.")
        return
    zone = rehearse_records.common_zone([launch.campaign for launch in launches])
    titles = {email.name: email.title for email in readers.emails()}
    chosen = st.dataframe(
        pd.DataFrame([_row(mail, by_id[mail.launch_id], titles, zone) for mail in found]),
        hide_index=True,
        width="stretch",
        key=_TABLE,
        on_select="rerun",
        selection_mode="single-row",
        alt="E-mails, the latest due first: when, to whom, which one, its state, and why",
    )
    more = f"The latest {MOST_ROWS}. " if len(found) == MOST_ROWS else ""
    st.caption(f"{more}Times in {zone}. Choose a row to see the e-mail.")
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(found):
        mail_opened.show(found[rows[0]])


def _filters(by_id: Mapping[int, Launch]) -> tuple[str | None, int | None, str | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state = st.selectbox(
            "State",
            list(words.MESSAGES),
            index=None,
            key="live_mails_state",
            placeholder="All",
            format_func=lambda name: words.MESSAGES[name].capitalize(),
            width=220,
        )
        launch_id = st.selectbox(
            "Campaign",
            list(by_id),
            index=None,
            key="live_mails_of_campaign",
            placeholder="All",
            format_func=labels(list(by_id.values())).__getitem__,
            width=300,
        )
        person = st.text_input(
            "Person", key="live_mails_person", placeholder="Everybody", width=200, help="Their id."
        )
        st.button("Look again", icon=":material/refresh:", key="live_mails_refresh")
    return state, launch_id, person.strip() or None


def _row(mail: Mail, launch: Launch, titles: Mapping[str, str], zone: str) -> dict[str, str]:
    return {
        "Due": formats.exact_moment(mail.due_at, zone),
        "Person": masked.text(mail.user_id),
        "E-mail": called(mail.template, mail.step, launch.campaign, titles),
        "State": words.state(mail.state, launch.mode),
        "Why": words.why(mail) if mail.reason else "",
        "Campaign": label(launch),
        "Since": formats.exact_moment(mail.changed_at, zone),
    }


def called(template: str, step: str, campaign: Campaign, titles: Mapping[str, str]) -> str:
    """Name an e-mail so that it differs from the others of its campaign, as the log does."""
    named = rehearse_words.mail_labels(campaign).get(step)
    return named or titles.get(template, template)


def _show_stuck(state: str, by_id: Mapping[int, Launch]) -> None:
    """List the e-mails that failed, or of which nobody knows, each with a way on."""
    found = mails(bootstrap.database(), state=state, limit=_LISTED + 1)
    found = [mail for mail in found if mail.launch_id in by_id]
    if not found:
        return
    count = f"{_LISTED} or more e-mails" if len(found) > _LISTED else f"{len(found)} e-mails"
    count = "1 e-mail" if len(found) == 1 else count
    is_failed = state == "failed"
    title = "did not leave" if is_failed else "may or may not have arrived"
    with st.expander(f"{count} {title}", icon=":material/error:", expanded=is_failed):
        st.caption(
            "Mend the cause, then let each leave once more."
            if is_failed
            else "The connection broke after the e-mail was handed over. Sending it again may give "
            "somebody the same e-mail twice, so it is not done unless you say so."
        )
        for mail in found[:_LISTED]:
            _show_one(mail, by_id[mail.launch_id])


def _show_one(mail: Mail, launch: Launch) -> None:
    person = formats.plain(masked.text(mail.user_id))
    zone = launch.campaign.timezone
    due = f"{formats.moment(mail.due_at, zone)} ({zone})"
    title = f"**{person}** :gray[{formats.plain(label(launch))}, due {due}]"
    with trouble_card(title, words.why(mail)):
        if mail.state == "failed":
            _offer(mail, launch, "Try again", _queue_failed)
        else:
            with st.popover("Send again", icon=":material/forward_to_inbox:"):
                st.markdown(f"**{person}** may get this e-mail twice.")
                _offer(mail, launch, "Send it again", _send_again)


def _offer(mail: Mail, launch: Launch, said: str, deed: Callable[[Mail, Launch], None]) -> None:
    st.button(
        said,
        icon=":material/replay:",
        key=f"live_mail_again_{mail.id}",
        on_click=deed,
        args=(mail, launch),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )


@signed_in.only(Role.EDITOR)
def _queue_failed(mail: Mail, launch: Launch) -> None:
    try:
        queue_failed(bootstrap.database(), mail.key, at=now())
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
        return
    live_readers.count_anew()
    audit.noted("Sent an e-mail again", mail.user_id, f"{launch.name}, step {mail.step}, failed")
    notices.keep(NOTICE, "The e-mail waits to leave once more.")


@signed_in.only(Role.EDITOR)
def _send_again(mail: Mail, launch: Launch) -> None:
    try:
        send_again(bootstrap.database(), mail.key, at=now())
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
        return
    live_readers.count_anew()
    detail = f"{launch.name}, step {mail.step}, unknown: may arrive twice"
    audit.noted("Sent an e-mail again", mail.user_id, detail)
    notices.keep(NOTICE, "The e-mail is sent once more; its person may get it twice.")
