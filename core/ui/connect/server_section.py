"""How a server sends: with the clients of Segment and RudderStack, or with none."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.domain.write_keys import KeyKind
from core.ui.connect import code_samples, key_form

_CODE: Mapping[str, Mapping[str, Callable[[str, str], str]]] = {
    "Segment": {
        "Python": code_samples.segment_python,
        "JavaScript (Node)": code_samples.segment_node,
        "Shell": code_samples.shell,
    },
    "RudderStack": {
        "Python": code_samples.rudderstack_python,
        "JavaScript (Node)": code_samples.rudderstack_node,
        "Shell": code_samples.shell,
    },
}
_HIGHLIGHTED = {"Python": "python", "JavaScript (Node)": "javascript", "Shell": "bash"}


def show(host: str) -> None:
    """Show what to copy, by client and language."""
    key = key_form.made_key(KeyKind.SERVER) or code_samples.SERVER_KEY
    st.markdown(
        "Rehearsal understands what the clients of **Segment** and **RudderStack** send. Give "
        "yours this address and a key of a server; the rest of your code stays as it is."
    )
    with st.container(horizontal=True):
        brand = st.segmented_control(
            "Client", list(_CODE), default="Segment", key="connect_brand", required=True
        )
        language = st.segmented_control(
            "Language", list(_HIGHLIGHTED), default="Python", key="connect_language", required=True
        )
    code = _CODE[brand or "Segment"][language or "Python"](host, key)
    st.code(code, language=_HIGHLIGHTED[language or "Python"])
    st.caption(
        "Clients for other languages take the same two: the address as *host* or *data plane*, and "
        "the key as *write key*. Send `identify` with an e-mail address, or nobody can get an "
        "e-mail. What is sent twice counts once."
    )
    with st.expander("Segment's own client in the browser", icon=":material/language:"):
        shown = key_form.made_key(KeyKind.BROWSER) or code_samples.BROWSER_KEY
        st.code(code_samples.segment_browser(host, shown), language="javascript")
