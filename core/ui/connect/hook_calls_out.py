"""Connect: the secret with which calls of flows are signed, for the systems that take them."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.roles import Role
from core.services.calling import calling_secret, rotate_calling_secret
from core.ui import audit, notices, signed_in

_NOTICE, _SHOWN = "connect_calls_notice", "connect_calls_shown"


def show() -> None:
    """Say how a system knows that a call is ours, and show the secret on request."""
    st.markdown("#### The other way round: your flows call systems")
    st.markdown(
        "The step **Call another system** of a flow posts JSON to an address. Each call is signed "
        "as [Standard Webhooks](https://www.standardwebhooks.com) says, so that the other side can "
        "check that it comes from here; with the id in `webhook-id` it knows a call that was tried "
        "again."
    )
    notices.show(_NOTICE)
    if not signed_in.may(Role.ADMIN):
        st.caption(signed_in.why_not(Role.ADMIN) or "")
        return
    with st.container(horizontal=True):
        if not st.session_state.get(_SHOWN):
            st.button(
                "Show the signing secret",
                key="connect_calls_show",
                icon=":material/visibility:",
                on_click=_reveal,
            )
        with st.popover("New secret", icon=":material/autorenew:", key="connect_calls_new"):
            st.markdown(
                "Calls are signed with the former secret as well for 24 hours, so that nothing "
                "stops while you change it on the other side."
            )
            st.button(
                "Make a new secret", key="connect_calls_rotate", type="primary", on_click=_rotate
            )
    if st.session_state.pop(_SHOWN, None):
        st.code(calling_secret(bootstrap.database(), now()), language=None)
        st.caption("Copy it to the system that is called, and keep it to yourself.")


@signed_in.only(Role.ADMIN)
def _reveal() -> None:
    st.session_state[_SHOWN] = True
    audit.noted("Looked at a secret", "calls of flows")


@signed_in.only(Role.ADMIN)
def _rotate() -> None:
    rotate_calling_secret(bootstrap.database(), changed_at=now())
    audit.noted("Made a new secret", "calls of flows")
    st.session_state[_SHOWN] = True
    notices.keep(_NOTICE, "Calls are signed with a new secret; the former one holds for 24 hours.")
