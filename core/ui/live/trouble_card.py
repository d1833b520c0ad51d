"""How one thing that went wrong is shown: what, why, and beside it what mends it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.ui import formats


@contextmanager
def trouble_card(title: str, reason: str) -> Iterator[None]:
    """Show a trouble with its reason, as text; buttons of the block stand beside it."""
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        with st.container(gap="xsmall", width=640):
            st.markdown(title)
            st.caption(formats.plain(reason))
        yield
