"""The sample shop is the same for everybody, believable, and dirty in the ways it says."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

FOLDER = Path(__file__).parents[2] / "data"
FILES = ("events.csv.gz", "profiles.csv", "catalogue.csv")
Row = dict[str, str]
Deed = tuple[datetime, Row]
NAMES = {
    *("session_start", "page_view", "product_view", "article_view", "search"),
    *("cart_add", "cart_remove", "checkout_start", "purchase"),
    *("review", "download", "referral", "newsletter_signup"),
    *("email_sent", "email_delivered", "email_opened", "email_clicked", "email_unsubscribed"),
}


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rows_of(name: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content(FOLDER / name).decode())))


def fault_of(row: Row) -> str | None:
    if not row["user_id"]:
        return "no user"
    if not row["event"]:
        return "no name"
    try:
        year = datetime.fromisoformat(row["timestamp"]).year
        json.loads(row["properties"])
    except json.JSONDecodeError:
        return "properties"
    except ValueError:
        return "time"
    return None if year == 2026 else "future"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("events.csv.gz")


@pytest.fixture(scope="module")
def profiles() -> dict[str, Row]:
    return {row["user_id"]: row for row in rows_of("profiles.csv")}


@pytest.fixture(scope="module")
def deeds(rows: list[Row]) -> list[Deed]:
    """Every usable row once, in the order of time."""
    once = {row["event_id"]: row for row in rows if fault_of(row) is None}
    timed = [(datetime.fromisoformat(row["timestamp"]), row) for row in once.values()]
    return sorted(timed, key=lambda deed: deed[0])


def test_running_the_script_again_gives_the_committed_files(tmp_path: Path) -> None:
    script = [sys.executable, str(FOLDER / "make_sample.py"), str(tmp_path)]

    subprocess.run(script, check=True)

    for name in FILES:  # what is compressed, as zlib builds differ in how they compress it
        assert content(tmp_path / name) == content(FOLDER / name), name
    assert (tmp_path / FILES[0]).read_bytes()[:10] == (FOLDER / FILES[0]).read_bytes()[:10]


def test_the_committed_files_are_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 5_000_000


def test_the_shop_has_its_promised_size(deeds: list[Deed], profiles: dict[str, Row]) -> None:
    counts = Counter(row["event"] for _, row in deeds)

    assert len(profiles) == 5_000
    assert len(rows_of("catalogue.csv")) == 200
    assert 145_000 < len(deeds) < 155_000
    assert set(counts) == NAMES
    assert min(counts.values()) > 20


def test_the_readme_counts_each_event_as_it_is(deeds: list[Deed]) -> None:
    told: dict[str, int] = {}
    text = (FOLDER / "README.md").read_text("utf-8")
    for line in text.splitlines():
        if re.match(r"\| `\w+`.*\| [\d,]+ ?[^|]*\|", line):
            names, counts = line.split("|")[1:3]
            numbers = [int(count.replace(",", "")) for count in counts.split(", ")]
            told |= dict(zip(re.findall(r"`(\w+)`", names), numbers, strict=True))

    assert told == Counter(row["event"] for _, row in deeds)
    assert f"{len(deeds):,} by {len({row['user_id'] for _, row in deeds}):,} customers" in text


def test_the_period_is_ninety_days_up_to_the_end_of_august(deeds: list[Deed]) -> None:
    days = Counter(at.date().isoformat() for at, _ in deeds)

    assert (min(days), max(days), len(days)) == ("2026-06-03", "2026-08-31", 90)


def test_people_shop_in_the_evening_of_where_they_live_and_on_sundays(
    deeds: list[Deed], profiles: dict[str, Row]
) -> None:
    starts = [
        at.astimezone(ZoneInfo(profiles[row["user_id"]]["timezone"]))
        for at, row in deeds
        if row["event"] == "session_start" and profiles[row["user_id"]]["timezone"]
    ]

    hours = Counter(at.hour for at in starts)
    weekdays = Counter(at.weekday() for at in starts)

    assert hours[20] > 1.3 * hours[15] > 10 * hours[4]
    assert weekdays[6] > 1.1 * weekdays[1]


def test_a_campaign_brings_a_rush(deeds: list[Deed]) -> None:
    visits = Counter(at.date().isoformat() for at, row in deeds if row["event"] == "session_start")

    for calm, rush in (("06-18", "06-25"), ("07-16", "07-23"), ("08-13", "08-20")):
        assert visits[f"2026-{rush}"] > 1.4 * visits[f"2026-{calm}"], rush


def carts_of(deeds: list[Deed]) -> Iterator[tuple[datetime, datetime | None]]:
    """Give the last addition and the purchase of each cart that had two weeks to be bought."""
    added: dict[str, datetime] = {}
    bought: dict[str, datetime] = {}
    for at, row in deeds:
        if row["event"] in ("cart_add", "purchase"):
            cart = json.loads(row["properties"])["cart_id"]
            (added if row["event"] == "cart_add" else bought)[cart] = at
    for cart, at in added.items():
        if at < datetime(2026, 8, 17, tzinfo=UTC):
            yield at, bought.get(cart)


def test_two_carts_in_three_are_left_and_some_are_bought_later_anyway(deeds: list[Deed]) -> None:
    carts = list(carts_of(deeds))
    left = [(at, buy) for at, buy in carts if buy is None or buy - at > timedelta(hours=24)]
    late = [buy - at for at, buy in left if buy is not None and buy - at < timedelta(days=8)]

    assert 0.65 < len(left) / len(carts) < 0.70
    assert 0.07 < len(late) / len(left) < 0.16
    assert sum(wait > timedelta(days=3) for wait in late) > 20


def test_activity_is_heavy_tailed(deeds: list[Deed]) -> None:
    counts = sorted(Counter(row["user_id"] for _, row in deeds).values(), reverse=True)

    busiest = sum(counts[: len(counts) // 10])

    assert 0.35 < busiest / sum(counts) < 0.6


def test_many_come_back_to_one_product(deeds: list[Deed]) -> None:
    views: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for at, row in deeds:
        if row["event"] == "product_view":
            views[row["user_id"], row["product_id"]].append(at)

    keen = {
        user
        for (user, _), times in views.items()
        if any(b - a < timedelta(hours=48) for a, b in zip(times, times[3:], strict=False))
    }

    assert 300 < len(keen) < 1_200


def test_events_name_only_people_and_products_that_exist(
    deeds: list[Deed], profiles: dict[str, Row]
) -> None:
    known = {row["product_id"] for row in rows_of("catalogue.csv")}

    assert {row["product_id"] for _, row in deeds} <= known | {""}
    assert {row["user_id"] for _, row in deeds} <= set(profiles)


def test_a_purchase_adds_up(deeds: list[Deed]) -> None:
    purchases = [json.loads(row["properties"]) for _, row in deeds if row["event"] == "purchase"]

    for bought in purchases:
        total = sum(item["price"] * item["quantity"] for item in bought["items"])
        assert total == pytest.approx(bought["revenue"])
    assert len({bought["order_id"] for bought in purchases}) == len(purchases)


def test_nobody_was_mailed_without_consent_or_after_unsubscribing(
    deeds: list[Deed], profiles: dict[str, Row]
) -> None:
    gone: set[str] = set()
    for _, row in deeds:
        if row["event"] == "email_sent":
            assert profiles[row["user_id"]]["consent"] == "true"
            assert profiles[row["user_id"]]["email"]
            assert row["user_id"] not in gone
        elif row["event"] == "email_unsubscribed":
            gone.add(row["user_id"])

    assert gone
    assert all(profiles[user]["unsubscribed"] == "true" for user in gone)


def test_nobody_acts_before_they_signed_up(deeds: list[Deed], profiles: dict[str, Row]) -> None:
    for at, row in deeds:
        joined = datetime.fromisoformat(profiles[row["user_id"]]["signup_on"]).replace(tzinfo=UTC)
        assert at > joined - timedelta(hours=3)


def test_some_rows_are_delivered_twice(rows: list[Row]) -> None:
    counts = Counter(row["event_id"] for row in rows)
    repeated = [name for name, count in counts.items() if count > 1]
    first: dict[str, Row] = {}

    assert 0.002 < len(repeated) / len(counts) < 0.004
    assert all(row == first.setdefault(row["event_id"], row) for row in rows)


def test_some_rows_arrive_hours_late(rows: list[Row]) -> None:
    newest, waits = datetime(2026, 1, 1, tzinfo=UTC), []
    for row in rows:
        if fault_of(row) is None:
            at = datetime.fromisoformat(row["timestamp"])
            waits.append(newest - at)
            newest = max(newest, at)

    assert 0.008 < sum(wait > timedelta(hours=1) for wait in waits) / len(waits) < 0.02
    assert max(waits) > timedelta(days=2)


def test_about_sixty_rows_are_broken_in_five_ways(rows: list[Row]) -> None:
    faults = Counter(fault for fault in map(fault_of, rows) if fault)

    assert faults == {"no user": 14, "no name": 10, "time": 15, "future": 8, "properties": 12}


@pytest.mark.parametrize("name", FILES)
def test_every_address_is_reserved_for_examples(name: str) -> None:
    text = content(FOLDER / name).decode()

    hosts = set(re.findall(r"(?:@|https?://)([\w.-]+)", text))

    assert hosts <= {"example.com", "example.org", "example.net", "shop.example.com"}
    assert "www." not in text
