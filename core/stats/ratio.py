"""Sample ratio: are the arms as large as the design says, on every day and from every source?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from core.stats.arms import RATIO_ALARM, sample_ratio
from core.stats.multiple import holm

Floats = NDArray[np.float64]


class RatioCause(StrEnum):
    """Where a mismatch lies, which tells what to look for."""

    ONE_DAY = "one_day"  # an outage, a wrong import of a single day
    SINCE_A_DAY = "since_a_day"  # a change of the flow, of weights or of tracking on that day
    SOME_DAYS = "some_days"
    EVERY_DAY_ALIKE = "every_day_alike"  # the assignment itself, or people lost in one arm
    ONE_SOURCE = "one_source"  # a form, a bot, an integration that one arm does not see
    SOME_SOURCES = "some_sources"
    EVERY_SOURCE_ALIKE = "every_source_alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day or a source: how many people each arm got there (order of the arms)."""

    label: str
    counts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRatio:
    """How likely a cell's counts are; corrected for the number of cells, None with too few."""

    label: str
    p_value: float | None
    is_alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioCheck:
    """The arms' sizes beside those by design, all together and per day and source.

    `most_off` is the place of the arm that is furthest from its size; `day` and `source` belong to
    the causes that name one. Causes, `most_off`, `day` and `source` are only set with an alarm.
    """

    p_value: float | None
    is_alarm: bool
    arm_shares: Sequence[float]
    expected_shares: Sequence[float]
    days: Sequence[CellRatio]
    sources: Sequence[CellRatio]
    causes: Sequence[RatioCause]
    most_off: int | None
    day: str | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """Counts and expected counts (shape: cells, arms) of the cells with enough people."""

    labels: Sequence[str]
    counts: Floats
    expected: Floats


def check_ratio(
    counts: Sequence[int],
    weights: Sequence[float],
    *,
    days: Sequence[Cell] = (),
    sources: Sequence[Cell] = (),
    weights_by_day: Mapping[str, Sequence[float]] | None = None,
) -> RatioCheck:
    """Compare the arms' sizes with their weights by Pearson's chi-square test, alarm at p < 0.001.

    A. Fabijan et al., Diagnosing sample ratio mismatch, KDD 2019. Days (in order of time) and
    sources are tested one by one as well, each family corrected by Holm. `weights_by_day` has the
    weights of days on which they differed; the expected sizes add up over the days then.
    """
    by_day = weights_by_day or {}
    expected = _expected_sizes(counts, weights, days, by_day)
    overall = sample_ratio(counts, expected)
    day_weights = [by_day.get(day.label, weights) for day in days]
    source_weights = [expected] * len(sources)
    day_ratios = _cell_ratios(days, day_weights)
    source_ratios = _cell_ratios(sources, source_weights)
    alarms = [overall.is_alarm, *(cell.is_alarm for cell in (*day_ratios, *source_ratios))]
    found_day = found_source = None
    if any(alarms):
        found_day = _when(_table(days, day_weights))
        found_source = _where(_table(sources, source_weights))
    found = [cause for cause in (found_day, found_source) if cause is not None]
    return RatioCheck(
        p_value=overall.p_value,
        is_alarm=any(alarms),
        arm_shares=_shares(np.asarray(counts, dtype=np.float64)),
        expected_shares=_shares(np.asarray(expected, dtype=np.float64)),
        days=day_ratios,
        sources=source_ratios,
        causes=[cause for cause, _ in found],
        most_off=_most_off(counts, expected) if any(alarms) else None,
        day=found_day[1] if found_day else None,
        source=found_source[1] if found_source else None,
    )


def _expected_sizes(
    counts: Sequence[int],
    weights: Sequence[float],
    days: Sequence[Cell],
    by_day: Mapping[str, Sequence[float]],
) -> list[float]:
    """Give the sizes by design; all people at once, or day by day where weights changed."""
    if not by_day or not days:
        cells = [(sum(counts), weights)]
    else:
        cells = [(sum(day.counts), by_day.get(day.label, weights)) for day in days]
    sizes = sum(
        max(count, 1e-9) * np.asarray(each, dtype=np.float64) / sum(each) for count, each in cells
    )
    return [float(size) for size in np.asarray(sizes)]


def _shares(sizes: Floats) -> list[float]:
    total = float(sizes.sum())
    return [float(size) / total for size in sizes] if total else []


