"""How many events one key may send, and how long the others wait: on a clock that is moved."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.api.limits import Limits
from core.domain.write_keys import KeyKind
from core.services.write_keys import create_key
from tests.api.asking import NOW, Answer, Shop

LIMITS = Limits(server_rate=10, browser_rate=2, burst=3.0)


@pytest.fixture
def narrow(shop_with: Callable[..., Shop]) -> Shop:
    """Give a shop that takes 30 events at once from a server, then 10 a second."""
    return shop_with(limits=LIMITS)


def send(shop: Shop, count: int, key: str = "") -> Answer:
    batch = [{"type": "track", "userId": "ann", "event": "Seen"}] * count
    return shop.post("/v1/batch", {"batch": batch}, key=key)


def test_a_burst_is_taken_and_what_is_more_has_to_wait(narrow: Shop) -> None:
    first, second = send(narrow, 30), send(narrow, 25)

    assert first.status == 200
    assert (second.status, second.said["code"]) == (429, "too_many_requests")
    assert second.headers["retry-after"] == "3"
    assert len(narrow.events()) == 30


def test_after_the_time_that_was_said_it_is_taken(narrow: Shop) -> None:
    send(narrow, 30)
    wait = int(send(narrow, 25).headers["retry-after"])

    narrow.clock.move(timedelta(seconds=wait) - timedelta(milliseconds=501))
    early = send(narrow, 25).status
    narrow.clock.move(timedelta(milliseconds=501))

    assert (early, send(narrow, 25).status) == (429, 200)


def test_waiting_longer_does_not_save_up_more_than_a_burst(narrow: Shop) -> None:
    send(narrow, 30)
    narrow.clock.move(timedelta(days=1))

    assert [send(narrow, 30).status, send(narrow, 1).status] == [200, 429]


def test_more_than_a_burst_is_taken_once_and_paid_for_later(narrow: Shop) -> None:
    first = send(narrow, 60).status
    narrow.clock.move(timedelta(seconds=3))

    assert (first, send(narrow, 1).status) == (200, 429)


def test_keys_do_not_wait_for_each_other_and_a_browsers_has_less(narrow: Shop) -> None:
    page = create_key(narrow.database, "page", created_at=NOW, kind=KeyKind.BROWSER)
    send(narrow, 30)

    statuses = [send(narrow, count, page).status for count in (6, 1)]

    assert statuses == [200, 429]


def test_what_cannot_be_used_counts_as_well(narrow: Shop) -> None:
    statuses = [narrow.post("/v1/track", {"userId": "ann"}).status for _ in range(31)]

    assert statuses == [400] * 30 + [429]


def test_a_clock_that_is_put_back_stops_nobody_for_good(narrow: Shop) -> None:
    send(narrow, 30)
    narrow.clock.move(-timedelta(days=1))

    refused = send(narrow, 10).status
    narrow.clock.move(timedelta(seconds=1))

    assert (refused, send(narrow, 10).status) == (429, 200)


def test_by_default_a_whole_batch_is_never_more_than_a_burst() -> None:
    limits = Limits()

    assert limits.browser_rate * limits.burst >= limits.batch_count
