"""Results of a test to take along: `results.json` (SEMANTICS 10), and a CSV of all figures."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.services.experiment_counts import VariantCounts
from core.services.experiment_results import ExperimentResults
from core.services.experiment_words import EXCLUSION_WORDS, REASON_WORDS
from core.services.rehearsal_files import replaced_together
from core.services.safe_cells import as_text
from core.stats.conversion import Arm, compare
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import Compared, ComparedValue
from core.stats.revenue import compare_values

RESULTS_FILE = "results.json"
COLUMNS = (
    *("section", "name", "variant", "control", "people", "goals", "rate"),
    *("difference", "low", "high", "lift", "lift_low", "lift_high", "p", "confidence", "said"),
)
Row = dict[str, Any]


def write_results(results: ExperimentResults, out: Path) -> None:
    """Write `results.json` into a folder, whole or not at all; the same people, the same bytes.

    Raises UnusableInput where the folder cannot be written to.
    """
    with replaced_together(out, [RESULTS_FILE]) as drafts:
        drafts[RESULTS_FILE].write_text(results_json(results), encoding="utf-8")


def results_json(results: ExperimentResults) -> str:
    """Write the keys of SEMANTICS 10; null where a number cannot be given.

    Differences of `goal` have the simple interval that other tools show (unpooled Wald), those of
    `value` Welch's, both of 95 % and with p-values as of a test that is read once with these two
    variants alone; the verdict goes by the stopping rule and corrects for several variants.
    """
    document = {
        "srm": {"p": results.ratio.p_value},
        "variants": [
            {
                "name": variant.name,
                "exposed": variant.exposed_count,
                "goals": variant.goal_count,
                "rate": None if isinstance(variant.rate, Reason) else variant.rate.value,
                "value_mean": variant.revenue_per_person,
            }
            for variant in results.variants
        ],
        "contrasts": [*_goal_contrasts(results), *_value_contrasts(results)],
        "verdict": results.verdict.headline,
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def results_csv(results: ExperimentResults) -> str:
    """Write the figures of the page as rows under `COLUMNS`; empty where there is no number."""
    written = io.StringIO()
    rows = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(
        {name: as_text(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in _rows(results)
    )
    return written.getvalue()


def _goal_contrasts(results: ExperimentResults) -> Iterator[Row]:
    arms = [
        Arm(name=count.name, people_count=count.people_count, goal_count=count.goal_count)
        for count in results.goals[0].counts
    ]
    place = results.settings.control_place
    for n, arm in enumerate(arms):
        if n != place and not results.is_aa:
            found = compare(arms[place], arm)
            known = None if isinstance(found, Reason) else found
            yield _contrast(
                (arm.name, arms[place].name, "goal"),
                None if known is None else known.wald,
                None if known is None or isinstance(known.p_value, Reason) else known.p_value,
            )


def _value_contrasts(results: ExperimentResults) -> Iterator[Row]:
    arms, place = results.goals[0].value_arms, results.settings.control_place
    for n, arm in enumerate(arms or ()):
        if n != place and not results.is_aa:
            found = compare_values((arms or ())[place], arm)
            welch = None if isinstance(found, Reason) else found.welch
            yield _contrast(
                (arm.name, results.settings.control, "value"),
                None if welch is None else welch.difference,
                None if welch is None else welch.p_value,
            )


def _contrast(
    named: tuple[str, str, str], difference: IntervalEstimate | None, p_value: float | None
) -> Row:
    variant, control, metric = named
    return {
        "variant": variant,
        "control": control,
        "metric": metric,
        "diff": None if difference is None else difference.value,
        "ci_low": None if difference is None else difference.low,
        "ci_high": None if difference is None else difference.high,
        "p": p_value,
    }


def _rows(results: ExperimentResults) -> Iterator[Row]:
    yield {"section": "verdict", "said": results.verdict.headline}
    for detail in results.verdict.details:
        yield {"section": "verdict", "said": detail}
    yield {"section": "group sizes", "p": results.ratio.p_value}
    yield from _counted(results)
    for judgement in results.judgements:
        yield {
            "section": "stopping rule",
            "name": results.goals[0].name,
            "variant": judgement.name,
            "control": results.settings.control,
            "p": _number(judgement.p_value),
            "said": judgement.verdict.value,
            **_lift(judgement.lift),
        }
    for goal in results.goals:
        for compared in goal.contrasts:
            yield _compared("goal", goal.name, compared)
        for money in goal.revenue or ():
            yield from _money(goal.name, money)
    yield from _guarded(results)
    for segment in results.segments:
        for row in segment.rows:
            yield _compared("group (exploratory)", f"{segment.name}: {row.segment}", row)
    yield from _held_out(results)


def _counted(results: ExperimentResults) -> Iterator[Row]:
    for variant in results.variants:
        counts = {
            "came to the split": variant.exposed_count,
            "still in their time": variant.in_window_count,
            "sent": variant.sent_count,
            "delivered": variant.delivered_count,
            "clicked": variant.clicked_count,
            "clicked by machines only": variant.clicked_by_machine_count,
            "opened": variant.opened_count,
            "opened by machines only": variant.opened_by_machine_count,
        }
        for name, count in counts.items():
            if count is not None:
                yield {"section": "people", "name": name, "variant": variant.name, "people": count}
        yield _count_row("rate", results.goals[0].name, variant.name, variant)
        if variant.revenue is not None:
            yield {
                "section": "money",
                "name": "total",
                "variant": variant.name,
                "people": variant.decided_count,
                "difference": variant.revenue,
            }
    for why, count in results.excluded.items():
        yield {"section": "left out", "people": count, "said": EXCLUSION_WORDS[why]}


def _count_row(section: str, name: str, variant: str, counts: VariantCounts) -> Row:
    known = None if isinstance(counts.rate, Reason) else counts.rate
    return {
        "section": section,
        "name": name,
        "variant": variant,
        "people": counts.decided_count,
        "goals": counts.goal_count,
        "rate": None if known is None else known.value,
        "low": None if known is None else known.low,
        "high": None if known is None else known.high,
        "confidence": None if known is None else known.confidence,
    }


def _compared(section: str, name: str, compared: Compared) -> Row:
    found = compared.contrast
    if isinstance(found, Reason):
        return {"section": section, "name": name, "said": REASON_WORDS[found]}
    return {
        "section": section,
        "name": name,
        "variant": found.variant,
        "control": found.control,
        "rate": found.variant_rate.value,
        **_difference(found.difference),
        **_lift(found.lift),
        "p": _number(compared.p_value),
        "confidence": compared.confidence,
    }


def _money(name: str, compared: ComparedValue) -> Iterator[Row]:
    found = compared.contrast
    if isinstance(found, Reason):
        yield {"section": "money per person", "name": name, "said": REASON_WORDS[found]}
        return
    ways = {"as it is (Welch)": found.welch, "adjusted for the time before (CUPED)": found.cuped}
    for said, effect in ways.items():
        if not isinstance(effect, Reason):
            yield {
                "section": "money per person",
                "name": name,
                "variant": found.variant,
                "control": found.control,
                **_difference(effect.difference),
                **_lift(effect.lift),
                "p": effect.p_value,
                "confidence": compared.confidence,
                "said": said,
            }


def _guarded(results: ExperimentResults) -> Iterator[Row]:
    for result in results.guardrails:
        for guard in result.guards:
            if isinstance(guard, Reason):
                yield {"section": "guardrail", "name": result.name, "said": REASON_WORDS[guard]}
            else:
                yield {
                    "section": "guardrail",
                    "name": result.name,
                    "variant": guard.variant,
                    "control": guard.control,
                    "difference": guard.difference,
                    "low": guard.low,
                    "high": guard.high,
                    "confidence": guard.confidence,
                    "said": f"{guard.state.value}, up to {guard.margin} is tolerated",
                }


def _held_out(results: ExperimentResults) -> Iterator[Row]:
    report = results.holdout
    if report is None:
        return
    for name, added in (("goals added", report.added_goals), ("money added", report.added_value)):
        if isinstance(added, IntervalEstimate):
            yield {"section": "whole campaign", "name": name, **_difference(added)}
    yield {"section": "whole campaign", "said": report.sentence}


def _difference(estimate: IntervalEstimate) -> Row:
    return {"difference": estimate.value, "low": estimate.low, "high": estimate.high}


def _lift(estimate: IntervalEstimate | Reason) -> Row:
    if isinstance(estimate, Reason):
        return {}
    return {"lift": estimate.value, "lift_low": estimate.low, "lift_high": estimate.high}


def _number(found: float | Reason) -> float | None:
    return None if isinstance(found, Reason) else found
