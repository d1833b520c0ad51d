"""Starter campaigns fit the event names of the exports that shops really have."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.triggers import AbsenceTrigger
from core.services.campaign_files import load_campaign
from core.services.fitting import fitted, fitted_names, goal_name, names_in
from core.settings import REPOSITORY
from tests.reference.histories import campaign_cases

STARTERS = {
    path.stem: load_campaign(path)
    for path in sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))
}
# The event names of each export, as its presets give them.
REES46 = ("view", "cart", "remove_from_cart", "purchase")
RETAIL_ROCKET = ("view", "addtocart", "transaction")
OTTO = ("clicks", "carts", "orders")
SEGMENT = (
    *("Products Searched", "Product Viewed", "Product Added", "Product Removed"),
    *("Checkout Started", "Order Completed", "Product Reviewed", "Page Viewed"),
)
SEGMENT_WAREHOUSE = ("product_viewed", "product_added", "checkout_started", "order_completed")
SHOPIFY = ("purchase", "purchase_item")
GA4 = ("session_start", "page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
KLAVIYO = (
    *("Active on Site", "Viewed Product", "Added to Cart", "Started Checkout", "Placed Order"),
    *("Ordered Product", "Opened Email", "Clicked Email", "Received Email"),
)
EXPORTS = {
    "rees46": (
        REES46,
        {"product_view": "view", "cart_add": "cart", "cart_remove": "remove_from_cart"},
    ),
    "retailrocket": (
        RETAIL_ROCKET,
        {"product_view": "view", "cart_add": "addtocart", "purchase": "transaction"},
    ),
    "otto": (OTTO, {"product_view": "clicks", "cart_add": "carts", "purchase": "orders"}),
    "segment": (
        SEGMENT,
        {
            "product_view": "Product Viewed",
            "cart_add": "Product Added",
            "cart_remove": "Product Removed",
            "checkout_start": "Checkout Started",
            "purchase": "Order Completed",
            "review": "Product Reviewed",
            "page_view": "Page Viewed",
        },
    ),
    "segment warehouse": (
        SEGMENT_WAREHOUSE,
        {
            "product_view": "product_viewed",
            "cart_add": "product_added",
            "checkout_start": "checkout_started",
            "purchase": "order_completed",
        },
    ),
    "shopify": (SHOPIFY, {}),
    "ga4": (
        GA4,
        {
            "product_view": "view_item",
            "cart_add": "add_to_cart",
            "checkout_start": "begin_checkout",
        },
    ),
    "klaviyo": (
        KLAVIYO,
        {
            "product_view": "Viewed Product",
            "cart_add": "Added to Cart",
            "checkout_start": "Started Checkout",
            "purchase": "Placed Order",
            "page_view": "Active on Site",
        },
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_every_name_of_the_starters_is_matched_as_the_trade_means_it(export: str) -> None:
    known, expected = EXPORTS[export]

    found: dict[str, str] = {}
    for starter in STARTERS.values():
        found |= fitted_names(starter, known)

    assert found == expected


@pytest.mark.parametrize("export", EXPORTS)
def test_no_starter_waits_for_the_very_event_that_starts_it(export: str) -> None:
    known, _ = EXPORTS[export]

    for starter in STARTERS.values():
        trigger = fitted(starter, fitted_names(starter, known)).trigger

        if isinstance(trigger, AbsenceTrigger):
            assert not set(trigger.start.event) & set(trigger.unless.event)


@pytest.mark.parametrize("export", [e for e in EXPORTS if e != "shopify"])
def test_cart_abandonment_works_on_every_export_that_has_carts(export: str) -> None:
    known, _ = EXPORTS[export]
    starter = STARTERS["cart_abandonment"]

    campaign = fitted(starter, fitted_names(starter, known))

    assert set(names_in(campaign)) <= set(known)


def test_fitting_changes_names_and_nothing_else() -> None:
    starter = STARTERS["cart_abandonment"]
    names = fitted_names(starter, OTTO)

    campaign = fitted(starter, names)

    assert names == {"cart_add": "carts", "purchase": "orders"}
    back = fitted(campaign, {"carts": "cart_add", "orders": "purchase"})
    assert campaign != starter
    assert back == starter


def test_names_that_the_data_has_stay_even_if_others_mean_the_same() -> None:
    starter = STARTERS["cart_abandonment"]

    assert fitted_names(starter, ["cart_add", "purchase", "add_to_cart", "order"]) == {}


def test_a_name_that_means_nothing_here_stays() -> None:
    starter = STARTERS["referral_thanks"]

    assert fitted_names(starter, REES46) == {}
    assert fitted(starter, {}) is starter


@pytest.mark.parametrize("spelled", ["CART ADD", "Cart-Add", "cartAdd", "cart.add", "cart_add "])
def test_capitals_and_signs_make_no_difference(spelled: str) -> None:
    starter = STARTERS["cart_abandonment"]

    assert fitted_names(starter, [spelled, "purchase"]) == {"cart_add": spelled}


def campaign_about(name: str, **more: Any) -> Campaign:
    trigger = {"kind": "event", "match": {"event": name}}
    return Campaign.model_validate({"name": "c", "trigger": trigger, **more})


def test_names_in_other_scripts_are_matched_by_their_letters_only() -> None:
    bought = campaign_about("покупка")

    assert fitted_names(bought, ["просмотр", "корзина"]) == {}
    assert fitted_names(bought, ["Покупка!"]) == {"покупка": "Покупка!"}
    assert fitted_names(campaign_about("!!!"), ["???"]) == {}
    assert fitted_names(campaign_about("größe"), ["gr_e"]) == {}


def test_names_inside_a_flow_are_fitted_but_not_what_a_webhook_carries() -> None:
    carried = {"event": ["cart_add"], "kind": "cart_add"}
    campaign = campaign_about(
        "cart_add",
        goal={"event": {"event": ["purchase", "cart_add"]}, "within": "7d"},
        steps=[
            {"id": "w", "kind": "wait_for", "event": {"event": "cart_add"}, "timeout": "1h"},
            {
                "id": "b",
                "kind": "branch",
                "cases": [{"if": {"any": [{"not": {"did": {"event": "cart_add"}}}]}}],
            },
            {"id": "h", "kind": "webhook", "url": "https://example.com", "body": carried},
            {"id": "u", "kind": "update_profile", "set": carried},
        ],
    )

    document = fitted(campaign, {"cart_add": "carts"}).model_dump(mode="json", by_alias=True)

    wait, branch, webhook, update = document["steps"]
    assert document["trigger"]["match"]["event"] == ["carts"]
    assert document["goal"]["event"]["event"] == ["purchase", "carts"]
    assert wait["event"]["event"] == ["carts"]
    assert branch["cases"][0]["if"]["any"][0]["not"]["did"]["event"] == ["carts"]
    assert webhook["body"] == carried
    assert update["set"] == carried


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (REES46, "purchase"),
        (RETAIL_ROCKET, "transaction"),
        (OTTO, "orders"),
        (SEGMENT, "Order Completed"),
        (SHOPIFY, "purchase"),
        (KLAVIYO, "Placed Order"),
        (("view", "scroll"), None),
        ((), None),
    ],
)
def test_the_goal_to_begin_with_is_a_purchase(known: tuple[str, ...], expected: str | None) -> None:
    assert goal_name(known) == expected


NAMES = st.sampled_from(
    ["view", "add", "buy", "cart", "carts", "Order", "orders", "Purchase", "page", "*", "click"]
)


@settings(max_examples=100, deadline=None)
@given(case=campaign_cases(), known=st.lists(NAMES, unique=True))
def test_fitting_twice_is_fitting_once_and_only_known_names_come_in(
    case: Any, known: list[str]
) -> None:
    campaign = Campaign.model_validate(case.campaign)
    names = fitted_names(campaign, known)

    once = fitted(campaign, names)

    assert set(names.values()) <= set(known)
    assert not set(names) & set(known)
    assert fitted_names(once, known) == {}
    assert fitted(once, fitted_names(once, known)) == once
