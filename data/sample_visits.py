"""How a person lives through the period: mailings, visits, carts, purchases, and after."""

import math
from typing import Any

import numpy as np
from sample_people import Kind, Person
from sample_shop import (
    CATEGORY_WHEEL,
    DAY,
    DAYS,
    END,
    FIRST_DAY,
    HOUR,
    SALES,
    SHOP_URL,
    START,
    Product,
    Shop,
    Wheel,
    sale_on,
)

WARM_UP_DAYS = 12  # interests that began before the period are under way when it starts
ARTICLES = {
    "choosing-a-trail-shoe": "running",
    "first-half-marathon": "running",
    "running-in-heat": "running",
    "packing-for-three-days": "hiking",
    "blisters-before-they-start": "hiking",
    "reading-mountain-weather": "hiking",
    "merino-or-synthetic": "care",
    "washing-a-rain-jacket": "care",
    "gravel-in-a-weekend": "cycling",
    "sleeping-warm-in-a-tent": "camping",
}
DOWNLOADS = ("half-marathon-plan", "packing-list", "boot-size-guide", "hut-tour-map")
WEEK = (1.06, 0.98, 0.96, 0.99, 0.93, 0.9, 1.18)  # Monday first: Sunday evening is when people shop
# How readily people shop at each local hour, from midnight on.
WORKDAY = "8 4 2 1 1 2 8 20 30 34 38 42 56 46 36 36 42 52 62 78 94 90 58 24"
WEEKEND = "14 8 4 2 1 1 3 8 22 44 62 66 60 52 54 58 60 60 62 70 78 74 50 28"
WORKDAY_HOURS = Wheel({hour: int(weight) for hour, weight in enumerate(WORKDAY.split())})
WEEKEND_HOURS = Wheel({hour: int(weight) for hour, weight in enumerate(WEEKEND.split())})
DEVICES = Wheel({"mobile": 58, "desktop": 36, "tablet": 6})
SOURCES = Wheel({"direct": 34, "search": 33, "ads": 14, "social": 12, "partner": 7})
SCROLLED = Wheel({10: 14, 25: 22, 50: 26, 75: 20, 90: 12, 100: 6})
RATINGS = Wheel({5: 52, 4: 27, 3: 11, 2: 5, 1: 5})


def live_through(person: Person, shop: Shop, rng: np.random.Generator) -> None:
    """Fill a person's tape: mailings, and interests of their own or led to by a mail."""
    joined = (person.signed_up_on - FIRST_DAY).days
    days = Wheel({day: _pull(person.kind, day) for day in range(-WARM_UP_DAYS, DAYS)})
    amount = rng.poisson(person.kind.interests * rng.gamma(0.8, 1.25))
    starts = [(_moment(person, days.spin(rng), rng), SOURCES.spin(rng)) for _ in range(amount)]
    if joined >= 0:
        starts.append((_moment(person, joined, rng), SOURCES.spin(rng)))
    starts += [(at, "newsletter") for at in _receive_mailings(person, joined, rng)]
    newcomer = joined >= 0
    for at, source in sorted(starts):
        day = (at + person.offset - START) // DAY
        if day >= joined and day not in person.holiday:
            _follow_interest(person, shop, rng, at, source, newcomer)
            newcomer = False


def _pull(kind: Kind, day: int) -> float:
    """Weigh a day: the weekly rhythm, a slow season, and the rush of a campaign."""
    sale = sale_on(day)
    rush = 1 + (sale.rush - 1) * kind.bargain if sale else 1.0
    return WEEK[(FIRST_DAY.weekday() + day) % 7] * (1 + 0.12 * math.sin(day / 14)) * rush


def _moment(person: Person, day: int, rng: np.random.Generator) -> int:
    """Pick a second of a local day by the hours at which people shop."""
    weekend = (FIRST_DAY.weekday() + day) % 7 >= 5
    hour = (WEEKEND_HOURS if weekend else WORKDAY_HOURS).spin(rng)
    return START + day * DAY + hour * HOUR + int(rng.integers(0, HOUR)) - person.offset


def _later(person: Person, after: int, hours: float, rng: np.random.Generator) -> int:
    """Give a moment some hours later, moved into the waking hours."""
    at = after + int(hours * HOUR)
    day, second = divmod(at + person.offset - START, DAY)
    if HOUR <= second < 7 * HOUR:
        at = max(_moment(person, day, rng) for _ in range(2))
    return max(at, after + 60)


