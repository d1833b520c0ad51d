"""Events of one shopper, and how the shop's events read."""

from datetime import UTC, datetime, timedelta

from core.domain.events import Event
from core.domain.meanings import DeedKind, Meaning, Meanings, ProductNames
from core.domain.values import JsonValue

START = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = ProductNames(
    product_id=("productid",),
    quantity=("quantity",),
    price=("price",),
    title=("title",),
    image=("image",),
    url=("url",),
)
_COMMON = Meaning(
    items=("items",),
    product=ProductNames(
        product_id=("product_id",), quantity=("quantity",), price=("price",), title=("title",)
    ),
    cart_id=("cart_id",),
    cart_url=("cart_url",),
    order_id=("order_id",),
    revenue=("revenue",),
    currency=("currency",),
)
MEANINGS = Meanings(
    deeds={
        kind: Meaning(
            events=(name,),
            items=_COMMON.items,
            product=_COMMON.product,
            cart_id=_COMMON.cart_id,
            cart_url=_COMMON.cart_url,
            order_id=_COMMON.order_id,
            revenue=_COMMON.revenue,
            currency=_COMMON.currency,
        )
        for kind, name in {
            DeedKind.VIEW: "product_view",
            DeedKind.ADD: "cart_add",
            DeedKind.REMOVE: "cart_remove",
            DeedKind.BUY: "purchase",
        }.items()
    },
    in_items=NAMES,
    catalogue=ProductNames(price=("price",), title=("title",), image=("image",), url=("url",)),
)


def at(hour: float) -> int:
    """Give the time some hours after START in µs."""
    return int((START + timedelta(hours=hour)).timestamp()) * 1_000_000


def did(name: str, hour: float, **properties: JsonValue) -> Event:
    """Make an event some hours after START."""
    return Event(
        event_id=f"{name}-{hour}-{sorted(properties.items())}",
        user_id="ann",
        event=name,
        timestamp=START + timedelta(hours=hour),
        properties=properties,
    )


def viewed(hour: float, product: JsonValue, **more: JsonValue) -> Event:
    return did("product_view", hour, product_id=product, **more)


def added(hour: float, product: JsonValue, **more: JsonValue) -> Event:
    return did("cart_add", hour, product_id=product, **more)


def removed(hour: float, product: JsonValue, **more: JsonValue) -> Event:
    return did("cart_remove", hour, product_id=product, **more)


def bought(hour: float, *products: JsonValue, **more: JsonValue) -> Event:
    return did("purchase", hour, items=[{"product_id": p} for p in products], **more)
