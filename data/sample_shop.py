"""What the sample shop sells and when it runs a campaign; the period everything lies in."""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

SEED = 20260831
DAYS = 90
HOUR, DAY = 3_600, 86_400
FIRST_DAY = date(2026, 6, 3)
START = int(datetime(2026, 6, 3, tzinfo=UTC).timestamp())
END = START + DAYS * DAY
SHOP_URL = "https://shop.example.com"


Option = TypeVar("Option")


class Wheel(Generic[Option]):
    """A choice among weighted options."""

    def __init__(self, weights: Mapping[Option, float]) -> None:
        self._options = list(weights)
        self._limits = list(accumulate(weights.values()))

    def spin(self, rng: np.random.Generator) -> Option:
        """Pick one option by its weight."""
        return self._options[bisect(self._limits, rng.random() * self._limits[-1])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One article of the catalogue; price in euros."""

    product_id: str
    title: str
    category: str
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A campaign of the shop: its days counted from the first, how many more come, the discount."""

    name: str
    first: int
    last: int
    rush: float
    discount: float


SALES = (
    Sale(name="Midsummer offers", first=22, last=25, rush=1.9, discount=0.20),
    Sale(name="Hut to hut reading", first=36, last=36, rush=1.15, discount=0.0),
    Sale(name="Trail week", first=50, last=54, rush=1.5, discount=0.10),
    Sale(name="Late summer sale", first=78, last=82, rush=2.2, discount=0.25),
)
# Kind of article and its middle price; each comes in four lines of different price.
RANGE: dict[str, dict[str, int]] = {
    "Trail running": {
        "Trail Shoe": 129,
        "Waterproof Trail Shoe": 149,
        "Mountain Shoe": 159,
        "Running Vest": 89,
        "Gaiters": 27,
    },
    "Road running": {
        "Running Shoe": 119,
        "Racing Shoe": 179,
        "Everyday Trainer": 99,
        "Running Shorts": 39,
        "Split Shorts": 34,
    },
    "Hiking boots": {
        "Hiking Boot": 169,
        "Light Boot": 139,
        "Winter Boot": 189,
        "Approach Shoe": 129,
        "Camp Sandal": 49,
    },
    "Jackets": {
        "Rain Jacket": 179,
        "Wind Jacket": 99,
        "Down Jacket": 229,
        "Fleece Jacket": 89,
        "Softshell": 139,
    },
    "Base layers": {
        "Merino Shirt": 69,
        "Long-sleeve Base": 59,
        "Training Tee": 32,
        "Merino Leggings": 74,
        "Sports Bra": 44,
    },
    "Trousers": {
        "Hiking Trousers": 99,
        "Zip-off Trousers": 109,
        "Running Tights": 69,
        "Rain Trousers": 89,
        "Climbing Trousers": 94,
    },
    "Backpacks": {
        "Daypack 18 l": 79,
        "Hiking Pack 32 l": 129,
        "Trekking Pack 55 l": 199,
        "Hip Pack": 39,
        "Commuter Roll-top": 109,
    },
    "Camping": {
        "Two-person Tent": 319,
        "Summer Sleeping Bag": 149,
        "Sleeping Mat": 99,
        "Gas Stove": 64,
        "Cook Set": 54,
    },
    "Cycling": {
        "Cycling Jersey": 79,
        "Bib Shorts": 109,
        "Gravel Shoe": 149,
        "Helmet": 94,
        "Cycling Gloves": 29,
    },
    "Accessories": {
        "Trail Socks": 17,
        "Running Cap": 26,
        "Head Torch": 59,
        "Bottle 0.75 l": 22,
        "Trekking Poles": 99,
    },
}
LINES = (
    *("Askvar", "Belgrun", "Corvanne", "Drumlo", "Elvast", "Fennik"),
    *("Garnholt", "Hollin", "Istrel", "Jorvan", "Kelbray", "Lumarre"),
)
CATEGORY_WHEEL = Wheel(dict(zip(RANGE, (18, 14, 13, 14, 10, 8, 8, 6, 5, 9), strict=True)))


def make_catalogue() -> list[Product]:
    """Invent 200 products: 50 kinds of article in four lines each."""
    products: list[Product] = []
    for category, kinds in RANGE.items():
        for article, middle in kinds.items():
            for grade in range(4):
                number = len(products)
                price = math.floor(middle * (0.8 + 0.14 * grade)) + 0.95 - (number % 2) * 0.05
                line = LINES[(number // 4 + grade * 3) % len(LINES)]
                products.append(
                    Product(
                        product_id=f"p{number + 1:03d}",
                        title=f"{line} {article}",
                        category=category,
                        price=round(price, 2),
                    )
                )
    return products


class Shop:
    """What is on offer, and at which price on which day."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        self._by_category = {
            category: Wheel(
                {
                    product: 1 / (1 + rank) ** 0.7
                    for rank, product in enumerate(_shuffled(products, category))
                }
            )
            for category in RANGE
        }

    def pick(self, category: str, rng: np.random.Generator) -> Product:
        """Pick a product of a category; a few are far more popular than the rest."""
        return self._by_category[category].spin(rng)

    def price(self, product: Product, at: int) -> float:
        """Give the price of a moment: less during a sale."""
        sale = sale_on((at - START) // DAY)
        return round(product.price * (1 - sale.discount), 2) if sale else product.price


def _shuffled(products: Sequence[Product], category: str) -> list[Product]:
    mine = [product for product in products if product.category == category]
    order = np.random.default_rng([SEED, 0, list(RANGE).index(category)]).permutation(len(mine))
    return [mine[place] for place in order]


def sale_on(day: int) -> Sale | None:
    """Name the campaign running on a day, counted from the first."""
    return next((sale for sale in SALES if sale.first <= day <= sale.last), None)
