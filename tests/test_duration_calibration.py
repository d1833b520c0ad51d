"""The calibration of the days that a test is said to take, on a few tests of each world."""

import numpy as np

from benchmarks.duration_calibration import WORLDS, duration_calibration


def test_forecasts_come_near_the_days_that_simulated_tests_needed() -> None:
    found = duration_calibration(tests=12, seed=1)

    assert [each.world for each in found] == list(WORLDS)
    for each in found:
        assert each.near.value >= 0.75
        assert each.in_range.value >= 0.75
        errors = np.abs(each.forecast_days / each.needed_days - 1)
        assert each.near.value == (errors <= 0.2).mean()
        assert abs(each.median_error) < 0.1


def test_the_same_seed_gives_the_same_calibration() -> None:
    first, again = (duration_calibration(tests=2, seed=4) for _ in range(2))

    assert [each.forecast_days.tolist() for each in first] == [
        each.forecast_days.tolist() for each in again
    ]
