"""Deeds: what an event says somebody did with which products, whatever its names are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple

from core.domain.events import Event
from core.domain.instants import as_microseconds
from core.domain.meanings import DeedKind, Meanings, Names, ProductNames, plain_name
from core.domain.values import JsonValue, as_number, at_path, key_text

Number = int | Decimal
Card = Mapping[str, JsonValue]
Get = Callable[[str], JsonValue]


class Item(NamedTuple):
    """A product in a deed; `card` holds the title, image and url that the event itself says.

    Quantity and price are None where the event says none.
    """

    product_id: str
    quantity: Number | None
    price: Number | None
    card: Card


class Deed(NamedTuple):
    """One deed at a time in µs since 1970 UTC; what the event does not say is None."""

    kind: DeedKind
    at: int
    items: tuple[Item, ...]
    cart_id: str | None
    cart_url: str | None
    order_id: str | None
    revenue: Number | None
    currency: str | None


def deeds_of(events: Sequence[Event], meanings: Meanings) -> list[Deed]:
    """Read the deeds among events, in their order."""
    kinds = meanings.kind_by_event()
    return [
        read_deed(
            meanings, kinds[e.event], as_microseconds(e.timestamp), partial(at_path, e.properties)
        )
        for e in events
        if e.event in kinds
    ]


def read_deed(meanings: Meanings, kind: DeedKind, at: int, get: Get) -> Deed:
    """Read a deed of a known kind from an event whose properties `get` gives by path."""
    return deed_with(read_items(meanings, kind, get), meanings, kind, at, get)


def read_items(meanings: Meanings, kind: DeedKind, get: Get) -> tuple[Item, ...]:
    """Read the products of a deed: those of the first list that names any, else the one named."""
    meaning = meanings.deeds[kind]
    for path in meaning.items:
        found = listed_items(get(path), meanings.in_items)
        if found:
            return found
    value = first_present(meaning.product.product_id, get)
    product_id = key_text(value)
    if product_id is None:
        return listed_items(value, meanings.in_items)
    return tuple(_counting([_item(product_id, meaning.product, get)]))


def deed_with(
    items: tuple[Item, ...], meanings: Meanings, kind: DeedKind, at: int, get: Get
) -> Deed:
    """Read a deed whose products were read already."""
    meaning = meanings.deeds[kind]
    return Deed(
        kind=kind,
        at=at,
        items=items,
        cart_id=_text(meaning.cart_id, get),
        cart_url=_text(meaning.cart_url, get),
        order_id=_text(meaning.order_id, get),
        revenue=_number(meaning.revenue, get),
        currency=_text(meaning.currency, get),
    )


def listed_items(value: JsonValue, names: ProductNames) -> tuple[Item, ...]:
    """Read the products of a list of ids or objects, or of one object; of anything else none."""
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(_counting(_listed(value, names)))


def first_present(names: Names, get: Get) -> JsonValue:
    """Give the first value that is not missing."""
    for name in names:
        value = get(name)
        if value is not None and value != "":
            return value
    return None


def product_card(names: ProductNames, get: Get) -> dict[str, JsonValue]:
    """Give the title, image and url of a product, each only if it is there."""
    card: dict[str, JsonValue] = {}
    for field, candidates in (("title", names.title), ("image", names.image), ("url", names.url)):
        text = _text(candidates, get)
        if text is not None:
            card[field] = text
    return card


def price_of(names: ProductNames, get: Get) -> Number | None:
    """Give the price, None where there is none or it is below nothing."""
    price = _number(names.price, get)
    return None if price is None or price < 0 else price


def _listed(members: Sequence[JsonValue], names: ProductNames) -> Iterator[Item]:
    for member in members:
        if isinstance(member, Mapping):
            get = {_plain(name): value for name, value in member.items()}.get
            product_id = _text(names.product_id, get)
            if product_id is not None:
                yield _item(product_id, names, get)
        elif (text := key_text(member)) is not None:
            yield Item(text, None, None, {})


def _item(product_id: str, names: ProductNames, get: Get) -> Item:
    return Item(
        product_id, _number(names.quantity, get), price_of(names, get), product_card(names, get)
    )


def _counting(items: Sequence[Item] | Iterator[Item]) -> Iterator[Item]:
    """Leave out what is there not even once: a line of nothing, or a return booked as a sale."""
    return (item for item in items if item.quantity is None or item.quantity > 0)


def _text(names: Names, get: Get) -> str | None:
    return key_text(first_present(names, get)) if names else None


def _number(names: Names, get: Get) -> Number | None:
    return as_number(first_present(names, get)) if names else None


_plain = lru_cache(maxsize=10_000)(plain_name)
