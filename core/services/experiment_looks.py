"""What was known of a test day by day, and what the stopping rule is told.

Only people whose window is over count, in the order in which it ended: by the time of the goal, a
variant whose e-mail merely comes earlier would lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.instants import as_microseconds
from core.engine.batches import Int64s
from core.services.experiment_reading import DAY, Reading, variant_share
from core.stats.conversion import Arm
from core.stats.hybrid import Progress, anytime_confidence
from core.stats.sequential import Looks, Period, e_process, look_at

MOST_LOOKS = 120


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VariantLooks:
    """A variant beside the control at each look; `at` (µs) are ends of days, the last one now.

    `planned_end_at` is when the planned people's windows were over (µs), None before: there the
    test was read once and for all, and what came later is no part of that reading.
    """

    name: str
    at: Int64s
    looks: Looks
    planned_end_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEnd:
    """The planned people: arms as they stood when the last of their windows was over (`at`, µs)."""

    at: int
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Converters:
    """People of two arms who reached the goal, in the order in which their windows ended."""

    known_at: Int64s
    is_variant: NDArray[np.bool_]
    share: NDArray[np.float64]
    period: Int64s


def planned_end(reading: Reading) -> PlannedEnd | None:
    """Give the first people who were planned, by exposure, once all of their windows are over.

    None before, without a plan, and once weights were changed: then the variants met different days
    and only the rule that goes by weights decides. Who came at the same instant as the last of them
    belongs to them, so that the order of a file's rows means nothing.
    """
    people, settings = reading.people, reading.settings
    if reading.is_mixed:
        return None
    if settings.planned_people_count is not None:
        if len(people) < settings.planned_people_count:
            return None
        last = people.exposed_at[settings.planned_people_count - 1]
        is_planned = people.exposed_at <= last
    elif settings.planned_end_at is not None:
        ends = as_microseconds(settings.planned_end_at)
        if reading.now < ends:
            return None
        is_planned = people.window_ends_at <= ends
    else:
        return None
    if not is_planned.any() or not reading.is_decided[is_planned].all():
        return None
    arms = reading.arms_of(people.goals[0].is_reached, is_planned)
    return PlannedEnd(at=int(people.window_ends_at[is_planned].max()), arms=tuple(arms))


def looks_and_progress(
    reading: Reading, end: PlannedEnd | None
) -> tuple[list[VariantLooks], list[Progress]]:
    """Follow each variant beside the control, in the order of the variants."""
    control = reading.settings.control_place
    others = [n for n in range(len(reading.settings.variants)) if n != control]
    found = [_followed(reading, control, n, end, len(others)) for n in others]
    return [looks for looks, _ in found], [progress for _, progress in found]


def _followed(
    reading: Reading, control: int, variant: int, end: PlannedEnd | None, contrast_count: int
) -> tuple[VariantLooks, Progress]:
    converters = _converters(reading, control, variant)
    at = look_times(reading)
    ends = np.searchsorted(converters.known_at, at, side="right")
    confidence = anytime_confidence(contrast_count)
    looks = look_at(converters.is_variant, converters.share, ends, confidence=confidence)
    looks = replace(looks, largest_e_value=_largest(converters)[ends])
    name = reading.settings.variants[variant].name
    return (
        VariantLooks(name=name, at=at, looks=looks, planned_end_at=None if end is None else end.at),
        Progress(
            name=name,
            periods=_periods(reading, converters, control, variant),
            largest_e_value=float(looks.largest_e_value[-1]),
            lift_low=float(looks.low[-1]),
            lift_high=float(looks.high[-1]),
            at_end=None if end is None else (end.arms[control], end.arms[variant]),
        ),
    )


def look_times(reading: Reading) -> Int64s:
    """List the ends of the days (UTC) from the first window's end on, and now; at most 120."""
    known = reading.people.window_ends_at[reading.is_decided]
    if len(known) == 0:
        return np.array([reading.now], dtype=np.int64)
    first, last = int(known.min()), min(int(known.max()), reading.now)
    days = np.arange((first // DAY + 1) * DAY, last, DAY, dtype=np.int64)
    step = len(days) // MOST_LOOKS + 1
    return np.append(days[::-step][::-1], reading.now)


def _converters(reading: Reading, control: int, variant: int) -> _Converters:
    people = reading.people
    is_either = (people.variant == control) | (people.variant == variant)
    place = np.flatnonzero(is_either & reading.is_decided & people.goals[0].is_reached)
    known_at = people.window_ends_at[place]
    order = np.argsort(known_at, kind="stable")
    place = place[order]
    shares = np.array([variant_share(w, control, variant) for w in reading.weights])
    return _Converters(
        known_at=known_at[order],
        is_variant=people.variant[place] == variant,
        share=shares[reading.period[place]],
        period=reading.period[place],
    )


def _largest(converters: _Converters) -> NDArray[np.float64]:
    """Give the largest e-value before the first and after each converter.

    People whose windows end at the same instant (files with days only) become known together: in
    between, the order of rows would decide.
    """
    e_values = e_process(converters.is_variant, converters.share)
    is_whole = np.ones(len(e_values), dtype=np.bool_)
    is_whole[:-1] = converters.known_at[1:] != converters.known_at[:-1]
    seen = np.concatenate([np.ones(1), np.where(is_whole, e_values, 0.0)])
    return np.maximum.accumulate(seen)


def _periods(
    reading: Reading, converters: _Converters, control: int, variant: int
) -> Sequence[Period]:
    found = []
    for n, weights in enumerate(reading.weights):
        is_variant = converters.is_variant[converters.period == n]
        found.append(
            Period(
                control_goals=int((~is_variant).sum()),
                variant_goals=int(is_variant.sum()),
                variant_share=variant_share(weights, control, variant),
            )
        )
    return found
