"""The meanings of events are guessed from the names that shops and tools use."""

from pathlib import Path

import pytest

from core.domain.meanings import DeedKind
from core.history.manifest import Encoding, Manifest, PropertyColumn
from core.history.reading import open_dataset
from core.services.imports import SAMPLE_NAME
from core.services.meanings import guess_meanings


def manifest(names: list[str], properties: list[str]) -> Manifest:
    return Manifest(
        name="shop",
        generation=1,
        names=tuple(names),
        name_counts=(1,) * len(names),
        properties=tuple(
            PropertyColumn(name=name, column=f"p{n}", encoding=Encoding.JSON)
            for n, name in enumerate(properties)
        ),
    )


@pytest.mark.parametrize(
    ("names", "properties", "events", "product", "order"),
    [
        (
            ["view", "addtocart", "transaction"],
            ["itemid", "transactionid"],
            {"view": "view", "add": "addtocart", "buy": "transaction"},
            ("itemid",),
            ("transactionid",),
        ),
        (
            ["clicks", "carts", "orders"],
            ["aid"],
            {"view": "clicks", "add": "carts", "buy": "orders"},
            ("aid",),
            (),
        ),
        (
            ["Viewed Product", "Added to Cart", "Placed Order"],
            ["ProductID", "ProductName", "OrderId", "Items"],
            {"view": "Viewed Product", "add": "Added to Cart", "buy": "Placed Order"},
            ("ProductID", "ProductName"),
            ("OrderId",),
        ),
        (
            ["purchase", "cancel"],
            ["InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice"],
            {"buy": "purchase"},
            ("StockCode",),
            ("InvoiceNo",),
        ),
    ],
)
def test_known_exports_are_understood(
    names: list[str],
    properties: list[str],
    events: dict[str, str],
    product: tuple[str, ...],
    order: tuple[str, ...],
) -> None:
    found = guess_meanings(manifest(names, properties))

    assert {kind.value: meaning.events for kind, meaning in found.deeds.items()} == {
        kind: (name,) for kind, name in events.items()
    }
    buying = found.deeds[DeedKind.BUY]
    assert buying.product.product_id == product
    assert buying.order_id == order


def test_the_further_lines_of_shopifys_orders_belong_to_them() -> None:
    names = ["Name", "Total", "Lineitem name", "Lineitem price", "Lineitem quantity"]

    found = guess_meanings(manifest(["purchase", "purchase_item"], names)).deeds[DeedKind.BUY]

    assert found.events == ("purchase", "purchase_item")
    assert found.order_id == ("Name",)
    assert found.revenue == ("Total",)
    assert found.product.product_id == ("Lineitem name",)
    assert found.product.price == ("Lineitem price",)


def test_data_without_shopping_mean_nothing() -> None:
    found = guess_meanings(manifest(["login", "song_played"], ["song"]))

    assert found.deeds == {}
    assert found.paths() == []


def test_the_id_and_name_of_an_event_are_not_its_products() -> None:
    found = guess_meanings(manifest(["view"], ["id", "name", "title"])).deeds[DeedKind.VIEW]

    assert found.product.product_id == ()
    assert found.product.title == ()


def test_the_sample_shop_is_understood(sample_home: Path) -> None:
    found = guess_meanings(open_dataset(sample_home, SAMPLE_NAME).manifest)

    assert {kind.value: meaning.events for kind, meaning in found.deeds.items()} == {
        "view": ("product_view",),
        "add": ("cart_add",),
        "remove": ("cart_remove",),
        "buy": ("purchase",),
    }
    assert found.catalogue.title == ("title",)
