"""What the template of an e-mail is given about one person as of a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

from core.domain.baskets import Basket, Cart, Order, Viewed, basket_of, total_of
from core.domain.deeds import Card, Deed, Item, Number, deeds_of, price_of, product_card, read_deed
from core.domain.events import Event
from core.domain.instants import iso
from core.domain.meanings import DeedKind, Meanings, ProductNames
from core.domain.recommendations import (
    Interests,
    Recommend,
    Recommendation,
    nothing_recommended,
)
from core.domain.values import JsonValue, as_number, at_path

Plain = Mapping[str, JsonValue]

_LARGEST = 1e300


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerFacts:
    """The firing that led to the e-mail, and the event that caused it; times in µs."""

    event: str
    properties: Plain
    key: str | None
    fired_at: int
    entered_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlace:
    """The campaign, and the step and variant that send; None where there is no such thing."""

    name: str
    step: str | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What contexts of one dataset share: meanings, catalogue, recommendations and the sender.

    `cards` holds for each product what the catalogue says, as `catalogue_card` writes it.
    """

    meanings: Meanings
    cards: Mapping[str, Card] = field(default_factory=dict)
    recommend: Recommend = nothing_recommended
    recommendation_count: int = 4
    company: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Who gets an e-mail, when (µs), on which occasion and with which links."""

    user_id: str
    at: int
    trigger: TriggerFacts | None = None
    campaign: CampaignPlace | None = None
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContext:
    """The context of one e-mail as plain data: JSON values, instants as ISO text.

    Nothing known is an empty mapping or list; inside, what is missing is absent.
    """

    profile: Plain
    trigger: Plain
    cart: Plain
    viewed: Sequence[Plain]
    orders: Sequence[Plain]
    recommendations: Sequence[Plain]
    campaign: Plain
    company: Plain
    links: Plain

    def as_mapping(self) -> dict[str, JsonValue]:
        """Give the context by the names that templates use."""
        return {name: getattr(self, name) for name in _PARTS}


_PARTS = tuple(part.name for part in fields(EmailContext))


def email_context(
    deeds: Sequence[Deed], profile: Plain | None, occasion: Occasion, surroundings: Surroundings
) -> EmailContext:
    """Build the context from what somebody did, in order, of which only what came in time counts.

    `profile` holds the traits, None for somebody unknown. Used for preview, the test on the whole
    audience and live alike.
    """
    cause = _cause(occasion.trigger, surroundings.meanings)
    basket = basket_of(deeds, occasion.at, cart_id=None if cause is None else cause.cart_id)
    recommended = surroundings.recommend(
        _interests(basket, cause), surroundings.recommendation_count
    )
    cards = surroundings.cards
    return EmailContext(
        profile={**(profile or {}), "user_id": occasion.user_id},
        trigger=_trigger_part(occasion.trigger),
        cart=_cart_part(basket.cart, surroundings),
        viewed=[_viewed_part(viewed, cards) for viewed in basket.viewed],
        orders=[_order_part(order, cards) for order in basket.orders],
        recommendations=[_recommended_part(one, cards) for one in recommended],
        campaign=_campaign_part(occasion.campaign),
        company=surroundings.company,
        links=dict(occasion.links),
    )


def context_from_events(
    events: Sequence[Event], profile: Plain | None, occasion: Occasion, surroundings: Surroundings
) -> EmailContext:
    """Build the context from somebody's events, which are in order."""
    deeds = deeds_of(events, surroundings.meanings)
    return email_context(deeds, profile, occasion, surroundings)


def catalogue_card(row: Plain, names: ProductNames) -> dict[str, JsonValue]:
    """Write what a catalogue says of a product: title, image, url and price beside all columns."""
    price = plain_number(price_of(names, row.get))
    card = {name: value for name, value in row.items() if value is not None}
    card.pop("price", None)
    return {**card, **product_card(names, row.get), **_present(price=price)}


