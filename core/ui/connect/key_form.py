"""Making a write key: the form, and the key itself, shown once."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.domain.write_keys import KeyKind
from core.services.write_keys import LONGEST_NAME, create_key
from core.ui import audit, formats, signed_in

_MADE = "write_key_made"
KINDS = {
    KeyKind.BROWSER: "Web pages",
    KeyKind.SERVER: "A server or an app's backend",
}
_CAN = {
    KeyKind.BROWSER: "Everybody who opens a page can read it. With it people can be measured and "
    "can sign up; nobody's known address, consent or unsubscription can be changed.",
    KeyKind.SERVER: "Keep it secret: it can change everything that is known of anybody.",
}


def show_form(place: str) -> None:
    """Show the form; `place` tells apart where it stands, `settings` or `connect`."""
    is_shut = not signed_in.may(Role.ADMIN)
    with st.container(width=720):
        kind = st.radio(
            "Who sends with it?",
            list(KINDS),
            format_func=KINDS.__getitem__,
            captions=[_CAN[kind] for kind in KINDS],
            key=_key(place, "kind"),
            disabled=is_shut,
        )
        st.text_input(
            "Name",
            key=_key(place, "name"),
            max_chars=LONGEST_NAME,
            placeholder="for example shop",
            help="By which you know it again, such as the name of the shop or of the app.",
            disabled=is_shut,
        )
        if kind is KeyKind.BROWSER:
            st.text_area(
                "Only pages of these websites (optional)",
                key=_key(place, "origins"),
                placeholder="https://shop.example.com",
                help="One address per line. Pages of other websites are refused then.",
                height=70,
                disabled=is_shut,
            )
        st.button(
            "Make the key",
            type="primary",
            icon=":material/key:",
            key=_key(place, "make"),
            on_click=_make,
            args=(place,),
            disabled=is_shut,
            help=signed_in.why_not(Role.ADMIN),
        )
        refused = st.session_state.pop(_key(place, "refused"), None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")


def show_made() -> None:
    """Show the key that was just made, until somebody says that they have it."""
    made = st.session_state.get(_MADE)
    if not made:
        return
    with st.container(border=True, width=720):
        st.markdown(
            f":green[:material/key:] **The key “{formats.plain(made['name'])}” is made. Copy it "
            "now: it is shown this once.**"
        )
        st.code(made["key"], language=None, wrap_lines=True)
        st.button(
            "I have copied it",
            icon=":material/check:",
            key="write_key_copied",
            on_click=lambda: st.session_state.pop(_MADE, None),
        )


def made_key(kind: KeyKind) -> str | None:
    """Give the key that was just made, if it is of this kind."""
    made = st.session_state.get(_MADE)
    return made["key"] if made and made["kind"] == kind.value else None


@signed_in.only(Role.ADMIN)
def _make(place: str) -> None:
    kind = KeyKind(st.session_state[_key(place, "kind")])
    name = (st.session_state[_key(place, "name")] or "").strip()
    origins = (st.session_state.get(_key(place, "origins")) or "").split("\n")
    if not name:
        st.session_state[_key(place, "refused")] = "Give the key a name, such as shop."
        return
    try:
        key = create_key(
            bootstrap.database(),
            name,
            created_at=now(),
            kind=kind,
            origins=origins if kind is KeyKind.BROWSER else (),
        )
    except CampaignError as error:
        st.session_state[_key(place, "refused")] = str(error)
        return
    audit.noted("Made a write key", name, kind.value)
    st.session_state[_MADE] = {"name": name, "key": key, "kind": kind.value}
    for field in ("name", "origins"):
        st.session_state[_key(place, field)] = ""


def _key(place: str, field: str) -> str:
    return f"{place}_key_{field}"
