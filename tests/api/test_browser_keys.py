"""A key that lies open in every page: what it may say, and what nobody can do with it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from core.domain.consents import MARKETING_NAME, ConsentState
from core.domain.errors import UnusableInput
from core.domain.mail_events import MailEvent
from core.domain.write_keys import KeyKind
from core.services.consents import consents_of, record_consent
from core.services.ingesting import rejections
from core.services.live_events import profile, save_profiles
from core.services.public_calls import FROM_PAGE, with_upload
from core.services.write_keys import create_key, origin_of, write_keys
from tests.api.asking import NOW, Answer, Shop, asked, awaited

SHOP = "https://shop.example"
Sending = Callable[..., Answer]


@pytest.fixture
def send(shop: Shop) -> Sending:
    """Post to a path as a page does, with a key that everybody can read."""
    key = create_key(shop.database, "page", created_at=NOW, kind=KeyKind.BROWSER)

    def sending(path: str, **said: object) -> Answer:
        answer = shop.post(path, {"writeKey": key, **said}, key=None)
        assert answer.status == 200, answer
        return answer

    return sending


def known(shop: Shop, user: str, **traits: object) -> None:
    save_profiles(shop.database, {user: traits}, saved_at=NOW)  # type: ignore[dict-item]


def test_what_people_do_is_taken_as_from_a_server(shop: Shop, send: Sending) -> None:
    send("/v1/t", userId="ann", event="Seen", messageId="m1")
    send("/v1/p", anonymousId="x", messageId="m2")

    assert shop.events() == [("ann", "Seen"), ("anon:x", "page")]


def test_somebody_new_may_say_their_address_and_agree(shop: Shop, send: Sending) -> None:
    send("/v1/i", anonymousId="x", traits={"email": "ann@example.com", "consent": True})
    send("/v1/i", userId="ann", anonymousId="x")

    told = {"email": "ann@example.com", "consent": True, FROM_PAGE: True}
    assert profile(shop.database, "ann") == told
    assert rejections(shop.database) == []


@pytest.mark.parametrize(
    "told",
    [
        {"email": "thief@example.com"},
        {"email": None},
        {"consent": True},
        {"consent": False},
        {"consent": None},
    ],
)
def test_nothing_that_is_known_of_somebody_is_changed(
    shop: Shop, send: Sending, told: dict[str, object]
) -> None:
    before = {"email": "ann@example.com", "consent": "no"}
    known(shop, "ann", **before)

    send("/v1/identify", userId="ann", traits={**told, "city": "Bonn"})

    assert profile(shop.database, "ann") == {**before, "city": "Bonn"}
    (refused,) = rejections(shop.database)
    assert refused.kind == "identify"
    assert f"may not set {next(iter(told))!r} of somebody who is known" in refused.reason


@pytest.mark.parametrize("name", ["unsubscribed", "suppressed"])
@pytest.mark.parametrize("value", [True, False, None])
def test_nobody_is_unsubscribed_or_subscribed_anew(
    shop: Shop, send: Sending, name: str, value: object
) -> None:
    known(shop, "ann", email="ann@example.com", **{name: "yes"})

    send("/v1/i", userId="ann", traits={name: value})
    send("/v1/i", userId="new", traits={name: value})

    assert profile(shop.database, "ann") == {"email": "ann@example.com", name: "yes"}
    assert not (profile(shop.database, "new") or {}).get(name)


def test_agreeing_for_somebody_whose_address_is_known_does_nothing(
    shop: Shop, send: Sending
) -> None:
    known(shop, "ann", email="ann@example.com")

    send("/v1/i", anonymousId="x", traits={"consent": True, "city": "Bonn"})
    send("/v1/i", userId="ann", anonymousId="x")

    assert profile(shop.database, "ann") == {"email": "ann@example.com", "city": "Bonn"}


def test_an_address_stays_that_of_who_has_it(shop: Shop, send: Sending) -> None:
    known(shop, "ann", email="Ann@Example.com", unsubscribed=True)

    send("/v1/i", userId="x", traits={"email": " ann@example.COM", "consent": True, "city": "Ulm"})

    assert profile(shop.database, "x") == {"city": "Ulm"}


def test_nobody_objects_for_somebody_by_saying_that_they_are_them(
    shop: Shop, send: Sending
) -> None:
    known(shop, "ann", email="ann@example.com")
    known(shop, "anon:x", email="thief@example.com", unsubscribed=True, suppressed=True)

    send("/v1/i", userId="ann", anonymousId="x")

    assert profile(shop.database, "ann") == {"email": "ann@example.com"}


@pytest.mark.parametrize("state", [ConsentState.WITHDRAWN, ConsentState.GIVEN])
def test_what_a_visitor_agreed_to_is_not_said_for_somebody_known(
    shop: Shop, send: Sending, state: ConsentState
) -> None:
    known(shop, "ann", email="ann@example.com")
    record_consent(shop.database, "anon:x", MARKETING_NAME, state, at=NOW, source="test")

    send("/v1/i", userId="ann", anonymousId="x")

    assert profile(shop.database, "ann") == {"email": "ann@example.com"}
    assert {one.state for one in consents_of(shop.database, "ann")} == {None}


def test_what_a_visitor_agreed_to_counts_when_they_become_a_customer(
    shop: Shop, send: Sending
) -> None:
    known(shop, "anon:x", email="ann@example.com")
    record_consent(
        shop.database, "anon:x", MARKETING_NAME, ConsentState.GIVEN, at=NOW, source="test"
    )

    send("/v1/i", userId="ann", anonymousId="x")

    assert ConsentState.GIVEN in {one.state for one in consents_of(shop.database, "ann")}
    assert (profile(shop.database, "ann") or {})["email"] == "ann@example.com"


def test_a_visitor_does_not_keep_a_customer_from_their_address(shop: Shop, send: Sending) -> None:
    send("/v1/i", anonymousId="phone", traits={"email": "ann@example.com", "consent": True})

    send("/v1/i", anonymousId="desk", traits={"email": "ann@example.com"})
    send("/v1/i", userId="ann", traits={"email": "ann@example.com"})

    assert not profile(shop.database, "anon:desk")
    assert profile(shop.database, "ann") == {"email": "ann@example.com", FROM_PAGE: True}


@pytest.mark.parametrize("objection", [{"unsubscribed": True}, {"consent": False}])
def test_who_wants_nothing_sent_is_not_signed_up_under_another_id(
    shop: Shop, send: Sending, objection: dict[str, object]
) -> None:
    known(shop, "anon:x", email="ann@example.com", **objection)

    send("/v1/i", userId="new", traits={"email": "ann@example.com", "consent": True})

    assert not profile(shop.database, "new")


def test_of_two_new_people_in_one_batch_one_has_the_address(shop: Shop, send: Sending) -> None:
    def told(user: str) -> dict[str, object]:
        return {"type": "identify", "userId": user, "traits": {"email": "a@example.com"}}

    send("/v1/b", batch=[told("first"), told("second")])

    assert profile(shop.database, "first") == {"email": "a@example.com", FROM_PAGE: True}
    assert not profile(shop.database, "second")


def test_saying_what_is_known_already_is_no_mistake(shop: Shop, send: Sending) -> None:
    known(shop, "ann", email="ann@example.com", consent=True)

    send("/v1/i", userId="ann", traits={"email": "ann@example.com", "consent": True})

    assert rejections(shop.database) == []


def test_a_server_may_change_what_a_browser_said(shop: Shop, send: Sending) -> None:
    send("/v1/i", userId="ann", traits={"email": "wrong@example.com"})

    shop.post("/v1/i", {"userId": "ann", "traits": {"email": "ann@example.com"}})

    assert profile(shop.database, "ann") == {"email": "ann@example.com"}


def test_what_a_server_says_is_no_pages_word_any_more(shop: Shop, send: Sending) -> None:
    send("/v1/i", userId="ann", traits={"email": "thief@example.com"})

    shop.post("/v1/i", {"userId": "ann", "traits": {"email": "ann@example.com"}})

    assert profile(shop.database, "ann") == {"email": "ann@example.com"}


def test_the_address_of_an_upload_goes_before_one_that_a_page_said() -> None:
    uploaded = {"email": "ann@example.com", "consent": False, "tier": "gold"}

    said_by_a_page = with_upload(
        {"email": "thief@example.com", "consent": True, FROM_PAGE: True, "plan": "b"}, uploaded
    )
    said_by_a_server = with_upload({"email": "new@example.com", "plan": "b"}, uploaded)

    assert said_by_a_page == {**uploaded, "plan": "b"}
    assert said_by_a_server == {**uploaded, "email": "new@example.com", "plan": "b"}


def test_no_page_says_that_its_word_is_a_servers(shop: Shop, send: Sending) -> None:
    send("/v1/i", userId="ann", traits={"email": "ann@example.com", FROM_PAGE: False})

    assert profile(shop.database, "ann") == {"email": "ann@example.com", FROM_PAGE: True}


def test_two_known_people_are_not_made_one(shop: Shop, send: Sending) -> None:
    known(shop, "ann", email="ann@example.com")
    shop.track("ann", "Bought", "m1")

    send("/v1/alias", previousId="ann", userId="thief")

    assert profile(shop.database, "ann") == {"email": "ann@example.com"}
    assert shop.rows("SELECT person_id FROM person_links") == [("anon:ann",)]
    assert shop.events() == [("ann", "Bought")]


def test_an_anonymous_visitor_becomes_who_they_say(shop: Shop, send: Sending) -> None:
    send("/v1/t", anonymousId="x", event="Seen", messageId="m1")

    send("/v1/alias", previousId="x", userId="ann")

    assert shop.events() == [("ann", "Seen")]


@pytest.mark.parametrize("name", list(MailEvent))
def test_what_became_of_an_email_is_not_pretended(
    shop: Shop, send: Sending, name: MailEvent
) -> None:
    send("/v1/t", userId="ann", event=name.value, messageId="m1")
    shop.track("ann", name.value, "m2")

    assert shop.events("event_id") == [("m2",)]
    assert "what became of an e-mail" in rejections(shop.database)[0].reason


@pytest.fixture
def shop_key(shop: Shop) -> str:
    """Make a key for the pages of one website."""
    return create_key(
        shop.database, "page", created_at=NOW, kind=KeyKind.BROWSER, origins=[f"{SHOP}/cart"]
    )


CALL = {"userId": "ann", "event": "Seen", "messageId": "m1"}


def test_pages_of_the_website_of_a_key_may_use_it(shop: Shop, shop_key: str) -> None:
    answer = shop.post("/v1/t", CALL, key=shop_key, headers={"origin": SHOP})

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://other.example", "http://shop.example", "null"])
def test_pages_of_other_websites_may_not(shop: Shop, shop_key: str, origin: str) -> None:
    answer = shop.post("/v1/t", CALL, key=shop_key, headers={"origin": origin})

    assert (answer.status, answer.said["code"]) == (403, "origin_not_allowed")
    assert shop.events() == []


def test_a_pixel_in_a_page_of_another_website_is_refused(shop: Shop, shop_key: str) -> None:
    address = f"/v1/pixel.gif?writeKey={shop_key}&userId=ann"

    statuses = [
        shop.get(address, {"referer": page} if page else {}).status
        for page in (f"{SHOP}/a", "https://other.example/a", "")
    ]

    assert statuses == [200, 403, 200]


def test_pages_of_every_website_may_use_a_key_without_one(shop: Shop) -> None:
    answer = shop.post("/v1/t", CALL, headers={"origin": "https://other.example"})

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Shop.Example/cart?x=1", SHOP),
        (" https://shop.example:443 ", SHOP),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "address",
    ["", "shop.example", "ftp://shop.example", "https://", "https://a b", "https://x:y", "https://[",
     "https://user@shop.example", "https://*.example", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_website_is_refused_in_one_sentence(address: str) -> None:
    with pytest.raises(UnusableInput, match="is no address of a website"):
        origin_of(address)


def test_a_server_has_no_websites(own_database: Engine) -> None:
    with pytest.raises(UnusableInput, match="a server's key has no websites"):
        create_key(own_database, "shop", created_at=NOW, origins=[SHOP])

    assert write_keys(own_database) == []


def test_kind_and_websites_are_kept(database: Engine) -> None:
    key = create_key(
        database, "page", created_at=NOW, kind=KeyKind.BROWSER, origins=[SHOP, "http://b.example"]
    )
    create_key(database, "shop", created_at=NOW)

    assert key.startswith("wb_")
    assert [(k.name, k.kind, k.origins) for k in write_keys(database)] == [
        ("shop", KeyKind.SERVER, ()),
        ("page", KeyKind.BROWSER, ("http://b.example", SHOP)),
    ]


def test_preflights_know_no_key_and_are_answered_to_all(shop: Shop) -> None:
    answer = awaited(asked(shop.app, "OPTIONS", "/v1/t", {"origin": "https://other.example"}))

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
