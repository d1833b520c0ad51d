"""How pages without scripts, and mails of other tools, send: an image."""

import streamlit as st

from core.domain.write_keys import KeyKind
from core.ui.connect import code_samples, key_form


def show(host: str) -> None:
    """Show the image to copy."""
    key = key_form.made_key(KeyKind.BROWSER) or code_samples.BROWSER_KEY
    st.markdown(
        "An image of one dot, for pages on which no script may run and for e-mails that another "
        "tool sends. Whoever loads it is counted."
    )
    st.code(code_samples.pixel(host, key), language="html", wrap_lines=True)
    st.markdown(
        "`event` is the name of what happened, `userId` the person, and everything else is said of "
        "the event. Without `event` it is the view of the page around it. Put it where people have "
        "agreed to be measured: an image cannot ask them."
    )
