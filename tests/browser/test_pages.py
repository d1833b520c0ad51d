"""What only a browser shows: deep links, narrow screens, and that nothing leaves this computer."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

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


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_by_its_address_and_fits_the_screen(
    address: str, page: Page, path: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 1000})

    page.goto(f"{address}/{path}")

    expect(page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
    settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_text("Page not found").count() == 0
    eventually(
        page,
        lambda: page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ),
    )


def test_no_page_asks_anything_of_another_computer(address: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for path in PAGES:
        page.goto(f"{address}/{path}")
        expect(page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
        settled(page)
        page.wait_for_timeout(500)  # pictures and fonts are asked for once everything is drawn

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
