"""When an event happened, by our clock."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.asking import NOW, Shop


def said(instant: datetime) -> str:
    return instant.isoformat()


def test_a_sender_whose_clock_is_wrong_is_corrected(shop: Shop) -> None:
    ahead = timedelta(hours=3)
    happened, sent = NOW - timedelta(minutes=10) + ahead, NOW + ahead

    shop.track("a", "x", "m1", timestamp=said(happened), sentAt=said(sent))
    shop.track("a", "x", "m2", timestamp=said(happened - 2 * ahead), sentAt=said(sent - 2 * ahead))

    assert shop.times() == [NOW - timedelta(minutes=10)] * 2


def test_a_clock_at_the_beginning_of_time_is_corrected(shop: Shop) -> None:
    shop.track("a", "x", "m", timestamp="1970-01-01T00:00:00Z", sentAt="1970-01-01T00:01:00Z")

    assert shop.times() == [NOW - timedelta(minutes=1)]


@pytest.mark.parametrize("seconds", [-4, 0, 4])
def test_seconds_between_sending_and_receiving_are_the_journey(shop: Shop, seconds: int) -> None:
    happened = NOW - timedelta(minutes=1)

    shop.track(
        "a", "x", "m", timestamp=said(happened), sentAt=said(NOW - timedelta(seconds=seconds))
    )

    assert shop.times() == [happened]


def test_without_a_time_an_event_happened_when_it_came(shop: Shop) -> None:
    shop.track("a", "x", "m", sentAt=said(NOW - timedelta(hours=1)))

    assert shop.times() == [NOW]


def test_nothing_happens_after_it_came(shop: Shop) -> None:
    shop.track("a", "x", "m", timestamp=said(NOW + timedelta(days=400)))

    assert shop.times() == [NOW]


def test_a_batch_says_once_when_it_was_sent(shop: Shop) -> None:
    happened, sent = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    one = {"type": "track", "userId": "a", "event": "x", "timestamp": said(happened)}

    shop.post("/v1/batch", {"batch": [{**one, "sentAt": said(NOW)}], "sentAt": said(sent)})

    assert shop.times() == [happened + timedelta(hours=1)]


def test_the_time_of_the_message_comes_before_that_of_the_sdk(shop: Shop) -> None:
    own, by_sdk = NOW - timedelta(days=2), NOW - timedelta(days=1)

    shop.track("a", "x", "m1", timestamp=said(own), originalTimestamp=said(by_sdk))
    shop.track("a", "x", "m2", originalTimestamp=said(by_sdk))

    assert shop.times() == [own, by_sdk]


def test_a_time_that_was_corrected_before_us_stands(shop: Shop) -> None:
    happened = NOW - timedelta(days=1)

    shop.track(
        "a",
        "x",
        "m",
        timestamp=said(happened),
        receivedAt=said(happened),
        sentAt=said(happened + timedelta(hours=3)),
    )

    assert shop.times() == [happened]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-08-31T09:30:00.123Z", datetime(2026, 8, 31, 9, 30, 0, 123_000, tzinfo=UTC)),
        ("2026-08-31T11:30:00+02:00", datetime(2026, 8, 31, 9, 30, tzinfo=UTC)),
        ("2026-08-31T09:30:00", datetime(2026, 8, 31, 9, 30, tzinfo=UTC)),
        ("2026-08-31", datetime(2026, 8, 31, tzinfo=UTC)),
        ("2026-08-31T09:30:00.123456789Z", datetime(2026, 8, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_clients_write_them(shop: Shop, written: str, instant: datetime) -> None:
    shop.track("a", "x", "m", timestamp=written)

    assert shop.times() == [instant]


@pytest.mark.parametrize("sent_at", ["nonsense", 5, None, {}, "9999-12-31T23:59:59-23:59"])
def test_a_sending_time_that_is_none_corrects_nothing(shop: Shop, sent_at: object) -> None:
    happened = NOW - timedelta(hours=1)

    shop.track("a", "x", "m", timestamp=said(happened), sentAt=sent_at)

    assert shop.times() == [happened]


def test_a_time_out_of_range_is_refused(shop: Shop) -> None:
    call = {
        "userId": "a",
        "event": "x",
        "timestamp": "0001-01-01T00:00:00Z",
        "sentAt": "9000-01-01T00:00:00Z",
    }

    answer = shop.post("/v1/track", call)

    assert answer.status == 400
    assert "out of range" in answer.said["message"]


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_a_time_before_1970_is_a_mistake_that_no_page_could_show(shop: Shop, written: str) -> None:
    call = {"userId": "a", "event": "x", "timestamp": written}

    answer = shop.post("/v1/track", call)

    assert answer.status == 400
    assert "before 1970" in answer.said["message"]
    assert shop.events() == []


def test_a_sending_time_that_was_never_set_corrects_nothing(shop: Shop) -> None:
    happened = NOW - timedelta(hours=1)

    shop.track("a", "x", "m", timestamp=said(happened), sentAt="0001-01-01T00:00:00Z")

    assert shop.times() == [happened]
