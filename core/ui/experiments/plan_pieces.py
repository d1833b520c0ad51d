"""Small pieces of the view "Plan a test"."""

import streamlit as st

from core.ui import formats
from core.ui.experiments.explained import Explanation

PLAIN_CHART = {"displayModeBar": False}


def text(said: str) -> str:
    """Write a sentence for Markdown, its percentages unbroken at the end of a line."""
    return formats.plain(said).replace(" %", "\N{NO-BREAK SPACE}%")


def heading(title: str, key: str, explanation: Explanation | None = None) -> None:
    """Show a heading, with what stands behind the numbers below it under an "i"."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{title}**", width="content")
        if explanation is not None:
            with st.popover(
                "How",
                icon=":material/info:",
                type="tertiary",
                key=f"experiments_plan_how_{key}",
                help="How these numbers come about",
            ):
                st.markdown(explanation.markdown)
