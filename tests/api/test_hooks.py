"""Webhooks in: only genuine calls are taken, each once, and become events and traits."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine

from core.domain.calls import Delivery, Traits
from core.domain.errors import UnusableInput
from core.domain.hooks import HookMapping, HookRule, Preset
from core.services.hook_sources import (
    add_source,
    change_mapping,
    remove_source,
    rotate_secret,
    sources,
)
from core.services.ingesting import deny_properties, take_in
from tests.api.asking import NOW
from tests.api.calling_in import ORGANIZATION, SECRET, Door, digest, outbound

CALL = {
    "event": "signup",
    "user_id": "u1",
    "email": "Ada@Example.org",
    "timestamp": "2026-09-01T11:00:00Z",
    "properties": {"plan": "pro"},
}
ORDER: dict[str, Any] = {
    "id": 77,
    "email": "Ada@Example.org",
    "created_at": "2026-09-01T13:30:00+02:00",
    "total_price": "129.90",
    "currency": "EUR",
    "cart_token": "c-1",
    "customer": {"id": 5, "first_name": "Ada"},
    "line_items": [{"product_id": 9, "price": "129.90"}],
}


def test_a_call_becomes_an_event_of_the_person_it_names(database: Engine) -> None:
    door = Door(database)

    answer = door.call(CALL)

    assert (answer.status, answer.said) == (200, {"success": True})
    assert door.events() == [("u1", "signup")]
    assert door.properties() == [{"plan": "pro"}]
    assert door.profile("u1") == {"email": "ada@example.org"}
    (noted,) = door.log()
    assert (noted.outcome, noted.reason, noted.event_count) == ("taken", "", 1)


@pytest.mark.parametrize("preset", list(Preset))
def test_a_call_without_the_right_signature_changes_nothing(
    own_database: Engine, preset: Preset
) -> None:
    door = Door(own_database, preset)
    said = outbound("Lead", Id="1", Email="a@b.example") if preset is Preset.SALESFORCE else CALL
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    right = door.signed(body)
    door.secret = "another-secret-entirely"
    forged = door.signed(body)

    statuses = [
        door.call(body, forged, query="?secret=guessed").status,
        door.call(body, {}).status,
        door.call(body + b" ", right).status,
    ]

    assert statuses == [401, 401, 401]
    assert door.events() == []
    assert {outcome for outcome, _ in door.outcomes()} == {"refused"}


@pytest.mark.parametrize("preset", [Preset.GENERIC, Preset.SHOPIFY, Preset.STRIPE, Preset.HUBSPOT])
def test_the_same_call_once_more_changes_nothing(own_database: Engine, preset: Preset) -> None:
    said: Any = {
        Preset.GENERIC: CALL,
        Preset.SHOPIFY: ORDER,
        Preset.STRIPE: _session(),
        Preset.HUBSPOT: [_changed(email="ada@example.org"), _changed(city="Ulm")],
    }[preset]
    door = Door(own_database, preset)
    body = json.dumps(said).encode()
    headers = door.signed(body)
    first = door.call(body, headers)
    before = (door.rows("*"), _profiles(door))
    door.know("u1", email="new@example.org")
    changed = _profiles(door)

    again = [door.call(body, {**headers, "x-shopify-webhook-id": str(n)}) for n in range(2)]

    assert [first.status, *(one.status for one in again)] == [200, 200, 200]
    assert (door.rows("*"), _profiles(door)) == (before[0], changed)
    assert door.outcomes()[0] == ("repeated", "It came before, and changed nothing.")


def test_the_same_call_many_times_at_once_counts_once(database: Engine) -> None:
    door = Door(database)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: door.call(CALL), range(8)))

    assert {answer.status for answer in answers} == {200}
    assert door.events() == [("u1", "signup")]
    assert sorted(outcome for outcome, _ in door.outcomes()) == ["repeated"] * 7 + ["taken"]


@pytest.mark.parametrize("preset", [Preset.STRIPE, Preset.HUBSPOT])
def test_a_call_that_is_more_than_five_minutes_old_is_refused(
    own_database: Engine, preset: Preset
) -> None:
    door = Door(own_database, preset)
    body = json.dumps(_session() if preset is Preset.STRIPE else [_changed(city="Ulm")]).encode()
    headers = door.signed(body)
    door.clock.move(timedelta(minutes=6))

    answer = door.call(body, headers)

    assert answer.status == 401
    assert "five minutes" in answer.said["message"]


def test_standard_webhooks_are_taken_and_their_id_is_what_makes_them_new(
    own_database: Engine,
) -> None:
    door = Door(own_database)
    body = json.dumps({"event": "ping", "user_id": "u1"}).encode()
    headers = door.standard(body)

    statuses = [
        door.call(body, headers).status,
        door.call(body, headers).status,
        door.call(body, {**headers, "webhook-id": "msg_2"}).status,
        door.call(body, door.standard(body, "msg_2")).status,
    ]
    door.clock.move(timedelta(minutes=6))
    late = door.call(body, headers)

    assert statuses == [200, 200, 401, 200]
    assert len(door.events()) == 2
    assert late.status == 401


def test_a_new_secret_is_good_at_once_and_the_former_one_for_a_day(own_database: Engine) -> None:
    door = Door(own_database)
    fresh = rotate_secret(own_database, door.source.id, changed_at=NOW)
    former = door.signed(json.dumps(CALL).encode())

    in_time = door.call(CALL, former).status
    door.secret = fresh.secret
    with_new = door.call({**CALL, "event": "b"}).status
    door.clock.move(timedelta(hours=25))
    too_late = door.call(CALL, former).status
    rotate_secret(own_database, door.source.id, changed_at=door.clock(), keeps_former=False)
    at_once = door.call({**CALL, "event": "c"}).status

    assert (in_time, with_new, too_late, at_once) == (200, 200, 401, 401)


def test_a_source_that_was_taken_away_is_refused(own_database: Engine) -> None:
    door = Door(own_database)
    door.call(CALL)
    remove_source(own_database, door.source.id)

    assert door.call({**CALL, "event": "b"}).status == 404
    assert sources(own_database) == []
    assert door.events() == [("u1", "signup")]


def test_what_is_told_of_an_address_belongs_to_the_person_who_has_it(database: Engine) -> None:
    door = Door(database, Preset.SHOPIFY)
    door.know("u7", email="ADA@example.org ")

    door.call(ORDER)

    assert door.events() == [("u7", "purchase")]
    assert door.properties() == [
        {
            "items": ORDER["line_items"],
            "currency": "EUR",
            "order_id": 77,
            "revenue": "129.90",
            "cart_id": "c-1",
        }
    ]
    assert door.rows("at") == [(int(NOW.timestamp() - 1_800) * 1_000_000,)]


def test_an_address_nobody_has_is_a_person_until_somebody_turns_out_to_be_them(
    database: Engine,
) -> None:
    door = Door(database, Preset.SHOPIFY)
    cart = {"token": "c-1", "line_items": [], "updated_at": "2026-09-01T11:00:00Z"}
    body = json.dumps(cart).encode()
    door.call(body, {**door.signed(body), "x-shopify-topic": "carts/update"})
    of_cart = door.events()

    door.call(ORDER)
    of_address = sorted(door.events())
    door.know("u7", email="ada@example.org")
    door.call({**ORDER, "id": 78})

    assert of_cart == [("vendor:cart:c-1", "cart_update")]
    assert of_address == [
        ("email:ada@example.org", "cart_update"),
        ("email:ada@example.org", "purchase"),
    ]
    assert sorted(door.events()) == [
        ("u7", "cart_update"),
        ("u7", "purchase"),
        ("u7", "purchase"),
    ]
    assert door.profile("u7") == {"email": "ada@example.org", "first_name": "Ada"}


def test_an_order_under_another_address_is_another_persons_also_from_the_same_cart(
    own_database: Engine,
) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    door.call(ORDER)

    door.call({**ORDER, "id": 78, "email": "eve@example.org"})

    assert door.events() == [
        ("email:ada@example.org", "purchase"),
        ("email:eve@example.org", "purchase"),
    ]


def test_an_order_that_is_paid_at_once_is_told_twice_in_the_same_words(
    own_database: Engine,
) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    body = json.dumps(ORDER).encode()
    signed = door.signed(body)

    for topic in ("orders/paid", "orders/updated", "orders/create", "orders/paid"):
        door.call(body, {**signed, "x-shopify-topic": topic})

    assert sorted(event for _, event in door.events()) == ["order_paid", "purchase"]
    outcomes = [outcome for outcome, _ in door.outcomes()]
    assert outcomes == ["repeated", "taken", "ignored", "taken"]


def test_an_order_of_many_articles_is_a_purchase_too(own_database: Engine) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    article = {"product_id": 9, "price": "1.00", "tax_lines": "x" * 1_500}

    door.call({**ORDER, "line_items": [article] * 100})

    assert door.events() == [("email:ada@example.org", "purchase")]
    assert len(door.properties()[0]["items"]) == 100
    assert [outcome for outcome, _ in door.outcomes()] == ["taken"]


def test_a_customer_whose_address_changes_stays_the_same_person(own_database: Engine) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    door.call(ORDER)
    body = json.dumps({"id": 5, "email": "new@example.org"}).encode()

    door.call(body, {**door.signed(body), "x-shopify-topic": "customers/update"})
    door.call({**ORDER, "id": 78, "email": "new@example.org"})

    assert door.events() == [("email:ada@example.org", "purchase")] * 2
    assert door.profile("email:ada@example.org") == {
        "email": "new@example.org",
        "first_name": "Ada",
    }


def test_stripe_tells_of_a_purchase(own_database: Engine) -> None:
    door = Door(own_database, Preset.STRIPE)

    door.call(_session())

    assert door.events() == [("email:ada@example.org", "purchase")]
    assert door.properties()[0]["amount_in_cents"] == 12_990
    assert door.rows("at") == [(int(NOW.timestamp() - 60) * 1_000_000,)]
    assert door.profile("email:ada@example.org") == {"email": "ada@example.org"}


@pytest.mark.parametrize(
    ("kind", "paid", "means"),
    [
        ("checkout.session.completed", "unpaid", "checkout_completed"),
        ("checkout.session.completed", "no_payment_required", "checkout_completed"),
        ("checkout.session.async_payment_succeeded", "paid", "purchase"),
        ("checkout.session.async_payment_failed", "unpaid", "payment_failed"),
    ],
)
def test_stripe_tells_of_a_purchase_only_once_it_is_paid(
    own_database: Engine, kind: str, paid: str, means: str
) -> None:
    door = Door(own_database, Preset.STRIPE)
    said = _session()
    said["data"]["object"]["payment_status"] = paid

    door.call({**said, "type": kind})

    assert door.events() == [("email:ada@example.org", means)]


def test_stripe_counts_how_many_are_still_to_be_told_and_means_the_same(
    own_database: Engine,
) -> None:
    door = Door(own_database, Preset.STRIPE)

    for left in (2, 1):
        door.call({**_session(), "pending_webhooks": left})

    assert door.events() == [("email:ada@example.org", "purchase")]
    assert [outcome for outcome, _ in door.outcomes()] == ["repeated", "taken"]


def test_nobody_has_anothers_orders_sent_to_them_by_a_key_of_a_page(own_database: Engine) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    claimed = Traits(user_id="email:ada@example.org", traits={"email": "eve@example.net"})
    said = Delivery(calls=[claimed], received_at=NOW, source="api", is_public=True)
    take_in(own_database, [said])

    door.call(ORDER)

    assert door.profile("email:ada@example.org") == {
        "email": "ada@example.org",
        "first_name": "Ada",
    }


def test_hubspot_tells_of_several_changes_and_deals_of_one_contact(own_database: Engine) -> None:
    door = Door(own_database, Preset.HUBSPOT)
    door.know("u7", email="ada@example.org")

    door.call(
        [
            _changed(email="ada@example.org"),
            _changed(lifecyclestage="customer"),
            {
                **_changed(),
                "subscriptionType": "deal.associationChange",
                "associationType": "DEAL_TO_CONTACT",
                "fromObjectId": 900,
                "toObjectId": 12,
            },
        ]
    )
    door.call(
        [
            {
                **_changed(dealstage="won"),
                "subscriptionType": "deal.propertyChange",
                "objectId": 900,
            },
            {"subscriptionType": "company.creation", "objectId": 3},
        ]
    )

    assert door.profile("u7") == {"email": "ada@example.org", "lifecyclestage": "customer"}
    assert door.events() == [
        ("u7", "contact_changed"),
        ("u7", "deal_assigned"),
        ("u7", "deal_changed"),
    ]
    assert door.properties()[2] == {"deal_id": 900, "property": "dealstage", "value": "won"}
    assert [one.event_count for one in door.log()] == [1, 2]


@pytest.mark.parametrize("is_one_call", [True, False])
def test_hubspots_second_contact_of_a_deal_is_another_person(
    own_database: Engine, is_one_call: bool
) -> None:
    door = Door(own_database, Preset.HUBSPOT)
    door.know("u7", email="ada@example.org")
    said = [
        _changed(email="ada@example.org"),
        _of_deal(contact=12),
        {**_changed(), "subscriptionType": "contact.creation", "objectId": 13},
        _of_deal(contact=13),
        {**_changed(email="bob@example.org"), "objectId": 13},
    ]

    for call in [said] if is_one_call else [[one] for one in said]:
        door.call(call)

    assert door.profile("u7") == {"email": "ada@example.org"}
    people = {person for person, event in door.events() if event == "deal_assigned"}
    assert len(people) == 2


def test_a_contact_who_is_taken_off_a_deal_is_not_told_of_it_any_more(own_database: Engine) -> None:
    door = Door(own_database, Preset.HUBSPOT)
    door.know("u7", email="ada@example.org")
    door.call([_changed(email="ada@example.org")])

    door.call([{**_of_deal(contact=12), "associationRemoved": True}])
    door.call([{**_changed(), "subscriptionType": "deal.creation", "objectId": 900}])

    assert door.events()[0] == ("u7", "deal_unassigned")
    assert "u7" not in {person for person, event in door.events() if event == "deal_created"}


@pytest.mark.parametrize(
    ("preset", "said", "topic"),
    [
        (
            Preset.SHOPIFY,
            {
                "id": 5,
                "email": "ada@example.org",
                "email_marketing_consent": {"state": "unsubscribed"},
            },
            {"x-shopify-topic": "customers/update"},
        ),
        (
            Preset.HUBSPOT,
            [
                {
                    "subscriptionType": "contact.propertyChange",
                    "objectId": 12,
                    "propertyName": "hs_email_optout",
                    "propertyValue": "true",
                }
            ],
            {},
        ),
    ],
)
def test_who_wants_nothing_at_a_vendor_is_not_written_to(
    own_database: Engine, preset: Preset, said: Any, topic: dict[str, str]
) -> None:
    door = Door(own_database, preset)
    door.know("u7", email="ada@example.org")
    if preset is Preset.HUBSPOT:
        door.call([_changed(email="ada@example.org")])
    body = json.dumps(said).encode()

    door.call(body, {**door.signed(body), **topic})

    assert door.profile("u7")["unsubscribed"] == "true"


def test_hubspot_knows_us_by_our_public_address_behind_a_proxy(own_database: Engine) -> None:
    door = Door(own_database, Preset.HUBSPOT, public_url="https://mail.shop.example/")
    body = json.dumps([_changed(city="Ulm")]).encode()
    at = str(door.seconds * 1_000)
    said = b"POSThttps://mail.shop.example/v1/hooks/vendor" + body + at.encode()
    mark = base64.b64encode(digest(said, SECRET)).decode()

    answer = door.call(body, {"x-hubspot-signature-v3": mark, "x-hubspot-request-timestamp": at})

    assert answer.status == 200


@pytest.mark.parametrize("kind", ["Lead", "Contact"])
def test_who_opted_out_at_salesforce_is_not_written_to(own_database: Engine, kind: str) -> None:
    door = Door(own_database, Preset.SALESFORCE)
    door.know("u7", email="ada@example.org")
    body = outbound(kind, Id="00Q1", Email="ada@example.org", HasOptedOutOfEmail="true")

    door.call(body, {}, query=f"?secret={door.secret}")

    assert door.profile("u7")["unsubscribed"] == "true"


def test_salesforce_gets_its_acknowledgement(own_database: Engine) -> None:
    door = Door(own_database, Preset.SALESFORCE)
    body = outbound("Lead", Id="00Q1", Email="ada@example.org", Status="Hot &amp; new")

    answers = [door.call(body, {}, query=f"?secret={door.secret}") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert b"<Ack>true</Ack>" in answers[0].body
    assert answers[0].headers["content-type"].startswith("text/xml")
    assert door.events() == [("email:ada@example.org", "lead_changed")]
    assert door.properties() == [{"lead_id": "00Q1", "status": "Hot & new"}]
    assert [outcome for outcome, _ in door.outcomes()] == ["repeated", "taken"]


def test_salesforce_of_somebody_else_is_refused(own_database: Engine) -> None:
    door = Door(own_database, Preset.SALESFORCE)
    ours = outbound("Lead", ORGANIZATION[:15], Id="1", Email="a@b.example")
    theirs = outbound("Lead", "00D000000000002", Id="1", Email="a@b.example")

    statuses = [
        door.call(body, {}, query=f"?secret={door.secret}").status for body in (theirs, ours)
    ]

    assert statuses == [401, 200]


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 200 + b"</a>" * 200,
        b"<a>&unknown;</a>",
        b"no xml",
        b"<a/>",
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="martian"?><a/>',
        b"<a>" + b"<b/>" * 30_000 + b"</a>",
    ],
)
def test_xml_that_is_no_message_or_wants_more_is_refused(own_database: Engine, body: bytes) -> None:
    door = Door(own_database, Preset.SALESFORCE)

    answer = door.call(body, {}, query=f"?secret={door.secret}")

    assert answer.status == 400
    assert "root:" not in answer.said["message"]


def test_a_message_that_declares_entities_is_refused_however_right_it_is_otherwise(
    own_database: Engine,
) -> None:
    door = Door(own_database, Preset.SALESFORCE)
    head, rest = outbound("Lead", Id="1", Email="a@b.example", Status="&x;").split(b"\n", 1)
    declared = b'<!DOCTYPE a [<!ENTITY x "much">]>'

    answer = door.call(head + declared + rest, {}, query=f"?secret={door.secret}")

    assert (answer.status, door.events()) == (400, [])
    assert "document type" in answer.said["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"\xff",
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_noted(own_database: Engine, body: bytes) -> None:
    door = Door(own_database)

    answer = door.call(body)

    assert answer.status == 400
    assert door.outcomes()[0][0] == "refused"


def test_a_body_that_is_too_large_is_refused(own_database: Engine) -> None:
    assert Door(own_database).call(b" " * 600_000).status == 413


def test_more_items_than_are_taken_are_refused_rather_than_left_out(own_database: Engine) -> None:
    door = Door(own_database, Preset.HUBSPOT)

    answer = door.call([_changed(city="Ulm")] * 1_001)

    assert answer.status == 400
    assert "more than 1,000 items" in answer.said["message"]
    assert door.events() == []


def test_denied_properties_and_strange_signs_are_not_kept(own_database: Engine) -> None:
    door = Door(own_database)
    deny_properties(own_database, ["iban"], changed_at=NOW)
    body = (
        b'{"event": "a", "user_id": "u1", "properties": {"iban": "DE", "n": NaN,'
        b' "x": {"IBAN": 1, "t": "\\u0000"}}, "traits": {"iban": "DE", "city": "Ulm"}}'
    )

    door.call(body)

    assert door.properties() == [{"n": None, "x": {"t": "\N{REPLACEMENT CHARACTER}"}}]
    assert door.profile("u1") == {"city": "Ulm"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"event": "a"}, "It says of nobody: no user id, no e-mail."),
        ({"event": "a", "email": "no address"}, "It says of nobody: no user id, no e-mail."),
        ({"user_id": "u1"}, "It says nothing that the rules ask for."),
        ({"event": "a", "user_id": "anon:7"}, "'userId' begins with 'anon:'"),
        ({"event": "a", "user_id": "u" * 300}, "'userId' is longer than 255"),
        ({"event": "a", "user_id": "u1", "timestamp": "tomorrow"}, "is no time"),
    ],
)
def test_what_cannot_be_used_is_noted_with_its_reason(
    own_database: Engine, said: dict[str, Any], reason: str
) -> None:
    door = Door(own_database)

    answer = door.call(said)

    assert answer.status == 200  # the same once more would be no better
    outcome, noted = door.outcomes()[0]
    assert outcome == "refused"
    assert reason in noted


def test_what_no_rule_is_for_is_noted_as_ignored(own_database: Engine) -> None:
    door = Door(own_database, Preset.SHOPIFY)
    body = json.dumps(ORDER).encode()

    door.call(body, {**door.signed(body), "x-shopify-topic": "themes/publish"})

    assert door.outcomes() == [("ignored", "No rule is for themes/publish.")]


def test_a_mapping_of_ones_own_reads_lists_and_makes_names(own_database: Engine) -> None:
    door = Door(own_database)
    rule = HookRule(
        topic="form.*",
        where={"$.test": "false"},
        event="form_{$.form.name}",
        email="$.answers[?@.field == 'mail'].value",
        at="$.sent",
        properties={"first": "$.answers[0].value", "kind": "newsletter"},
        traits={"*": "$.about", "score": "$.score"},
    )
    mapping = HookMapping(items="$.batch[*]", topic="$.kind", rules=(rule,))
    change_mapping(own_database, door.source.id, mapping)
    sent = {
        "kind": "form.sent",
        "test": False,
        "form": {"name": "contact"},
        "answers": [{"field": "name", "value": "Ada"}, {"field": "mail", "value": "a@b.example"}],
        "sent": NOW.timestamp() * 1_000,
        "about": {"city": "Ulm"},
        "score": 3,
    }

    door.call({"batch": [sent, {**sent, "test": True}, {**sent, "score": 4}, "odd"]})

    assert door.events() == [("email:a@b.example", "form_contact")] * 2
    assert door.properties()[0] == {"first": "Ada", "kind": "newsletter"}
    assert door.profile("email:a@b.example") == {
        "city": "Ulm",
        "score": 4,
        "email": "a@b.example",
    }


@pytest.mark.parametrize(
    "path", ["$..email", "$[?match(@.a, '(a+)+$')]", "$.a[", "$[?$.a == 1]", "$.a && $.b"]
)
def test_a_path_that_could_hang_or_cannot_be_read_is_refused_when_it_is_set(
    own_database: Engine, path: str
) -> None:
    door = Door(own_database)

    with pytest.raises(UnusableInput, match="in rule 1, email is"):
        change_mapping(
            own_database, door.source.id, HookMapping(rules=(HookRule(event="a", email=path),))
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "Two words"}, "small letters"),
        ({"name": ""}, "small letters"),
        ({"name": "../x"}, "small letters"),
        ({"name": "anon"}, "mean something else"),
        ({"name": "email"}, "mean something else"),
        ({"preset": Preset.STRIPE}, "Paste the signing secret"),
        ({"preset": Preset.SHOPIFY, "secret": "short"}, "at least 16"),
        ({"preset": Preset.SALESFORCE}, "organization"),
        ({"name": "vendor"}, "already"),
    ],
)
def test_a_source_that_cannot_work_is_not_set_up(
    own_database: Engine, given: dict[str, Any], said: str
) -> None:
    Door(own_database)
    wanted = {"name": "new", "preset": Preset.GENERIC, **given}

    with pytest.raises(UnusableInput, match=said):
        add_source(own_database, created_at=NOW, **wanted)

    assert [source.name for source in sources(own_database)] == ["vendor"]


@pytest.mark.parametrize("name", ["nobody", "%00", "a%2Fb", "x" * 5_000])
def test_a_name_that_nobody_has_is_not_found(database: Engine, name: str) -> None:
    door = Door(database)
    door.name = unquote(name).replace("/", ":")

    assert door.call(CALL, door.signed(b"")).status == 404


def test_a_secret_does_not_appear_when_a_source_is_shown(own_database: Engine) -> None:
    door = Door(own_database)

    assert door.secret not in repr(sources(own_database))


def test_a_flood_of_forged_calls_is_not_noted_each(own_database: Engine) -> None:
    door = Door(own_database)

    for _ in range(5):
        door.call(CALL, {"x-signature": "sha256=00"})

    assert len(door.log()) == 1


def _session() -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": "checkout.session.completed",
        "created": int(NOW.timestamp()) - 60,
        "data": {
            "object": {
                "object": "checkout.session",
                "id": "cs_1",
                "customer": "cus_1",
                "customer_details": {"email": "Ada@example.org"},
                "amount_total": 12_990,
                "currency": "eur",
                "payment_status": "paid",
            }
        },
    }


def _changed(**named: str) -> dict[str, Any]:
    (name, value), *_ = named.items() or [("", "")]
    return {
        "eventId": 1,
        "subscriptionId": 2,
        "portalId": 3,
        "attemptNumber": 0,
        "subscriptionType": "contact.propertyChange",
        "objectId": 12,
        "occurredAt": int(NOW.timestamp() * 1_000) - 5,
        "propertyName": name,
        "propertyValue": value,
    }


def _profiles(door: Door) -> list[Any]:
    with door.database.connect() as connection:
        found = connection.exec_driver_sql("SELECT user_id, traits FROM live_profiles ORDER BY 1")
        return [tuple(row) for row in found]


def _of_deal(*, contact: int) -> dict[str, Any]:
    return {
        **_changed(),
        "subscriptionType": "deal.associationChange",
        "associationType": "DEAL_TO_CONTACT",
        "fromObjectId": 900,
        "toObjectId": contact,
    }
