"""What each call of the Segment HTTP API means."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.services.ingesting import deny_properties
from core.services.live_events import profile
from tests.api.asking import NOW, Shop


def test_a_track_call_is_its_event(shop: Shop) -> None:
    call = {
        "userId": "00123",
        "event": "Order Completed",
        "messageId": "m1",
        "properties": {"total": 33.1, "products": [{"sku": "007"}]},
    }

    answer = shop.post("/v1/track", call)

    assert (answer.status, answer.said) == (200, {"success": True})
    assert shop.events("user_id, event, event_id, source") == [
        ("00123", "Order Completed", "m1", "api")
    ]
    assert shop.properties() == [{"total": 33.1, "products": [{"sku": "007"}]}]


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_a_view_is_an_event_with_its_name_and_address(shop: Shop, kind: str) -> None:
    page = {"url": "https://shop.example/a", "referrer": "https://x.example", "other": "no"}
    call = {"userId": "ann", "name": "Home", "category": "Start", "context": {"page": page}}

    answer = shop.post(f"/v1/{kind}", {**call, "properties": {"url": "https://shop.example/b"}})

    assert answer.status == 200
    assert shop.events() == [("ann", kind)]
    assert shop.properties() == [
        {
            "name": "Home",
            "category": "Start",
            "url": "https://shop.example/b",
            "referrer": "https://x.example",
        }
    ]


@pytest.mark.parametrize(
    ("path", "event"), [("t", "Bought"), ("p", "page"), ("s", "screen"), ("track", "Bought")]
)
def test_short_paths_are_the_same_calls(shop: Shop, path: str, event: str) -> None:
    answer = shop.post(f"/v1/{path}", {"anonymousId": "x", "event": "Bought"})

    assert answer.status == 200
    assert shop.events() == [("anon:x", event)]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/beacon/v1/batch"])
def test_a_batch_holds_calls_of_any_type(shop: Shop, path: str) -> None:
    batch = [
        {"type": "track", "userId": "ann", "event": "Seen"},
        {"type": "identify", "userId": "ann", "traits": {"email": "ann@example.com"}},
        {"type": "page", "userId": "ann"},
        {"type": "group", "userId": "ann", "groupId": "g7", "traits": {"name": "Acme"}},
    ]

    answer = shop.post(path, {"batch": batch})

    assert answer.said == {"success": True}
    assert shop.events() == [("ann", "Seen"), ("ann", "page")]
    assert profile(shop.database, "ann") == {
        "email": "ann@example.com",
        "group_id": "g7",
        "group": {"name": "Acme"},
    }


def test_traits_of_later_calls_are_added_and_null_forgets(shop: Shop) -> None:
    shop.post("/v1/identify", {"userId": "ann", "traits": {"plan": "free", "city": "Bonn"}})

    shop.post("/v1/i", {"userId": "ann", "traits": {"plan": "pro", "city": None}})

    assert profile(shop.database, "ann") == {"plan": "pro"}


def test_traits_in_the_context_are_traits_of_the_person(shop: Shop) -> None:
    call = {"userId": "ann", "context": {"traits": {"email": "a@example.com", "plan": "free"}}}

    shop.post("/v1/identify", {**call, "traits": {"plan": "pro"}})

    assert profile(shop.database, "ann") == {"email": "a@example.com", "plan": "pro"}


def test_of_the_context_an_event_keeps_page_campaign_locale_and_zone(shop: Shop) -> None:
    context = {
        "ip": "203.0.113.7",
        "userAgent": "Browser",
        "library": {"name": "x"},
        "page": {"url": "https://shop.example/", "title": "Shop"},
        "campaign": {"source": "newsletter", "name": "spring"},
        "locale": "de-DE",
        "timezone": "Europe/Berlin",
    }

    shop.track("ann", "Seen", "m1", context=context, properties={"n": 1})

    assert shop.properties() == [
        {
            "n": 1,
            "context": {
                "page": {"url": "https://shop.example/", "title": "Shop"},
                "campaign": {"source": "newsletter", "name": "spring"},
                "locale": "de-DE",
                "timezone": "Europe/Berlin",
            },
        }
    ]


def test_a_property_called_context_stays_what_it_is(shop: Shop) -> None:
    shop.track("ann", "Seen", "m1", properties={"context": "own"}, context={"locale": "de"})

    assert shop.properties() == [{"context": "own"}]


def test_the_context_of_a_batch_holds_for_its_messages(shop: Shop) -> None:
    batch = [
        {"type": "track", "userId": "a", "event": "x"},
        {"type": "track", "userId": "b", "event": "x", "context": {"locale": "fr"}},
    ]

    shop.post("/v1/batch", {"batch": batch, "context": {"locale": "de"}})

    assert [p["context"] for p in shop.properties()] == [{"locale": "de"}, {"locale": "fr"}]


def test_the_same_message_twice_is_one_event_per_person(shop: Shop) -> None:
    for user in ("ann", "ann", "bob"):
        shop.track(user, "Bought", "m1")

    assert shop.events() == [("ann", "Bought"), ("bob", "Bought")]


def test_messages_without_an_id_are_told_apart_by_what_they_say(shop: Shop) -> None:
    call = {"type": "track", "userId": "ann", "event": "Seen", "timestamp": "2026-09-01T11:00:00Z"}
    batch = {"batch": [call, call, {**call, "event": "Bought"}]}

    shop.post("/v1/batch", batch)
    shop.post("/v1/batch", batch)

    assert shop.events() == [("ann", "Seen"), ("ann", "Seen"), ("ann", "Bought")]


def test_a_message_without_an_id_is_the_same_later_whatever_its_senders_clock_says(
    shop: Shop,
) -> None:
    ahead = (NOW + timedelta(minutes=1)).isoformat()
    call = {"userId": "ann", "event": "Bought", "timestamp": ahead}

    for _ in range(2):
        shop.post("/v1/track", call)
        shop.clock.at += timedelta(seconds=2)

    assert shop.events() == [("ann", "Bought")]


def test_messages_without_id_and_time_are_all_events(shop: Shop) -> None:
    for _ in range(2):
        shop.post("/v1/track", {"userId": "ann", "event": "Seen"})

    assert shop.events() == [("ann", "Seen"), ("ann", "Seen")]
    assert shop.times() == [NOW, NOW]


def test_denied_properties_are_dropped_at_the_door_at_any_depth(shop: Shop) -> None:
    deny_properties(shop.database, ["Card_Number", "ssn"], changed_at=NOW)
    properties = {"n": 1, "CARD_number": "4111", "form": {"ssn": "1", "list": [{"ssn": 2, "a": 3}]}}
    context = {"campaign": {"ssn": "x", "name": "c"}, "page": {"url": "u"}}

    shop.track("ann", "Paid", "m1", properties=properties, context=context)
    shop.post("/v1/identify", {"userId": "ann", "traits": {"ssn": "1", "plan": "pro"}})

    assert shop.properties() == [
        {
            "n": 1,
            "form": {"list": [{"a": 3}]},
            "context": {"page": {"url": "u"}, "campaign": {"name": "c"}},
        }
    ]
    assert profile(shop.database, "ann") == {"plan": "pro"}


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_a_view_says_nothing_that_is_denied(shop: Shop, kind: str) -> None:
    deny_properties(shop.database, ["search", "name"], changed_at=NOW)
    page = {"search": "?token=1", "url": "https://shop.example/"}

    shop.post(f"/v1/{kind}", {"userId": "ann", "name": "Ann's cart", "context": {"page": page}})

    assert shop.properties() == [{"url": "https://shop.example/"}]


def test_passwords_are_denied_until_somebody_says_otherwise(shop: Shop) -> None:
    shop.track("ann", "Signed up", "m1", properties={"password": "secret", "plan": "pro"})

    assert shop.properties() == [{"plan": "pro"}]


def test_a_whole_number_is_an_id_as_it_is_written(shop: Shop) -> None:
    shop.post("/v1/track", b'{"userId": 1234567890123456789, "event": "x"}')

    assert shop.events() == [("1234567890123456789", "x")]


@pytest.mark.parametrize(
    ("path", "call", "reason"),
    [
        ("track", {"event": "x"}, "nobody"),
        ("track", {"userId": "", "anonymousId": None, "event": "x"}, "nobody"),
        ("track", {"userId": "a"}, "'event'"),
        ("track", {"userId": "a", "event": " "}, "'event'"),
        ("track", {"userId": "a", "event": 5}, "'event'"),
        ("track", {"userId": "a", "event": "x" * 256}, "longer than 255"),
        ("track", {"userId": "a" * 256, "event": "x"}, "longer than 255"),
        ("track", {"userId": True, "event": "x"}, "'userId' has to be text"),
        ("track", {"userId": 1.5, "event": "x"}, "'userId' has to be text"),
        ("track", {"userId": ["a"], "event": "x"}, "'userId' has to be text"),
        ("track", {"userId": "anon:a", "event": "x"}, "anonymous"),
        ("track", {"userId": "a", "event": "x", "messageId": {}}, "'messageId'"),
        ("track", {"userId": "a", "event": "x", "properties": [1]}, "'properties'"),
        ("track", {"userId": "a", "event": "x", "timestamp": "soon"}, "'soon' is no time"),
        ("track", {"userId": "a", "event": "x", "timestamp": 12}, "'12' is no time"),
        ("identify", {"traits": {}}, "nobody"),
        ("identify", {"userId": "a", "traits": "x"}, "'traits'"),
        ("group", {"userId": "a"}, "'groupId'"),
        ("alias", {"userId": "a"}, "'previousId'"),
        ("alias", {"previousId": "a"}, "'userId'"),
        ("batch", {}, "'batch'"),
        ("batch", {"batch": {}}, "'batch'"),
        ("batch", {"batch": [5]}, "has to be an object"),
        ("batch", {"batch": [{"userId": "a"}]}, "type ''"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(
    shop: Shop, path: str, call: object, reason: str
) -> None:
    answer = shop.post(f"/v1/{path}", call)

    assert answer.status == 400
    assert reason in answer.said["message"]
    assert shop.events() == []


def test_the_usable_part_of_a_batch_is_stored_and_the_rest_named(shop: Shop) -> None:
    batch = [
        {"type": "track", "userId": "ann", "event": "Bought", "messageId": "m1"},
        {"type": "track", "userId": "ann", "messageId": "m2"},
        {"type": "dance", "userId": "ann", "messageId": "m3"},
    ]

    answer = shop.post("/v1/batch", {"batch": batch})

    assert answer.status == 200
    assert [(r["index"], r["messageId"]) for r in answer.said["rejected"]] == [(1, "m2"), (2, "m3")]
    assert "'dance' is not known" in answer.said["rejected"][1]["reason"]
    assert shop.events() == [("ann", "Bought")]


def test_an_empty_batch_is_fine(shop: Shop) -> None:
    assert shop.post("/v1/batch", {"batch": []}).status == 200


def test_rejected_messages_are_kept_for_people_to_see(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.services.ingesting import rejections
    from core.store import rejected_calls

    monkeypatch.setattr(rejected_calls, "KEPT_COUNT", 3)
    for number in range(5):
        shop.post("/v1/track", {"userId": "ann", "messageId": f"m{number}"})

    found = rejections(shop.database)

    assert [(r.kind, r.message_id, r.received_at) for r in found] == [
        ("track", "m4", NOW),
        ("track", "m3", NOW),
        ("track", "m2", NOW),
    ]
    assert "name of its event" in found[0].reason


def test_numbers_that_are_none_become_missing(shop: Shop) -> None:
    body = b'{"userId":"a","event":"x","properties":{"a":NaN,"b":-Infinity,"c":1e999,"d":1.5}}'

    answer = shop.post("/v1/track", body)

    assert answer.status == 200
    assert shop.properties() == [{"a": None, "b": None, "c": None, "d": 1.5}]


def test_characters_that_are_none_are_replaced(shop: Shop) -> None:
    body = (
        rb'{"userId":"a","event":"x\u0000","properties":{"cut \ud83d":["\ud83d","\ud83d\ude00"]}}'
    )

    answer = shop.post("/v1/track", body)

    assert answer.status == 200
    assert shop.events() == [("a", "x\ufffd")]
    assert shop.properties() == [{"cut \ufffd": ["\ufffd", "\U0001f600"]}]


def test_a_group_call_says_nothing_of_the_persons_own_traits(
    shop_with: Callable[..., Shop],
) -> None:
    shop = shop_with()
    shop.post("/v1/identify", {"userId": "ann", "traits": {"name": "Ann"}})

    shop.post("/v1/g", {"userId": "ann", "groupId": "g", "traits": {"name": "Acme"}})

    assert profile(shop.database, "ann") == {
        "name": "Ann",
        "group_id": "g",
        "group": {"name": "Acme"},
    }
