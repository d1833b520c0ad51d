"""Whether the dashboard starts: it is open to others only if somebody said so."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets

from core.domain.errors import UnusableInput
from core.domain.reachable import Reach
from core.settings import OPEN_TO_ALL, REPOSITORY
from core.ui import front_door
from tests.conftest import forget_installation

WHOLE = """
[auth]
redirect_uri = "https://rehearsal.example.com/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "rehearsal"
client_secret = "s"
server_metadata_url = "https://id.example.com/.well-known/openid-configuration"
"""
Secret = Callable[[str], None]


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Secret:
    """Write the file of secrets, for this test alone."""
    file = tmp_path / "secrets.toml"
    before = config.get_option("secrets.files")
    monkeypatch.setattr(st, "secrets", Secrets())
    monkeypatch.setattr(front_door, "find_spec", lambda _name: True)
    config.set_option("secrets.files", [str(file)])

    yield file.write_text
    config.set_option("secrets.files", before)


@pytest.fixture
def admins(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("REHEARSAL_ADMINS", "Ada@Example.com")
    forget_installation()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_on_this_computer_nobody_is_asked(home: Path, secrets: Secret, address: str) -> None:
    assert front_door.reach(address) is Reach.THIS_COMPUTER


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.0.2.2", "unix:///run/r.sock"])
def test_elsewhere_it_does_not_start_without_sign_in(
    home: Path, secrets: Secret, address: str
) -> None:
    with pytest.raises(UnusableInput, match=r"secrets\.toml.*127\.0\.0\.1.*WITHOUT_SIGN_IN=yes"):
        front_door.reach(address)


def test_streamlit_asks_for_its_token_with_what_changes_anything() -> None:
    assert st.get_option("server.enableXsrfProtection")
    assert st.get_option("server.enableCORS")
    assert not st.get_option("server.enableAgentApi")


def test_the_address_in_the_configuration_counts(home: Path, secrets: Secret) -> None:
    before = st.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    try:
        with pytest.raises(UnusableInput, match=r"at 0\.0\.0\.0"):
            front_door.reach()
    finally:
        config.set_option("server.address", before)


def test_somebody_may_open_it_to_everybody(
    home: Path, secrets: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPEN_TO_ALL, "yes")
    forget_installation()

    assert front_door.reach("0.0.0.0") is Reach.EVERYBODY


def test_with_sign_in_it_starts_and_asks_even_on_this_computer(
    admins: None, secrets: Secret
) -> None:
    secrets(WHOLE)

    assert front_door.reach("0.0.0.0") is Reach.SIGNED_IN
    assert front_door.reach("127.0.0.1") is Reach.SIGNED_IN
    assert front_door.providers() == ["default"]
    assert front_door.is_https()


def test_providers_are_named(admins: None, secrets: Secret) -> None:
    head, provider = WHOLE.split("client_id", 1)
    secrets(f"{head}\n[auth.okta]\nclient_id{provider}")

    assert front_door.reach("0.0.0.0") is Reach.SIGNED_IN
    assert front_door.providers() == ["okta"]


@pytest.mark.parametrize(
    ("part", "instead", "said"),
    [
        ('cookie_secret = "0123456789abcdef0123456789abcdef"', 'cookie_secret = "a"', "32 char"),
        ("/oauth2callback", "/", "redirect_uri"),
        ('client_secret = "s"', "", "names no provider"),
        ("[auth]", "auth = 1\n[other]", "has to be a section"),
        ("[auth]", "[auth", "cannot be read"),
    ],
)
def test_half_a_sign_in_is_none_not_even_on_this_computer(
    admins: None, secrets: Secret, part: str, instead: str, said: str
) -> None:
    secrets(WHOLE.replace(part, instead))

    with pytest.raises(UnusableInput, match=said):
        front_door.reach("127.0.0.1")


def test_somebody_has_to_be_able_to_give_out_roles(home: Path, secrets: Secret) -> None:
    secrets(WHOLE)

    with pytest.raises(UnusableInput, match="REHEARSAL_ADMINS"):
        front_door.reach("0.0.0.0")


def test_streamlit_itself_is_stopped_before_it_listens(tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.address=0.0.0.0"],
        cwd=REPOSITORY,
        env={"PATH": "", "REHEARSAL_HOME": str(tmp_path), "STREAMLIT_SERVER_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert started.returncode == 2
    assert (
        started.stderr.strip().splitlines()[-1].startswith("Rehearsal would be open to everybody")
    )
    assert "Traceback" not in started.stderr
