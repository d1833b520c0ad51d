"""Sending the e-mail once, to somebody who wants to see it in their own mailbox."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.rendering.emails import EmailTemplate, Outcome, RenderedEmail
from core.services.email_rendering import links_of
from core.services.trial_sends import send_test
from core.ui import formats, navigation, signed_in
from core.ui.emails import email_readers

_ADDRESS = "emails_test_address"
_NO_SERVER = (
    "Nothing can be sent yet. Set `REHEARSAL_SMTP_URL` to the address of your mail server, as in "
    "`smtp://USER:PASSWORD@mail.example.com:587`; then start Rehearsal again."
)


def offer(template: EmailTemplate, sent: Outcome) -> None:
    """Show the button that sends what the person shown would get, or say what it needs."""
    sending = st.popover(
        "Send a test",
        icon=":material/outgoing_mail:",
        key="emails_test",
        on_change="rerun",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )
    if not sending.open:
        return
    with sending:
        if bootstrap.settings().mail_server is None:
            st.markdown(_NO_SERVER)
        elif not _sender():
            st.markdown("Nothing can be sent yet: e-mails need a sender's address.")
            st.page_link(navigation.SETTINGS, label="Set it", icon=":material/settings:")
        elif isinstance(sent, RenderedEmail):
            _show_form(template, sent)
        else:
            st.markdown("The person who is shown would not get this e-mail; choose another one.")


def _sender() -> str:
    """Give the sender that is set on the page Settings, else the one of the environment."""
    return email_readers.company().sender or bootstrap.settings().sender


@signed_in.only(Role.EDITOR)
def _show_form(template: EmailTemplate, rendered: RenderedEmail) -> None:
    st.caption("What the person who is shown would get, marked `[Test]`; no statistic counts it.")
    with st.form("emails_test_form", border=False):
        address = st.text_input("Send it to", key=_ADDRESS, type="email", persist_state="session")
        if not st.form_submit_button("Send", icon=":material/send:"):
            return
    wanted = (address or "").strip()
    if not wanted:
        st.warning("Give it an address first.")
        return
    settings = bootstrap.settings()
    try:
        with st.spinner("Sending …"):
            send_test(
                settings.mail_server,
                _sender(),
                rendered,
                wanted,
                sent_at=now(),
                unsubscribe_url=links_of(template)["unsubscribe"],
            )
    except CampaignError as error:
        st.error(formats.plain(str(error)))
        return
    st.success(f"Sent to {formats.plain(wanted)}.", icon=":material/mark_email_read:")
