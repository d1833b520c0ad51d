"""Sentences that wait for the next look at a page: what was just done, said once."""

import streamlit as st

from core.ui import formats


def keep(key: str, sentence: str) -> None:
    """Have a sentence shown once, at the next look at the page; `key` names the page's notice."""
    st.session_state[key] = sentence


def show(key: str) -> None:
    """Show the sentence that waits under a key, if one does."""
    sentence = st.session_state.pop(key, None)
    if sentence:
        st.toast(formats.plain(sentence), icon=":material/info:", duration="long")
