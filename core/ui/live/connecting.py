"""How events come in: the write key, the address, and what an event looks like."""

from urllib.parse import urlsplit

import streamlit as st

from core import bootstrap
from core.services.write_keys import write_keys

_EXAMPLE = """{
  "userId": "customer-17",
  "event": "product_added",
  "properties": {
    "product_id": "tent-2",
    "price": 129.0
  }
}"""


def show(*, is_first: bool) -> None:
    """Say how a shop sends events, open where none came in yet."""
    with st.expander("How events come in", icon=":material/input:", expanded=is_first):
        st.markdown(
            "Rehearsal speaks the HTTP API of Segment: the SDKs of Segment and RudderStack send to "
            "it once they know its address and a key."
        )
        st.markdown(f"1. {_key()}")
        st.markdown(
            f"2. Give the SDK this address as its host (or *data plane*), and the key: `{_host()}`"
        )
        st.markdown(
            "3. Without an SDK: `POST` to "
            f"`{_host()}/v1/track` with the key as the user name of Basic authentication (no "
            "password) and a JSON body like this one."
        )
        st.code(_EXAMPLE, language="json")
        st.caption(
            "`userId` is the id that your uploads use, so that what people did before counts. "
            "Send `identify` with `traits.email`, or nobody can get an e-mail."
        )


def _key() -> str:
    used = [key for key in write_keys(bootstrap.database()) if key.revoked_at is None]
    made = "A write key lets a shop send. Make one: `python -m core write-key create shop`"
    if not used:
        return made
    names = ", ".join(f"`{key.name}`" for key in used[:5])
    return f"A write key lets a shop send. You have {names}; another one: " + made.split(": ")[1]


def _host() -> str:
    """Give the address at which this dashboard answers, as the browser knows it."""
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{parts.scheme}://{parts.netloc}"
