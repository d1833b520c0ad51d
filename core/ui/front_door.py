"""Whether the dashboard may start: where it can be reached, and who is asked to sign in."""

from collections import OrderedDict
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import streamlit as st

from core import bootstrap
from core.domain.errors import UnusableInput
from core.domain.reachable import Reach, is_loopback
from core.settings import OPEN_TO_ALL

_SHORTEST_SECRET = 32  # characters; anybody may guess at a signature offline
_OF_PROVIDER = ("client_id", "client_secret", "server_metadata_url")
_reached: Reach | None = None
# One of them speaks with the provider; it is loaded no sooner than somebody presses "Sign in".
_CLIENTS = ("httpx2", "httpx")
_GUIDE = "docs/guide.md, “Who may come in”, shows how"


def open_for(reached: Reach) -> None:
    """Keep who may reach the dashboard, until it ends.

    Secrets are read anew when their file changes; while somebody edits it, sign-in stays on.
    """
    global _reached
    _reached = reached


def reached() -> Reach | None:
    """Give who may reach the dashboard; None where it was not started as a server."""
    return _reached


def asks_to_sign_in() -> bool:
    """Say whether the dashboard was started with sign-in."""
    return _reached is Reach.SIGNED_IN


def reach(address: str | None = None) -> Reach:
    """Say who may reach the dashboard at an address; without one, at the configured one.

    Raises UnusableInput where it would be open to others, or sign-in is half set up.
    """
    auth = _auth()
    settings = bootstrap.settings()
    bound = (st.get_option("server.address") or "") if address is None else address
    if auth is not None:
        _check_sign_in(auth, settings.admins)
        return Reach.SIGNED_IN
    if settings.is_open_to_all:
        return Reach.EVERYBODY
    if is_loopback(bound):
        return Reach.THIS_COMPUTER
    place = f"at {bound}" if bound else "on all networks (server.address is not set)"
    raise UnusableInput(
        f"Rehearsal would be open to everybody who reaches it {place}: set up sign-in in "
        f".streamlit/secrets.toml ({_GUIDE}), or start it with --server.address=127.0.0.1, or set "
        f"{OPEN_TO_ALL}=yes if whoever reaches it may see and change everything."
    )


def is_https() -> bool:
    """Say whether people reach the dashboard by https alone, as the address to sign in says."""
    return str((_auth() or {}).get("redirect_uri", "")).startswith("https://")


def providers() -> list[str]:
    """Name the providers that people may sign in with; `default` is the one without a name."""
    auth = _auth() or {}
    named = [name for name, value in auth.items() if isinstance(value, Mapping) and _is_one(value)]
    return (["default"] if _is_one(auth) else []) + named


def _auth() -> Mapping[str, Any] | None:
    """Give what the secrets say of sign-in, None if nothing."""
    if not st.secrets.load_if_toml_exists():
        _check_nothing_is_unreadable()
        return None
    auth = st.secrets.get("auth")
    if auth is not None and not isinstance(auth, Mapping):
        raise UnusableInput(f"[auth] in .streamlit/secrets.toml has to be a section; {_GUIDE}.")
    return auth


def _check_nothing_is_unreadable() -> None:
    """Streamlit takes secrets that it cannot read for none: sign-in would be off in silence."""
    there = next((file for file in st.get_option("secrets.files") if Path(file).exists()), None)
    if there is not None:
        raise UnusableInput(f"{there} cannot be read; mend it (it is a TOML file), or remove it.")


def _is_one(section: Mapping[str, Any]) -> bool:
    return all(isinstance(section.get(key), str) and section[key] for key in _OF_PROVIDER)


def _check_sign_in(auth: Mapping[str, Any], admins: tuple[str, ...]) -> None:
    if not any(find_spec(name) for name in _CLIENTS):
        raise UnusableInput(
            f"Sign-in needs the Python package {_CLIENTS[0]}, which is not installed; install it "
            f"with pip install {_CLIENTS[0]}."
        )
    if not str(auth.get("redirect_uri", "")).endswith("/oauth2callback"):
        raise UnusableInput(
            "redirect_uri in [auth] of .streamlit/secrets.toml has to be the dashboard's address "
            "with /oauth2callback, such as https://rehearsal.example.com/oauth2callback."
        )
    if len(str(auth.get("cookie_secret", ""))) < _SHORTEST_SECRET:
        raise UnusableInput(
            f"cookie_secret in [auth] of .streamlit/secrets.toml has to have {_SHORTEST_SECRET} "
            "characters that nobody can guess; python -c 'import secrets; "
            "print(secrets.token_hex())' draws some."
        )
    if not providers():
        raise UnusableInput(
            "[auth] in .streamlit/secrets.toml names no provider: it needs client_id, "
            f"client_secret and server_metadata_url ({_GUIDE})."
        )
    if not admins:
        raise UnusableInput(
            "Sign-in is set up, but nobody could give out roles: set REHEARSAL_ADMINS to the "
            "e-mail addresses of the admins, with commas between them."
        )


class Sessions:
    """Remembers the sessions of people who were let in, the latest of them."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def let_in(self, session: str) -> None:
        """Remember a session."""
        with self._lock:
            self._known[session] = None
            self._known.move_to_end(session)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def turn_away(self, session: str) -> None:
        """Forget a session."""
        with self._lock:
            self._known.pop(session, None)

    def knows(self, session: str) -> bool:
        """Say whether who is in a session was let in."""
        return session in self._known


sessions = Sessions()
