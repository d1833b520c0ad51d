"""The write keys: who may send events, when they did last, and how that is ended."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.instants import as_microseconds
from core.domain.roles import Role
from core.domain.write_keys import KeyKind, WriteKey
from core.services.write_keys import revoke_key, write_keys
from core.ui import audit, formats, notices, signed_in
from core.ui.connect import key_form

_NOTICE, _ASKED = "settings_keys_notice", "settings_keys_asked"
_BADGES = {
    KeyKind.BROWSER: ":blue-badge[:material/language: web pages]",
    KeyKind.SERVER: ":violet-badge[:material/dns: server]",
}


def show() -> None:
    """Show who may send events, the key that was just made, and the form for another one."""
    notices.show(_NOTICE)
    st.subheader("Write keys", anchor=False)
    st.caption("With a key, your shop sends what people do. The page Connect says how.")
    key_form.show_made()
    keys = write_keys(bootstrap.database())
    for key in keys:
        if key.is_active:
            _show_key(key)
    if not any(key.is_active for key in keys):
        st.markdown("No key is in use, so nothing can come in.")
    _show_revoked([key for key in keys if not key.is_active])
    with st.expander("Make a key", icon=":material/add:", expanded=not keys):
        key_form.show_form("settings")


def _show_key(key: WriteKey) -> None:
    with st.container(border=True, width=720):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            with st.container(gap="xsmall", width=480):
                st.markdown(f"**{formats.plain(key.name)}** {_BADGES[key.kind]}")
                st.caption(_told(key))
            st.button(
                "Revoke",
                icon=":material/key_off:",
                key=f"settings_keys_revoke_{key.name}",
                on_click=_ask,
                args=(key.name,),
                disabled=not signed_in.may(Role.ADMIN),
                help=signed_in.why_not(Role.ADMIN),
            )
        if st.session_state.get(_ASKED) == key.name:
            _confirm(key)


def _told(key: WriteKey) -> str:
    used = "Never used"
    if key.last_used_at is not None:
        used = f"Used last {formats.moment(as_microseconds(key.last_used_at), 'UTC')} UTC"
    pages = f" Only pages of {', '.join(map(formats.plain, key.origins))}." if key.origins else ""
    return f"{used}. Made {formats.day(key.created_at)}.{pages}"


def _confirm(key: WriteKey) -> None:
    st.warning(
        f"Whatever sends with “{formats.plain(key.name)}” is refused from now on, and its events "
        "are lost. This cannot be taken back.",
        icon=":material/warning:",
    )
    with st.container(horizontal=True):
        st.button(
            "Revoke it",
            type="primary",
            key=f"settings_keys_confirm_{key.name}",
            on_click=_revoke,
            args=(key.name,),
        )
        st.button("Keep it", key=f"settings_keys_keep_{key.name}", on_click=_ask, args=(None,))


def _show_revoked(keys: list[WriteKey]) -> None:
    named = [f"{formats.plain(key.name)} ({formats.day(key.revoked_at)})" for key in keys
             if key.revoked_at is not None]  # fmt: skip
    if named:
        st.caption(f"Revoked: {', '.join(named)}.")


def _ask(name: str | None) -> None:
    st.session_state[_ASKED] = name


@signed_in.only(Role.ADMIN)
def _revoke(name: str) -> None:
    _ask(None)
    try:
        revoke_key(bootstrap.database(), name, revoked_at=now())
    except CampaignError as error:
        notices.keep(_NOTICE, str(error))
        return
    audit.noted("Revoked a write key", name)
    notices.keep(_NOTICE, f"“{name}” is revoked: nothing comes in with it any more.")