def _most_off(counts: Sequence[int], expected: Sequence[float]) -> int:
    """Find the arm with the largest standardized residual."""
    sizes = np.asarray(expected) / sum(expected) * sum(counts)
    error = np.sqrt(sizes * (1 - sizes / sizes.sum()))
    return int(np.argmax(np.abs(np.asarray(counts) - sizes) / error))


def _cell_ratios(cells: Sequence[Cell], weights: Sequence[Sequence[float]]) -> list[CellRatio]:
    single = [
        sample_ratio(cell.counts, each).p_value for cell, each in zip(cells, weights, strict=True)
    ]
    return [
        CellRatio(
            label=cell.label,
            p_value=p_value,
            is_alarm=p_value is not None and p_value < RATIO_ALARM,
        )
        for cell, p_value in zip(cells, holm(single), strict=True)
    ]


def _table(cells: Sequence[Cell], weights: Sequence[Sequence[float]]) -> _Table:
    enough = [
        (cell, np.asarray(each) / sum(each) * sum(cell.counts))
        for cell, each in zip(cells, weights, strict=True)
        if sample_ratio(cell.counts, each).p_value is not None
    ]
    return _Table(
        labels=[cell.label for cell, _ in enough],
        counts=np.array([cell.counts for cell, _ in enough], dtype=np.float64),
        expected=np.array([expected for _, expected in enough], dtype=np.float64),
    )


def _when(table: _Table) -> tuple[RatioCause, str | None] | None:
    """Tell how a mismatch spreads over days; None with fewer than two days that can be tested."""
    if len(table.labels) < 2:
        return None
    everything = np.ones(len(table.labels), dtype=np.bool_)
    if _are_alike(table, everything):
        return RatioCause.EVERY_DAY_ALIKE, None
    one = _only(table)
    if one is not None:
        return RatioCause.ONE_DAY, table.labels[one]
    start = _start(table)
    if start is not None:
        return RatioCause.SINCE_A_DAY, table.labels[start]
    return RatioCause.SOME_DAYS, None


def _where(table: _Table) -> tuple[RatioCause, str | None] | None:
    """Tell how a mismatch spreads over sources; None with fewer than two that can be tested."""
    if len(table.labels) < 2:
        return None
    if _are_alike(table, np.ones(len(table.labels), dtype=np.bool_)):
        return RatioCause.EVERY_SOURCE_ALIKE, None
    one = _only(table)
    if one is not None:
        return RatioCause.ONE_SOURCE, table.labels[one]
    return RatioCause.SOME_SOURCES, None


def _only(table: _Table) -> int | None:
    """Find the cell without which all others fit the design, and each other."""
    worst = int(np.argmax(_chi_squares(table).sum(axis=1)))
    others = np.arange(len(table.labels)) != worst
    return worst if _fit(table, others) and _are_alike(table, others) else None


def _start(table: _Table) -> int | None:
    """Find the day before which all days fit the design and from which on all are off alike."""
    days = np.arange(len(table.labels))
    for start in range(1, len(days)):
        before, after = days < start, days >= start
        is_change = _fit(table, before) and _are_alike(table, before)
        if is_change and not _fit(table, after) and _are_alike(table, after):
            return start
    return None


def _chi_squares(table: _Table) -> Floats:
    return np.asarray(np.square(table.counts - table.expected) / table.expected)


def _fit(table: _Table, chosen: NDArray[np.bool_]) -> bool:
    """Say whether the chosen cells together have the sizes by design."""
    counts, expected = table.counts[chosen].sum(axis=0), table.expected[chosen].sum(axis=0)
    together = float((np.square(counts - expected) / expected).sum())
    return bool(chi2.sf(together, table.counts.shape[1] - 1) >= RATIO_ALARM)


def _are_alike(table: _Table, chosen: NDArray[np.bool_]) -> bool:
    """Say whether the chosen cells deviate from the design in the same way.

    The sum of the cells' chi-squares less that of all together is a chi-square again, with
    (cells - 1) (arms - 1) degrees of freedom (heterogeneity; R. A. Fisher).
    """
    if chosen.sum() < 2:
        return True
    counts, expected = table.counts[chosen].sum(axis=0), table.expected[chosen].sum(axis=0)
    together = float((np.square(counts - expected) / expected).sum())
    apart = float(_chi_squares(table)[chosen].sum()) - together
    freedom = (int(chosen.sum()) - 1) * (table.counts.shape[1] - 1)
    return bool(chi2.sf(max(0.0, apart), freedom) >= RATIO_ALARM)
