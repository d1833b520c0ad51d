"""Names that would do harm as markup, in front of a real browser: no script of theirs runs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.settings import REPOSITORY
from tests.browser.conftest import end, free_port, wait_until_healthy
from tests.browser.steps import keyed, settled
from tests.security import hostile

Links = Mapping[str, str]


@pytest.fixture
def hostile_dashboard(
    installed: Callable[[Path], Path], tmp_path: Path
) -> Iterator[tuple[str, Links]]:
    """A dashboard full of such names, and the ids of what is in it."""
    home, port, log = installed(tmp_path / "home"), free_port(), tmp_path / "log.txt"
    record, kept = hostile.fill(home)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=REPOSITORY,
            env={**os.environ, "REHEARSAL_WORKER": "off"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        ids = {"rehearsal": record.rehearsal_id, "results": kept.results_id}
        yield f"http://127.0.0.1:{port}", ids
    finally:
        end(process)


def test_no_name_becomes_markup_in_a_browser(
    page: Page, hostile_dashboard: tuple[str, Links]
) -> None:
    address, ids = hostile_dashboard
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)

    page.goto(f"{address}/rehearse?rehearsal={ids['rehearsal']}")
    expect(page.get_by_text("Camp![p]").first).to_be_visible()
    settled(page)
    check(page)
    page.get_by_role("tab", name="Paths").click()
    expect(page.locator(".sankey").first).to_be_visible()
    check(page)
    page.goto(f"{address}/flows")
    page.get_by_role("tab", name="Your campaigns").click()
    # By its key: the choice of data has a button called Open as well.
    page.locator("[class*='st-key-flows_saved_'] button").first.click()
    expect(keyed(page, "flows_view")).to_be_visible()
    settled(page)
    check(page)

    assert [url for url in asked if "evil.example" in url] == []
    assert [text for text in refused if "Content Security Policy" in text] == []


def check(page: Page) -> None:
    """Look, also inside of our own components, whether anything stands there as an element."""
    expect(page.locator("img[src='x'], img[src*='evil'], a[href*='evil']")).to_have_count(0)
    assert page.title() != "1337"
