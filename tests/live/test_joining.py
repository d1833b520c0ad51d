"""Whoever turns out to be somebody known goes on as them, with all that was decided (8.2)."""

import pytest
from sqlalchemy import Engine

from core.services.live_exposures import exposures
from core.services.live_launches import stop
from tests.api.asking import Shop as Door
from tests.live.launched import CART, Shop, at

NOBODY = "anon:x"
REMINDER = CART["steps"][:1]
ON_VIEW = {"kind": "event", "match": {"event": "view"}}


class Visit:
    """A shop whose visitor x is at first known by an address alone."""

    def __init__(self, database: Engine) -> None:
        """Begin with ann, who has an address too."""
        self.shop = Shop(database, "ann")
        self.shop.know({NOBODY: {"email": "x@example.org"}})
        self.door = Door(database)

    def name(self, hours: float) -> None:
        """Let the visitor turn out to be ann."""
        self.door.clock.at = at(hours)
        said = {"userId": "ann", "anonymousId": "x"}
        assert self.door.post("/v1/identify", said).status == 200


@pytest.fixture
def visit(own_database: Engine) -> Visit:
    """Give a shop on SQLite."""
    return Visit(own_database)


def test_a_purchase_under_the_new_id_ends_what_began_under_the_former(database: Engine) -> None:
    visit = Visit(database)
    visit.shop.launch()
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.tick(3)
    visit.name(4)
    visit.shop.happen("ann", "buy", 5)

    visit.shop.tick(10)

    assert visit.shop.sent() == [("ann", "reminder", "queued", "")]
    assert visit.shop.firings() == [("ann", "enrolled")]
    assert visit.shop.steps()[-1] == ("pause", "exited", "goal")


def test_a_cart_is_known_after_another_campaign_let_the_visitor_in(database: Engine) -> None:
    visit = Visit(database)
    visit.shop.launch()
    visit.shop.launch(name="Views", trigger=ON_VIEW, steps=[])
    visit.shop.happen(NOBODY, "view", 1)
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.tick(1.5)

    visit.name(1.6)
    visit.shop.tick(2.5)

    assert visit.shop.firings() == [("ann", "enrolled"), ("ann", "enrolled")]
    assert visit.shop.sent() == [("ann", "reminder", "queued", "")]


def test_what_the_known_one_did_counts_for_the_visitor(visit: Visit) -> None:
    visit.shop.launch()
    visit.shop.launch(name="Views", trigger=ON_VIEW, steps=[])
    visit.shop.happen(NOBODY, "view", 1)
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.happen("ann", "buy", 1.2)
    visit.shop.tick(1.5)

    visit.name(1.6)
    visit.shop.tick(9)

    assert visit.shop.sent() == []


def test_of_two_ways_through_one_campaign_one_goes_on(visit: Visit) -> None:
    visit.shop.launch(reentry={"cooldown": "1d"})
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.happen("ann", "add", 1.5)
    visit.shop.tick(3)

    visit.name(4)
    visit.shop.happen("ann", "add", 5)
    visit.shop.tick(10)

    assert [step for _, step, _, _ in visit.shop.sent()] == ["reminder", "reminder", "second"]
    assert [outcome for _, outcome in visit.shop.firings()] == ["enrolled", "enrolled", "reentry"]
    assert ("pause", "exited", "joined") in visit.shop.steps()


def test_messages_to_either_count_towards_the_cap(visit: Visit) -> None:
    visit.shop.launch(frequency_cap={"max": 1, "per": "1d"}, steps=REMINDER)
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.tick(3)

    visit.name(4)
    visit.shop.happen("ann", "add", 5)
    visit.shop.tick(7)

    assert [reason for *_, reason in visit.shop.sent()] == ["", "frequency_cap"]


def test_what_both_saw_is_not_counted_twice(visit: Visit) -> None:
    split = {
        "id": "s",
        "kind": "split",
        "variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}],
    }
    launched = visit.shop.launch(steps=[split])
    for user_id in (NOBODY, "ann"):
        visit.shop.happen(user_id, "add", 1)
    visit.shop.tick(3)

    visit.name(4)

    people = exposures(visit.shop.database, launched.id, "s")
    assert [user_id for user_id in people.user_ids if user_id == "ann"] == ["ann"]


def test_somebody_without_a_running_campaign_is_joined_too(visit: Visit) -> None:
    launched = visit.shop.launch()
    visit.shop.happen(NOBODY, "add", 1)
    visit.shop.tick(3)
    stop(visit.shop.database, launched.id, at=at(3.5))

    visit.name(4)
    visit.shop.tick(10)

    assert {user_id for user_id, *_ in visit.shop.sent()} == {"ann"}
