"""Tests that never were, on the people of a history: false alarms of a split, and its power.

Each run assigns the same people anew and reads the test every day by the hybrid rule (`hybrid`):
an e-value that ever reached 100 per variant, or Holm's corrected z test at the end. What people did
is left as it was (A/A), or one arm is given the effect that is looked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from core.stats.conversion import Arm, rate
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import holm
from core.stats.planning import FIXED_ALARM, Design
from core.stats.sequential import ANYTIME_ALARM, END_ALARM, e_process

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]
Places = NDArray[np.int8]

LEAST_PEOPLE = 100
LEAST_GOALS = 10
_LEAST_EXPECTED = 5  # goals and misses per arm, as the rule asks for at the end
_NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """People in the order of their exposure, with the look at which their window has ended.

    `is_goal` and `look` have one entry per person, `look` never falls; `days` (shape: looks) says
    how many days after the start each look is taken.
    """

    is_goal: Bools
    look: Counts
    days: Counts

    def __len__(self) -> int:
        """Count the people."""
        return len(self.look)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AACheck:
    """How often each way of reading a test sees a difference where none is.

    Shares of runs with Wilson's 95 % interval: of the `hybrid` rule read daily, of a `naive` look
    for p < 0.05 on any day, and of the `fixed` test, read at p < 0.05 at the end only. Shares by
    look are of runs that had raised the alarm by then. `p_values` and `largest_e_values` (shape:
    runs) are those at the end, of the variant that differs most.
    """

    runs: int
    people_count: int
    history_people_count: int
    is_sample: bool
    goal_count: int
    looks: Counts
    hybrid: IntervalEstimate
    naive: IntervalEstimate
    fixed: IntervalEstimate
    hybrid_by_look: Floats
    naive_by_look: Floats
    p_values: Floats
    largest_e_values: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerCheck:
    """How often the hybrid rule, read daily, finds an effect that was put into the history.

    `found` and `wrong` are shares of runs, with Wilson's 95 % interval, that saw it with its true
    sign and with the opposite one. `median_days_found` is of the former, `found_by_look` the share
    of all runs that had found it by each look. `is_redrawn` says that the history has fewer people
    than were planned, so that they were drawn from it with replacement.
    """

    runs: int
    people_count: int
    lift: float
    is_redrawn: bool
    found: IntervalEstimate
    wrong: IntervalEstimate
    formula_power: float
    median_days_found: float | None
    planned_days: int
    found_by_look: Floats
    looks: Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """One run as it was read: look of the alarm (-1: none), and the figures at the end.

    `alarm_look` and `sign` (shape: variants) are of the hybrid rule, the sign of its difference;
    `naive_look` is the first look with p < 0.05. `p_value` and `largest_e_value` (shape: variants)
    are those at the end, NaN where z is not defined.
    """

    alarm_look: Counts
    sign: Counts
    naive_look: int
    p_value: Floats
    largest_e_value: Floats


def aa_check(
    course: Course,
    design: Design,
    arms_of: Callable[[int], Places],
    *,
    runs: int,
    history_people_count: int | None = None,
    after_run: Callable[[int], None] = lambda done: None,
) -> AACheck | Reason:
    """Read the same people under `runs` assignments, and count false alarms.

    `arms_of(run)` gives each person's arm, 0 for the control. `after_run` is told how many are done
    and may raise to stop. A reason with fewer than 100 people or 10 goals, or without a miss.
    """
    reason = too_little(course.is_goal)
    if reason is not None:
        return reason
    readings = []
    for run in range(runs):
        readings.append(read(course, arms_of(run), design))
        after_run(run + 1)
    hybrid = np.array([_first(reading.alarm_look) for reading in readings])
    naive = np.array([reading.naive_look for reading in readings])
    p_values = np.array([np.nanmin([1.0, *reading.p_value]) for reading in readings])
    people_count = len(course)
    return AACheck(
        runs=runs,
        people_count=people_count,
        history_people_count=history_people_count or people_count,
        is_sample=people_count < (history_people_count or people_count),
        goal_count=int(course.is_goal.sum()),
        looks=course.days,
        hybrid=_share(int((hybrid != _NEVER).sum()), runs),
        naive=_share(int((naive != _NEVER).sum()), runs),
        fixed=_share(int((p_values < FIXED_ALARM).sum()), runs),
        hybrid_by_look=_by_look(hybrid, len(course.days)),
        naive_by_look=_by_look(naive, len(course.days)),
        p_values=p_values,
        largest_e_values=np.array([reading.largest_e_value.max() for reading in readings]),
    )


def power_check(
    course: Course,
    design: Design,
    *,
    variant: int,
    lift: float,
    formula_power: float,
    is_redrawn: bool = False,
    rate: float | None = None,
    runs: int = 500,
    seed: int = 0,
    after_run: Callable[[int], None] = lambda done: None,
) -> PowerCheck | Reason:
    """Give one arm (1 for the first variant) a relative lift in each run, and count who finds it.

    For a rise so many of the arm's people without the goal are given it, drawn at random, as raise
    its rate by the lift; for a drop as many lose it. `rate` is that of all people without it, by
    default the course's. With `is_redrawn` each run draws who reaches the goal anew, at that rate.
    A reason with too few people (see `aa_check`), or a lift that the rate leaves no room for.
    """
    natural = float(course.is_goal.mean()) if rate is None and len(course) else rate or 0.0
    reason = too_little(course.is_goal)
    if reason is None and natural * (1 + lift) >= 1:
        reason = Reason.ALL_GOALS
    if reason is not None:
        return reason
    look, sign = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
    for run in range(runs):
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(run,)))
        arms = random.choice(len(design.shares), len(course), p=design.shares).astype(np.int8)
        is_goal = random.random(len(course)) < natural if is_redrawn else course.is_goal
        changed = with_lift(is_goal, arms == variant, natural, lift, random)
        reading = read(replace(course, is_goal=changed), arms, design)
        look[run], sign[run] = reading.alarm_look[variant - 1], reading.sign[variant - 1]
        after_run(run + 1)
    is_found = (look != _NEVER) & (sign == np.sign(lift))
    is_wrong = (look != _NEVER) & ~is_found
    return PowerCheck(
        runs=runs,
        people_count=len(course),
        lift=lift,
        is_redrawn=is_redrawn,
        found=_share(int(is_found.sum()), runs),
        wrong=_share(int(is_wrong.sum()), runs),
        formula_power=formula_power,
        median_days_found=float(np.median(course.days[look[is_found]])) if any(is_found) else None,
        planned_days=int(course.days[-1]),
        found_by_look=_by_look(np.where(is_found, look, _NEVER), len(course.days)),
        looks=course.days,
    )


def with_lift(
    is_goal: Bools, is_treated: Bools, rate: float, lift: float, random: np.random.Generator
) -> Bools:
    """Change who of the treated reaches the goal: its expected rate becomes rate · (1 + lift)."""
    drawn = random.random(len(is_goal))
    if lift < 0:
        return is_goal & ~(is_treated & (drawn < -lift))
    return is_goal | (is_treated & (drawn < rate * lift / (1 - rate)))


def read(course: Course, arms: Places, design: Design) -> Reading:
    """Read one run every day, as the page would; `arms` (shape: people) is 0 for the control.

    z is that of `conversion.z_value`, at all looks at once.
    """
    arm_count, look_count = len(design.shares), len(course.days)
    place = course.look * arm_count + arms
    people = _running(place, look_count, arm_count)
    converters = np.flatnonzero(course.is_goal)
    goals = _running(place[converters], look_count, arm_count)
    z = _z(people, goals)
    p_value = 2 * norm.sf(np.abs(z[-1]))
    is_naive = (np.abs(z) > norm.isf(FIXED_ALARM / 2)).any(axis=1)
    look, sign, largest = _anytime(course, arms, converters, design)
    _read_end(look, sign, z[-1], _enough(people[-1], goals[-1]), look_count - 1)
    return Reading(
        alarm_look=look,
        sign=sign,
        naive_look=int(is_naive.argmax()) if is_naive.any() else _NEVER,
        p_value=p_value,
        largest_e_value=largest,
    )


def too_little(is_goal: Bools) -> Reason | None:
    """Say why nothing can be simulated on so few people or goals; None where it can."""
    if len(is_goal) < LEAST_PEOPLE:
        return Reason.TOO_FEW_PEOPLE
    if is_goal.sum() < LEAST_GOALS:
        return Reason.TOO_FEW_GOALS
    return Reason.ALL_GOALS if is_goal.all() else None


def _anytime(
    course: Course, arms: Places, converters: NDArray[np.intp], design: Design
) -> tuple[Counts, Counts, Floats]:
    """Give per variant the look at which its e-value was enough, its sign, and the largest one."""
    needed = design.contrast_count / ANYTIME_ALARM
    look = np.full(design.contrast_count, _NEVER, dtype=np.int64)
    sign = np.zeros(design.contrast_count, dtype=np.int64)
    largest = np.ones(design.contrast_count)
    arm = arms[converters]
    for n in range(design.contrast_count):
        own = np.flatnonzero((arm == 0) | (arm == n + 1))
        is_variant = arm[own] == n + 1
        share = design.weights[n + 1] / (design.weights[0] + design.weights[n + 1])
        e_values = e_process(is_variant, share)
        if len(e_values) == 0:
            continue
        largest[n] = e_values.max()
        if largest[n] >= needed:
            at = int((e_values >= needed).argmax())
            look[n] = course.look[converters[own[at]]]
            sign[n] = 1 if is_variant[: at + 1].mean() > share else -1
    return look, sign, largest


def _read_end(look: Counts, sign: Counts, z: Floats, is_enough: Bools, end: int) -> None:
    """Add the alarms of the planned end to those of the e-values."""
    p_values = np.where(is_enough & ~np.isnan(z), 2 * norm.sf(np.abs(z)), 1.0)
    corrected = holm([float(p_value) for p_value in p_values])
    for n, p_value in enumerate(corrected):
        if look[n] == _NEVER and p_value is not None and p_value < END_ALARM:
            look[n], sign[n] = end, int(np.sign(z[n]))


def _running(place: Counts, look_count: int, arm_count: int) -> Counts:
    counts = np.bincount(place, minlength=look_count * arm_count)
    return np.asarray(counts.reshape(look_count, arm_count).cumsum(axis=0))


def _z(people: Counts, goals: Counts) -> Floats:
    """Give z of each variant against the control (shape: looks, variants), NaN without errors."""
    both, reached = people[:, 1:] + people[:, :1], goals[:, 1:] + goals[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = reached / both
        variance = pooled * (1 - pooled) * (1 / people[:, 1:] + 1 / people[:, :1])
        difference = goals[:, 1:] / people[:, 1:] - goals[:, :1] / people[:, :1]
        z = difference / np.sqrt(variance)
    return np.where(np.isfinite(z), z, np.nan)


def _enough(people: Counts, goals: Counts) -> Bools:
    """Say for each variant whether both arms expect five goals and misses, as the rule asks."""
    both, reached = people[1:] + people[0], goals[1:] + goals[0]
    rare = np.minimum(reached, both - reached)
    fewest = np.minimum(people[1:], people[0])
    return np.asarray(fewest * rare >= _LEAST_EXPECTED * both)


def _first(looks: Counts) -> int:
    alarms = looks[looks != _NEVER]
    return int(alarms.min()) if len(alarms) else _NEVER


def _by_look(look: Counts, look_count: int) -> Floats:
    """Give the share of all runs with their look at or before each look."""
    counts = np.bincount(look[look != _NEVER], minlength=look_count)
    return np.asarray(counts.cumsum() / len(look))


def _share(count: int, runs: int) -> IntervalEstimate:
    found = rate(Arm(name="runs", people_count=runs, goal_count=count))
    assert not isinstance(found, Reason)  # there is at least one run
    return found
