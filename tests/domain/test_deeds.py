"""Deeds are read from events under any names, and say nothing that the event does not."""

from decimal import Decimal
from typing import Any

import pytest

from core.domain.deeds import Deed, Item, deeds_of
from tests.domain.shopping import MEANINGS, at, did


def deed(**properties: Any) -> Deed:
    (found,) = deeds_of([did("purchase", 1, **properties)], MEANINGS)
    return found


def test_an_event_that_means_no_deed_is_passed_over() -> None:
    assert deeds_of([did("page_view", 1, product_id="a")], MEANINGS) == []


def test_a_deed_says_what_its_event_says() -> None:
    found = deed(product_id="a", quantity="2", price=9.95, order_id=17, currency="EUR")

    assert found.items == (Item("a", 2, Decimal("9.95"), {}),)
    assert (found.at, found.order_id, found.currency) == (at(1), "17", "EUR")
    assert (found.revenue, found.cart_id, found.cart_url) == (None, None, None)


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        ([{"ProductID": 7, "Quantity": 1}, {"product_id": "007"}], ["7", "007"]),
        ({"product_id": "a"}, ["a"]),
        (["a", 5, 5.0, None, ["x"]], ["a", "5", "5"]),
        ([{"name": "nameless"}], []),
        (3, []),
        ("a", []),
    ],
)
def test_lists_of_products_are_read_in_many_shapes(items: Any, ids: list[str]) -> None:
    assert [item.product_id for item in deed(items=items).items] == ids


def test_the_event_itself_counts_where_its_list_names_nothing() -> None:
    assert [item.product_id for item in deed(items=[], product_id="a").items] == ["a"]


@pytest.mark.parametrize("price", ["free", -1, None, True, float("inf")])
def test_a_price_that_is_none_is_missing(price: Any) -> None:
    assert deed(product_id="a", price=price).items[0].price is None


def test_an_empty_text_is_missing() -> None:
    assert deed(product_id="", order_id="").items == ()
    assert deed(product_id="a", order_id="").order_id is None
