"""The stopping rule says what it may, and nobody wins who must not."""

import numpy as np
import pytest

from core.stats.conversion import Arm, relative_lift
from core.stats.hybrid import (
    DecidedBy,
    Judgement,
    Progress,
    Verdict,
    anytime_confidence,
    judge,
)
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.sequential import Period, e_value, look_at


def arm(goals: int, people: int, name: str = "arm") -> Arm:
    return Arm(name=name, people_count=people, goal_count=goals)


def progress(
    control: int,
    variant: int,
    *,
    name: str = "b",
    largest: float | None = None,
    at_end: tuple[Arm, Arm] | None = None,
) -> Progress:
    periods = [Period(control_goals=control, variant_goals=variant, variant_share=0.5)]
    return Progress(
        name=name,
        periods=periods,
        largest_e_value=e_value(periods) if largest is None else largest,
        at_end=at_end,
    )


def judged(
    *variants: Progress,
    people: int = 4_000,
    planned: int | None = 10_000,
    is_ratio_alarm: bool = False,
    smallest_lift: float | None = None,
) -> list[Judgement]:
    return judge(
        variants,
        people_count=people,
        people_per_day=500,
        planned_people_count=planned,
        smallest_lift=smallest_lift,
        is_ratio_alarm=is_ratio_alarm,
    )


def test_before_the_end_it_goes_on_and_says_for_how_long() -> None:
    found = judged(progress(100, 110))[0]

    assert found.verdict is Verdict.KEEP_COLLECTING
    assert (found.people_to_go, found.days_to_go) == (6_000, 12)
    assert (found.decided_by, found.p_value) == (None, Reason.NOT_COMPARED)
    assert isinstance(found.lift, IntervalEstimate)
    assert found.lift.confidence == pytest.approx(0.96)
    assert found.is_always_valid


def test_without_a_plan_there_is_no_number_of_days() -> None:
    found = judged(progress(100, 110), planned=None)[0]

    assert (found.verdict, found.people_to_go, found.days_to_go) == (
        Verdict.KEEP_COLLECTING,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("counts", "verdict"), [((100, 200), Verdict.WINS), ((200, 100), Verdict.LOSES)]
)
def test_a_clear_difference_is_decided_at_any_look(
    counts: tuple[int, int], verdict: Verdict
) -> None:
    found = judged(progress(*counts))[0]

    assert (found.verdict, found.decided_by) == (verdict, DecidedBy.ANY_LOOK)
    assert found.e_value > found.e_needed == 100
    assert isinstance(found.lift, IntervalEstimate)
    assert found.lift.excludes_zero
    assert (found.people_to_go, found.plausible_up_to) == (None, None)


def test_96_percent_are_not_enough_before_the_end() -> None:
    """An e-value between 25 and 100: the interval leaves zero out, the rule waits."""
    found = judged(progress(100, 153))[0]

    assert 25 < found.e_value < 100
    assert (found.verdict, found.is_leaning) == (Verdict.KEEP_COLLECTING, True)


def test_whoever_has_ever_won_stays_the_winner() -> None:
    """The e-value was reached between two looks and has fallen since."""
    labels = np.array([True] * 110 + [False] * 70)
    looks = look_at(labels, 0.5, np.array([180]))
    now = Period(control_goals=70, variant_goals=110, variant_share=0.5)
    variant = Progress(
        name="b",
        periods=[now],
        largest_e_value=float(looks.largest_e_value[-1]),
        lift_low=float(looks.low[-1]),
        lift_high=float(looks.high[-1]),
    )

    found = judged(variant)[0]

    assert found.e_value < 100 < found.largest_e_value
    assert (found.verdict, found.decided_by) == (Verdict.WINS, DecidedBy.ANY_LOOK)
    assert isinstance(found.lift, IntervalEstimate)
    assert found.lift.low > 0


def test_the_planned_end_is_decided_by_the_fixed_test() -> None:
    """p = 0.0343 is below 0.04; the interval is the fixed one of 96 %."""
    end = (arm(200, 5_000), arm(244, 5_000))

    found = judged(progress(200, 244, at_end=end), people=10_000)[0]

    assert (found.verdict, found.decided_by) == (Verdict.WINS, DecidedBy.PLANNED_END)
    assert found.p_value == pytest.approx(0.0329, abs=0.002)
    assert found.lift == relative_lift(*end, confidence=0.96)
    assert not found.is_always_valid


def test_a_p_value_between_4_and_5_percent_is_no_win() -> None:
    end = (arm(200, 5_000), arm(241, 5_000))

    found = judged(progress(200, 241, at_end=end), people=10_000)[0]

    assert isinstance(found.p_value, float)
    assert 0.04 < found.p_value < 0.05
    assert found.verdict is Verdict.NO_DIFFERENCE


