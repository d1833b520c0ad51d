"""What a template is given: joined with the catalogue, as of then, missing where not known."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.email_context import (
    CampaignPlace,
    EmailContext,
    Occasion,
    Surroundings,
    TriggerFacts,
    catalogue_card,
    context_from_events,
    plain_number,
)
from core.domain.events import Event
from core.domain.recommendations import Interests, Recommendation, WhyKind
from tests.domain.shopping import MEANINGS, NAMES, added, at, bought, did, removed, viewed
from tests.domain.test_baskets import events

CATALOGUE = {
    "a": {"title": "Boot", "price": "120.10", "image": "https://x.example/a.jpg", "colour": "red"},
    "b": {"title": "Socks", "price": 9.9},
}
CARDS = {key: catalogue_card(row, MEANINGS.catalogue) for key, row in CATALOGUE.items()}


def context(
    *done: Event,
    hour: float = 100,
    profile: dict[str, Any] | None = None,
    trigger: TriggerFacts | None = None,
    **surroundings: Any,
) -> EmailContext:
    return context_from_events(
        done,
        profile,
        Occasion(user_id="ann", at=at(hour), trigger=trigger),
        Surroundings(meanings=MEANINGS, cards=CARDS, **surroundings),
    )


def trigger(event: Event, **changes: Any) -> TriggerFacts:
    fired_at = at(50)
    facts = {
        "event": event.event,
        "properties": event.properties,
        "key": None,
        "fired_at": fired_at,
        "entered_at": fired_at,
    }
    return TriggerFacts(**{**facts, **changes})


def test_of_a_person_without_a_past_only_the_id_is_known() -> None:
    assert context().as_mapping() == {
        "profile": {"user_id": "ann"},
        "trigger": {},
        "cart": {},
        "viewed": [],
        "orders": [],
        "recommendations": [],
        "campaign": {},
        "company": {},
        "links": {},
    }


def test_the_cart_has_what_was_seen_when_adding_and_the_catalogues_title_and_picture() -> None:
    found = context(added(1, "a", quantity=2, price=99.95, title="boot, old", cart_id="k1"))

    assert found.cart == {
        "cart_id": "k1",
        "products": [
            {
                "product_id": "a",
                "title": "Boot",
                "image": "https://x.example/a.jpg",
                "colour": "red",
                "price": 99.95,
                "quantity": 2,
            }
        ],
        "total": 199.9,
    }


def test_totals_are_exact() -> None:
    found = context(*(added(n, f"p{n}", price=0.1) for n in range(3)))

    assert found.cart["total"] == 0.3


def test_a_cart_with_a_price_missing_has_no_total() -> None:
    found = context(added(1, "a"), added(2, "unknown"))

    assert "total" not in found.cart
    assert found.cart["products"][1] == {"product_id": "unknown", "quantity": 1}  # type: ignore[index,call-overload]


def test_the_way_back_to_the_cart_is_the_events_else_the_companys() -> None:
    company = {"cart_url": "https://x.example/cart"}

    own = context(added(1, "a", cart_url="https://x.example/c/1"), company=company)

    assert own.cart["url"] == "https://x.example/c/1"
    assert context(added(1, "a"), company=company).cart["url"] == "https://x.example/cart"
    assert "url" not in context(added(1, "a")).cart


def test_a_product_looked_at_costs_what_looking_again_will_show() -> None:
    found = context(viewed(1, "b", price=5), viewed(2, "z", price=5, title="Zip"))

    assert [dict(one) for one in found.viewed] == [
        {
            "product_id": "z",
            "title": "Zip",
            "price": 5,
            "viewed_at": "2026-06-01T02:00:00.000000Z",
        },
        {
            "product_id": "b",
            "title": "Socks",
            "price": 9.9,
            "viewed_at": "2026-06-01T01:00:00.000000Z",
        },
    ]


def test_an_order_says_what_was_paid_and_never_what_the_catalogue_asks() -> None:
    (order,) = context(
        did(
            "purchase",
            3,
            order_id="o1",
            currency="EUR",
            items=[{"product_id": "a"}, {"product_id": "b", "price": "4.50", "quantity": 2}],
        )
    ).orders

    assert order == {
        "order_id": "o1",
        "ordered_at": "2026-06-01T03:00:00.000000Z",
        "currency": "EUR",
        "products": [
            {
                "product_id": "a",
                "title": "Boot",
                "image": "https://x.example/a.jpg",
                "colour": "red",
            },
            {"product_id": "b", "title": "Socks", "price": 4.5, "quantity": 2},
        ],
    }


def test_trigger_campaign_and_links_say_only_what_is_known() -> None:
    cause = did("search", 1, query="boots")
    occasion = Occasion(
        user_id="ann",
        at=at(60),
        trigger=trigger(cause, key="boots", entered_at=at(51)),
        campaign=CampaignPlace(name="Cart", step="mail"),
        links={"unsubscribe": "https://x.example/u"},
    )

    found = context_from_events([cause], {"city": "Ulm"}, occasion, Surroundings(meanings=MEANINGS))

    assert found.profile == {"user_id": "ann", "city": "Ulm"}
    assert found.trigger == {
        "event": "search",
        "key": "boots",
        "fired_at": "2026-06-03T02:00:00.000000Z",
        "entered_at": "2026-06-03T03:00:00.000000Z",
        "properties": {"query": "boots"},
    }
    assert found.campaign == {"name": "Cart", "step": "mail"}
    assert found.links == {"unsubscribe": "https://x.example/u"}


def test_the_cart_that_the_trigger_is_about_is_shown_before_a_later_one() -> None:
    left = added(1, "a", cart_id="k1")

    found = context(left, added(9, "b", cart_id="k2"), trigger=trigger(left))

    assert found.cart["cart_id"] == "k1"


def test_recommendations_are_asked_for_by_what_the_person_did_the_last_first() -> None:
    asked = []

    def recommend(interests: Interests, count: int) -> list[Recommendation]:
        asked.append((interests, count))
        return [Recommendation(product_id="b", kind=WhyKind.BOUGHT_TOGETHER, because_of="a")]

    cause = viewed(4, "v2")
    found = context(
        *(viewed(1, "v1"), bought(2, "x"), bought(3, "y"), cause, added(5, "c1"), added(6, "c2")),
        trigger=trigger(cause),
        recommend=recommend,
        recommendation_count=2,
    )

    wanted = Interests(bought=["y", "x"], cart=["c2", "c1"], viewed=["v2", "v1"], focus=["v2"])
    assert asked == [(wanted, 2)]
    why = {"kind": "bought_together", "product_id": "a", "title": "Boot"}
    assert found.recommendations == [
        {"product_id": "b", "title": "Socks", "price": 9.9, "why": why}
    ]


def test_what_was_taken_out_is_not_what_an_email_is_about() -> None:
    asked: list[Interests] = []
    cause = removed(2, "a")

    context(
        added(1, "a"),
        cause,
        trigger=trigger(cause),
        recommend=lambda interests, _: asked.append(interests) or [],  # type: ignore[func-returns-value]
    )

    assert asked[0].focus == []


def test_a_catalogue_row_is_written_under_the_names_of_templates() -> None:
    row = {"name": "Boot", "Price": "12.50", "imageurl": "https://x.example/i", "stock": None}
    names = type(NAMES)(price=("Price",), title=("name",), image=("imageurl",))

    assert catalogue_card(row, names) == {
        "name": "Boot",
        "title": "Boot",
        "Price": "12.50",
        "price": 12.5,
        "imageurl": "https://x.example/i",
        "image": "https://x.example/i",
    }


@given(events(), events())
def test_what_happens_after_the_send_changes_nothing(
    past: list[Event], future: list[Event]
) -> None:
    later = [did(event.event, 20, **event.properties) for event in future]

    assert context(*past, *later, hour=10) == context(*past, hour=10)


@given(events())
def test_a_context_is_plain_json_without_nulls(done: list[Event]) -> None:
    found = context(*done).as_mapping()

    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert "null" not in text


@given(st.integers(300, 400))
def test_a_number_too_large_for_a_float_is_missing(digits: int) -> None:
    found = context(added(1, "a", price=f"1.5e{digits}"))

    assert found.cart["products"][0].get("price") in (None, 120.1)  # type: ignore[index,union-attr,call-overload]


@pytest.mark.parametrize(
    "number", [10**6_000, -(10**301), Decimal(10) ** 301], ids=["whole", "negative", "decimal"]
)
def test_a_number_that_no_e_mail_can_show_is_left_out(number: int | Decimal) -> None:
    assert plain_number(number) is None
