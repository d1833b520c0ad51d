"""From the launch to the e-mail: the sample campaign for real, events from a website's snippet."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.clock import now
from core.domain.campaigns import Campaign
from core.services.campaign_files import load_campaign
from core.services.campaigns import save_campaign
from core.services.company import Company, keep_company
from core.settings import REPOSITORY
from core.store.database import open_database
from core.ui.connect.code_samples import page_snippet
from tests.browser.conftest import RECEIVING, running
from tests.browser.steps import choose, eventually
from tests.browser.websites import Receiver, Website, receiver_at

pytestmark = pytest.mark.xdist_group("browser")

NAME = "Cart abandonment"
PERSON = "ann"  # neither held out nor drawn for the mail of the next morning
ADDRESS = "ann@example.com"
COMPANY = Company(
    name="Fellgrove",
    address="1 Hill Road, Keswick",
    url="https://shop.example.com",
    cart_url="https://shop.example.com/cart",
    sender_name="Fellgrove",
    sender_address="hello@example.com",
)


def hurried(campaign: Campaign) -> Campaign:
    """Give a campaign that waits a second where it waited for hours, at any time of the day."""
    said = campaign.model_dump(mode="json", by_alias=True)
    said["trigger"]["within"] = "1s"
    said["quiet_hours"] = None
    return Campaign.model_validate({**said, "name": NAME})


@dataclass(frozen=True)
class Shop:
    """A running Rehearsal in which somebody set who sends and saved the sample campaign."""

    receiver: Receiver
    outbox: Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    home = tmp_path / "home"
    with running(home, RECEIVING) as address:
        database = open_database(f"sqlite:///{home / 'rehearsal.sqlite'}")
        receiver = receiver_at(address, database)
        keep_company(database, COMPANY, changed_at=now())
        campaign = hurried(
            load_campaign(REPOSITORY / "templates" / "campaigns" / "cart_abandonment.yaml")
        )
        save_campaign(database, campaign, name=NAME, note="", saved_at=now())
        yield Shop(receiver, home / "outbox")
        database.dispose()


def rows(page: Page, said: str) -> Locator:
    """Find what stands in a table, which is drawn: its words are there for screen readers."""
    return page.get_by_test_id("stDataFrame").locator("td").filter(has_text=said)


def launch_for_real(page: Page) -> None:
    page.get_by_role("radio", name="For real").click()
    expect(page.get_by_text("This version was never rehearsed")).to_be_visible()
    page.get_by_role("button", name="Launch for real").click()
    page.get_by_role("button", name="Yes, launch it").click()
    expect(page.get_by_text("The evaluator runs")).to_be_visible()


def stop_for_good(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).last.click()
    page.get_by_role("button", name="Stop for good").click()
    expect(page.get_by_text(f"Stopped “{NAME}”")).to_be_visible()


def leave_a_cart(browser: Browser, site: Website, receiver: Receiver) -> None:
    """Visit a website whose pages have our script, and put something into the cart."""
    snippet = page_snippet(receiver.address, receiver.browser_key, is_given=True)
    site.pages["/tents"] = f"""<!doctype html><title>Tents</title>{snippet}<script>
        rehearsal.identify("{PERSON}", {{ email: "{ADDRESS}" }});
        rehearsal.track("cart_add", {{ product_id: "tent-2", title: "Tent", price: 129.0 }});
        </script>"""
    visit = browser.new_page()
    visit.goto(f"{site.address}/tents")
    eventually(visit, lambda: "cart_add" in receiver.names())
    visit.close()


def test_a_cart_left_on_a_website_becomes_an_e_mail_and_its_decision_stands_in_the_log(
    shop: Shop, site: Website, browser: Browser, page: Page
) -> None:
    page.goto(f"{shop.receiver.address}/live")
    launch_for_real(page)

    leave_a_cart(browser, site, shop.receiver)

    expect(rows(page, "E-mail due").first).to_be_attached()
    expect(rows(page, "Entered: the trigger caught them").first).to_be_attached()
    page.get_by_role("tab", name="E-mails").click()
    choose(page, "State", "Sent")
    expect(rows(page, "folder of e-mails").first).to_be_attached()
    (mail,) = shop.outbox.glob("**/*.eml")
    letter = message_from_bytes(mail.read_bytes())
    assert letter["To"] == ADDRESS
    assert letter["List-Unsubscribe"].startswith(f"<http://localhost:{urlsplit(page.url).port}/t/")

    stop_for_good(page)

    # The form stands outside of what shows itself anew: it must have heard of the stop.
    page.get_by_text("Launch a campaign", exact=True).click()
    expect(page.get_by_role("button", name="Launch for real")).to_be_visible()
