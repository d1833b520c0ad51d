"""Guesses which events of a dataset mean looking, adding, taking out and buying."""

from collections.abc import Container, Sequence
from dataclasses import replace

from core.domain.meanings import DeedKind, Meaning, Meanings, Names, ProductNames, plain_name
from core.history.manifest import Manifest
from core.services.fitting import same_deed

# A name of each family in `fitting`, by which the others are found.
_DEEDS = {
    DeedKind.VIEW: "product_view",
    DeedKind.ADD: "cart_add",
    DeedKind.REMOVE: "cart_remove",
    DeedKind.BUY: "purchase",
}

# What shops and tools call the same fact, without signs and capitals, in the order of preference.
_ITEMS = "items products lineitems orderitems cartitems contents"
_IDS = (
    "productid product itemid item aid stockcode sku productsku contentid variantid id"
    " lineitemsku productname lineitemname"
)
_QUANTITIES = "quantity qty lineitemquantity itemquantity productquantity"
_PRICES = "price itemprice unitprice productprice lineitemprice saleprice"
_TITLES = "title producttitle productname itemname lineitemname description name"
_IMAGES = "image imageurl productimage productimageurl imagelink img picture thumbnail"
_URLS = "url producturl itemurl productlink link"
_CARTS = "cartid basketid carttoken"
_CART_URLS = "carturl checkouturl abandonedcheckouturl recoveryurl basketurl"
_ORDERS = "orderid ordernumber transactionid invoiceno invoice invoicenumber order transaction"
_REVENUES = "revenue ordertotal total totalprice grandtotal ordervalue transactionrevenue value"
_CURRENCIES = "currency currencycode"

# An event's own id, name or title is seldom the product's.
_NOT_THE_EVENTS = {"id", "title", "name"}

# What an import of Shopify's orders makes of the further lines of an order, and their order's id.
_FURTHER_LINE, _FURTHER_ORDER = "purchase_item", "Name"

IN_ITEMS = ProductNames(
    product_id=tuple(_IDS.split()),
    quantity=tuple(_QUANTITIES.split()),
    price=tuple(_PRICES.split()),
    title=tuple(_TITLES.split()),
    image=tuple(_IMAGES.split()),
    url=tuple(_URLS.split()),
)


def guess_meanings(manifest: Manifest) -> Meanings:
    """Guess the meanings of a dataset's events from their names and those of their properties."""
    names = [column.name for column in manifest.properties]
    events = {kind: _events(manifest, deed) for kind, deed in _DEEDS.items()}
    orders = _called(names, _ORDERS)
    if _FURTHER_LINE in events[DeedKind.BUY]:
        orders = (*(name for name in names if name == _FURTHER_ORDER), *orders)
    common = Meaning(
        items=_called(names, _ITEMS),
        product=_product_names(names, without=_NOT_THE_EVENTS),
        cart_id=_called(names, _CARTS),
        cart_url=_called(names, _CART_URLS),
    )
    buying = replace(
        common,
        order_id=orders,
        revenue=_called(names, _REVENUES),
        currency=_called(names, _CURRENCIES),
    )
    return Meanings(
        deeds={
            kind: replace(buying if kind is DeedKind.BUY else common, events=found)
            for kind, found in events.items()
            if found
        },
        in_items=IN_ITEMS,
        catalogue=_catalogue_names(manifest),
    )


def _catalogue_names(manifest: Manifest) -> ProductNames:
    columns = () if manifest.catalogue is None else manifest.catalogue.properties
    return _product_names([column.name for column in columns])


def _events(manifest: Manifest, deed: str) -> Names:
    known = manifest.counts_by_name
    found = same_deed(deed, known)
    if found is None:
        return ()
    return (found, _FURTHER_LINE) if deed == "purchase" and _FURTHER_LINE in known else (found,)


def _product_names(names: Sequence[str], without: Container[str] = ()) -> ProductNames:
    return ProductNames(
        product_id=_called(names, _IDS, without),
        quantity=_called(names, _QUANTITIES, without),
        price=_called(names, _PRICES, without),
        title=_called(names, _TITLES, without),
        image=_called(names, _IMAGES, without),
        url=_called(names, _URLS, without),
    )


def _called(names: Sequence[str], family: str, without: Container[str] = ()) -> Names:
    """Give the names that belong to a family, in the family's order."""
    return tuple(
        name
        for member in family.split()
        if member not in without
        for name in names
        if plain_name(name) == member
    )
