"""From an empty canvas to what one longer wait would change, by clicks alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import figure, keyed, settled, still
from tests.browser.test_flows import (
    add,
    begin_from_nothing,
    card,
    choose_email,
    connect,
    open_canvas,
    save,
)

pytestmark = pytest.mark.xdist_group("browser")

NAME = "Walked flow"
# Where the box of the first row stands in a table, which is one picture to a browser.
FIRST_ROW = {"x": 16.0, "y": 52.0}


def draw(page: Page, address: str) -> None:
    """Draw a split whose one variant gets the e-mail at once, the other after a wait."""
    canvas = begin_from_nothing(page, address)
    add(canvas, "Add a step here", "A/B split", "split")
    add(canvas, "Add a step here, on the way “A”", "Send an e-mail", "mail")
    choose_email(page, "Cart recovery")
    expect(page.get_by_text("1 thing to mend")).to_be_hidden()
    add(canvas, "Add a step here, on the way “B”", "Wait For a time", "pause")
    connect(canvas, "pause", "mail")
    expect(page.get_by_role("combobox", name="Then →")).to_have_value("3. Send “Cart recovery”")


def rehearse(page: Page) -> None:
    """Go from the saved flow to its rehearsal, and wait for what it found."""
    expect(page.get_by_text("not saved")).to_be_hidden()
    expect(page.get_by_role("button", name="Save this version")).to_be_hidden()
    # Both pages have a button of that name, and the old one stays until the new one is drawn.
    keyed(page, "flows_rehearse").get_by_role("button").click()
    keyed(page, "rehearse_start").get_by_role("button").click()
    expect(page.get_by_role("tab", name="What changes")).to_be_visible()
    settled(page)


def open_first_story(page: Page) -> None:
    page.get_by_role("tab", name="Why", exact=True).click()
    people = page.get_by_test_id("stDataFrame")
    expect(people.locator("tr[role=row]").nth(1)).to_be_attached()
    settled(page)
    people.scroll_into_view_if_needed()
    still(people)
    people.click(position=FIRST_ROW)
    expect(page.get_by_text("The clock starts").first).to_be_visible()


def wait_longer(page: Page, hours: str) -> None:
    """Change the wait of the flow that was rehearsed, and save that as its second version."""
    page.get_by_role("button", name="Change the flow").click()
    canvas = open_canvas(page)
    expect(canvas).to_be_visible()
    settled(page)
    card(canvas, "pause").click()
    amount = page.get_by_role("spinbutton", name="Wait for", exact=True)
    amount.fill(hours)
    amount.press("Enter")
    expect(card(canvas, "pause")).to_contain_text("1 day 6 hours")
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save this version").click()
    expect(page.get_by_text(f"Saved {NAME}, version 2.")).to_be_visible()


def test_a_drawn_flow_is_rehearsed_told_and_compared_with_a_longer_wait(
    address: str, page: Page
) -> None:
    draw(page, address)
    save(page, NAME)
    rehearse(page)
    entered = figure(page, "People entered").inner_text()

    open_first_story(page)
    expect(page.get_by_text(re.compile(r"^Entered (once|\d+ times)\."))).to_be_visible()
    wait_longer(page, "30")
    rehearse(page)
    page.get_by_role("tab", name="What changes").click()

    expect(page.get_by_text(f"From {NAME} version 1")).to_contain_text("version 2 (this rehearsal)")
    expect(page.get_by_role("cell", name="1 day 6 hours")).to_be_visible()
    expect(figure(page, "E-mails moved")).not_to_have_text("0")
    expect(figure(page, "People gained")).to_have_text("0")
    assert figure(page, "People entered").inner_text() == entered != "0"
