"""Checks of a split before its test: false alarms on the history, and the power on an added effect.

Both read the people of a history as they came, once a day, by the rule that the test will be read
by. Nobody was e-mailed then, so nothing but chance tells the variants apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import Cancelled, UnusableInput
from core.domain.experiments import ExperimentSettings
from core.engine import kernels
from core.engine.assignment import BUCKETS, salt_hash
from core.engine.batches import Float64s, Int64s
from core.history.reading import Dataset
from core.rehearsal.reports.split_traffic import ExposedHistory
from core.services.experiment_history import dataset_of, history_for
from core.services.experiment_plan import ExperimentPlan, check_lift, design_of
from core.stats.duration import people_by_day
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import power_of
from core.stats.simulated import AACheck, Course, Places, PowerCheck
from core.stats.simulated import aa_check as check_alarms
from core.stats.simulated import power_check as check_power

MOST_PEOPLE = 20_000
AA_RUNS, POWER_RUNS = 1_000, 500
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProgress:
    """How many runs of a check are done."""

    done_count: int
    total_count: int


Report = Callable[[CheckProgress], None]


def aa_check(
    home: Path,
    rehearsal_id: str,
    place: int,
    split: str,
    settings: ExperimentSettings,
    *,
    runs: int = AA_RUNS,
    seed: int = 0,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> AACheck | Reason:
    """Check a split of a kept rehearsal; raises what `history_for` and `check_split` raise."""
    history = history_for(home, rehearsal_id, place, split, settings)
    return check_split(
        history,
        settings,
        ids_of(dataset_of(home, rehearsal_id), history),
        runs=runs,
        seed=seed,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )


def ids_of(dataset: Dataset, history: ExposedHistory) -> list[str]:
    """Give the user id of each person of a history."""
    found: list[str] = dataset.user_ids().take(history.user).to_pylist()
    return found


def check_split(
    history: ExposedHistory,
    settings: ExperimentSettings,
    user_ids: Sequence[str],
    *,
    runs: int = AA_RUNS,
    seed: int = 0,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> AACheck | Reason:
    """Run the split under new salts over the same people, and count false alarms.

    `user_ids` has one entry per person of the history. Only people whose window has ended take
    part, at most 20,000 of them, drawn by the seed; the result says so. The same history, settings
    and seed give the same result. Raises Cancelled.
    """
    decided = np.flatnonzero(history.is_decided)
    kept = _sample(decided, seed)
    design, _ = design_of(settings)
    assigning = Assigning(settings, [user_ids[n] for n in kept.tolist()], seed)
    return check_alarms(
        _course(history, kept),
        design,
        assigning.arms,
        runs=runs,
        history_people_count=len(decided),
        after_run=_watch(runs, on_progress, is_cancelled),
    )


def power_check(
    history: ExposedHistory,
    settings: ExperimentSettings,
    plan: ExperimentPlan,
    *,
    variant: str | None = None,
    lift: float | None = None,
    runs: int = POWER_RUNS,
    seed: int = 0,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> PowerCheck | Reason:
    """Put a lift into the history and count how often the planned test finds it, and when.

    The planned number of people are the first of the history; where it has fewer, they are drawn at
    its rate and come as the plan expects. By default the plan's lift is given to the first variant
    beside the control. Raises Cancelled, and UnusableInput for a variant that is not beside the
    control and for a lift that nothing can be planned for.
    """
    check_lift(lift)
    if isinstance(plan.size, Reason) or not isinstance(plan.rate, IntervalEstimate):
        return plan.size if isinstance(plan.size, Reason) else Reason.NO_PEOPLE
    design, names = design_of(settings)
    treated = _treated(variant, names)
    decided = np.flatnonzero(history.is_decided)
    count = plan.size.people_count
    is_redrawn = count > len(decided)
    course = _planned_course(plan, count) if is_redrawn else _course(history, decided[:count])
    if course is None:
        return Reason.TOO_FEW_PEOPLE
    given = plan.lift if lift is None else lift
    rate = plan.rate.value
    # A lift without room is refused below, with its reason.
    formula = power_of(design, rate=rate, lift=min(given, 0.99 / rate - 1), people_count=count)
    return check_power(
        course,
        design,
        variant=treated,
        lift=given,
        formula_power=formula,
        is_redrawn=is_redrawn,
        rate=rate,
        runs=runs,
        seed=seed,
        after_run=_watch(runs, on_progress, is_cancelled),
    )


def _treated(variant: str | None, names: Sequence[str]) -> int:
    """Give the place of a variant beside the control, by default the first."""
    if variant is None:
        return 1
    if variant not in names[1:]:
        raise UnusableInput(
            f"{variant!r} is no variant beside the control; there are: {', '.join(names[1:])}."
        )
    return names.index(variant)


class Assigning:
    """Assigns the same people under one salt per run, as the engine does (6.1).

    The ids are encoded once for all runs; `kernels.buckets` is what `assignment.buckets` calls.
    """

    def __init__(self, settings: ExperimentSettings, user_ids: Sequence[str], seed: int) -> None:
        encoded = [user_id.encode("utf-16-le", "surrogatepass") for user_id in user_ids]
        lengths = np.array([len(part) // 2 for part in encoded], dtype=np.int64)
        self._offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        self._units = np.frombuffer(b"".join(encoded), dtype="<u2").astype(np.uint16)
        self._arm_of_bucket = arm_of_bucket(settings)
        self._salt = f"{settings.campaign}:{settings.split}:{seed}:"

    def arms(self, run: int) -> Places:
        """Give the arm of each person in one run, 0 for the control."""
        found = kernels.buckets(self._units, self._offsets, salt_hash(f"{self._salt}{run}"))
        return np.asarray(self._arm_of_bucket[found])


def arm_of_bucket(settings: ExperimentSettings) -> Places:
    """Give the arm of each bucket, 0 for the control: consecutive ranges by weight (6.1)."""
    weights = [Fraction(repr(weight)) for weight in settings.weights]
    below = [-((-total * BUCKETS / sum(weights)) // 1) for total in accumulate(weights)]
    variant = np.searchsorted(np.array(below), np.arange(BUCKETS), side="right")
    _, names = design_of(settings)
    arms = np.array([names.index(name) for name in settings.variant_names], dtype=np.int8)
    return np.asarray(arms[variant])


def _sample(decided: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    if len(decided) <= MOST_PEOPLE:
        return decided
    random = np.random.default_rng(seed)
    return np.sort(random.choice(decided, MOST_PEOPLE, replace=False))


def _course(history: ExposedHistory, chosen: NDArray[np.intp]) -> Course:
    """Read the chosen people as they came: once a day, counted from the first of them.

    All windows are equally long, so that they end in the order in which they began.
    """
    at = history.exposed_at[chosen]
    window = history.window.total_seconds() * 1e6 / _DAY
    since = (at - at[0]) / _DAY if len(at) else np.zeros(0)
    return _with_daily_looks(since + window, history.is_goal[chosen])


def _planned_course(plan: ExperimentPlan, count: int) -> Course | None:
    """Let the planned people come as the plan expects; everybody's goal is drawn in each run."""
    if plan.duration is None or isinstance(plan.traffic, Reason):
        return None
    came = people_by_day(
        plan.traffic,
        starts_on=plan.starts_on,
        days=plan.duration.exposure_days + 1,
        share_exposed=1 - plan.holdout,
    )
    exposed = np.interp(np.arange(1, count + 1), np.append(0.0, came), np.arange(len(came) + 1))
    rate = plan.rate.value if isinstance(plan.rate, IntervalEstimate) else 0.0
    is_goal = np.zeros(count, dtype=np.bool_)
    is_goal[: round(count * rate)] = True  # so many; who they are is drawn in each run
    return _with_daily_looks(exposed + plan.duration.window_days, is_goal)


def _with_daily_looks(ends: Float64s, is_goal: NDArray[np.bool_]) -> Course:
    """Put each person at the first daily look after their window; `ends` are days since a start."""
    day: Int64s = np.ceil(ends).astype(np.int64)
    first = int(day[0]) if len(day) else 0
    last = int(day[-1]) if len(day) else 0
    return Course(is_goal=is_goal, look=day - first, days=np.arange(first, last + 1))


def _watch(
    total: int, on_progress: Report, is_cancelled: Callable[[], bool]
) -> Callable[[int], None]:
    def after(done: int) -> None:
        if is_cancelled():
            raise Cancelled("The check was cancelled; nothing was kept.")
        on_progress(CheckProgress(done_count=done, total_count=total))

    return after
