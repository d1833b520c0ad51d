"""E-mail addresses on screen: hidden until somebody asks for those of one person, which is noted.

`subject` says whose addresses: a person's id, or a page's list of people.
"""

import streamlit as st

from core.domain.roles import Role
from core.domain.values import JsonValue
from core.services import masking
from core.ui import audit, signed_in

_SHOWN = "addresses_shown"


def offer(subject: str, *, key: str) -> None:
    """Offer to show the addresses of a subject, or to hide them again."""
    if is_shown(subject):
        st.button("Hide addresses", icon=":material/visibility_off:", key=key, on_click=_hide)
        return
    st.button(
        "Show addresses",
        icon=":material/visibility:",
        key=key,
        on_click=_show,
        args=(subject,),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR) or "Who looked is noted in the log of changes.",
    )


def is_shown(subject: str) -> bool:
    """Say whether the addresses of a subject are shown in this browser."""
    return st.session_state.get(_SHOWN) == subject and signed_in.may(Role.EDITOR)


def text(said: str, subject: str | None = None) -> str:
    """Give a text as it may be shown."""
    return said if subject is not None and is_shown(subject) else masking.masked(said)


def value(said: JsonValue, subject: str | None = None) -> JsonValue:
    """Give a value as it may be shown."""
    return said if subject is not None and is_shown(subject) else masking.masked_value(said)


@signed_in.only(Role.EDITOR)
def _show(subject: str) -> None:
    st.session_state[_SHOWN] = subject
    audit.noted("Showed e-mail addresses", subject)


def _hide() -> None:
    st.session_state.pop(_SHOWN, None)
