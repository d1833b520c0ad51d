"""What the dataset page tells: days, people, properties, gaps and wrong clocks."""

from datetime import UTC, date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.history.facts import (
    DailyCounts,
    ValueCount,
    ValueType,
    clock_problems,
    daily_counts,
    property_facts,
    quiet_days,
    suggestions,
    type_of,
    users_by_name,
)
from core.history.importing import import_profiles
from core.history.manifest import ImportMode
from core.history.reading import open_dataset
from tests.history.datasets import IMPORTED_AT, event, import_csv, write_events
from tests.history.written import opened

DAY = 24
FIRST = date(2025, 5, 1)


def test_events_are_counted_by_name_and_day_with_the_days_between(tmp_path: Path) -> None:
    events = [event(f"u{n}", "view", 5, event_id=f"{n}") for n in range(3)]
    events += [event("u", "buy", 2 * DAY + 1), event("u", "view", 2 * DAY + 2)]
    write_events(tmp_path, "d", events, part_rows=2)
    dataset = open_dataset(tmp_path, "d")

    daily = daily_counts(dataset)

    assert daily.days == (FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2))
    by_name = dict(zip(dataset.manifest.names, daily.counts.tolist(), strict=True))
    assert by_name == {"view": [3, 0, 1], "buy": [0, 0, 1]}


def test_days_are_those_of_the_zone_asked_for(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 23), event("u", "view", 25)])

    daily = daily_counts(open_dataset(tmp_path, "d"), ZoneInfo("Europe/Berlin"))

    assert (daily.days, daily.counts.tolist()) == ((FIRST + timedelta(days=1),), [[2]])


def test_users_are_counted_once_per_name(tmp_path: Path) -> None:
    events = [
        event(user, name, hour) for user in "abc" for name in ("view", "buy") for hour in (1, 2)
    ]
    write_events(tmp_path, "d", [*events, event("z", "view", 1)], part_rows=3)

    assert users_by_name(open_dataset(tmp_path, "d")) == {"view": 4, "buy": 3}


def test_a_day_without_events_or_far_below_its_weekday_is_quiet() -> None:
    counts = np.full((1, 29), 100)
    counts[0, [0, 9, 17, 28]] = [1, 0, 19, 1]
    days = tuple(FIRST + timedelta(days=n) for n in range(29))

    found = quiet_days(DailyCounts(days=days, counts=counts))

    assert [(day.day, day.count, day.usual_count) for day in found] == [
        (days[9], 0, 100),
        (days[17], 19, 100),
    ]


def test_a_weekend_that_is_always_quiet_is_no_gap() -> None:
    counts = np.array([[3 if n % 7 in (2, 3) else 100 for n in range(30)]])
    days = tuple(FIRST + timedelta(days=n) for n in range(30))

    assert quiet_days(DailyCounts(days=days, counts=counts)) == []


def test_wrong_clocks_are_added_up_over_the_imports(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 3), event("u", "view", 2)])
    write_events(tmp_path, "d", [event("u", "ahead", 300 * DAY)])

    problems = clock_problems(open_dataset(tmp_path, "d").manifest)

    assert (problems.out_of_order_count, problems.future_count) == (1, 1)


def test_properties_are_told_per_event_with_types_fill_and_examples(tmp_path: Path) -> None:
    events = [event("u", "view", n, properties={"page": "home"}) for n in range(3)]
    events += [event("u", "view", 3, properties={"page": "shop", "n": 1, "tags": ["a"]})]
    events += [event("u", "buy", n, properties={"n": "7.5", "ok": True}) for n in range(2)]
    write_events(tmp_path, "d", events)

    facts = property_facts(open_dataset(tmp_path, "d"))

    (page, *others) = facts["view"]
    assert (page.name, page.filled_count, page.event_count, page.looked_at_count) == (
        "page",
        4,
        4,
        4,
    )
    assert page.types == {ValueType.TEXT: 4}
    assert page.examples == (ValueCount("home", 3), ValueCount("shop", 1))
    assert {fact.name: fact.types for fact in others} == {
        "n": {ValueType.NUMBER: 1},
        "tags": {ValueType.LIST: 1},
    }
    assert {fact.name: fact.types for fact in facts["buy"]} == {
        "n": {ValueType.NUMBER: 2},
        "ok": {ValueType.BOOLEAN: 2},
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", ValueType.TEXT),
        ("12.5", ValueType.NUMBER),
        (12, ValueType.NUMBER),
        (False, ValueType.BOOLEAN),
        ([1], ValueType.LIST),
        ({}, ValueType.OBJECT),
    ],
)
def test_a_value_has_one_type(value: object, kind: ValueType) -> None:
    assert type_of(value) is kind  # type: ignore[arg-type]


def test_suggestions_count_the_values_of_one_event(tmp_path: Path) -> None:
    text = "user_id,event,timestamp,sku\n"
    text += "".join(f"u{n},view,2025-05-01,0{n % 3}\n" for n in range(8))
    text += "u,buy,2025-05-01,99\n"
    import_csv(tmp_path, "d", text)
    dataset = open_dataset(tmp_path, "d")

    found = suggestions(dataset, "view", "sku")

    assert found.is_whole
    assert found.values == (ValueCount("00", 3), ValueCount("01", 3), ValueCount("02", 2))
    assert suggestions(dataset, None, "sku", limit=1).values == (ValueCount("00", 3),)
    assert suggestions(dataset, "nothing", "sku").values == ()
    assert suggestions(dataset, "view", "nothing").values == ()


def test_suggestions_look_inside_objects_and_lists(tmp_path: Path) -> None:
    carts = [{"items": ["a", "b"], "id": 1}, {"items": ["a"], "id": True}]
    write_events(
        tmp_path,
        "d",
        [event("u", "add", n, properties={"cart": cart}) for n, cart in enumerate(carts)],
    )
    dataset = open_dataset(tmp_path, "d")

    items, ids = (suggestions(dataset, "add", path).values for path in ("cart.items", "cart.id"))

    assert items == (ValueCount("a", 2), ValueCount("b", 1))
    assert ids == (ValueCount(1, 1), ValueCount(True, 1))


def test_a_dataset_without_events_has_no_days(tmp_path: Path) -> None:
    with opened(tmp_path, "user_id,country\nu,DE\n") as source:
        import_profiles(
            tmp_path, "d", [(source, None)], mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )
    dataset = open_dataset(tmp_path, "d")

    assert daily_counts(dataset, UTC).days == ()
    assert users_by_name(dataset) == {}
    assert property_facts(dataset) == {}
    assert dataset.columns(["x"]).user.tolist() == []
    assert list(dataset.chunks([])) == []
