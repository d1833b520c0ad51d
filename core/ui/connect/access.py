"""The two things that everything that sends has to know: the address and a key."""

import streamlit as st

from core import bootstrap
from core.services.write_keys import write_keys
from core.ui import formats, navigation
from core.ui.connect import key_form, place


def show(host: str) -> None:
    """Show the address, the keys in use by name, and the form for a new one."""
    st.subheader("1. Address and key", anchor=False)
    st.caption("Whatever sends needs both.")
    st.code(host, language=None)
    if place.is_of_this_computer(host):
        st.caption(
            ":orange[:material/info:] This address is that of your own computer: nobody else "
            "reaches it. Once Rehearsal runs on a server, set its public address in Settings."
        )
    key_form.show_made()
    used = [key for key in write_keys(bootstrap.database()) if key.is_active]
    if used:
        names = ", ".join(f"**{formats.plain(key.name)}**" for key in used[:8])
        st.markdown(f"Keys in use: {names}.")
        st.page_link(navigation.SETTINGS, label="See and revoke keys", icon=":material/key:")
    with st.expander("Make a key", icon=":material/add:", expanded=not used):
        key_form.show_form("connect")
