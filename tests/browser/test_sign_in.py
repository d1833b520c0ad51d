"""Signing in with a provider, with the role that somebody has, and out again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import bootstrap
from core.domain.roles import Role
from core.services.roles import give_role, take_role_away
from core.settings import REPOSITORY
from tests.browser.conftest import end, free_port, wait_until_healthy
from tests.browser.oidc import CLIENT_ID, CLIENT_SECRET, providing
from tests.browser.steps import keyed, settled

ADA, VERA, STRANGER, LIAR = (f"{name}@example.com" for name in ("ada", "vera", "stranger", "liar"))
ACCOUNTS = {
    ADA: {"email_verified": True, "name": "Ada"},
    VERA: {"email_verified": True, "name": "Vera *Viewer*"},
    STRANGER: {"email_verified": True},
    LIAR: {"email_verified": False, "email": ADA},
}


@pytest.fixture
def dashboard(sample_home: Path, tmp_path: Path) -> Iterator[str]:
    """A dashboard that asks to sign in; Vera may look, and Ada is named as admin."""
    give_role(
        bootstrap.database(),
        VERA,
        Role.VIEWER,
        given_at=datetime(2026, 9, 1, tzinfo=UTC),
        given_by=ADA,
    )
    port, provider_port, log = free_port(), free_port(), tmp_path / "log.txt"
    address = f"http://127.0.0.1:{port}"
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f"""
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "http://127.0.0.1:{provider_port}/.well-known/openid-configuration"
"""
    )
    options = [f"--server.port={port}", f"--secrets.files={secrets}"]
    with providing(provider_port, ACCOUNTS), log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=REPOSITORY,
            env={**os.environ, "REHEARSAL_ADMINS": ADA, "REHEARSAL_WORKER": "off"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(address, process, log)
            yield address
        finally:
            end(process)


def sign_in(page: Page, dashboard: str, account: str) -> None:
    page.goto(dashboard)
    keyed(page, "sign_in_default").get_by_role("button").click()
    page.get_by_role("link", name=account).click()
    page.wait_for_url(f"{dashboard}/**")
    settled(page)


def sign_out(page: Page) -> None:
    keyed(page, "sign_in_out").get_by_role("button").click()
    expect(keyed(page, "sign_in_default")).to_be_visible()


def test_people_sign_in_do_what_their_role_allows_and_sign_out(page: Page, dashboard: str) -> None:
    page.goto(f"{dashboard}/data")
    expect(page.get_by_text("Sign in to see campaigns and customers.")).to_be_visible()
    expect(page.get_by_text("Sample shop")).to_have_count(0)

    sign_in(page, dashboard, VERA)
    who = keyed(page, "sign_in_who").get_by_role("button")
    expect(who).to_contain_text("Vera *Viewer*")
    page.get_by_role("link", name="Data").first.click()
    expect(keyed(page, "data_add").get_by_role("button")).to_be_disabled()
    who.click()
    expect(page.get_by_text(f"{VERA} · may look")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Live").first.click()
    settled(page)
    take_role_away(bootstrap.database(), VERA)
    # Nobody clicks: the page renews what it shows by itself, and ends by itself.
    expect(page.get_by_text("who has no role here yet")).to_be_visible()
    sign_out(page)

    sign_in(page, dashboard, STRANGER)
    expect(page.get_by_text("who has no role here yet")).to_be_visible()
    sign_out(page)

    sign_in(page, dashboard, LIAR)
    expect(page.get_by_text("does not confirm your e-mail address")).to_be_visible()
    sign_out(page)

    sign_in(page, dashboard, ADA)
    page.get_by_role("link", name="Data").first.click()
    expect(keyed(page, "data_add").get_by_role("button")).to_be_enabled()
