"""What is known of the mail server, which stands in the environment and not in the database."""

import streamlit as st

from core import bootstrap
from core.ui import formats


def show() -> None:
    """Say through which server e-mails go, or how to name one."""
    server = bootstrap.settings().mail_server
    st.subheader("Mail server", anchor=False)
    if server is None:
        st.markdown(
            "None is set, so nothing can be sent. Start Rehearsal with `REHEARSAL_SMTP_URL` set to "
            "the address of yours, as in `smtp://USER:PASSWORD@mail.example.com:587`."
        )
        return
    place = formats.plain(f"{server.host}:{server.port}")
    st.markdown(f"E-mails go through **{place}**, as `REHEARSAL_SMTP_URL` says.")
