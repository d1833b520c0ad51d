"""The line by which other pages lead to the page Connect."""

import streamlit as st

from core.ui import navigation


def show(*, is_first: bool) -> None:
    """Say where events come from; more of it where none came in yet."""
    if is_first:
        st.info(
            "No events came in yet. Connect your shop, and what people do arrives here.",
            icon=":material/cable:",
        )
    st.page_link(navigation.CONNECT, label="How events come in", icon=":material/cable:")
