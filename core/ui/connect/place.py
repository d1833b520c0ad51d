"""The address at which events come in, as others have to write it."""

from urllib.parse import urlsplit

import streamlit as st

from core import bootstrap
from core.services.delivery_settings import delivery_settings

_LOCAL = ("127.0.0.1", "localhost", "::1")


def host() -> str:
    """Give the public address of this installation, else the one that this browser uses."""
    public = delivery_settings(bootstrap.database()).public_url
    if public:
        return public.rstrip("/")
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{parts.scheme}://{parts.netloc}"


def is_of_this_computer(address: str) -> bool:
    """Say whether an address leads nowhere but to the computer that asks for it."""
    return urlsplit(address).hostname in _LOCAL
