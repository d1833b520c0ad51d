"""What is in the cart, was looked at and ordered, worked by hand and as laws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.baskets import Basket, basket_of
from core.domain.deeds import deeds_of
from core.domain.events import Event
from tests.domain.shopping import MEANINGS, added, at, bought, did, removed, viewed

PRODUCTS = st.sampled_from(["a", "b", "c"])
CARTS = st.sampled_from([None, "k1", "k2"])
QUANTITIES = st.sampled_from([None, 1, 2, "3", 0, -1])


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Draw what one shopper did, in order of time; several things may happen at once."""
    hours = sorted(draw(st.lists(st.integers(0, 6), max_size=14)))
    return [draw(one_event(hour)) for hour in hours]


@st.composite
def one_event(draw: st.DrawFn, hour: int) -> Event:
    name = draw(st.sampled_from(["product_view", "cart_add", "cart_remove", "purchase", "other"]))
    listed = [{"product_id": p} for p in draw(st.lists(PRODUCTS, max_size=2))]
    drawn = {
        "product_id": draw(st.none() | PRODUCTS),
        "items": draw(st.sampled_from([None, listed])),
        "cart_id": draw(CARTS),
        "quantity": draw(QUANTITIES),
        "price": draw(st.sampled_from([None, 5, "2.50"])),
        "order_id": draw(st.sampled_from([None, "o1", "o2"])),
        "revenue": draw(st.sampled_from([None, 7.5])),
    }
    return did(name, hour, **{key: value for key, value in drawn.items() if value is not None})


def basket(*done: Event, hour: float = 100, cart_id: str | None = None) -> Basket:
    return basket_of(deeds_of(done, MEANINGS), at(hour), cart_id=cart_id)


def in_cart(found: Basket) -> dict[str, object]:
    return {} if found.cart is None else {i.product_id: i.quantity for i in found.cart.items}


def test_the_cart_holds_what_was_added_and_neither_removed_nor_bought() -> None:
    found = basket(
        added(1, "a", quantity=2), added(2, "b"), added(3, "c"), removed(4, "b"), bought(5, "c")
    )

    assert in_cart(found) == {"a": 2}


def test_adding_again_adds_up_and_the_last_price_counts() -> None:
    found = basket(added(1, "a", quantity=1, price=10), added(2, "a", quantity="2", price="9.50"))

    assert found.cart is not None
    (item,) = found.cart.items
    assert (item.quantity, item.price) == (3, Decimal("9.50"))


def test_an_addition_without_a_price_leaves_the_one_known() -> None:
    found = basket(added(1, "a", price=10), added(2, "a"))

    assert found.cart is not None
    assert found.cart.items[0].price == 10


def test_a_cart_that_is_added_to_again_is_the_last_one() -> None:
    hours = enumerate(("k1", "k2", "k1"))

    found = basket(*(added(hour, f"p{hour}", cart_id=cart) for hour, cart in hours))

    assert in_cart(found) == {"p0": 1, "p2": 1}


def test_an_addition_without_a_quantity_adds_one() -> None:
    assert in_cart(basket(added(1, "a"), added(2, "a"))) == {"a": 2}


@pytest.mark.parametrize(("taken", "left"), [(1, {"a": 2}), (3, {}), (5, {}), (None, {})])
def test_a_removal_takes_as_many_as_it_says_else_all(
    taken: int | None, left: dict[str, int]
) -> None:
    quantity = {} if taken is None else {"quantity": taken}

    assert in_cart(basket(added(1, "a", quantity=3), removed(2, "a", **quantity))) == left


def test_taking_one_out_leaves_the_line_in_its_place() -> None:
    found = basket(added(1, "a", quantity=2), added(2, "b"), removed(3, "a", quantity=1))

    assert list(in_cart(found)) == ["a", "b"]


def test_what_was_added_again_after_a_purchase_is_in_the_cart() -> None:
    assert in_cart(basket(added(1, "a"), bought(2, "a"), added(3, "a"))) == {"a": 1}


def test_a_purchase_empties_the_cart_that_it_names() -> None:
    found = basket(
        added(1, "a", cart_id="k1"), added(2, "b", cart_id="k1"), bought(3, "a", cart_id="k1")
    )

    assert found.cart is None