def plain_number(number: Number | None) -> int | float | None:
    """Give a number as JSON holds it; None for one that is too large."""
    if isinstance(number, int):
        return number if abs(number) < _LARGEST else None
    return float(number) if number is not None and abs(number) < _LARGEST else None


def _cause(trigger: TriggerFacts | None, meanings: Meanings) -> Deed | None:
    """Read what the event that caused the firing says of products and carts."""
    kind = None if trigger is None else meanings.kind_by_event().get(trigger.event)
    if trigger is None or kind is None:
        return None
    return read_deed(meanings, kind, trigger.fired_at, partial(at_path, trigger.properties))


def _interests(basket: Basket, cause: Deed | None) -> Interests:
    focus = () if cause is None or cause.kind is DeedKind.REMOVE else cause.items
    return Interests(
        bought=basket.bought(),
        cart=() if basket.cart is None else [item.product_id for item in basket.cart.items[::-1]],
        viewed=[viewed.item.product_id for viewed in basket.viewed],
        focus=[item.product_id for item in focus],
    )


def _trigger_part(trigger: TriggerFacts | None) -> Plain:
    if trigger is None:
        return {}
    return _present(
        event=trigger.event,
        key=trigger.key,
        fired_at=iso(trigger.fired_at),
        entered_at=iso(trigger.entered_at),
        properties=trigger.properties,
    )


def _campaign_part(campaign: CampaignPlace | None) -> Plain:
    if campaign is None:
        return {}
    return _present(name=campaign.name, step=campaign.step, variant=campaign.variant)


def _cart_part(cart: Cart | None, surroundings: Surroundings) -> Plain:
    """Write the cart with the prices that were seen when adding; without a total if one lacks."""
    if cart is None:
        return {}
    cards = surroundings.cards
    items = [_priced(item, cards) for item in cart.items]
    return _present(
        products=[_line(item, cards) for item in items],
        total=plain_number(total_of(items)),
        cart_id=cart.cart_id,
        url=surroundings.company.get("cart_url") if cart.url is None else cart.url,
    )


def _order_part(order: Order, cards: Mapping[str, Card]) -> Plain:
    """Write an order with what was paid; what the catalogue asks today is another price."""
    return _present(
        order_id=order.order_id,
        ordered_at=iso(order.ordered_at),
        products=[_line(item, cards) for item in order.items],
        revenue=plain_number(order.revenue),
        currency=order.currency,
    )


def _viewed_part(viewed: Viewed, cards: Mapping[str, Card]) -> Plain:
    """Write a product with the catalogue's price, which is what looking again will show."""
    item = viewed.item
    seen = _product(item, cards, item.price)
    return {**seen, **_card(item.product_id, cards), "viewed_at": iso(viewed.viewed_at)}


def _recommended_part(one: Recommendation, cards: Mapping[str, Card]) -> Plain:
    cause = {} if one.because_of is None else _card(one.because_of, cards)
    why = _present(kind=one.kind.value, product_id=one.because_of, title=cause.get("title"))
    return {**_card(one.product_id, cards), "product_id": one.product_id, "why": why}


def _line(item: Item, cards: Mapping[str, Card]) -> Plain:
    return {
        **_product(item, cards, item.price),
        **_present(quantity=plain_number(item.quantity)),
    }


def _product(item: Item, cards: Mapping[str, Card], price: Number | None) -> dict[str, JsonValue]:
    """Write a product as the catalogue knows it, else as the event said, at the price given."""
    found = {**item.card, **_card(item.product_id, cards), "product_id": item.product_id}
    found.pop("price", None)
    return {**found, **_present(price=plain_number(price))}


def _priced(item: Item, cards: Mapping[str, Card]) -> Item:
    """Take the catalogue's price where the event said none."""
    if item.price is not None:
        return item
    return item._replace(price=as_number(_card(item.product_id, cards).get("price")))


def _card(product_id: str, cards: Mapping[str, Card]) -> Card:
    return cards.get(product_id, {})


def _present(**values: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in values.items() if value is not None}