def _receive_mailings(person: Person, joined: int, rng: np.random.Generator) -> list[int]:
    """Record what became of each mailing; give the moments at which a click led to the shop."""
    clicks = []
    person.session = ""
    for number, sale in enumerate(SALES, start=1):
        if not (person.consent and person.has_email) or person.unsubscribed or joined > sale.first:
            continue
        mail = {"campaign": sale.name, "message_id": f"m{number}-{person.number:05d}"}
        person.now = START + sale.first * DAY + 7 * HOUR + person.number // 4
        person.note("email_sent", **mail)
        person.now += int(2 + 40 * rng.random() ** 4)
        if rng.random() > 0.988:
            continue
        person.note("email_delivered", **mail)
        if rng.random() < person.kind.opens:
            clicks += _open(person, mail, "offers" if sale.discount else "journal", rng)
    return clicks


def _open(person: Person, mail: dict[str, Any], page: str, rng: np.random.Generator) -> list[int]:
    person.now = _later(person, person.now, rng.lognormal(1.0, 1.4), rng)
    person.note("email_opened", **mail)
    person.now += int(5 + rng.integers(0, 60))
    if rng.random() < 0.012:
        person.note("email_unsubscribed", **mail)
        person.unsubscribed = person.now < END
    elif rng.random() < 0.05 + 0.12 * person.kind.opens:
        person.note("email_clicked", url=f"{SHOP_URL}/{page}", **mail)
        return [person.now + 2]
    return []


def _follow_interest(
    person: Person, shop: Shop, rng: np.random.Generator, at: int, source: str, newcomer: bool
) -> None:
    """Visit the shop about one product until it is bought, or interest fades."""
    category = person.favourite if rng.random() < 0.6 else CATEGORY_WHEEL.spin(rng)
    focus = shop.pick(category, rng)
    taken = rng.random() < 0.1  # somebody who cannot stop looking at it
    cart: dict[Product, int] = {}
    for visit in range(7):
        _enter(person, at, source if visit == 0 else "direct", rng)
        if newcomer and visit == 0 and person.consent and rng.random() < 0.7:
            person.note(
                "newsletter_signup", source=str(rng.choice(["footer", "checkout", "popup"]))
            )
        if _read(person, rng) and not cart and rng.random() < 0.6:
            return  # came for the articles
        _look_around(person, shop, focus, rng, 0.7 if taken else 0.34)
        had_cart = bool(cart)
        _fill(person, shop, focus, cart, rng)
        if cart and _buy(person, shop, cart, rng, had_cart):
            return
        stays = 0.62 if taken else 0.34 if cart else person.kind.returns
        if rng.random() > stays:
            return
        at = _later(person, person.now, 0.5 + rng.lognormal(2.4 if taken else 3.3, 1.2), rng)


def _enter(person: Person, at: int, source: str, rng: np.random.Generator) -> None:
    person.visits += 1
    person.now, person.session = at, f"s{person.number:05d}-{person.visits:02d}"
    person.note("session_start", device=DEVICES.spin(rng), source=source)


def _stay(rng: np.random.Generator, middle: int) -> dict[str, Any]:
    """Invent how long a page was looked at and how far it was scrolled."""
    seconds = min(1_200, 2 + int(middle * rng.lognormal(0, 0.8)))
    return {"time_on_page": seconds, "scroll_depth": SCROLLED.spin(rng)}


def _read(person: Person, rng: np.random.Generator) -> bool:
    """Read a few articles, and perhaps take one of the downloads home; say whether they did."""
    if rng.random() > 0.05 + 0.25 * person.reads:
        return False
    for article in rng.choice(list(ARTICLES), size=min(6, rng.geometric(0.45)), replace=False):
        topic = ARTICLES[str(article)]
        person.note("article_view", article=str(article), topic=topic, **_stay(rng, 85))
    if rng.random() < 0.2:
        person.note("download", asset=str(rng.choice(DOWNLOADS)))
    return True


