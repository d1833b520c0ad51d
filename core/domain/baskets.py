"""What somebody has in the cart, looked at and ordered, as of a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import assert_never

from core.domain.deeds import Deed, Item, Number
from core.domain.meanings import DeedKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is in a cart: items by product, in the order in which they were first added."""

    cart_id: str | None
    url: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A product that was looked at, and when last (µs)."""

    item: Item
    viewed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order, of one event or of several with the same order id; `ordered_at` is the first's."""

    order_id: str | None
    ordered_at: int
    items: tuple[Item, ...]
    revenue: Number | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """One person as of a time; viewed products and orders newest first."""

    cart: Cart | None
    viewed: tuple[Viewed, ...]
    orders: tuple[Order, ...]

    def bought(self) -> list[str]:
        """List the ids of all products ever bought, the last bought first, each once."""
        return list(dict.fromkeys(i.product_id for order in self.orders for i in order.items))


def basket_of(
    deeds: Sequence[Deed], at: int, *, cart_id: str | None = None, most_viewed: int = 10
) -> Basket:
    """Follow deeds, which are in order of time, up to and with the time `at`.

    Where the data tells carts apart by id, the cart is `cart_id` if anything is in it, else the
    one added to last. An addition without a quantity adds one, a removal without takes all; a
    purchase takes its products out of every cart and empties the cart that it names, or all if
    it names neither product nor cart.
    """
    carts, viewed, orders = _Carts(), dict[str, tuple[Item, int]](), _Orders()
    for deed in takewhile(lambda deed: deed.at <= at, deeds):
        match deed.kind:
            case DeedKind.VIEW:
                for item in deed.items:
                    viewed.pop(item.product_id, None)
                    viewed[item.product_id] = (item, deed.at)
            case DeedKind.ADD:
                carts.add(deed)
            case DeedKind.REMOVE:
                carts.remove(deed)
            case DeedKind.BUY:
                carts.buy(deed)
                orders.add(deed)
            case _:
                assert_never(deed.kind)
    return Basket(
        cart=carts.shown(cart_id),
        viewed=tuple(
            Viewed(item=item, viewed_at=viewed_at)
            for item, viewed_at in islice(reversed(viewed.values()), most_viewed)
        ),
        orders=tuple(orders.newest_first()),
    )


class _Carts:
    """The carts of one person by id, the one added to last at the end; None is the id of others."""

    def __init__(self) -> None:
        self._items: dict[str | None, dict[str, Item]] = {}
        self._urls: dict[str | None, str] = {}

    def add(self, deed: Deed) -> None:
        cart = self._items[deed.cart_id] = self._items.pop(deed.cart_id, {})
        for item in deed.items:
            cart[item.product_id] = _added(cart.get(item.product_id), item)
        if deed.cart_url is not None:
            self._urls[deed.cart_id] = deed.cart_url

    def remove(self, deed: Deed) -> None:
        for cart in self._named(deed.cart_id):
            for item in deed.items:
                left = _left(cart.get(item.product_id), item)
                if left is None:
                    cart.pop(item.product_id, None)
                else:
                    cart[item.product_id] = left

    def buy(self, deed: Deed) -> None:
        if deed.cart_id is not None and deed.cart_id in self._items:
            del self._items[deed.cart_id]
        elif not deed.items:
            # A cart was paid without a word which: the one without an id, or, if unnamed, any.
            for name in [name for name in self._items if name is None or deed.cart_id is None]:
                del self._items[name]
        for cart in self._items.values():
            for item in deed.items:
                cart.pop(item.product_id, None)

    def shown(self, cart_id: str | None) -> Cart | None:
        filled = [name for name, items in self._items.items() if items]
        if not filled:
            return None
        name = cart_id if cart_id is not None and cart_id in filled else filled[-1]
        return Cart(cart_id=name, url=self._urls.get(name), items=tuple(self._items[name].values()))

    def _named(self, cart_id: str | None) -> list[dict[str, Item]]:
        """Give the cart of an id, or all where the id is missing or nothing was added under it."""
        if cart_id is not None and cart_id in self._items:
            return [self._items[cart_id]]
        return list(self._items.values())


@dataclass(slots=True)
class _OrderSoFar:
    order_id: str | None
    ordered_at: int
    items: list[Item] = field(default_factory=list)
    revenues: list[Number] = field(default_factory=list)
    currency: str | None = None


class _Orders:
    def __init__(self) -> None:
        self._orders: list[_OrderSoFar] = []
        self._by_id: dict[str, _OrderSoFar] = {}

    def add(self, deed: Deed) -> None:
        order = None if deed.order_id is None else self._by_id.get(deed.order_id)
        if order is None:
            order = _OrderSoFar(order_id=deed.order_id, ordered_at=deed.at)
            self._orders.append(order)
            if deed.order_id is not None:
                self._by_id[deed.order_id] = order
        order.items += deed.items
        order.currency = order.currency or deed.currency
        if deed.revenue is not None:
            order.revenues.append(deed.revenue)

    def newest_first(self) -> Iterator[Order]:
        for order in reversed(self._orders):
            yield Order(
                order_id=order.order_id,
                ordered_at=order.ordered_at,
                items=tuple(order.items),
                revenue=_revenue(order),
                currency=order.currency,
            )


def _revenue(order: _OrderSoFar) -> Number | None:
    """Give what an order brought: as it says, else as its lines add up, else None.

    Where several of its events say a figure, it may be the line's or the order's each time: only
    the lines can tell.
    """
    if len(order.revenues) == 1:
        return order.revenues[0]
    return total_of(order.items)


def total_of(items: Sequence[Item]) -> Number | None:
    """Add up price times quantity (one where none is said); None where a price is missing."""
    total: Number = 0
    for item in items:
        if item.price is None:
            return None
        total += item.price * (1 if item.quantity is None else item.quantity)
    return total if items else None


def _added(before: Item | None, item: Item) -> Item:
    quantity = 1 if item.quantity is None else item.quantity
    if before is None:
        return item._replace(quantity=quantity)
    return Item(
        product_id=item.product_id,
        quantity=quantity + (before.quantity or 0),
        price=before.price if item.price is None else item.price,
        card={**before.card, **item.card},
    )


def _left(before: Item | None, taken: Item) -> Item | None:
    """Give what is left of a line after a removal, None if nothing is."""
    if before is None or taken.quantity is None or before.quantity is None:
        return None
    left = before.quantity - taken.quantity
    return before._replace(quantity=left) if left > 0 else None
