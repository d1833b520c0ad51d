"""Which events of a dataset mean looking, adding, taking out and buying, and where they say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Names = tuple[str, ...]


class DeedKind(StrEnum):
    """What somebody can do with a product."""

    VIEW = "view"
    ADD = "add"
    REMOVE = "remove"
    BUY = "buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductNames:
    """Under which names the facts about a product stand; of several the first present counts."""

    product_id: Names = ()
    quantity: Names = ()
    price: Names = ()
    title: Names = ()
    image: Names = ()
    url: Names = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """How one kind of deed is recorded: its event names, and the paths of its properties.

    `items` holds a list of products (or one, as an object), each with the facts that
    `Meanings.in_items` names; else `product` says where the event itself has them.
    """

    events: Names = ()
    items: Names = ()
    product: ProductNames = field(default_factory=ProductNames)
    cart_id: Names = ()
    cart_url: Names = ()
    order_id: Names = ()
    revenue: Names = ()
    currency: Names = ()

    def item_paths(self) -> list[str]:
        """List the property paths that products are read from, each once."""
        product = self.product
        named = (
            *(self.items, product.product_id, product.quantity, product.price),
            *(product.title, product.image, product.url),
        )
        return list(dict.fromkeys(path for names in named for path in names))

    def paths(self) -> list[str]:
        """List every property path that can be read, each once."""
        named = (self.cart_id, self.cart_url, self.order_id, self.revenue, self.currency)
        others = (path for names in named for path in names)
        return list(dict.fromkeys([*self.item_paths(), *others]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """The meaning of each kind of deed, the names inside lists of products and in the catalogue.

    Names inside lists are compared without signs and capitals (`ProductID` is `product_id`).
    """

    deeds: Mapping[DeedKind, Meaning] = field(default_factory=dict)
    in_items: ProductNames = field(default_factory=ProductNames)
    catalogue: ProductNames = field(default_factory=ProductNames)

    def kind_by_event(self) -> dict[str, DeedKind]:
        """Give the kind of deed of each event name that means one."""
        return {name: kind for kind, meaning in self.deeds.items() for name in meaning.events}

    def paths(self) -> list[str]:
        """List every property path that deeds are read from, each once."""
        found = (path for meaning in self.deeds.values() for path in meaning.paths())
        return list(dict.fromkeys(found))


def plain_name(name: str) -> str:
    """Write a name in small letters and digits only, as names are compared."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())
