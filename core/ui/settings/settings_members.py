"""Who works here: giving people a role, and taking it away."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.reachable import Reach
from core.domain.roles import EVERYBODY, LONGEST, Member, Role
from core.services.roles import give_role, members, take_role_away
from core.ui import audit, formats, front_door, notices, signed_in

_NOTICE, _REFUSED = "settings_members_notice", "settings_members_refused"
_WHO, _ROLE = "settings_members_who", "settings_members_role"
_MAY = {
    Role.VIEWER: "Viewer: looks and rehearses",
    Role.EDITOR: "Editor: also changes data, campaigns and e-mails, and launches",
    Role.ADMIN: "Admin: also settings, keys, people's data, and this list",
}
_OPEN = {
    Reach.THIS_COMPUTER: "Nobody is asked to sign in: Rehearsal answers to this computer alone.",
    Reach.EVERYBODY: "**Whoever reaches this page may see and change everything.**",
}


def show() -> None:
    """Show who has which role; only admins may see it, where people sign in."""
    st.subheader("People who work here", anchor=False)
    if not signed_in.is_asked():
        st.markdown(
            f"{_OPEN[front_door.reached() or Reach.THIS_COMPUTER]} To let colleagues in by their "
            "company accounts, set up sign-in; the guide says how, under “Who may come in”."
        )
        return
    if not signed_in.may(Role.ADMIN):
        st.caption(signed_in.why_not(Role.ADMIN) or "")
        return
    notices.show(_NOTICE)
    _show_members(members(bootstrap.database()))
    _show_form()


def _show_members(given: list[Member]) -> None:
    for address in bootstrap.settings().admins:
        st.markdown(
            f"**{formats.plain(address)}** · admin  \n:gray[named when Rehearsal was started]"
        )
    for member in given:
        with st.container(horizontal=True, vertical_alignment="center", width=720):
            since = f"since {formats.day(member.given_at)}, by {formats.plain(member.given_by)}"
            st.markdown(f"**{_called(member.who)}** · {member.role}  \n:gray[{since}]")
            st.button(
                "Take away",
                key=f"settings_members_drop_{member.who}",
                icon=":material/person_remove:",
                on_click=_take_away,
                args=(member.who,),
            )
    if not given:
        st.caption("Nobody else has a role yet, so nobody else comes in.")


def _called(who: str) -> str:
    if who == EVERYBODY:
        return "Everybody who can sign in"
    return formats.plain(f"everybody {who}" if who.startswith("@") else who)


def _show_form() -> None:
    with st.form("settings_members", width=720):
        st.text_input(
            "E-mail address",
            key=_WHO,
            max_chars=LONGEST,
            placeholder="for example jo@example.com, or @example.com for everybody there",
            help="With * everybody who can sign in may look. Think before you write it where your "
            "sign-in takes accounts of anybody, as Google's may.",
        )
        st.selectbox("Role", list(_MAY), format_func=_MAY.__getitem__, key=_ROLE)
        st.form_submit_button(
            "Give this role",
            icon=":material/person_add:",
            key="settings_members_give",
            on_click=_give,
        )
        refused = st.session_state.pop(_REFUSED, None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")


@signed_in.only(Role.ADMIN)
def _give() -> None:
    who, role = st.session_state[_WHO] or "", Role(st.session_state[_ROLE])
    try:
        member = give_role(
            bootstrap.database(), who, role, given_at=now(), given_by=signed_in.actor()
        )
    except CampaignError as error:
        st.session_state[_REFUSED] = str(error)
        return
    audit.noted("Gave a role", member.who, role.value)
    st.session_state[_WHO] = ""
    notices.keep(_NOTICE, f"{member.who}: {role.value}.")


@signed_in.only(Role.ADMIN)
def _take_away(who: str) -> None:
    try:
        take_role_away(bootstrap.database(), who)
    except CampaignError as error:
        notices.keep(_NOTICE, str(error))
        return
    audit.noted("Took a role away", who)
    notices.keep(_NOTICE, f"{who} has no role any more.")
