"""Counts of the page Live: right, and none of them reads more than it needs."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.events import Event
from core.services.live_deeds import mails
from core.services.live_events import ingest
from core.services.live_overview import Kind, log, pulse
from core.services.sparing import SHARE, Sparing
from core.store import live_counts
from core.store.database import migrate, open_database, reading
from tests.live.launched import START, Shop, at


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(database)
    yield Shop(database, "ann", "bob")
    database.dispose()


def test_the_pace_is_that_of_the_last_minute(shop: Shop) -> None:
    for number, seconds in enumerate((0, 50, 70, 100)):
        moment = START + timedelta(seconds=seconds)
        event = Event(
            event_id=f"{number}", user_id="ann", event="view", timestamp=moment, properties={}
        )
        ingest(shop.database, [event], received_at=moment)

    seen = pulse(shop.database, START + timedelta(seconds=115))

    assert seen.per_second == pytest.approx(2 / 60)


def test_what_waits_is_counted_no_further_than_asked(shop: Shop) -> None:
    for _ in range(5):
        shop.happen("ann", "view", 1)

    with reading(shop.database) as session:
        counts = [live_counts.waiting_count(session, most) for most in (3, 100)]

    assert counts == [3, 5]


def test_people_whose_time_has_come_are_due_and_the_next_time_is_told(shop: Shop) -> None:
    shop.launch()
    for person, hours in (("ann", 1), ("bob", 1.5)):
        shop.happen(person, "add", hours)
    shop.tick(1.6)

    seen = pulse(shop.database, at(2.2))

    assert seen.due_count == 1
    assert seen.next_due_at == at(2.5)
    assert seen.lag == timedelta(0)


def test_the_log_is_filtered_by_reason(shop: Shop) -> None:
    shop.launch()
    shop.know({"bob": {"email": None}})
    for person in ("ann", "bob"):
        shop.happen(person, "add", 1)
    shop.tick(3)
    shop.happen("ann", "add", 3.1)
    shop.tick(5)

    held_back = log(shop.database, reason="no_address")
    refused = log(shop.database, reason="active", kind=Kind.REFUSED)

    assert [(line.user_id, line.outcome) for line in held_back] == [("bob", "withheld")]
    assert [(line.user_id, line.outcome) for line in refused] == [("ann", "active")]


def test_the_latest_e_mails_come_first_whatever_their_state_and_launch(shop: Shop) -> None:
    shop.launch()
    shop.launch(name="Other")
    shop.know({"bob": {"email": None}})
    for person, hours in (("ann", 1), ("bob", 2)):
        shop.happen(person, "add", hours)
    shop.tick(4)

    found = mails(shop.database, limit=3)

    assert [(mail.user_id, mail.state) for mail in found[:2]] == [("bob", "withheld")] * 2
    assert (found[2].user_id, len(found)) == ("ann", 3)
    assert [mail.user_id for mail in mails(shop.database, user_id="ann", state="withheld")] == []


def test_what_takes_long_is_asked_rarely_and_anew_after_a_change() -> None:
    moments = [START]
    asked: list[int] = []

    def slow() -> int:
        moments[0] += timedelta(seconds=1)
        asked.append(len(asked))
        return len(asked)

    sparing = Sparing(slow, lambda: moments[0])
    first = [sparing.get(), sparing.get()]
    moments[0] += timedelta(seconds=SHARE + 1)
    later = sparing.get()
    sparing.forget()

    assert (first, later, sparing.get()) == ([1, 1], 2, 3)
