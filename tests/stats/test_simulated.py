"""Simulated tests against a plain reading of the same runs, and what they find by design."""

from collections.abc import Iterator
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from core.stats.conversion import Arm, z_value
from core.stats.hybrid import Progress, Verdict, judge
from core.stats.intervals import Reason
from core.stats.planning import Design
from core.stats.sequential import Period, e_value
from core.stats.simulated import (
    AACheck,
    Course,
    Places,
    PowerCheck,
    Reading,
    aa_check,
    power_check,
    read,
    with_lift,
)

HALVES = Design(weights=(1, 1))
THIRDS = Design(weights=(2, 1, 1))


def course(people: int, *, rate: float, looks: int, seed: int = 0) -> Course:
    random = np.random.default_rng(seed)
    return Course(
        is_goal=random.random(people) < rate,
        look=np.sort(random.integers(0, looks, people)),
        days=np.arange(3, 3 + looks),
    )


def drawn(design: Design, people: int, run: int) -> Places:
    random = np.random.default_rng([9, run])
    return random.choice(len(design.shares), people, p=design.shares).astype(np.int8)


def plain_reading(given: Course, arms: Places, design: Design) -> tuple[int, int]:
    """Read a run person by person: the look of the rule's alarm, and of the naive one; -1: none."""
    arm_count = len(design.weights)
    needed = 100 * (arm_count - 1)
    people, goals = [0] * arm_count, [0] * arm_count
    alarms: list[int] = []
    naive: list[int] = []
    for look in range(len(given.days)):
        for person in np.flatnonzero(given.look == look):
            people[arms[person]] += 1
            goals[arms[person]] += int(given.is_goal[person])
            periods = [_period(goals, variant, design) for variant in range(1, arm_count)]
            alarms.extend(look for period in periods if e_value([period]) >= needed)
        if any(abs(z) > norm.isf(0.025) for z in _zs(people, goals)):
            naive.append(look)
    last = [2 * norm.sf(abs(z)) for z in _zs(people, goals)]
    if min([1.0, *last]) * (arm_count - 1) < 0.04:
        alarms.append(len(given.days) - 1)
    return min(alarms, default=-1), min(naive, default=-1)


def _period(goals: list[int], variant: int, design: Design) -> Period:
    share = design.weights[variant] / (design.weights[variant] + design.weights[0])
    return Period(control_goals=goals[0], variant_goals=goals[variant], variant_share=share)


def _zs(people: list[int], goals: list[int]) -> Iterator[float]:
    for variant in range(1, len(people)):
        both = people[0] + people[variant]
        pooled = (goals[0] + goals[variant]) / max(1, both)
        if min(people[0], people[variant]) > 0 and 0 < pooled < 1:
            error = sqrt(pooled * (1 - pooled) * (1 / people[0] + 1 / people[variant]))
            yield (goals[variant] / people[variant] - goals[0] / people[0]) / error


@pytest.mark.parametrize("design", [HALVES, THIRDS])
def test_runs_are_read_as_a_plain_reading_reads_them(design: Design) -> None:
    random = np.random.default_rng(3)
    given = course(240, rate=0.2, looks=8)
    # Some runs with an effect, so that there are alarms of both kinds at different looks.
    runs = [(drawn(design, 240, run), run % 3) for run in range(24)]

    found, expected = [], []
    for arms, strength in runs:
        is_goal = given.is_goal | ((arms == 1) & (random.random(240) < 0.4 * strength))
        changed = Course(is_goal=is_goal, look=given.look, days=given.days)
        reading = read(changed, arms, design)
        alarms = reading.alarm_look[reading.alarm_look >= 0]
        found.append((int(alarms.min()) if len(alarms) else -1, reading.naive_look))
        expected.append(plain_reading(changed, arms, design))

    assert found == expected
    assert len({look for look, _ in found}) > 3


def test_the_end_is_read_as_the_results_page_reads_it() -> None:
    given = course(3_000, rate=0.2, looks=10)
    verdicts = set()
    for run in range(30):
        arms = drawn(THIRDS, 3_000, run)
        random = np.random.default_rng(run)
        is_goal = with_lift(given.is_goal, arms == 1, 0.2, (0.15, -0.2, 0.4)[run % 3], random)
        changed = Course(is_goal=is_goal, look=given.look, days=given.days)
        reading = read(changed, arms, THIRDS)

        judged = judged_verdicts(changed, arms, reading)

        for verdict, sign in zip(judged, reading.sign, strict=True):
            assert verdict is {1: Verdict.WINS, -1: Verdict.LOSES, 0: Verdict.NO_DIFFERENCE}[sign]
        verdicts.update(judged)
    assert verdicts == {Verdict.WINS, Verdict.LOSES, Verdict.NO_DIFFERENCE}


def judged_verdicts(given: Course, arms: Places, reading: Reading) -> list[Verdict]:
    counted = [
        Arm(
            name=str(n),
            people_count=int((arms == n).sum()),
            goal_count=int(given.is_goal[arms == n].sum()),
        )
        for n in range(3)
    ]
    progress = [
        Progress(
            name=str(n),
            periods=[
                Period(
                    control_goals=counted[0].goal_count,
                    variant_goals=counted[n].goal_count,
                    variant_share=1 / 3,
                )
            ],
            largest_e_value=float(reading.largest_e_value[n - 1]),
            at_end=(counted[0], counted[n]),
        )
        for n in (1, 2)
    ]
    judgements = judge(
        progress,
        people_count=len(given),
        people_per_day=None,
        planned_people_count=len(given),
        is_ratio_alarm=False,
    )
    return [judgement.verdict for judgement in judgements]


