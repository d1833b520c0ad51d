"""The figures of a public e-mail test come out as published beside it, to six digits.

Kevin Hillstrom's challenge (MineThatData, 2008): 64,000 customers, two e-mails and none. The
published results stand in PUBLISHED_RESULTS.md of the shared data, from another author's analysis.
"""

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.stats.conversion import Arm, Contrast, compare
from core.stats.intervals import IntervalEstimate
from core.stats.ratio import check_ratio
from core.stats.revenue import ValueContrast, compare_values, value_arm

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "hillstrom" / "hillstrom.csv.gz"
NONE, MENS, WOMENS = "No E-Mail", "Mens E-Mail", "Womens E-Mail"

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"the shared data {DATA} is absent")


@cache
def columns() -> dict[str, np.ndarray]:
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("visit", "conversion", "spend")
    }
    return {"segment": np.array([row["segment"] for row in rows]), **numbers}


def of_segment(segment: str, metric: str) -> np.ndarray:
    return columns()[metric][columns()["segment"] == segment]


def arm(segment: str, metric: str) -> Arm:
    reached = of_segment(segment, metric)
    return Arm(name=segment, people_count=len(reached), goal_count=int(reached.sum()))


def six_digits(number: float) -> object:
    return pytest.approx(number, rel=1e-6)


@pytest.mark.parametrize(
    ("segment", "people", "visits", "visit_rate", "conversions", "conversion_rate", "spend"),
    [
        (NONE, 21306, 2262, 0.10616727682343, 122, 0.00572608654839, 0.652789),
        (MENS, 21307, 3894, 0.18275684047496, 267, 0.01253109306801, 1.422617),
        (WOMENS, 21387, 3238, 0.15140038341048, 189, 0.00883714405948, 1.077202),
    ],
)
def test_arms_have_the_published_counts_and_rates(
    segment: str,
    people: int,
    visits: int,
    visit_rate: float,
    conversions: int,
    conversion_rate: float,
    spend: float,
) -> None:
    visit, conversion = arm(segment, "visit"), arm(segment, "conversion")
    contrasts = [compare(each, each) for each in (visit, conversion)]

    assert (visit.people_count, visit.goal_count) == (people, visits)
    assert (conversion.people_count, conversion.goal_count) == (people, conversions)
    rates = [each.control_rate.value for each in contrasts if isinstance(each, Contrast)]
    assert rates == [six_digits(visit_rate), six_digits(conversion_rate)]
    assert value_arm(segment, of_segment(segment, "spend")).mean == pytest.approx(spend, abs=5e-7)


def test_the_ratio_check_is_as_published() -> None:
    counts = [len(of_segment(segment, "visit")) for segment in (NONE, MENS, WOMENS)]

    found = check_ratio(counts, [1, 1, 1])

    assert found.p_value == six_digits(0.9036929575604196)
    assert not found.is_alarm


@pytest.mark.parametrize(
    ("variant", "control", "metric", "difference", "low", "high", "p_value"),
    [
        (MENS, NONE, "visit", 0.0765895637, 0.0699535012, 0.0832256261, 5.685165e-112),
        (WOMENS, NONE, "visit", 0.0452331066, 0.0388938258, 0.0515723874, 3.182403e-44),
        (MENS, NONE, "conversion", 0.0068050065, 0.0050001714, 0.0086098417, 1.5232235e-13),
        (WOMENS, NONE, "conversion", 0.0031110575, 0.0014986778, 0.0047234372, 1.5710501e-04),
        (MENS, WOMENS, "conversion", 0.0036939490, 0.0017435127, 0.0056443853, 2.0515377e-04),
    ],
)
def test_effects_on_rates_are_as_published(
    variant: str,
    control: str,
    metric: str,
    difference: float,
    low: float,
    high: float,
    p_value: float,
) -> None:
    found = compare(arm(control, metric), arm(variant, metric))

    assert isinstance(found, Contrast)
    assert found.difference.value == six_digits(difference)
    assert (found.wald.low, found.wald.high) == (six_digits(low), six_digits(high))
    assert found.p_value == six_digits(p_value)
    assert isinstance(found.lift, IntervalEstimate)
    assert found.difference.low == pytest.approx(low, rel=0.02)
    assert found.difference.high == pytest.approx(high, rel=0.02)


@pytest.mark.parametrize(
    ("variant", "difference", "low", "high", "p_value"),
    [
        (MENS, 0.7698271559, 0.4851397326, 1.0545145792, 1.1638150e-07),
        (WOMENS, 0.4244122159, 0.1689567899, 0.6798676419, 1.1293971e-03),
    ],
)
def test_effects_on_spend_are_as_published(
    variant: str, difference: float, low: float, high: float, p_value: float
) -> None:
    found = compare_values(
        value_arm(NONE, of_segment(NONE, "spend")), value_arm(variant, of_segment(variant, "spend"))
    )

    assert isinstance(found, ValueContrast)
    assert found.welch.difference.value == six_digits(difference)
    assert found.welch.difference.low == six_digits(low)
    assert found.welch.difference.high == six_digits(high)
    assert found.welch.p_value == six_digits(p_value)
