"""The results of a test as a report to print: what the page says, in one file."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.domain.experiments import Change
from core.services.experiment_results import ExperimentResults
from core.ui import formats
from core.ui.experiments import explained, figures, result_words, tables
from core.ui.experiments.explained import Explanation
from core.ui.rehearse.rehearse_report_html import (
    chart,
    heading,
    note,
    numbers,
    page,
    paragraph,
    table,
)

EXPLORATORY = "Exploratory: for ideas, not for a decision. Ranges are widened for all groups."


def report(results: ExperimentResults, changes: Sequence[Change] = ()) -> bytes:
    """Write everything that is known of a test at one moment as one HTML file."""
    parts = [
        *_head(results),
        *_compared(results),
        *([] if results.ratio.is_alarm else _over_time(results)),
        *_since_split(results),
        *([] if results.ratio.is_alarm else _comparisons(results)),
        *_soundness(results),
        *_whole(results),
        *_log(results, changes),
        *_explanations(results),
    ]
    return page(f"Results of {results.settings.name}", parts).encode()


def _head(results: ExperimentResults) -> list[str]:
    verdict = results.verdict
    return [
        heading(1, results.settings.name),
        paragraph(result_words.about(results)),
        note(f"As of {results.read_at:%-d %b %Y, %H:%M} UTC."),
        paragraph(f"**{formats.plain(verdict.headline)}**"),
        *(paragraph(formats.plain(detail)) for detail in verdict.details),
        *(paragraph(said) for said in result_words.guardrail_alarms(results)),
        numbers(
            {
                "People in the test": result_words.came(results),
                "Time for the goal is over": f"{results.decided_count:,}",
                "Still in their time": f"{results.in_window_count:,}",
            }
        ),
        *(note(said) for said in result_words.people_notes(results)),
    ]


def _compared(results: ExperimentResults) -> list[str]:
    beside = result_words.off_centre(results)
    return [
        heading(2, "Variants side by side", is_first=True),
        table(tables.variants(results)),
        *([] if beside is None else [note(beside)]),
        _drawn(figures.rates(results.goals[0], results.settings.control), "rates"),
    ]


def _over_time(results: ExperimentResults) -> list[str]:
    if not results.looks:
        return []
    parts = [heading(2, "What could be said at each look")]
    for number, looks in enumerate(results.looks):
        parts += [
            paragraph(f"**{formats.plain(looks.name)}** beside the control"),
            _drawn(figures.lift_over_time(results, looks), f"looks-{number}"),
        ]
    parts += [note(result_words.looks_words(judgement)) for judgement in results.judgements]
    parts += [
        heading(3, "Two ways to read it"),
        table(tables.two_readings(results)),
        note(result_words.why_they_differ(results)),
    ]
    found = tables.chances(results)
    if found is not None:
        parts += [heading(3, "In other words"), table(found), note("It decides nothing.")]
    return parts


def _since_split(results: ExperimentResults) -> list[str]:
    if not results.curves:
        return []
    return [
        heading(2, "By day since the split"),
        _drawn(figures.by_day(results.curves, results.settings.control), "days"),
        note(results.curve_kind),
    ]


def _money(results: ExperimentResults) -> list[str]:
    parts = _table_part("Money per person", tables.revenue(results))
    return [*parts, *(note(said) for said in result_words.money_notes(results))]


def _comparisons(results: ExperimentResults) -> list[str]:
    return [
        *_money(results),
        *_table_part("Other goals", tables.secondary_goals(results)),
        *_table_part("What must not get worse", tables.guardrails(results)),
        *_groups(results),
    ]


def _whole(results: ExperimentResults) -> list[str]:
    parts = _table_part("Opens and clicks (they never decide)", tables.opens(results))
    if results.holdout is not None:
        parts += [
            *_table_part("What the whole campaign added", tables.holdout(results)),
            paragraph(formats.plain(results.holdout.sentence)),
        ]
    return parts


def _groups(results: ExperimentResults) -> list[str]:
    shown = [segment for segment in results.segments if segment.rows]
    if not shown:
        return []
    has_several = len(results.settings.variants) > 2
    parts = [heading(2, "By group"), note(EXPLORATORY)]
    for number, segment in enumerate(shown):
        parts += [
            heading(3, segment.name),
            _drawn(figures.groups(segment.rows, has_several=has_several), f"group-{number}"),
            table(tables.group(segment.rows)),
        ]
    return parts


def _soundness(results: ExperimentResults) -> list[str]:
    parts = [
        heading(2, "Are the groups as large as they should be?"),
        paragraph(result_words.ratio_words(results)),
    ]
    cells = tables.ratio_cells(results)
    return parts if cells is None else [*parts, table(cells)]


def _log(results: ExperimentResults, changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    names = results.settings.variant_names
    return [heading(2, "What was done to the test"), table(tables.log(changes, names))]


def _explanations(results: ExperimentResults) -> list[str]:
    """Tell how the numbers come about, those of the page's "i" that belong to this test."""
    told: dict[str, Explanation] = {
        "The verdict": explained.VERDICT,
        "People": explained.PEOPLE,
        "Share with the goal": explained.RATE,
        "At each look": explained.LOOKS,
        "Read once": explained.FIXED,
        "In other words": explained.CHANCES,
        "Sizes of the groups": explained.RATIO,
    }
    if results.goals[0].revenue:
        told["Money"] = explained.REVENUE
    if results.guardrails:
        told["What must not get worse"] = explained.GUARDRAILS
    if results.holdout is not None:
        told["The whole campaign"] = explained.HOLDOUT
    parts = [heading(2, "How the numbers come about")]
    for title, explanation in told.items():
        lines = explanation.markdown.split("\n\n")
        parts += [heading(3, title), *(note(line) for line in lines)]
    return parts


def _drawn(figure: go.Figure, name: str) -> str:
    return chart(figure.update_layout(template="plotly_white"), name)  # paper is white


def _table_part(title: str, found: pd.DataFrame | None) -> list[str]:
    return [] if found is None else [heading(2, title), table(found)]