def test_the_last_p_value_is_that_of_the_fixed_test() -> None:
    given, arms = course(500, rate=0.1, looks=5), drawn(HALVES, 500, 1)

    reading = read(given, arms, HALVES)

    control, variant = (
        Arm(
            name="",
            people_count=int((arms == n).sum()),
            goal_count=int(given.is_goal[arms == n].sum()),
        )
        for n in (0, 1)
    )
    z = z_value(control, variant)
    assert isinstance(z, float)
    assert reading.p_value == pytest.approx([2 * norm.sf(abs(z))])


def alarms(runs: int = 400) -> AACheck:
    given = course(4_000, rate=0.05, looks=40)
    found = aa_check(given, HALVES, lambda run: drawn(HALVES, 4_000, run), runs=runs)
    assert isinstance(found, AACheck)
    return found


def test_looking_every_day_at_a_p_value_finds_differences_where_none_are() -> None:
    found = alarms()

    assert found.hybrid.low < 0.05
    assert found.hybrid.high < 0.08
    assert found.naive.low > 0.2
    assert found.fixed.low < 0.05 < found.fixed.high
    assert (found.runs, found.people_count, found.is_sample) == (400, 4_000, False)


def test_alarms_add_up_look_by_look() -> None:
    found = alarms(100)

    for shares, whole in ((found.hybrid_by_look, found.hybrid), (found.naive_by_look, found.naive)):
        assert (np.diff(shares) >= 0).all()
        assert shares[-1] == whole.value
        assert len(shares) == len(found.looks) == 40
    assert (found.p_values < 0.05).mean() == found.fixed.value
    assert len(found.largest_e_values) == 100


def test_a_check_can_be_stopped_and_says_how_far_it_is() -> None:
    done: list[int] = []

    def after(count: int) -> None:
        done.append(count)
        if count == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        aa_check(
            course(200, rate=0.3, looks=3),
            HALVES,
            lambda run: drawn(HALVES, 200, run),
            runs=50,
            after_run=after,
        )

    assert done == [1, 2, 3]


@pytest.mark.parametrize(
    ("people", "goals", "reason"),
    [
        (99, 50, Reason.TOO_FEW_PEOPLE),
        (0, 0, Reason.TOO_FEW_PEOPLE),
        (200, 9, Reason.TOO_FEW_GOALS),
        (200, 200, Reason.ALL_GOALS),
    ],
)
def test_too_little_to_simulate_has_a_reason(people: int, goals: int, reason: Reason) -> None:
    given = Course(
        is_goal=np.arange(people) < goals,
        look=np.zeros(people, dtype=np.int64),
        days=np.zeros(1, dtype=np.int64),
    )

    assert aa_check(given, HALVES, lambda run: drawn(HALVES, people, run), runs=1) is reason
    assert power_check(given, HALVES, variant=1, lift=0.1, formula_power=0.5, runs=1) is reason


@pytest.mark.parametrize("lift", [0.5, -0.5])
def test_the_treated_get_the_lift_and_nobody_else(lift: float) -> None:
    random = np.random.default_rng(2)
    is_goal = random.random(100_000) < 0.2
    is_treated = random.random(100_000) < 0.5

    changed = with_lift(is_goal, is_treated, 0.2, lift, random)

    assert (changed == is_goal)[~is_treated].all()
    assert changed[is_treated].mean() == pytest.approx(0.2 * (1 + lift), abs=0.006)
    assert (changed != is_goal).any()
    assert (changed & ~is_goal).any() == (lift > 0)


def power(lift: float, *, runs: int = 200, is_redrawn: bool = False, seed: int = 0) -> PowerCheck:
    found = power_check(
        course(4_000, rate=0.2, looks=30),
        HALVES,
        variant=1,
        lift=lift,
        formula_power=0.8,
        is_redrawn=is_redrawn,
        runs=runs,
        seed=seed,
    )
    assert isinstance(found, PowerCheck)
    return found


@pytest.mark.parametrize("lift", [0.5, -0.5])
def test_a_large_effect_is_found_long_before_the_end(lift: float) -> None:
    found = power(lift, runs=60)

    assert found.found.value == 1
    assert found.wrong.value == 0
    assert found.median_days_found is not None
    assert found.median_days_found < 20
    assert found.planned_days == 32
    assert found.found_by_look[-1] == 1


@pytest.mark.parametrize("is_redrawn", [False, True])
def test_the_power_is_about_what_the_formula_says(is_redrawn: bool) -> None:
    # Fleiss's formula gives 0.80 for 20 % against 23.64 % of 2 x 2,000 people at 0.04.
    found = power(0.182, runs=300, is_redrawn=is_redrawn)

    assert found.found.low < 0.82
    assert found.found.high > 0.75
    assert found.is_redrawn is is_redrawn


def test_a_lift_without_room_has_a_reason() -> None:
    given = course(200, rate=0.6, looks=3)

    found = power_check(given, HALVES, variant=1, lift=0.9, formula_power=1, runs=2)

    assert found is Reason.ALL_GOALS


def test_the_same_seed_gives_the_same_check() -> None:
    first, again, other = (power(0.1, runs=30, seed=seed) for seed in (1, 1, 2))

    assert first.found == again.found
    assert (first.found_by_look == again.found_by_look).all()
    assert (first.found_by_look != other.found_by_look).any()
