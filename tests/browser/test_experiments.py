"""A test planned, launched in the sandbox, fed with events and read; and one from a file."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from core.clock import now
from core.domain.campaigns import Campaign
from core.engine.assignment import bucket
from core.history.reading import open_dataset
from core.services.experiment_example import example_csv
from core.services.imports import SAMPLE_NAME, load_sample
from core.services.stored_rehearsals import NamedVersion, rehearse_and_keep
from core.services.write_keys import create_key
from core.settings import REPOSITORY
from core.store.database import migrate, open_database
from tests.browser.conftest import end, free_port, wait_until_healthy
from tests.browser.steps import figure, keyed, settled, still

pytestmark = pytest.mark.xdist_group("browser")

# A goal within seconds, so that a verdict can be waited for; the shop's people reach it by nature.
WINDOW = timedelta(seconds=30)
SALT = "greeting"
CAMPAIGN: dict[str, Any] = {
    "name": "Greeting",
    "trigger": {"kind": "event", "match": {"event": "session_start"}},
    "reentry": "once",
    "goal": {"event": {"event": "product_view"}, "within": "30s"},
    "exit_on_goal": False,
    "steps": [
        {
            "id": "greeting",
            "kind": "split",
            "salt": SALT,
            "variants": [
                {"name": "short", "weight": 1, "next": "short_mail"},
                {"name": "long", "weight": 1, "next": "long_mail"},
            ],
        },
        {"id": "short_mail", "kind": "send", "template": "welcome", "next": "done"},
        {"id": "long_mail", "kind": "send", "template": "welcome_guide", "next": "done"},
        {"id": "done", "kind": "exit"},
    ],
}
PEOPLE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running Rehearsal with the sample shop, a rehearsal of the campaign, and a write key."""

    address: str
    write_key: str

    def receive(self, calls: Sequence[dict[str, Any]]) -> None:
        """Send events as a shop does."""
        for first in range(0, len(calls), 100):
            request = Request(
                f"{self.address}/v1/batch",
                data=json.dumps({"batch": calls[first : first + 100]}).encode(),
                headers={
                    "Authorization": "Basic "
                    + base64.b64encode(f"{self.write_key}:".encode()).decode(),
                    "Content-Type": "application/json",
                },
            )
            with urlopen(request, timeout=60) as answer:
                assert answer.status == 200


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("experiments")
    home, port = folder / "home", free_port()
    load_sample(home, REPOSITORY / "data", imported_at=datetime(2026, 9, 1, tzinfo=UTC))
    named = NamedVersion(campaign=Campaign.model_validate(CAMPAIGN))
    rehearse_and_keep(home, open_dataset(home, SAMPLE_NAME), [named], made_at=now())
    database = open_database(f"sqlite:///{home}/rehearsal.sqlite")
    migrate(database)
    write_key = create_key(database, "shop", created_at=now())
    database.dispose()
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "run", "--port", str(port)],
            cwd=REPOSITORY,
            env={**os.environ, "REHEARSAL_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield Shop(address=f"http://127.0.0.1:{port}", write_key=write_key)
    finally:
        end(process)


def sessions(at: datetime) -> list[dict[str, Any]]:
    """Let people come; of those who get the long e-mail, most look at a product, else few."""
    calls = []
    for number in range(PEOPLE):
        user = f"live-{number}"
        came_at = at + timedelta(milliseconds=number)
        calls.append(_call(user, "session_start", came_at))
        share = 0.15 if bucket(SALT, user) < 0.5 else 0.85
        if (number * 7) % 100 < 100 * share:
            calls.append(_call(user, "product_view", came_at + timedelta(seconds=2)))
    return calls


def _call(user: str, event: str, at: datetime) -> dict[str, Any]:
    return {
        "type": "track",
        "userId": user,
        "event": event,
        "messageId": f"{user}-{event}",
        "timestamp": at.isoformat(),
        "properties": {},
    }


def plan_and_launch(page: Page, address: str) -> None:
    page.goto(f"{address}/experiments")
    keyed(page, "experiments_begin_plan").get_by_role("button").click()
    launch = keyed(page, "experiments_plan_launch").get_by_role("button")
    expect(launch).to_be_enabled()
    settled(page)
    launch.click()
    expect(page.get_by_text("Nobody has come to the split yet")).to_be_visible()


def read_until(page: Page, said: str) -> None:
    """Read the test again until it says something; the evaluator decides beside the page."""
    for _ in range(60):
        settled(page)
        if page.get_by_text(said).count():
            return
        page.wait_for_timeout(2_000)
        keyed(page, "experiments_read_again").get_by_role("button").click()
    expect(page.get_by_text(said).first).to_be_visible()


def test_a_test_is_planned_launched_fed_and_read(shop: Shop, page: Page) -> None:
    plan_and_launch(page, shop.address)

    begun_at = now()
    page.wait_for_timeout(4_000)  # an event of the future counts as of its arrival
    shop.receive(sessions(begun_at))

    read_until(page, "long wins:")
    expect(figure(page, "People in the test")).to_contain_text(str(PEOPLE))
    expect(page.get_by_text("no customer gets mail")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_visible()

    page.get_by_role("button", name="End it").click()
    page.get_by_role("button", name="End the test now").click()
    keyed(page, "experiments_roll_out").get_by_role("button").click()
    expect(page.get_by_text("The flow no longer has this split")).to_be_visible()


def test_results_from_elsewhere_get_the_same_page_and_a_link(
    address: str, page: Page, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.csv"
    path.write_text(example_csv(), encoding="utf-8")
    page.goto(f"{address}/experiments")
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_role("textbox", name="Name of the test")).to_have_value("elsewhere")

    page.get_by_role("button", name="Read the results").click()

    expect(figure(page, "People in the test")).to_have_text("8,000")
    link = page.url
    page.get_by_role("tab", name="Money").click()
    expect(page.get_by_text("Difference per person")).to_be_visible()
    page.get_by_role("button", name="Take along").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report to print").click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert "elsewhere" in report

    page.goto(link)
    expect(figure(page, "People in the test")).to_have_text("8,000")


def test_on_a_phone_nothing_of_a_result_sticks_out(address: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{address}/experiments")
    expect(page.get_by_text("What has to be in the file")).to_be_visible()
    settled(page)
    page.get_by_text("What has to be in the file").click()
    example = keyed(page, "experiments_example").get_by_role("button")
    still(example)  # what unfolds above it moves it
    example.click()
    expect(page.get_by_role("tab", name="Over time")).to_be_visible()
    settled(page)

    width = page.evaluate("document.documentElement.scrollWidth")

    assert width <= 390
