"""Who is who: anonymous people become known, and what they did is theirs."""

import json
import random
import string
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import Engine, text

from core.domain.calls import Call, Delivery, Link, Traits
from core.domain.events import Event
from core.services.ingesting import LARGEST_PROFILE, rejections, resolve, take_in
from core.services.live_events import new_event, profile
from core.store import live_events, person_links
from core.store.database import writing
from tests.api.asking import NOW, Shop


@pytest.fixture
def people(database: Engine) -> Shop:
    """Give a shop on either database."""
    return Shop(database)


def anonymous(shop: Shop, event: str, message: str, who: str = "x") -> None:
    call = {"anonymousId": who, "event": event, "messageId": message}
    assert shop.post("/v1/track", call).status == 200


def identify(shop: Shop, user: str, who: str = "x", **traits: object) -> None:
    call = {"userId": user, "anonymousId": who, "traits": traits}
    assert shop.post("/v1/identify", call).status == 200


def waiting(shop: Shop) -> list[tuple[str, str]]:
    return shop.rows(
        "SELECT user_id, event FROM live_events JOIN live_waiting USING (seq) ORDER BY seq"
    )


def decide_all(shop: Shop) -> None:
    with shop.database.begin() as connection:
        connection.execute(text("DELETE FROM live_waiting"))


def enter_campaign(shop: Shop, user: str) -> None:
    """Write down that somebody entered a campaign."""
    with shop.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO live_enrolments (id, launch_id, version_id, user_id, entered_at, "
                "is_held_out, variant, state) VALUES ('e1', 1, 1, :user, 0, false, '', 'active')"
            ),
            {"user": user},
        )


def test_what_an_anonymous_person_did_is_the_users_after_identify(people: Shop) -> None:
    anonymous(people, "Seen", "m1")
    anonymous(people, "Seen", "m2", who="other")

    identify(people, "ann", email="ann@example.com")
    anonymous(people, "Added", "m3")

    assert sorted(people.events()) == [("ann", "Added"), ("ann", "Seen"), ("anon:other", "Seen")]
    assert sorted(waiting(people)) == sorted(people.events())


def test_what_waits_is_decided_in_the_partition_of_its_new_owner(people: Shop) -> None:
    from core.store.live_events import partition_of

    anonymous(people, "Seen", "m1")

    identify(people, "ann")

    assert people.rows("SELECT partition FROM live_waiting") == [(partition_of("ann"),)]


def test_alias_makes_an_anonymous_person_known(people: Shop) -> None:
    anonymous(people, "Seen", "m1")

    answer = people.post("/v1/alias", {"previousId": "x", "userId": "ann"})

    assert answer.status == 200
    assert people.events() == [("ann", "Seen")]


def test_alias_joins_two_user_ids(people: Shop) -> None:
    people.track("ann@example.com", "Seen", "m1")

    people.post("/v1/a", {"previousId": "ann@example.com", "userId": "42"})
    people.track("ann@example.com", "Bought", "m2")

    assert sorted(people.events()) == [("42", "Bought"), ("42", "Seen")]


def test_links_lead_on_to_the_last_id(people: Shop) -> None:
    identify(people, "ann@example.com")
    people.post("/v1/alias", {"previousId": "ann@example.com", "userId": "42"})

    anonymous(people, "Seen", "m1")

    assert people.events() == [("42", "Seen")]
    assert resolve(people.database, ["anon:x", "ann@example.com", "42"]) == {
        "anon:x": "42",
        "ann@example.com": "42",
    }


def test_a_circle_of_aliases_ends(people: Shop) -> None:
    people.post("/v1/alias", {"previousId": "a", "userId": "b"})
    people.post("/v1/alias", {"previousId": "b", "userId": "a"})
    people.post("/v1/alias", {"previousId": "a", "userId": "a"})

    people.track("a", "Seen", "m1")
    people.track("b", "Seen", "m2")

    assert people.events() == [("b", "Seen"), ("b", "Seen")]


def test_an_event_that_the_user_has_already_is_not_doubled(people: Shop) -> None:
    anonymous(people, "Seen", "m1")
    people.track("ann", "Seen", "m1")

    identify(people, "ann")

    assert people.events() == [("ann", "Seen")]
    assert waiting(people) == [("ann", "Seen")]


def test_identify_again_changes_nothing(people: Shop) -> None:
    anonymous(people, "Seen", "m1")
    identify(people, "ann", plan="pro")
    before = people.events("seq, user_id, event")

    identify(people, "ann", plan="pro")

    assert people.events("seq, user_id, event") == before


def test_traits_known_before_fill_in_what_is_not_known_of_the_user(people: Shop) -> None:
    people.post("/v1/identify", {"anonymousId": "x", "traits": {"plan": "free", "city": "Bonn"}})
    people.post("/v1/identify", {"userId": "ann", "traits": {"plan": "pro"}})

    identify(people, "ann", name="Ann")

    assert profile(people.database, "ann") == {"plan": "pro", "city": "Bonn", "name": "Ann"}
    assert profile(people.database, "anon:x") is None


def test_decided_events_of_somebody_who_entered_nothing_wait_for_the_user(people: Shop) -> None:
    anonymous(people, "Seen", "m1")
    decide_all(people)

    identify(people, "ann")

    assert people.events() == [("ann", "Seen")]
    assert waiting(people) == [("ann", "Seen")]


