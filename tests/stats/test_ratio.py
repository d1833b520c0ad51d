"""Arms that are not as large as designed raise an alarm that says where to look."""

import numpy as np
import pytest

from core.stats.ratio import Cell, RatioCause, check_ratio


def cells(counts: list[list[int]], name: str = "day") -> list[Cell]:
    return [Cell(label=f"{name} {n}", counts=each) for n, each in enumerate(counts)]


def total(counts: list[list[int]]) -> list[int]:
    return [sum(each) for each in zip(*counts, strict=True)]


def test_the_p_value_is_that_of_a_published_mismatch() -> None:
    """R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled Experiments (2020), chapter 21."""
    found = check_ratio([821_588, 815_482], [1, 1])

    assert found.p_value == pytest.approx(1.8e-6, rel=0.05)
    assert found.is_alarm
    assert found.arm_shares == pytest.approx([0.50186, 0.49814], abs=5e-6)
    assert found.expected_shares == [0.5, 0.5]
    assert found.causes == []


def test_a_split_that_works_names_no_cause() -> None:
    days = [[500, 510], [495, 490], [505, 500]]

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert not found.is_alarm
    assert (found.causes, found.most_off, found.day, found.source) == ([], None, None, None)


def test_one_day_alone_is_named() -> None:
    days = [[500, 510], [495, 490], [500, 200], [505, 500], [480, 500]]

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert found.causes == [RatioCause.ONE_DAY]
    assert found.day == "day 2"
    assert [cell.is_alarm for cell in found.days] == [False, False, True, False, False]


def test_a_bad_day_is_an_alarm_even_if_all_people_together_look_right() -> None:
    days = [[700, 500], *[[480, 500]] * 10]

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert found.p_value is not None
    assert found.p_value > 0.001
    assert found.is_alarm
    assert found.day == "day 0"


def test_the_day_since_which_it_goes_wrong_is_named() -> None:
    days = [[500, 510], [495, 490], [505, 500], [500, 350], [510, 360], [490, 345]]

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert found.causes == [RatioCause.SINCE_A_DAY]
    assert found.day == "day 3"


def test_a_mismatch_of_every_day_alike_is_told() -> None:
    days = [[500, 430]] * 12

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert found.causes == [RatioCause.EVERY_DAY_ALIKE]
    assert found.day is None


def test_days_without_a_pattern_are_some_days() -> None:
    days = [[500, 300], [500, 500], [300, 500], [500, 500], [500, 250]]

    assert check_ratio(total(days), [1, 1], days=cells(days)).causes == [RatioCause.SOME_DAYS]


def test_one_source_alone_is_named_beside_the_days() -> None:
    sources = [[1000, 1010], [900, 500], [1200, 1190]]
    days = [[620, 540]] * 5

    found = check_ratio(
        total(sources), [1, 1], days=cells(days), sources=cells(sources, name="source")
    )

    assert found.causes == [RatioCause.EVERY_DAY_ALIKE, RatioCause.ONE_SOURCE]
    assert found.source == "source 1"


def test_every_source_alike_and_some_sources_are_told_apart() -> None:
    alike = cells([[500, 400]] * 3, name="source")
    some = cells([[500, 300], [500, 500], [300, 500]], name="source")

    assert check_ratio([1500, 1200], [1, 1], sources=alike).causes == [
        RatioCause.EVERY_SOURCE_ALIKE
    ]
    assert check_ratio([1300, 1300], [1, 1], sources=some).causes == [RatioCause.SOME_SOURCES]


def test_weights_changed_midway_are_no_mismatch() -> None:
    """Days at 1 : 1, then at 4 : 1 : right on each day, and so altogether."""
    days = [[500, 500], [500, 500], [800, 200], [800, 200]]
    weights = {"day 2": [4, 1], "day 3": [4, 1]}

    told = check_ratio(total(days), [1, 1], days=cells(days), weights_by_day=weights)
    untold = check_ratio(total(days), [1, 1], days=cells(days))

    assert not told.is_alarm
    assert told.expected_shares == pytest.approx([0.65, 0.35])
    assert untold.is_alarm
    assert untold.causes == [RatioCause.SINCE_A_DAY]
    assert untold.day == "day 2"


def test_the_arm_that_is_furthest_off_is_named() -> None:
    found = check_ratio([1000, 1005, 700], [1, 1, 1])

    assert found.most_off == 2


def test_too_few_people_say_nothing() -> None:
    found = check_ratio([4, 3], [1, 1], days=cells([[4, 0], [0, 3]]))

    assert (found.p_value, found.is_alarm) == (None, False)
    assert [cell.p_value for cell in found.days] == [None, None]
    assert check_ratio([0, 0], [1, 1]).arm_shares == []


def test_days_are_corrected_for_their_number() -> None:
    """S. Holm (1979): of ten days the smallest p-value counts ten times."""
    days = [[560, 440], *[[500, 500]] * 9]
    alone = check_ratio([560, 440], [1, 1]).p_value

    found = check_ratio(total(days), [1, 1], days=cells(days))

    assert alone is not None
    assert found.days[0].p_value == pytest.approx(10 * alone)
    assert not found.days[0].is_alarm


def test_working_splits_hardly_ever_alarm() -> None:
    """200 tests of 20 days and 4 sources (seed 3): three families at 0.001 each."""
    random = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        days = random.multinomial(200, [1 / 3, 2 / 3], size=20).tolist()
        sources = random.multinomial(1_000, [1 / 3, 2 / 3], size=4).tolist()
        found = check_ratio(
            total(days), [1, 2], days=cells(days), sources=cells(sources, name="source")
        )
        alarms += found.is_alarm

    assert alarms <= 3
