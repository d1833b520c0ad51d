"""What only a browser shows: deep links, narrow screens, and that nothing leaves this computer."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.steps import choose_data, eventually, settled

pytestmark = pytest.mark.xdist_group("browser")

PAGES = {
    "": "Home",
    "data": "Data",
    "triggers": "Triggers",
    "flows": "Flows",
    "emails": "E-mails",
    "rehearse": "Rehearse",
    "experiments": "Experiments",
    "live": "Live",
    "people": "People",
    "connect": "Connect",
    "settings": "Settings",
}
WIDTHS = (1440, 390)
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture
def asked(used_page: Page) -> Iterator[list[str]]:
    """Give the list of what a page asks for."""
    urls: list[str] = []

    def note(request: Request) -> None:
        urls.append(request.url)

    used_page.on("request", note)
    yield urls
    used_page.remove_listener("request", note)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_by_its_address_fits_the_screen_and_asks_nothing_of_another_computer(
    address: str, asked: list[str], used_page: Page, path: str
) -> None:
    used_page.goto(f"{address}/{path}")

    expect(used_page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
    settled(used_page)
    for width in WIDTHS:
        used_page.set_viewport_size({"width": width, "height": 1000})
        eventually(used_page, lambda: used_page.evaluate(FITS))
    assert used_page.get_by_test_id("stException").count() == 0
    assert used_page.get_by_text("Page not found").count() == 0
    used_page.wait_for_timeout(500)  # pictures and fonts are asked for once everything is drawn
    hosts = {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


def test_a_changed_trigger_is_seen_again_and_explained(address: str, page: Page) -> None:
    page.goto(f"{address}/triggers")
    choose_data(page, "Sample shop")
    caught = page.get_by_test_id("stMetric").filter(has_text="People caught")
    expect(caught).to_contain_text("1,203")

    amount = page.get_by_role("spinbutton", name="Within", exact=True)
    amount.fill("48")
    amount.press("Enter")
    expect(caught).to_contain_text("1,155")
    page.get_by_role("tab", name="People").click()

    expect(page.get_by_text("Why was somebody caught, or not?")).to_be_visible()
    expect(page.get_by_text("The clock starts").first).to_be_visible()
