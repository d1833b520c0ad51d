"""The calibration simulates what it says, draws what it found, and tells when a promise fails."""

from xml.etree import ElementTree

import pytest

from benchmarks import calibration
from benchmarks.calibration import Calibration, promised
from benchmarks.calibration_coverage import Coverage, rates
from benchmarks.calibration_tests import LOOKS, World, planned_people, simulate
from benchmarks.charts import Line, dot_chart, line_chart

NOTHING = World(base_rate=0.05, lifts=(0,), people_count=2_000)
SOMETHING = World(base_rate=0.05, lifts=(1.0,), people_count=4_000)


def test_the_same_seed_simulates_the_same_tests() -> None:
    assert simulate(NOTHING, tests=5, seed=1) == simulate(NOTHING, tests=5, seed=1)
    assert simulate(NOTHING, tests=5, seed=1) != simulate(NOTHING, tests=5, seed=2)


def test_a_lift_that_doubles_the_rate_is_found_early_and_the_right_way_round() -> None:
    found = simulate(SOMETHING, tests=20, seed=1)

    assert all(each.hybrid and each.fixed and each.right_direction for each in found)
    assert all(each.hybrid_looks < LOOKS for each in found)
    assert max(each.waited for each in found) < 1


def test_people_are_planned_as_in_a_textbook() -> None:
    """10 % against 12 %, 5 % error, 80 % power: 3,841 per arm without continuity correction.

    J. L. Fleiss, Statistical Methods for Rates and Proportions (unpooled form); rounded up to whole
    people on each of 40 days.
    """
    found = planned_people(0.10, 0.2)

    assert found == pytest.approx(3_841, abs=40)
    assert found % LOOKS == 0


def test_counting_all_outcomes_misses_none() -> None:
    """Of an interval that always holds the truth the chances add up to 1."""
    found = {each.about: each for each in rates()}

    wilson = found["Rate (Wilson), 95 %"]
    assert 0.94 < wilson.worst <= wilson.average < 0.97
    assert (
        found["Lift (Koopman), 95 %"].average
        < found["Lift at the planned end (Koopman), 96 %"].average
    )


def test_a_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "AA_WORLDS", (SOMETHING,))
    monkeypatch.setattr(calibration, "OTHER_AA_WORLDS", ())
    narrow = Coverage(about="narrow", promised=0.95, worst=0.94, average=0.96)
    outcomes = {SOMETHING.name: simulate(SOMETHING, tests=5, seed=1)}

    found = promised(Calibration(tests=outcomes, intervals=[narrow], durations=[]))

    assert [each.is_met for each in found] == [False, False]


def test_charts_are_well_formed_and_say_what_they_show() -> None:
    lines = [Line(name="a & b", xs=[0, 10], ys=[0.1, 0.2])]

    line = line_chart("False <alarms>", lines, x_label="day", y_max=0.4, limit=0.05)
    dots = dot_chart("Coverage", [("lift", 0.94, 0.95)], x_min=0.9, x_max=1)

    assert ElementTree.fromstring(line).get("aria-label") == "False <alarms>"
    texts = [element.text for element in ElementTree.fromstring(dots).iter() if element.text]
    assert "lift" in texts
