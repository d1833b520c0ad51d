"""Several variants against one control, and segments: corrected for how many are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.stats.conversion import CONFIDENCE, Arm, Contrast, compare
from core.stats.intervals import Reason
from core.stats.revenue import ValueArm, ValueContrast, compare_values

Compares = TypeVar("Compares")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some of the people, named: their control and their variants."""

    name: str
    control: Arm
    variants: Sequence[Arm]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A contrast among several: its p-value corrected (Holm), its intervals at that same level.

    Of each contrast the lift's interval leaves 0 out exactly where the corrected p-value is small
    enough; `confidence` is the one that its intervals have for that.
    """

    segment: str | None
    contrast: Contrast | Reason
    p_value: float | Reason
    confidence: float
    is_exploratory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedValue:
    """A contrast of means among several; see `Compared`. The p-value is that of its best effect."""

    contrast: ValueContrast | Reason
    p_value: float | Reason
    confidence: float


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for their number; None stays None and does not count.

    The smallest of m is multiplied by m, the next by m - 1 and so on, never falling and at most 1.
    S. Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    known = [n for n, p_value in enumerate(p_values) if p_value is not None]
    values = np.array([p_values[n] for n in known], dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(known), 0, -1))
    found: list[float | None] = [None] * len(p_values)
    for place, corrected in zip(order, np.minimum(steps, 1.0), strict=True):
        found[known[int(place)]] = float(corrected)
    return found


def holm_confidences(p_values: Sequence[float | None], *, confidence: float) -> list[float]:
    """Give each contrast the confidence at which its interval agrees with its corrected p-value.

    1 - alpha / (contrasts left at its step), as in `holm`; all that come after the first one which
    is not small enough stay at its step. The promise: each interval by itself holds the truth in at
    least `confidence` of all tests, and it leaves 0 out exactly if the corrected p-value is below
    alpha. That all of them hold it at once is promised by 1 - alpha / m alone (Bonferroni).
    """
    alpha = 1 - confidence
    known = sorted((p, n) for n, p in enumerate(p_values) if p is not None)
    found = [confidence] * len(p_values)
    left = len(known)
    for place, (p_value, n) in enumerate(known):
        found[n] = 1 - alpha / left
        is_rejected = p_value < alpha / left
        if is_rejected and left == len(known) - place:
            left = max(1, left - 1)
    return found


def compare_with_control(
    control: Arm, variants: Sequence[Arm], *, confidence: float = CONFIDENCE
) -> list[Compared]:
    """Compare each variant with the control, corrected for their number (order as given)."""
    return _compared([(None, control, variant) for variant in variants], confidence, False)


def compare_segments(
    segments: Sequence[Segment], *, confidence: float = CONFIDENCE
) -> list[Compared]:
    """Compare all variants within each segment, corrected for all of these contrasts together.

    They are exploratory: a test is planned for all people, and who looks at segments afterwards
    looks for what is striking.
    """
    pairs: list[tuple[str | None, Arm, Arm]] = [
        (segment.name, segment.control, variant)
        for segment in segments
        for variant in segment.variants
    ]
    return _compared(pairs, confidence, True)


def compare_values_with_control(
    control: ValueArm, variants: Sequence[ValueArm], *, confidence: float = CONFIDENCE
) -> list[ComparedValue]:
    """Compare each variant's mean with the control's, corrected for their number."""

    def one(variant: ValueArm, level: float) -> ValueContrast | Reason:
        return compare_values(control, variant, confidence=level)

    found = _at_corrected_levels(variants, one, _value_p, confidence)
    return [
        ComparedValue(contrast=contrast, p_value=p_value, confidence=level)
        for contrast, p_value, level in found
    ]


def _compared(
    pairs: Sequence[tuple[str | None, Arm, Arm]], confidence: float, is_exploratory: bool
) -> list[Compared]:
    def one(pair: tuple[str | None, Arm, Arm], level: float) -> Contrast | Reason:
        return compare(pair[1], pair[2], confidence=level)

    found = _at_corrected_levels(pairs, one, _p, confidence)
    return [
        Compared(
            segment=pair[0],
            contrast=contrast,
            p_value=p_value,
            confidence=level,
            is_exploratory=is_exploratory,
        )
        for pair, (contrast, p_value, level) in zip(pairs, found, strict=True)
    ]


Case = TypeVar("Case")


def _at_corrected_levels(
    cases: Sequence[Case],
    compare_one: Callable[[Case, float], Compares],
    p_of: Callable[[Compares], float | Reason],
    confidence: float,
) -> list[tuple[Compares, float | Reason, float]]:
    """Compare once for the p-values, and again at the confidence that they lead to."""
    single = [p_of(compare_one(case, confidence)) for case in cases]
    known = [None if isinstance(p, Reason) else p for p in single]
    levels = holm_confidences(known, confidence=confidence)
    return [
        (compare_one(case, level), p if corrected is None else corrected, level)
        for case, p, corrected, level in zip(cases, single, holm(known), levels, strict=True)
    ]


def _p(contrast: Contrast | Reason) -> float | Reason:
    return contrast if isinstance(contrast, Reason) else contrast.p_value


def _value_p(contrast: ValueContrast | Reason) -> float | Reason:
    return contrast if isinstance(contrast, Reason) else contrast.best.p_value