def _look_around(
    person: Person, shop: Shop, focus: Product, rng: np.random.Generator, insistence: float
) -> None:
    """Look at pages and products; the one of interest again and again."""
    shelf = f"/c/{focus.category.lower().replace(' ', '-')}"
    for page in ("/", shelf, "/offers", "/stores", "/help/returns"):
        if rng.random() < {"/": 0.55, shelf: 0.75, "/offers": 0.25}.get(page, 0.06):
            person.note("page_view", page=page, **_stay(rng, 18))
    if rng.random() < 0.24:
        person.note(
            "search", query=focus.title.split(" ", 1)[1].lower(), results=int(rng.integers(1, 28))
        )
    for _ in range(min(14, rng.geometric(0.42))):
        category = focus.category if rng.random() < 0.75 else CATEGORY_WHEEL.spin(rng)
        product = focus if rng.random() < insistence else shop.pick(category, rng)
        price = shop.price(product, person.now)
        person.note(
            "product_view",
            product.product_id,
            category=product.category,
            price=price,
            **_stay(rng, 32),
        )
        if rng.random() < 0.28:
            person.note("page_view", page=shelf, **_stay(rng, 14))


def _fill(
    person: Person, shop: Shop, focus: Product, cart: dict[Product, int], rng: np.random.Generator
) -> None:
    """Add to the cart, more readily during a sale; sometimes take something out again."""
    sale = sale_on((person.now - START) // DAY)
    eager = 1 + sale.discount * person.kind.bargain if sale else 1.0
    if rng.random() > person.kind.adds * eager:
        return
    person.carts += not cart
    for product in [
        focus,
        *(shop.pick(CATEGORY_WHEEL.spin(rng), rng) for _ in range(rng.poisson(0.45))),
    ]:
        if product not in cart:
            cart[product] = 2 if product.price < 45 and rng.random() < 0.3 else 1
            _cart_event(person, shop, "cart_add", product, cart[product])
            person.now += int(8 + rng.integers(0, 90))
    if rng.random() < 0.14:
        product = list(cart)[int(rng.integers(0, len(cart)))]
        _cart_event(person, shop, "cart_remove", product, cart.pop(product))
        person.now += int(5 + rng.integers(0, 40))


def _cart_event(person: Person, shop: Shop, event: str, product: Product, quantity: int) -> None:
    price = shop.price(product, person.now)
    person.note(
        event,
        product.product_id,
        cart_id=_cart_id(person),
        category=product.category,
        price=price,
        quantity=quantity,
    )


def _cart_id(person: Person) -> str:
    return f"c{person.number:05d}-{person.carts:02d}"


def _buy(
    person: Person, shop: Shop, cart: dict[Product, int], rng: np.random.Generator, had_cart: bool
) -> bool:
    """Go to the checkout and perhaps through it; whoever came back for it is more determined."""
    chance = person.kind.checks_out + (person.kind.resumes if had_cart else 0)
    if rng.random() > chance:
        return False
    items: list[dict[str, Any]] = [
        {
            "product_id": product.product_id,
            "price": shop.price(product, person.now),
            "quantity": quantity,
        }
        for product, quantity in cart.items()
    ]
    value = round(sum(item["price"] * item["quantity"] for item in items), 2)
    person.note("checkout_start", cart_id=_cart_id(person), value=value)
    if rng.random() > person.kind.pays:
        return False
    person.now += int(50 + rng.integers(0, 240))
    order = f"o{person.number:05d}-{person.carts:02d}"
    person.note(
        "purchase",
        order_id=order,
        cart_id=_cart_id(person),
        revenue=value,
        currency="EUR",
        items=items,
    )
    _after_purchase(person, items, order, rng)
    return True


def _after_purchase(
    person: Person, items: list[dict[str, Any]], order: str, rng: np.random.Generator
) -> None:
    """Write a review days later, and tell a friend."""
    if rng.random() < 0.27:
        _enter(
            person, _later(person, person.now, 72 + 24 * rng.gamma(2.2, 3.6), rng), "direct", rng
        )
        person.now += int(20 + rng.integers(0, 200))
        person.note("review", items[0]["product_id"], order_id=order, rating=RATINGS.spin(rng))
    if rng.random() < person.kind.tells:
        _enter(person, _later(person, person.now, 12 + 24 * rng.gamma(1.5, 3), rng), "direct", rng)
        person.note("referral", channel=str(rng.choice(["link", "message", "qr"])), reward=10)
