"""One saved version in a list: when, with what note, and the button that brings it back."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from core.domain.instants import as_microseconds
from core.ui import formats


def show(
    number: int,
    note: str,
    saved_at: datetime,
    *,
    zone: str,
    key: str,
    said: str,
    bring_back: Callable[[], None],
) -> None:
    """Show a version; `said` tells what bringing it back does, and closes the dialog it is in."""
    when = formats.moment(as_microseconds(saved_at), zone)
    noted = f"  \n{formats.plain(note)}" if note else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Version {number}** · :gray[{when}]{noted}", width="stretch")
        if st.button(
            "Bring back",
            icon=":material/history:",
            key=f"{key}_{number}",
            type="tertiary",
            help=said,
            on_click=bring_back,
        ):
            st.rerun()  # the whole page, which closes the dialog
