"""Charts of a test show what was found, and nothing that was not."""

from dataclasses import replace

import numpy as np
import pytest

from core.domain.instants import as_microseconds
from core.services.experiment_people import SegmentColumn
from core.services.experiment_results import ExperimentResults, experiment_results
from core.ui.experiments import figures
from tests.services.experiment_cases import DAY, LATE, START, settings, shop


def read(
    counts: dict[str, tuple[int, int]], *, planned: int | None = None, days: int = 300
) -> ExperimentResults:
    given = settings(tuple(counts), planned_people_count=planned)
    return experiment_results(shop(counts), given, now=START + days * DAY)


@pytest.fixture(scope="module")
def clear() -> ExperimentResults:
    """Give a test of which the second variant is better, read long after its planned end."""
    return read({"1 h": (2_000, 200), "4 h": (2_000, 300)}, planned=4_000)


def test_the_range_over_time_is_that_of_the_looks_with_the_line_of_no_difference(
    clear: ExperimentResults,
) -> None:
    looks = clear.looks[0]

    figure = figures.lift_over_time(clear, looks)

    high, low, lift = figure.data
    assert np.allclose(high.y, looks.looks.high, equal_nan=True)
    assert np.allclose(low.y, looks.looks.low, equal_nan=True)
    assert np.allclose(lift.y, looks.looks.lift, equal_nan=True)
    assert any(shape.y0 == shape.y1 == 0 for shape in figure.layout.shapes)
    first, last = figure.layout.yaxis.range
    assert first < 0 < last


def test_the_planned_end_is_marked_once_it_is_reached(clear: ExperimentResults) -> None:
    before = read({"1 h": (200, 20), "4 h": (200, 20)}, planned=4_000)

    marked = [
        note.text for note in figures.lift_over_time(clear, clear.looks[0]).layout.annotations
    ]
    unmarked = figures.lift_over_time(before, before.looks[0]).layout.annotations

    assert marked == ["planned end"]
    assert unmarked == ()


def test_months_in_which_nobody_came_are_not_drawn(clear: ExperimentResults) -> None:
    figure = figures.lift_over_time(clear, clear.looks[0])

    drawn = figure.data[2].x
    assert drawn[-1] - drawn[-2] <= np.timedelta64(1, "D")
    assert len(drawn) == len(clear.looks[0].at)


def test_the_shares_are_drawn_with_their_ranges(clear: ExperimentResults) -> None:
    figure = figures.rates(clear.goals[0], "1 h")

    assert [point.y[0] for point in figure.data] == ["1 h (control)", "4 h"]
    assert [point.x[0] for point in figure.data] == [0.10, 0.15]
    for point, count in zip(figure.data, clear.goals[0].counts, strict=True):
        assert point.x[0] + point.error_x.array[0] == pytest.approx(count.rate.high)
        assert point.x[0] - point.error_x.arrayminus[0] == pytest.approx(count.rate.low)


def test_the_curves_end_with_the_rate_that_decides(clear: ExperimentResults) -> None:
    figure = figures.by_day(clear.curves, "1 h")

    assert [curve.y[-1] for curve in figure.data] == [0.10, 0.15]
    assert [curve.x[-1] for curve in figure.data] == [7, 7]


@pytest.mark.parametrize("has_several", [True, False])
def test_groups_are_drawn_without_a_colour_that_decides(has_several: bool) -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (2_000, 300)})
    code = np.arange(len(people), dtype=np.int32) % 2
    device = SegmentColumn(name="device", labels=("phone", "desktop"), code=code)
    given = settings()
    results = experiment_results(replace(people, segments=(device,)), given, now=LATE)

    figure = figures.groups(results.segments[0].rows, has_several=has_several)

    labels = [point.y[0] for point in figure.data]
    assert labels == (["phone<br>4 h", "desktop<br>4 h"] if has_several else ["phone", "desktop"])
    assert {point.marker.color for point in figure.data} == {"#8A93A6"}


def test_weights_that_changed_are_marked(clear: ExperimentResults) -> None:
    changed_at = START + 10 * DAY
    results = replace(clear, weights_changed_at=(changed_at,))

    notes = figures.lift_over_time(results, results.looks[0]).layout.annotations

    assert [note.text for note in notes] == ["weights changed", "planned end"]
    assert as_microseconds(notes[0].x.replace(tzinfo=START.tzinfo)) == as_microseconds(changed_at)
