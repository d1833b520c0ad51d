"""What tests of several pages do there."""

from collections.abc import Callable
from time import monotonic

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import PATIENCE

_LOOK_EVERY = 100
# A canvas glides for a quarter of a second, and may have to begin to do so.
_STILL_LOOKS = 5


def settled(page: Page) -> None:
    """Wait until the page has drawn everything; for after the first sign of what was asked.

    Until then, what it showed before stays in sight, and forms may still change places.
    """
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def eventually(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for something that only the browser can measure."""
    until = monotonic() + PATIENCE / 1_000
    while not is_so() and monotonic() < until:
        page.wait_for_timeout(_LOOK_EVERY)
    assert is_so()


def still(moving: Locator) -> FloatRect:
    """Wait until something has come to rest, and give its place on the screen."""
    seen = [moving.bounding_box()]

    def has_come_to_rest() -> bool:
        seen.append(moving.bounding_box())
        return seen[-1] is not None and seen[-_STILL_LOOKS:] == seen[-1:] * _STILL_LOOKS

    eventually(moving.page, has_come_to_rest)
    assert seen[-1] is not None
    return seen[-1]


def keyed(page: Page, key: str) -> Locator:
    """Find a widget by its key, where others say the same."""
    return page.locator(f".st-key-{key}")


def choose(page: Page, label: str, option: str) -> None:
    """Choose one of what a list offers."""
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def choose_data(page: Page, name: str) -> None:
    """Choose the dataset of a page, and wait until the page is about it."""
    choose(page, "Data", name)
    expect(page.get_by_role("combobox", name="Data", exact=True)).to_have_value(name)
    settled(page)


def figure(page: Page, label: str) -> Locator:
    """Find a big figure by what stands above it."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")
