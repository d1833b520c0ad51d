"""Who is signed in, and what they may do: every writing action of a page asks here.

Where nobody is asked to sign in (on this computer alone, see docs/guide.md), everybody may all.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services.roles import role_of
from core.ui import front_door

Asked = ParamSpec("Asked")

NOBODY_ASKED = "this computer"
# How long somebody whose role was taken away may go on.
_KNOWN_FOR = timedelta(seconds=2)
_KNOWN = "signed_in_known"
_WHAT = {
    Role.VIEWER: "Only people with a role can see this; ask an admin for one.",
    Role.EDITOR: "You may look and rehearse. To change this, ask an admin to make you an editor.",
    Role.ADMIN: "Only admins can change this; ask one of them.",
}


def is_asked() -> bool:
    """Say whether people have to sign in here."""
    return front_door.asks_to_sign_in() or "is_logged_in" in st.user


def is_signed_in() -> bool:
    """Say whether somebody signed in, whatever they may do."""
    return bool(st.user.get("is_logged_in"))


def email() -> str | None:
    """Give the address of who is signed in, if their provider has confirmed that it is theirs."""
    person = st.user.to_dict()
    said = person.get("email_verified")
    is_confirmed = said is True or said == "true"  # some providers write it as text
    address = person.get("email")
    return address if is_signed_in() and is_confirmed and isinstance(address, str) else None


def name() -> str:
    """Give the name of who is signed in, as their provider writes it; else their address."""
    called = st.user.get("name")
    return called if isinstance(called, str) and called.strip() else actor()


def actor() -> str:
    """Name who acts, for the log of changes: their address, else `this computer`."""
    return (email() or "nobody") if is_asked() else NOBODY_ASKED


def role() -> Role | None:
    """Give the role of who is signed in; None if they have none. Exact to 2 seconds."""
    if not is_asked():
        return Role.ADMIN
    address = email()
    if address is None:
        return None
    known_email, known_role, known_at = st.session_state.get(_KNOWN, ("", None, None))
    if known_email == address and timedelta() <= now() - known_at < _KNOWN_FOR:
        return None if known_role is None else Role(known_role)
    found = role_of(bootstrap.database(), address, bootstrap.settings().admins)
    st.session_state[_KNOWN] = (address, None if found is None else found.value, now())
    return found


class NotAllowed(CampaignError):
    """What was asked for is not for who is signed in; the text says so to them."""


def may(needed: Role) -> bool:
    """Say whether who is signed in may do what a role allows; switches widgets off (`disabled`)."""
    held = role()
    return held is not None and held.covers(needed)


def why_not(needed: Role) -> str | None:
    """Give the sentence for a widget's `help` if they may not, else None."""
    return None if may(needed) else _WHAT[needed]


def require(needed: Role) -> None:
    """Stop here, with a sentence, unless who is signed in may do what a role allows."""
    if not may(needed):
        st.info(_WHAT[needed], icon=":material/lock:")
        st.stop()


def check(needed: Role) -> None:
    """Raise NotAllowed unless who is signed in may do what a role allows."""
    if not may(needed):
        raise NotAllowed(_WHAT[needed])


def only(needed: Role) -> Callable[[Callable[Asked, None]], Callable[Asked, None]]:
    """Let a deed do nothing but say so unless who is signed in may do it: `@only(Role.EDITOR)`.

    A button that is switched off stops nobody who talks to the server without our pages.
    """

    def guard(deed: Callable[Asked, None]) -> Callable[Asked, None]:
        @wraps(deed)
        def guarded(*args: Asked.args, **kwargs: Asked.kwargs) -> None:
            if may(needed):
                deed(*args, **kwargs)
            else:
                st.toast(_WHAT[needed], icon=":material/lock:")

        return guarded

    return guard


def fragment(
    run_every: float | timedelta | None = None,
) -> Callable[[Callable[Asked, None]], Callable[Asked, None]]:
    """Make a part of a page renew itself alone, for whoever may see pages: `@fragment()`.

    Such a part runs without the page around it, and so without what lets people in there.
    `run_every` is in seconds.
    """

    def make(part: Callable[Asked, None]) -> Callable[Asked, None]:
        @wraps(part)
        def seen(*args: Asked.args, **kwargs: Asked.kwargs) -> None:
            require(Role.VIEWER)
            part(*args, **kwargs)

        renewing: Callable[Asked, None] = st.fragment(seen, run_every=run_every)
        return renewing

    return make
