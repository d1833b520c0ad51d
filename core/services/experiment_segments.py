"""A test by groups of people, and by day since the split: for looking, not for deciding."""

from dataclasses import dataclass

import numpy as np

from core.engine.batches import Int64s
from core.services.experiment_people import Floats, SegmentColumn
from core.services.experiment_reading import DAY, Reading, table
from core.stats.conversion import Arm
from core.stats.multiple import Compared, Segment, compare_segments

LEAST_GOALS = 10  # of all variants of a group together, for it to be compared
MOST_CELLS = 60  # groups that are compared; of more, those with most people
_MOST_POINTS = 61
_HOURS_UP_TO = 3 * DAY

CURVE_KIND = (
    "Share of people whose time for the goal is over who had reached it by then, counted from the "
    "split; people still in their time are left out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentResult:
    """The groups of one column beside each other: always exploratory, corrected for all columns.

    `left_out_count` are groups with too few goals to say anything.
    """

    name: str
    rows: tuple[Compared, ...]
    left_out_count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConversionCurve:
    """The share of a variant's people who had reached the goal by each time (days) since the split.

    It ends at the window's end with the rate that decides. Formula: reached by then / people whose
    window is over, for each of whom all of the window was watched.
    """

    name: str
    days: Floats
    reached_rate: Floats
    people_count: int


def segments_of(reading: Reading) -> tuple[SegmentResult, ...]:
    """Compare the variants within each group of each column, corrected for all of them together."""
    source = reading.people.source
    columns = [*([] if source is None else [source]), *reading.people.segments]
    cells = [(n, segment) for n, column in enumerate(columns) for segment in _arms(reading, column)]
    large = [(n, segment) for n, segment in cells if _goals(segment) >= LEAST_GOALS]
    by_size = sorted(range(len(large)), key=lambda place: -_people(large[place][1]))
    kept = [large[place] for place in sorted(by_size[:MOST_CELLS])]
    compared = compare_segments([segment for _, segment in kept]) if kept else []
    per_segment = len(reading.settings.variants) - 1
    owners = [n for n, _ in kept for _ in range(per_segment)]
    return tuple(
        SegmentResult(
            name=column.name,
            rows=tuple(row for owner, row in zip(owners, compared, strict=True) if owner == n),
            left_out_count=len(column.labels) - sum(owner == n for owner, _ in kept),
        )
        for n, column in enumerate(columns)
    )


def curves_of(reading: Reading) -> tuple[ConversionCurve, ...]:
    """Follow each variant through its window; none where times or the window are not known."""
    goal, window = reading.people.goals[0], reading.settings.window
    if goal.reached_at is None or window is None:
        return ()
    length = window.total_seconds() * 1_000_000
    step = DAY // 24 if length <= _HOURS_UP_TO else DAY
    count = min(_MOST_POINTS, int(-(-length // step)) + 1)
    edges = np.linspace(0, length, count)
    found = []
    for place, variant in enumerate(reading.settings.variants):
        chosen = reading.is_compared & (reading.people.variant == place)
        reached = chosen & goal.is_reached
        waits = goal.reached_at[reached] - reading.people.exposed_at[reached]
        found.append(_curve(variant.name, edges, waits, int(chosen.sum())))
    return tuple(found)


def _curve(name: str, edges: Floats, waits: Int64s, people_count: int) -> ConversionCurve:
    by_then = np.searchsorted(np.sort(waits), edges, side="right")
    rate = by_then / people_count if people_count else np.full(len(edges), np.nan)
    return ConversionCurve(
        name=name, days=edges / DAY, reached_rate=rate, people_count=people_count
    )


def _arms(reading: Reading, column: SegmentColumn) -> list[Segment]:
    reached = reading.is_compared & reading.people.goals[0].is_reached
    people = table(reading, column, reading.is_compared)
    goals = table(reading, column, reached)
    found = []
    for label, counts, reached_counts in zip(column.labels, people, goals, strict=True):
        arms = [
            Arm(name=v.name, people_count=int(n), goal_count=int(k), weight=v.weight)
            for v, n, k in zip(reading.settings.variants, counts, reached_counts, strict=True)
        ]
        control, variants = reading.against_control(arms)
        found.append(Segment(name=label, control=control, variants=variants))
    return found


def _people(segment: Segment) -> int:
    return sum(arm.people_count for arm in (segment.control, *segment.variants))


def _goals(segment: Segment) -> int:
    return sum(arm.goal_count for arm in (segment.control, *segment.variants))
