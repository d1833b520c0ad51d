"""The way in: nothing of the dashboard is shown before it is known who looks."""

from datetime import timedelta

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.domain.roles import Role
from core.ui import formats, front_door, signed_in

_WATCHED_EVERY = timedelta(seconds=3)
_CALLED = {Role.VIEWER: "may look", Role.EDITOR: "editor", Role.ADMIN: "admin"}


def admit() -> None:
    """Let in who has a role, and end the page for everybody else."""
    if not signed_in.is_asked():
        return
    session = _session()
    if signed_in.may(Role.VIEWER):
        front_door.sessions.let_in(session)
        _keep_watch()
        return
    front_door.sessions.turn_away(session)
    st.title("Rehearsal", anchor=False)
    if signed_in.is_signed_in():
        _show_why_not()
    else:
        _show_ways_in()
    st.stop()


@st.fragment(run_every=_WATCHED_EVERY)
def _keep_watch() -> None:
    """End the page of somebody whose role was taken away: parts of it renew themselves alone."""
    if not signed_in.may(Role.VIEWER):
        st.rerun()


def show_head(title: str) -> None:
    """Show a page's title and, where people sign in, who looks and the way out."""
    if not signed_in.is_asked():
        st.title(title)
        return
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.title(title, width="content")
        with st.popover(
            formats.plain(signed_in.name()), icon=":material/person:", key="sign_in_who"
        ):
            role = signed_in.role()
            said = formats.plain(signed_in.actor())
            st.markdown(f"{said} · {_CALLED[role]}" if role else said)
            _show_way_out()


def _show_ways_in() -> None:
    st.markdown("Sign in to see campaigns and customers.")
    for provider in front_door.providers():
        said = "Sign in" if provider == "default" else f"Sign in with {provider.capitalize()}"
        if st.button(
            formats.plain(said), type="primary", icon=":material/login:", key=f"sign_in_{provider}"
        ):
            st.login(None if provider == "default" else provider)


def _show_why_not() -> None:
    address = signed_in.email()
    if address is None:
        said = (
            "The service you signed in with does not confirm your e-mail address, so nobody can "
            "be sure that it is yours. Sign in with another account."
        )
    else:
        said = (
            f"You are signed in as {formats.plain(address)}, who has no role here yet. Ask an "
            "admin for one (Settings, “Colleagues”)."
        )
    st.warning(said, icon=":material/lock:")
    _show_way_out()


def _show_way_out() -> None:
    if st.button("Sign out", icon=":material/logout:", key="sign_in_out"):
        front_door.sessions.turn_away(_session())
        st.logout()


def _session() -> str:
    context = get_script_run_ctx()
    return "" if context is None else context.session_id
