"""Fits a ready-made campaign to the event names of somebody's own data."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.matchers import ANY_EVENT
from core.engine.happenings import MAIL_EVENTS
from core.engine.plans import CLICKED, OPENED

_FREE_FORM = ("body", "set")  # keys of steps whose content is the marketer's own

_NOT_THEIRS = {ANY_EVENT, OPENED, CLICKED, *MAIL_EVENTS}

# What shops and tools call the same deed, in the order of preference; compared without signs.
_SAME_DEED: Sequence[Sequence[str]] = (
    (
        *("cart_add", "add_to_cart", "addtocart", "added_to_cart", "product_added"),
        *("cart_added", "add_cart", "carts", "cart", "basket_add"),
    ),
    (
        *("purchase", "order_completed", "placed_order", "transaction", "order", "orders"),
        *("checkout_completed", "purchased", "buy", "bought", "payment", "paid_order"),
    ),
    (
        *("product_view", "product_viewed", "viewed_product", "view_item", "view", "views"),
        *("item_view", "detail_view", "clicks", "click"),
    ),
    (
        *("checkout_start", "checkout_started", "started_checkout", "begin_checkout"),
        *("checkout", "initiate_checkout"),
    ),
    ("page_view", "page", "pageview", "page_viewed", "viewed_page", "active_on_site"),
    ("cart_remove", "remove_from_cart", "product_removed", "removed_from_cart"),
    ("review", "review_submitted", "reviewed", "product_reviewed", "submitted_review"),
    ("referral", "referred", "invite", "invited_friend", "share"),
    ("session_start", "session_started", "visit", "login"),
    ("article_view", "article_viewed", "read_article", "content_view", "read"),
)


def fitted_names(campaign: Campaign, known: Collection[str]) -> dict[str, str]:
    """Match the event names of a campaign that the data lacks to names that mean the same there."""
    missing = [name for name in names_in(campaign) if name not in known]
    matched = {name: same_deed(name, known) for name in missing}
    return {name: found for name, found in matched.items() if found is not None}


def fitted(campaign: Campaign, names: Mapping[str, str]) -> Campaign:
    """Give the campaign with other event names in its trigger, goal and flow."""
    if not names:
        return campaign
    document = campaign.model_dump(mode="json", by_alias=True)
    return Campaign.model_validate(_renamed(document, names))


def names_in(campaign: Campaign) -> list[str]:
    """List the event names that a campaign speaks of, in its trigger, its goal and its flow.

    What becomes of our own e-mails is left out: nobody's data needs another name for that.
    """
    document = campaign.model_dump(mode="json", by_alias=True)
    parts = [document[part] for part in ("trigger", "goal", "steps")]
    named = [name for part in parts for name in _named(part)]
    return [name for name in dict.fromkeys(named) if name not in _NOT_THEIRS]


def goal_name(known: Collection[str]) -> str | None:
    """Guess which of the known event names is a purchase."""
    return same_deed("purchase", known)


def same_deed(name: str, known: Collection[str]) -> str | None:
    """Find the known event name that means the same as a name: itself, else what others call it."""
    by_plain = {_plain(other): other for other in sorted(known, reverse=True)}
    plain = _plain(name)
    if not plain:
        return None
    if plain in by_plain:
        return by_plain[plain]
    for family in _SAME_DEED:
        if plain in (_plain(member) for member in family):
            return next((by_plain[_plain(m)] for m in family if _plain(m) in by_plain), None)
    return None


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _named(part: Any) -> Iterator[str]:
    """Find the names in `event` lists, but not in what a webhook or a profile update carries."""
    if isinstance(part, list):
        for member in part:
            yield from _named(member)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "event" and isinstance(value, list):
                yield from value
            elif key not in _FREE_FORM:
                yield from _named(value)


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Rename where `_named` finds names."""
    if isinstance(part, list):
        return [_renamed(member, names) for member in part]
    if not isinstance(part, dict):
        return part
    return {
        key: [names.get(name, name) for name in value]
        if key == "event" and isinstance(value, list)
        else (value if key in _FREE_FORM else _renamed(value, names))
        for key, value in part.items()
    }
