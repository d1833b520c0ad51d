"""One e-mail of the outbox, as its person got it or would get it."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.instants import from_microseconds
from core.services.live_deeds import Mail
from core.ui import formats, masked
from core.ui.live import words
from core.ui.mail_preview import preview

_WIDTH, _HEIGHT = 680, 640


def show(mail: Mail) -> None:
    """Show an e-mail, and what became of it."""
    is_sent = mail.state in ("sent", "unknown")
    with st.container(border=True):
        to = f" to {formats.plain(masked.text(mail.address))}" if mail.address else ""
        st.markdown(f"**{words.MESSAGES[mail.state].capitalize()}**{to}")
        if mail.reason or mail.detail:
            st.caption(formats.plain(words.why(mail)))
        html = _html(mail, is_sent=is_sent)
        if html is None:
            st.caption("This e-mail cannot be shown: it could not be made, or is deleted.")
            return
        if not is_sent:
            st.caption("This is how it would look if it left now.")
        preview.show(html, f"live_mail_{mail.id}", width=_WIDTH, height=_HEIGHT, images=True)


def _html(mail: Mail, *, is_sent: bool) -> str | None:
    moment = now()
    sent_at = from_microseconds(mail.changed_at) if is_sent else moment
    with st.spinner("Opening the e-mail …"):
        return bootstrap.composer().page(mail, sent_at, moment)
