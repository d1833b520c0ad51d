"""How people sign up: a form that asks, and an e-mail by which they confirm."""

import streamlit as st

from core.domain.write_keys import KeyKind
from core.ui.connect import code_samples, key_form


def show(host: str) -> None:
    """Show the form to copy, and what becomes of it."""
    key = key_form.made_key(KeyKind.BROWSER) or code_samples.BROWSER_KEY
    st.markdown(
        "Whoever signs up here gets **one e-mail that asks them to confirm**. Only when they do, "
        "they count as having agreed: nobody can sign up somebody else."
    )
    st.code(code_samples.sign_up_form(host, key), language="html")
    st.caption(
        "`text` is what your form says beside its button: it is kept as the proof of what somebody "
        "agreed to. For more than marketing e-mails, add a field `purpose` for each purpose that "
        "you named on the page Settings."
    )