def test_what_was_decided_in_a_campaign_is_the_users_and_stays_decided(people: Shop) -> None:
    people.post("/v1/identify", {"anonymousId": "x", "traits": {"email": "x@example.com"}})
    anonymous(people, "Seen", "m1")
    decide_all(people)
    enter_campaign(people, "anon:x")
    anonymous(people, "Added", "m2")

    identify(people, "ann")

    assert people.events() == [("ann", "Seen"), ("ann", "Added")]
    assert waiting(people) == [("ann", "Added")]
    assert profile(people.database, "anon:x") is None
    assert profile(people.database, "ann") == {"email": "x@example.com"}


def test_two_people_at_one_browser_keep_what_they_did(people: Shop) -> None:
    batch = [
        {"type": "track", "anonymousId": "x", "event": "of ann", "messageId": "m1"},
        {"type": "identify", "anonymousId": "x", "userId": "ann"},
        {"type": "track", "anonymousId": "x", "event": "of ann", "messageId": "m2"},
        {"type": "identify", "anonymousId": "x", "userId": "bob"},
        {"type": "track", "anonymousId": "x", "event": "of bob", "messageId": "m3"},
    ]

    people.post("/v1/batch", {"batch": batch})

    assert sorted(people.events()) == [("ann", "of ann"), ("ann", "of ann"), ("bob", "of bob")]


def test_uploaded_events_are_not_handed_over(people: Shop) -> None:
    people.track("old", "Seen", "m1")
    with people.database.begin() as connection:
        connection.execute(text("UPDATE live_events SET source = 'history'"))

    people.post("/v1/alias", {"previousId": "old", "userId": "new"})

    assert people.events() == [("old", "Seen")]


def event(user: str, number: int) -> Event:
    return Event(event_id=f"m{number}", user_id=user, event="Seen", timestamp=NOW)


def delivery(*calls: Call) -> Delivery:
    return Delivery(calls=calls, received_at=NOW, source="api")


def test_nothing_stays_anonymous_when_two_processes_store_at_once(people: Shop) -> None:
    link = delivery(Link(previous_id="anon:x", user_id="ann"))
    take_in(people.database, [delivery(event("anon:y", 1))])

    with ThreadPoolExecutor(1) as other_process:
        with writing(people.database) as session:
            person_links.begin(session, links=False)
            known = person_links.owners(session, ["anon:x"])
            linking = other_process.submit(take_in, people.database, [link])
            wait([linking], timeout=0.5)
            rows = [new_event(event("anon:x", 2))]
            live_events.add_events(session, rows, received_at=0, source="api")
        linking.result(30)

    assert known == {}
    assert sorted(people.events("user_id")) == [("ann",), ("anon:y",)]


def test_a_delivery_is_stored_whole_or_not_at_all(people: Shop) -> None:
    broken = Event(event_id="m", user_id="ann", event="x\0", timestamp=NOW)
    traits = Traits(user_id="ann", traits={"plan": "pro"})

    with pytest.raises(Exception, match="no text"):
        take_in(people.database, [delivery(traits, event("ann", 1), broken)])

    assert people.events() == []
    assert profile(people.database, "ann") is None


def test_the_longest_ids_fit_into_the_database(people: Shop) -> None:
    longest = "\N{GRINNING FACE}" * 255
    call = {"anonymousId": longest, "event": longest, "messageId": longest}

    first = people.post("/v1/track", call)
    second = people.post("/v1/identify", {"userId": longest, "anonymousId": longest})

    assert (first.status, second.status) == (200, 200)
    assert people.events("user_id, event_id") == [(longest, longest)]


def test_an_address_that_is_too_long_is_refused_on_every_database(people: Shop) -> None:
    signs = random.Random(7)
    endless = "".join(signs.choices(string.ascii_letters, k=9_000)) + "@example.org"
    named = {"type": "identify", "userId": "a", "traits": {"email": endless}}
    fine = {"type": "track", "userId": "a", "event": "fine", "messageId": "m"}

    answer = people.post("/v1/batch", {"batch": [named, fine]})

    assert answer.status == 200
    assert [one["reason"] for one in answer.said["rejected"]] == [
        "the trait 'email' is longer than 320 characters"
    ]
    assert people.events() == [("a", "fine")]


def test_nobodys_profile_grows_without_end(shop: Shop) -> None:
    def told(user: str, number: int, **traits: object) -> dict[str, object]:
        long = {f"{user}{number}{letter}": "x" * 1_000 for letter in string.ascii_lowercase}
        return {"type": "identify", "userId": user, "traits": {**long, **traits}}

    for user in ("a", "b"):
        shop.post("/v1/batch", {"batch": [told(user, number) for number in range(15)]})
    answer = shop.post("/v1/identify", {**told("a", 99), **told("a", 15, unsubscribed=True)})
    shop.post("/v1/alias", {"previousId": "b", "userId": "a"})

    known = profile(shop.database, "a") or {}
    assert answer.status == 200
    assert known["unsubscribed"] is True
    assert 200_000 < len(json.dumps(known)) <= LARGEST_PROFILE + 100
    assert "256 KB" in rejections(shop.database)[0].reason


def test_who_says_the_same_of_themselves_all_day_fills_no_room(shop: Shop) -> None:
    bio = {"type": "identify", "userId": "a", "traits": {"bio": "x" * 20_000}}

    for _ in range(2):
        shop.post("/v1/batch", {"batch": [bio] * 20})

    assert rejections(shop.database) == []
