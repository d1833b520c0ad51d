"""Drawing a flow by hand on the canvas, saving it, and taking it along as a file."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.services.campaign_files import load_campaign
from core.services.flow_forms import opened
from tests.browser.steps import choose, choose_data, settled, still

pytestmark = pytest.mark.xdist_group("browser")


def begin_from_nothing(page: Page, address: str) -> Locator:
    """Open the page with a flow without steps on the sample shop, and give its canvas."""
    page.goto(f"{address}/flows")
    choose_data(page, "Sample shop")
    page.get_by_role("tab", name="Draw your own").click()
    page.get_by_role("button", name="Draw a flow from here").click()
    canvas = open_canvas(page)
    expect(canvas).to_be_visible()
    return canvas


def open_canvas(page: Page) -> Locator:
    """Give the canvas on which steps are added; a rehearsal draws the same flow to look at."""
    return page.get_by_role("group", name="Flow, to be changed", exact=True)


def card(canvas: Locator, step_id: str) -> Locator:
    return canvas.locator(f".react-flow__node-step[data-id='{step_id}']")


def add(canvas: Locator, plus: str, kind: str, step_id: str) -> None:
    """Press a plus on the canvas, choose a kind of step, and wait for its form."""
    canvas.get_by_role("button", name=plus, exact=True).click()
    canvas.page.get_by_role("menuitem", name=kind).click()
    expect(card(canvas, step_id)).to_be_visible()
    expect(canvas.page.get_by_role("textbox", name="Name of this step")).to_have_value(step_id)
    settled(canvas.page)


def connect(canvas: Locator, step_id: str, target_id: str) -> None:
    """Draw a line from the way out of a card to another card."""
    begin = still(card(canvas, step_id).locator(".react-flow__handle.source"))
    end = still(card(canvas, target_id))
    mouse = canvas.page.mouse
    mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + begin["height"] / 2)
    mouse.down()
    mouse.move(end["x"] + end["width"] / 2, end["y"] + 20, steps=8)
    mouse.move(end["x"] + end["width"] / 2, end["y"] + 4, steps=4)
    mouse.up()


def choose_email(page: Page, title: str) -> None:
    choose(page, "E-mail", title)


def save(page: Page, name: str) -> None:
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("textbox", name="What changed").fill("drawn by hand")
    page.get_by_role("button", name="Save this version").click()
    expect(page.get_by_text(f"Saved {name}, version 1.")).to_be_visible()
    settled(page)


def downloaded(page: Page, folder: Path) -> dict[str, dict[str, object]]:
    """Download the campaign and give the steps of its file by id."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return {step["id"]: step for step in opened(load_campaign(path))["steps"]}


def test_a_flow_with_a_split_is_drawn_from_nothing_and_saved(
    address: str, page: Page, tmp_path: Path
) -> None:
    canvas = begin_from_nothing(page, address)
    add(canvas, "Add a step here", "A/B split", "split")
    add(canvas, "Add a step here, on the way “A”", "Send an e-mail", "mail")
    expect(page.get_by_text("1 thing to mend")).to_be_visible()
    choose_email(page, "Cart recovery")
    expect(page.get_by_text("1 thing to mend")).to_be_hidden()
    add(canvas, "Add a step here, on the way “B”", "Wait For a time", "pause")

    connect(canvas, "pause", "mail")
    expect(page.get_by_role("combobox", name="Then →")).to_have_value("3. Send “Cart recovery”")
    save(page, "Drawn flow")
    steps = downloaded(page, tmp_path)

    assert [variant["next"] for variant in steps["split"]["variants"]] == ["mail", "pause"]
    assert steps["pause"]["next"] == "mail"
    assert steps["mail"]["template"] == "cart_recovery"
