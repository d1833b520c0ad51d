"""What was pressed on the page Flows, done after the forms were read.

A press and the field that somebody typed in just before often reach the server together. Streamlit
calls what was pressed first; if it chose another step there and then, the form of the former one
would never be read, and what was typed would be lost.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.domain.errors import CampaignError
from core.ui.flows import flow_draft

# Filled and emptied within one run of the script: it never holds anything for long.
_WAITING = "flows_deeds"


def later(deed: Callable[..., None], *arguments: Any) -> None:
    """Have something done once the forms were read: the callback of every button of the page."""
    st.session_state.setdefault(_WAITING, []).append((deed, arguments))


def settle() -> None:
    """Do what waits, and look at the page anew; what cannot be done is said in a sentence."""
    waiting = st.session_state.pop(_WAITING, [])
    for deed, arguments in waiting:
        try:
            deed(*arguments)
        except CampaignError as error:
            text = str(error).rstrip(".")
            flow_draft.notice(f"{text[:1].upper()}{text[1:]}.")
    if waiting:
        st.rerun()
