"""From a marketer's own export to the people a trigger would have caught, by clicks alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")

HEADER = (
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
)


def export_of_a_shop(path: Path) -> Path:
    """Write an export of ten people who put something into the cart; four buy an hour later."""
    rows = [HEADER]
    for person in range(10):
        day = f"2026-03-{person + 1:02d}"
        detail = f"44600062,2103807459595387724,shoes,acme,35.79,{54_000 + person},s{person}"
        rows.append(f"{day} 10:00:00 UTC,cart,{detail}")
        if person < 4:
            rows.append(f"{day} 11:00:00 UTC,purchase,{detail}")
    rows.append("2026-03-20 10:00:00 UTC,view,44600062,2103807459595387724,,,35.79,54999,s99")
    rows.append("2026-03-20 10:00:00 UTC,view,44600062,2103807459595387724,,,35.79,,s98")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_an_own_export_becomes_people_caught_and_a_reason_for_each(
    address: str, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{address}/data")
    page.get_by_role("button", name="Add data").click()
    page.locator("input[type=file]").first.set_input_files(export_of_a_shop(tmp_path / "mine.csv"))
    expect(page.get_by_text("Recognised: REES46 shop events")).to_be_visible()
    page.get_by_role("button", name="Start the import").click()
    expect(
        page.get_by_text("16 rows read, 15 events added, 0 there already, 1 left out")
    ).to_be_visible()
    page.get_by_role("link", name="Define a trigger").or_(
        page.get_by_role("button", name="Define a trigger")
    ).first.click()

    expect(page.get_by_text("Matched to your data")).to_be_visible()
    caught = page.get_by_test_id("stMetric").filter(has_text="People caught")
    expect(caught).to_contain_text("6")
    page.get_by_role("tab", name="People").click()
    person = page.get_by_role("textbox", name="Person", exact=True)
    person.fill("54000")
    person.press("Enter")
    expect(page.get_by_text("The clock stops: done in time")).to_be_visible()