def test_a_purchase_of_one_cart_leaves_another_as_it_is() -> None:
    found = basket(
        added(1, "a", cart_id="k1"), added(2, "b", cart_id="k2"), bought(3, "b", cart_id="k2")
    )

    assert in_cart(found) == {"a": 1}


def test_a_purchase_that_says_neither_what_nor_which_cart_empties_all() -> None:
    found = basket(added(1, "a", cart_id="k1"), added(2, "b"), did("purchase", 3, revenue=12))

    assert found.cart is None
    assert found.orders[0].revenue == 12


def test_a_purchase_of_an_unknown_cart_without_products_leaves_named_carts() -> None:
    found = basket(added(1, "a", cart_id="k1"), added(1, "b"), did("purchase", 3, cart_id="k9"))

    assert in_cart(found) == {"a": 1}


def test_of_several_carts_the_one_asked_for_is_shown_else_the_last() -> None:
    done = (added(1, "a", cart_id="k1"), added(2, "b", cart_id="k2"))

    assert in_cart(basket(*done)) == {"b": 1}
    assert in_cart(basket(*done, cart_id="k1")) == {"a": 1}
    assert in_cart(basket(*done, bought(3, "a", cart_id="k1"), cart_id="k1")) == {"b": 1}


def test_the_last_ten_products_looked_at_stand_once_each_newest_first() -> None:
    found = basket(*(viewed(hour, f"p{hour % 12}") for hour in range(20)))

    assert [v.item.product_id for v in found.viewed] == [f"p{n % 12}" for n in range(19, 9, -1)]
    assert found.viewed[0].viewed_at == at(19)


def test_events_of_one_order_are_one_order() -> None:
    line = {"product_id": "a", "quantity": 2, "price": "1.10"}
    found = basket(
        did("purchase", 1, order_id="o1", **line),
        did("purchase", 1, order_id="o1", product_id="b", price=3),
        did("purchase", 9, order_id="o2", product_id="c"),
    )

    newer, older = found.orders
    assert (older.order_id, older.ordered_at, older.revenue) == ("o1", at(1), Decimal("5.20"))
    assert [item.product_id for item in older.items] == ["a", "b"]
    assert (newer.order_id, newer.revenue) == ("o2", None)


def test_purchases_without_an_order_id_are_orders_of_their_own() -> None:
    assert len(basket(bought(1, "a"), bought(1, "a")).orders) == 2


def test_where_several_events_of_an_order_say_a_revenue_only_their_lines_can_tell() -> None:
    said = {"order_id": "o1", "revenue": 30}

    known = basket(*(did("purchase", 1, product_id=p, price=15, **said) for p in "ab"))
    unknown = basket(*(did("purchase", 1, product_id=p, **said) for p in "ab"))

    assert known.orders[0].revenue == 30
    assert unknown.orders[0].revenue is None


def test_a_line_of_nothing_and_a_return_are_not_bought() -> None:
    lines = [{"product_id": "a", "quantity": 0}, {"product_id": "b", "quantity": "-1"}, "c"]

    assert basket(did("purchase", 1, items=lines)).bought() == ["c"]


@given(events(), st.integers(-1, 7))
def test_what_happens_later_changes_nothing(done: list[Event], hour: int) -> None:
    in_time = [event for event in done if at(0) + hour * 3_600_000_000 >= _time(event)]

    assert basket(*done, hour=hour) == basket(*in_time, hour=hour)


@given(events())
def test_everything_in_the_cart_was_added_and_nothing_stands_twice(done: list[Event]) -> None:
    found = basket(*done)

    additions = {i.product_id for d in deeds_of(done, MEANINGS) if d.kind == "add" for i in d.items}
    assert set(in_cart(found)) <= additions
    assert all(isinstance(q, int | Decimal) and q > 0 for q in in_cart(found).values())
    seen = [v.item.product_id for v in found.viewed]
    assert len(seen) == len(set(seen))


@given(events(), PRODUCTS)
def test_what_was_just_bought_is_in_no_cart(done: list[Event], product: str) -> None:
    found = basket(*done, bought(50, product))

    assert product not in in_cart(found)
    assert product in found.bought()


def _time(event: Event) -> int:
    return int(event.timestamp.timestamp()) * 1_000_000
