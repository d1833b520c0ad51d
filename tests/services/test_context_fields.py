"""The fields that contexts have, with an example and the share of people who have them."""

from pathlib import Path

from core.domain.email_context import EmailContext
from core.services.context_fields import ContextField, context_fields, fields_of
from core.services.email_context import ContextSource
from tests.history.datasets import event
from tests.services.shops import stored


def context(**parts: object) -> EmailContext:
    nothing: dict[str, object] = {
        **{name: {} for name in ("profile", "trigger", "cart", "campaign", "company", "links")},
        **{name: [] for name in ("viewed", "orders", "recommendations")},
    }
    return EmailContext(**{**nothing, **parts})  # type: ignore[arg-type]


def field(path: str, example: object, share: float = 1.0, *, is_list: bool = False) -> ContextField:
    return ContextField(path=path, example=example, share=share, is_list=is_list)  # type: ignore[arg-type]


def test_a_field_is_shared_by_those_who_have_it() -> None:
    people = [
        context(profile={"name": "Ann", "city": "Ulm"}),
        context(profile={"name": "Bo"}),
        context(profile={"name": "Bo", "city": ""}),
        context(),
    ]

    assert fields_of(people) == [
        field("profile.name", "Bo", 0.75),
        field("profile.city", "Ulm", 0.25),
    ]


def test_lists_are_told_apart_and_their_members_fields_named_once() -> None:
    lines = [{"product_id": "a", "price": 5}, {"product_id": "b", "title": "Boot"}]

    found = fields_of([context(cart={"products": lines, "total": 9})])

    assert found == [
        field("cart.products", None, is_list=True),
        field("cart.products[].price", 5),
        field("cart.products[].product_id", "a"),
        field("cart.products[].title", "Boot"),
        field("cart.total", 9),
    ]


def test_objects_are_entered_and_lists_of_texts_are_values() -> None:
    found = fields_of(
        [context(trigger={"properties": {"page": {"path": "/"}, "tags": ["x", "y"]}})]
    )

    assert found == [
        field("trigger.properties.page.path", "/"),
        field("trigger.properties.tags", ["x", "y"]),
    ]


def test_of_nobody_there_are_no_fields() -> None:
    assert fields_of([]) == []


def test_the_fields_of_a_dataset_are_those_of_its_people_at_its_end(tmp_path: Path) -> None:
    bought = {"items": [{"product_id": "a", "price": 4}], "order_id": "o1"}
    dataset = stored(
        tmp_path,
        [
            event("ann", "cart_add", 1, properties={"product_id": "a"}),
            event("ann", "purchase", 2, properties=bought),
            event("bob", "login", 9),
        ],
        {"ann": {"city": "Ulm"}},
    )

    found = {one.path: one for one in context_fields(ContextSource(dataset))}

    assert found["profile.user_id"].share == 1
    assert found["profile.city"] == field("profile.city", "Ulm", 0.5)
    assert found["orders[].revenue"] == field("orders[].revenue", 4, 0.5)
    assert "cart.products" not in found


def test_a_sample_is_spread_over_the_people(tmp_path: Path) -> None:
    users = [f"u{n}" for n in range(9)]
    profiles = {user: {"half": "early" if user < "u5" else "late"} for user in users}
    dataset = stored(tmp_path, [event(user, "login", 1) for user in users], profiles)

    found = context_fields(ContextSource(dataset), sample=3)

    assert {one.path: one.share for one in found} == {"profile.user_id": 1.0, "profile.half": 1.0}
