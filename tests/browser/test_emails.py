"""From an e-mail that is changed to the person for whom it breaks; nothing gets out meanwhile."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.steps import choose, choose_data, figure, keyed, settled

pytestmark = pytest.mark.xdist_group("browser")

PICTURES = """
<mj-section mj-class="sheet"><mj-column>
<mj-text>Rain or shine</mj-text>
<mj-image src="http://pictures.example.com/boot.jpg" alt="A boot in the rain" />
<mj-image src="HOST/boot.jpg" alt="A boot in the sun" />
<mj-raw><img src="HOST/opened.gif?who={{ profile.user_id }}" width="1" height="1" alt=""></mj-raw>
</mj-column></mj-section>"""


def rehearse(page: Page, address: str) -> None:
    """Rehearse a ready-made campaign on the sample shop, and wait for what it found."""
    page.goto(f"{address}/rehearse")
    choose_data(page, "Sample shop")
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("button", name="Rehearse", exact=True)).to_be_disabled()
    choose(page, "Campaigns", "Cart recovery · ready-made")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_role("tab", name="What changes")).to_be_visible()


def open_email(page: Page) -> None:
    """Go on to the e-mails, and open the first one that the campaign sends."""
    page.get_by_role("link", name="E-mails", exact=True).click()
    keyed(page, "emails_ready_cart_recovery").get_by_role("button").click()
    expect(preview(page).get_by_text("Back to my basket")).to_be_visible()


def preview(page: Page) -> FrameLocator:
    """Give the mail that is shown; the next one waits beside it until it is drawn."""
    return page.frame_locator(".st-key-emails_preview iframe:not(.coming)")


def write(page: Page, behind: str, text: str) -> None:
    """Write something behind a line of the source."""
    source = page.get_by_role("textbox", name="MJML")
    source.locator(".cm-line").filter(has_text=behind).click()
    expect(source).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.insert_text(text)


def make_for_everybody(page: Page) -> None:
    """Run the audience test with those to whom the rehearsal sent the e-mail."""
    page.get_by_role("tab", name="Audience test").click()
    page.get_by_role("button", name="Test on everybody").click()
    # A thousand e-mails: seconds on a quiet machine, minutes on one with a lot else to do.
    expect(figure(page, "Not made")).to_be_visible(timeout=4 * PATIENCE)
    settled(page)


def see_somebody(page: Page, for_whom: str) -> str:
    """Open the first of the people whom a finding concerns, and give their id."""
    finding = page.get_by_test_id("stHorizontalBlock").filter(has_text=for_whom)
    finding.get_by_role("button", name="See one").click()
    somebody = page.get_by_role("menuitem").first
    user_id = somebody.inner_text().split(" · ")[0]
    somebody.click()
    return user_id


def hosts(asked: list[str]) -> set[str]:
    """Name the hosts that were asked for something; what a page holds itself has none."""
    return {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}


def test_a_changed_email_is_previewed_and_tested_on_everybody_and_nothing_is_fetched_for_it(
    address: str, page: Page, elsewhere: tuple[str, list[str]]
) -> None:
    host, asked_elsewhere = elsewhere
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    rehearse(page, address)
    open_email(page)

    write(page, 'include "partials/header.mjml"', PICTURES.replace("HOST", host))
    expect(preview(page).get_by_text("Rain or shine")).to_be_visible()
    for words in ("A boot in the rain", "A boot in the sun"):
        picture = preview(page).get_by_role("img", name=words)
        expect(picture).to_have_js_property("complete", value=True)
    write(page, "Rain or shine", "{{ require(profile.timezone) }}")
    make_for_everybody(page)
    user_id = see_somebody(page, "profile.timezone is required")

    expect(page.get_by_text(f"The e-mail is shown as {user_id}.")).to_be_visible()
    expect(page.get_by_text(re.compile(rf"^{user_id} · [\d,]+ of "))).to_be_visible()
    refusal = page.get_by_role("alert").filter(has_text="This person would not get it")
    expect(refusal).to_contain_text("profile.timezone")
    assert hosts(asked) == {urlsplit(address).netloc}
    assert asked_elsewhere == []
