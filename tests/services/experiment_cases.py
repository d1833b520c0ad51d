"""People of tests, drawn for the purpose: small arrays, and shops of a given effect."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from core.domain.experiments import ExperimentSettings, settings_of
from core.domain.instants import as_microseconds
from core.engine.memory import NEVER
from core.services.experiment_people import ExposedPeople, GoalColumn, Origin

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 7 * DAY
LATE = START + 365 * DAY


def micro(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def settings(
    variants: Sequence[str] = ("1 h", "4 h"), weights: Sequence[float] | None = None, **given: Any
) -> ExperimentSettings:
    """Plan a test of a purchase within a week, the first variant being the control."""
    shares = weights or [1.0] * len(variants)
    return settings_of(
        {
            "name": "Timing",
            "variants": [{"name": n, "weight": w} for n, w in zip(variants, shares, strict=True)],
            "control": variants[0],
            "primary": {"name": "purchase", "event": {"event": "purchase"}, "value": "total"},
            "window": WINDOW,
            **given,
        }
    )


def shop(
    counts: Mapping[str, tuple[int, int]],
    *,
    days: int = 40,
    seed: int = 1,
    origin: Origin = Origin.LIVE,
) -> ExposedPeople:
    """Give people per variant (people, goals), who came evenly over some days, in random order."""
    draw = np.random.default_rng(seed)
    variant = np.repeat(np.arange(len(counts), dtype=np.int8), [n for n, _ in counts.values()])
    is_reached = np.concatenate([np.arange(n) < goals for n, goals in counts.values()])
    order = draw.permutation(len(variant))
    variant, is_reached = variant[order], is_reached[order]
    span = micro(days * DAY)
    exposed_at = as_microseconds(START) + np.sort(draw.integers(0, span, len(variant)))
    waits = draw.integers(1, micro(WINDOW), len(variant))
    goal = GoalColumn(
        name="purchase",
        is_reached=is_reached,
        reached_at=np.where(is_reached, exposed_at + waits, NEVER),
        value=np.where(is_reached, draw.lognormal(3, 0.5, len(variant)), 0.0),
    )
    return ExposedPeople(
        origin=origin,
        variants=tuple(counts),
        variant=variant,
        exposed_at=exposed_at,
        window_ends_at=exposed_at + micro(WINDOW),
        goals=(goal,),
        excluded={},
        row_count=len(variant),
    )


def with_origin(people: ExposedPeople, origin: Origin) -> ExposedPeople:
    return replace(people, origin=origin)
