"""Generates the sample shop: profiles, catalogue and events, the same bytes each time.

Everyone in it is invented. A person follows interests: each is a few visits about one product,
which may end in a cart, and a cart may be bought at once, days later, or never.
"""

import csv
import gzip
import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sample_people import Person, make_person
from sample_shop import END, HOUR, SEED, SHOP_URL, START, Product, Shop, make_catalogue
from sample_visits import live_through

PEOPLE = 5_000
LATE_SHARE, DUPLICATE_SHARE = 0.012, 0.003
EVENT_COLUMNS = (
    "event_id",
    "user_id",
    "event",
    "timestamp",
    "session_id",
    "product_id",
    "properties",
)
PROFILE_COLUMNS = (
    "user_id",
    "email",
    "consent",
    "timezone",
    "unsubscribed",
    "first_name",
    "country",
    "language",
    "signup_on",
    "loyalty_tier",
    "favourite_category",
)

Line = tuple[int, list[str]]


def make_lines(people: Iterable[Person], rng: np.random.Generator) -> list[list[str]]:
    """Put all tapes into the order of arrival, with what goes wrong on the way."""
    rows = [(row, person) for person in people for row in person.rows if START <= row[0] < END]
    arrivals = [row[0] + _delay(rng) for row, _ in rows]
    order = sorted(range(len(rows)), key=lambda place: arrivals[place])
    lines = [
        (arrivals[place], _fields(rows[place][0], rows[place][1], number))
        for number, place in enumerate(order, start=1)
    ]
    lines += _redelivered(lines, rng) + _spoilt(lines, rng)
    return [fields for _, fields in sorted(lines, key=lambda line: line[0])]


def _delay(rng: np.random.Generator) -> int:
    """Most rows arrive at once; a phone without a connection delivers hours or days later."""
    return int(min(96.0, rng.lognormal(1.6, 1.3)) * HOUR) if rng.random() < LATE_SHARE else 0


def _fields(
    row: tuple[int, str, str, str, dict[str, Any]], person: Person, number: int
) -> list[str]:
    at, event, session, product, properties = row
    told = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    return [f"e{number:06d}", _user_id(person), event, _iso(at), session, product, told]


def _redelivered(lines: Sequence[Line], rng: np.random.Generator) -> list[Line]:
    """Repeat some rows, id and all, a little later."""
    chosen = rng.choice(len(lines), size=int(len(lines) * DUPLICATE_SHARE), replace=False)
    return [
        (lines[place][0] + int(rng.integers(1, 2 * HOUR)), lines[place][1])
        for place in sorted(chosen)
    ]


def _spoilt(lines: Sequence[Line], rng: np.random.Generator) -> list[Line]:
    """Add rows no import can use: one list of broken values per column."""
    faults = (
        (1, ("",) * 14),
        (2, ("",) * 10),
        (3, ("2026-13-45T00:00:00Z", "soon", "0000-00-00", "", "25:61") * 3),
        (3, ("2099-01-01T00:00:00Z",) * 8),
        (6, ('{"page":"/offers","time_on_page":', "{'page': '/offers'}", "page=/offers") * 4),
    )
    broken = [(column, value) for column, values in faults for value in values]
    chosen = rng.choice(len(lines), size=len(broken), replace=False)
    spoilt: list[Line] = []
    for (column, value), place in zip(broken, chosen, strict=True):
        arrival, fields = lines[place]
        event_id = f"e{len(lines) + len(spoilt) + 1:06d}"
        spoilt.append((arrival, [event_id, *fields[1:column], value, *fields[column + 1 :]]))
    return spoilt


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _user_id(person: Person) -> str:
    return f"u{person.number:05d}"


def profile_lines(people: Iterable[Person]) -> list[list[str]]:
    """Give the profiles as rows of text, header first."""
    return [list(PROFILE_COLUMNS), *(_profile(person) for person in people)]


def _profile(person: Person) -> list[str]:
    domain = ("example.com", "example.org", "example.net")[person.number % 3]
    name = unicodedata.normalize("NFKD", person.first_name).encode("ascii", "ignore").decode()
    return [
        _user_id(person),
        f"{name.lower()}.{person.number:05d}@{domain}" if person.has_email else "",
        str(person.consent).lower(),
        person.timezone,
        str(person.unsubscribed).lower(),
        person.first_name,
        person.country,
        person.language,
        person.signed_up_on.isoformat(),
        person.tier,
        person.favourite,
    ]


def catalogue_lines(products: Iterable[Product]) -> list[list[str]]:
    """Give the catalogue as rows of text, header first."""
    rows = [["product_id", "title", "category", "price", "image", "url"]]
    return rows + [_catalogue_row(product) for product in products]


def _catalogue_row(product: Product) -> list[str]:
    slug = product.title.lower().replace(" ", "-").replace(".", "-")
    image = f"{SHOP_URL}/images/{product.product_id}.jpg"
    url = f"{SHOP_URL}/p/{product.product_id}-{slug}"
    price = f"{product.price:.2f}"
    return [product.product_id, product.title, product.category, price, image, url]


def write_sample(folder: Path) -> None:
    """Write the three files into a folder."""
    products = make_catalogue()
    shop = Shop(products)
    people = []
    for number in range(1, PEOPLE + 1):
        rng = np.random.default_rng([SEED, number])
        people.append(make_person(number, rng))
        live_through(people[-1], shop, rng)
    lines = make_lines(people, np.random.default_rng(SEED))
    (folder / "profiles.csv").write_bytes(_csv(profile_lines(people)))
    (folder / "catalogue.csv").write_bytes(_csv(catalogue_lines(products)))
    (folder / "events.csv.gz").write_bytes(_gzip(_csv([EVENT_COLUMNS, *lines])))


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _gzip(content: bytes) -> bytes:
    """Compress without a name or a time in the header, so that the bytes stay the same."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