def test_no_difference_says_which_ones_are_still_plausible() -> None:
    end = (arm(2_000, 50_000), arm(2_010, 50_000))

    found = judged(progress(2_000, 2_010, at_end=end), people=100_000)[0]

    assert found.verdict is Verdict.NO_DIFFERENCE
    assert isinstance(found.lift, IntervalEstimate)
    assert found.plausible_up_to == max(-found.lift.low, found.lift.high)
    assert found.plausible_up_to == pytest.approx(0.07, abs=0.01)


def test_people_after_the_end_do_not_change_its_outcome() -> None:
    """The end stays as it was; only the e-value goes on."""
    end = (arm(200, 5_000), arm(244, 5_000))

    then = judged(progress(200, 244, at_end=end), people=10_000)[0]
    later = judged(progress(300, 310, at_end=end), people=14_000)[0]

    assert (later.verdict, later.p_value, later.lift) == (then.verdict, then.p_value, then.lift)


def test_nobody_wins_under_a_failed_ratio_check() -> None:
    end = (arm(200, 5_000), arm(400, 5_000))

    found = judged(progress(200, 400, at_end=end), is_ratio_alarm=True)[0]

    assert (found.verdict, found.decided_by) == (Verdict.DO_NOT_TRUST, None)
    assert found.lift is Reason.NOT_COMPARED


@pytest.mark.parametrize(
    ("control", "variant", "reason"),
    [
        ((0, 500), (0, 500), Reason.NO_GOALS),
        ((2, 500), (5, 500), Reason.TOO_FEW_GOALS),
        ((0, 0), (0, 0), Reason.NO_PEOPLE),
    ],
)
def test_an_end_with_hardly_any_goals_decides_nothing(
    control: tuple[int, int], variant: tuple[int, int], reason: Reason
) -> None:
    end = (arm(*control), arm(*variant))

    found = judged(progress(control[0], variant[0], at_end=end))[0]

    assert (found.verdict, found.p_value) == (Verdict.NOT_ENOUGH, reason)


def test_a_difference_too_small_to_matter_ends_a_test_early() -> None:
    found = judged(progress(50_000, 50_100), smallest_lift=0.1)[0]

    assert (found.verdict, found.decided_by) == (Verdict.NO_DIFFERENCE, DecidedBy.ANY_LOOK)
    assert found.plausible_up_to is not None
    assert found.plausible_up_to < 0.1
    assert judged(progress(50_000, 50_100))[0].verdict is Verdict.KEEP_COLLECTING


def test_two_variants_need_twice_the_e_value() -> None:
    """An e-value of about 150."""
    alone = judged(progress(100, 164))
    both = judged(progress(100, 164), progress(100, 100, name="c"))

    assert 100 < alone[0].e_value < 200
    assert alone[0].verdict is Verdict.WINS
    assert (both[0].verdict, both[0].e_needed) == (Verdict.KEEP_COLLECTING, 200)
    assert isinstance(both[0].lift, IntervalEstimate)
    assert both[0].lift.confidence == pytest.approx(anytime_confidence(2)) == pytest.approx(0.98)


def test_at_the_end_several_variants_are_corrected_by_holm() -> None:
    control = arm(200, 5_000)
    found = judged(
        progress(200, 244, name="b", at_end=(control, arm(244, 5_000))),
        progress(200, 203, name="c", at_end=(control, arm(203, 5_000))),
        people=15_000,
    )
    alone = judged(progress(200, 244, at_end=(control, arm(244, 5_000))), people=15_000)[0]

    assert [each.name for each in found] == ["b", "c"]
    assert isinstance(alone.p_value, float)
    assert found[0].p_value == pytest.approx(2 * alone.p_value)
    assert (alone.verdict, found[0].verdict) == (Verdict.WINS, Verdict.NO_DIFFERENCE)
    assert isinstance(found[0].lift, IntervalEstimate)
    assert not found[0].lift.excludes_zero


def test_a_lift_that_has_turned_around_is_not_decided_at_any_look() -> None:
    """The largest e-value was of a time that the counts now contradict."""
    variant = Progress(
        name="b",
        periods=[Period(control_goals=500, variant_goals=500, variant_share=0.5)],
        largest_e_value=500,
        lift_low=float("nan"),
        lift_high=float("nan"),
    )

    found = judged(variant)[0]

    assert found.verdict is Verdict.KEEP_COLLECTING
    assert found.largest_e_value > found.e_needed
