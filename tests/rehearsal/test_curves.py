"""The curves over window and threshold equal a fresh plain reading for each of their points."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.triggers import CountTrigger, EventTrigger
from core.rehearsal.curves import (
    CurvePoint,
    people_by_threshold,
    people_by_window,
    window_of,
    with_window,
)
from core.rehearsal.history import History
from tests.reference.histories import trigger_cases
from tests.reference.triggers import raw_firings
from tests.rehearsal.worlds import TRIGGER, World, brief, window_key, worlds

WITH_WINDOW = ("count", "sum", "absence", "inactivity", "sequence")


def people_caught(trigger: dict[str, Any], world: World, audience: Sequence[str] | None) -> int:
    firings = raw_firings(trigger, world.events, world.history.watermark)
    caught = {firing.user_id for firing in firings}
    return len(caught if audience is None else caught & set(audience))


def drawn(data: st.DataObject, kind: str) -> tuple[dict[str, Any], World, list[str] | None]:
    case = data.draw(trigger_cases((kind,)))
    world = data.draw(worlds(case.events, case.watermark))
    members = st.lists(st.sampled_from(world.users), unique=True) if world.users else st.just([])
    return case.trigger, world, data.draw(st.none() | members)


def counts(points: Sequence[CurvePoint]) -> list[int]:
    return [point.people_count for point in points]


@pytest.mark.parametrize("kind", WITH_WINDOW)
@brief
@given(data=st.data())
def test_each_window_of_the_curve_catches_whom_the_plain_reading_catches(
    kind: str, data: st.DataObject
) -> None:
    trigger, world, audience = drawn(data, kind)
    flags = None if audience is None else world.flags(audience)

    points = people_by_window(TRIGGER.validate_python(trigger), world.history, flags)

    seconds = [point.setting // timedelta(seconds=1) for point in points]
    expected = [
        people_caught({**trigger, window_key(trigger): f"{length}s"}, world, audience)
        for length in seconds
    ]
    assert counts(points) == expected
    assert seconds == sorted(set(seconds))
    current = window_of(TRIGGER.validate_python(trigger))
    assert [point.setting for point in points if point.is_current] == [current]


@pytest.mark.parametrize("kind", ["count", "sum"])
@brief
@given(data=st.data())
def test_each_threshold_of_the_curve_catches_whom_the_plain_reading_catches(
    kind: str, data: st.DataObject
) -> None:
    trigger, world, audience = drawn(data, kind)
    flags = None if audience is None else world.flags(audience)

    points = people_by_threshold(TRIGGER.validate_python(trigger), world.history, flags)

    settings = [point.setting for point in points]
    expected = [people_caught({**trigger, "at_least": s}, world, audience) for s in settings]
    assert counts(points) == expected
    assert settings == sorted(set(settings))
    assert [point.setting for point in points if point.is_current] == [trigger["at_least"]]
    assert counts(points) == sorted(counts(points), reverse=True)


@pytest.mark.parametrize(
    ("kind", "grows"),
    [("count", True), ("sequence", True), ("absence", False), ("inactivity", False)],
)
@brief
@given(data=st.data())
def test_a_larger_window_catches_no_fewer_and_a_longer_wait_no_more(
    kind: str, grows: bool, data: st.DataObject
) -> None:
    trigger, world, _ = drawn(data, kind)

    points = people_by_window(TRIGGER.validate_python(trigger), world.history, None)

    assert counts(points) == sorted(counts(points), reverse=not grows)


def test_without_events_every_point_is_zero() -> None:
    empty = History(batches=[], first_at=0, watermark=0, user_count=0)
    trigger = TRIGGER.validate_python(
        {"kind": "count", "match": {"event": "view"}, "at_least": 3, "within": "48h"}
    )

    by_window = people_by_window(trigger, empty, None)
    by_threshold = people_by_threshold(trigger, empty, None)

    assert [point.setting for point in by_threshold] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert timedelta(hours=72) in [point.setting for point in by_window]
    assert counts([*by_window, *by_threshold]) == [0] * (len(by_window) + 8)


def test_only_what_has_a_window_or_a_threshold_has_a_curve() -> None:
    empty = History(batches=[], first_at=0, watermark=0, user_count=0)
    event = TRIGGER.validate_python({"kind": "event", "match": {"event": "view"}})
    absence = TRIGGER.validate_python(
        {"kind": "absence", "start": {"event": "a"}, "unless": {"event": "b"}, "within": "24h"}
    )

    assert people_by_window(event, empty, None) == []
    assert people_by_threshold(event, empty, None) == []
    assert people_by_threshold(absence, empty, None) == []


@pytest.mark.parametrize("at_least", [0.0, -4.0])
def test_thresholds_around_a_sum_that_is_not_positive_differ_and_ascend(at_least: float) -> None:
    empty = History(batches=[], first_at=0, watermark=0, user_count=0)
    trigger = TRIGGER.validate_python(
        {
            "kind": "sum",
            "match": {"event": "view"},
            "property": "n",
            "at_least": at_least,
            "within": "24h",
        }
    )

    settings = [point.setting for point in people_by_threshold(trigger, empty, None)]

    assert settings == sorted(set(settings))
    assert at_least in settings


@pytest.mark.parametrize("kind", WITH_WINDOW)
@brief
@given(data=st.data())
def test_another_window_changes_nothing_else(kind: str, data: st.DataObject) -> None:
    written = data.draw(trigger_cases((kind,))).trigger
    trigger = TRIGGER.validate_python(written)

    changed = with_window(trigger, timedelta(hours=5))

    assert changed == TRIGGER.validate_python({**written, window_key(written): "5h"})
    assert with_window(changed, window_of(trigger) or timedelta()) == trigger


def test_an_event_trigger_has_no_window_to_change() -> None:
    trigger = TRIGGER.validate_python({"kind": "event", "match": {"event": "view"}})
    assert isinstance(trigger, EventTrigger)

    with pytest.raises(ValueError, match="no window"):
        with_window(trigger, timedelta(hours=1))


def test_a_count_curve_starts_at_one() -> None:
    empty = History(batches=[], first_at=0, watermark=0, user_count=0)
    trigger = CountTrigger.model_validate(
        {"match": {"event": "view"}, "at_least": 1, "within": "24h"}
    )

    settings = [point.setting for point in people_by_threshold(trigger, empty, None)]

    assert settings == [1, 2, 3, 4, 5, 6]
