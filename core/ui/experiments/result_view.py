"""The results of a test on the page: the verdict in words first, then what it rests on."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from core.domain.experiments import Change
from core.services.experiment_results import ExperimentResults
from core.services.experiment_verdict import VerdictKind
from core.ui import formats
from core.ui.experiments import explained, figures, result_words, tables
from core.ui.experiments.explained import Explanation

_PLAIN = {"displayModeBar": False}


def show(
    results: ExperimentResults,
    changes: Sequence[Change] = (),
    show_next: Callable[[], None] = lambda: None,
) -> None:
    """Show everything that is known of a test at one moment; `show_next` follows the verdict."""
    show_verdict(results)
    _show_explanation("How is this decided?", "verdict", explained.VERDICT)
    if not results.people_count:
        _show_waiting(results)
        if changes:
            _show_log(changes, results)
        return
    for said in result_words.guardrail_alarms(results):
        st.warning(said, icon=":material/warning:")
    show_next()
    _show_people(results)
    _heading("Variants side by side", "variants", explained.RATE)
    _show_table(tables.variants(results), alt="The variants side by side")
    beside = result_words.off_centre(results)
    if beside is not None:
        st.caption(beside)
    _show_tabs(results, changes)


def show_verdict(results: ExperimentResults) -> None:
    """Say what may be said of the test; colour only where it is decided."""
    verdict = results.verdict
    title = formats.plain(verdict.headline)
    body = "  \n".join(formats.plain(detail) for detail in verdict.details) or None
    match verdict.kind:
        case VerdictKind.WINS if verdict.winner is not None:
            st.success(body or _RULE, title=title, icon=":material/trophy:")
        case VerdictKind.WINS | VerdictKind.REPLAY_DIFFERS:
            st.warning(body or _RULE, title=title, icon=":material/warning:")
        case VerdictKind.LOSES | VerdictKind.NO_DIFFERENCE:
            st.info(body or _RULE, title=title, icon=":material/check_circle:")
        case VerdictKind.DO_NOT_TRUST:
            st.error(_UNTRUSTED, title=title, icon=":material/block:")
        case _:
            with st.container(border=True, gap="small"):
                st.markdown(f"#### {title}")
                if body:
                    st.markdown(body)


_RULE = "Decided by the rule that was fixed before the start."
_UNTRUSTED = (
    "The people below were not shared out by chance, so nothing is compared. Find the cause, mend "
    "it, and start a new test."
)


def _show_waiting(results: ExperimentResults) -> None:
    """Say what has to happen before there is anything to read."""
    st.caption(
        "People count from their first time at the split. Nothing has to be done: they come as "
        "they enter the campaign."
    )
    for said in result_words.people_notes(results):
        st.caption(said)


def _show_people(results: ExperimentResults) -> None:
    with st.container(horizontal=True):
        st.metric(
            "People in the test",
            result_words.came(results),
            help=explained.PEOPLE.markdown,
            width="content",
        )
        st.metric(
            "Time for the goal is over",
            f"{results.decided_count:,}",
            help="Only these people are in a share.",
            width="content",
        )
        st.metric(
            "Still in their time",
            f"{results.in_window_count:,}",
            help="They may still reach the goal, so they are in no share yet.",
            width="content",
        )
        if results.people_per_day is not None:
            st.metric(
                "People per day",
                f"{results.people_per_day:,.0f}",
                help="Over the last 14 days of the test.",
                width="content",
            )
    for said in result_words.people_notes(results):
        st.caption(said)


def _show_tabs(results: ExperimentResults, changes: Sequence[Change]) -> None:
    tabs = _tabs(results, changes)
    shown = st.tabs(list(tabs), key="experiments_tab", on_change="rerun")
    for tab, show_one in zip(shown, tabs.values(), strict=True):
        if tab.open:
            with tab:
                show_one(results)


def _tabs(
    results: ExperimentResults, changes: Sequence[Change]
) -> dict[str, Callable[[ExperimentResults], None]]:
    """Name the parts there is something to show of."""
    tabs: dict[str, Callable[[ExperimentResults], None]] = {}
    if results.ratio.is_alarm:
        tabs["What is wrong?"] = _show_soundness
        tabs["Since the split"] = _show_since_split
    else:
        tabs.update(_comparisons(results))
        tabs["Is it sound?"] = _show_soundness
    if tables.opens(results) is not None:
        tabs["Opens"] = _show_opens
    if results.holdout is not None:
        tabs["Whole campaign"] = _show_holdout
    if changes:
        tabs["Log"] = partial(_show_log, changes)
    return tabs


def _comparisons(results: ExperimentResults) -> dict[str, Callable[[ExperimentResults], None]]:
    """Name the parts that compare variants; with groups of the wrong size there are none."""
    tabs: dict[str, Callable[[ExperimentResults], None]] = {}
    if results.looks:
        tabs["Over time"] = _show_over_time
    tabs["Since the split"] = _show_since_split
    if results.goals[0].revenue:
        tabs["Money"] = _show_money
    if len(results.goals) > 1:
        tabs["Other goals"] = _show_other_goals
    if results.guardrails:
        tabs["Guardrails"] = _show_guardrails
    if results.segments:
        tabs["Groups"] = _show_groups
    return tabs


def _show_over_time(results: ExperimentResults) -> None:
    _heading("What could be said at each look", "looks", explained.LOOKS)
    place = 0
    if len(results.looks) > 1:
        names = [looks.name for looks in results.looks]
        chosen = st.segmented_control(
            "Variant", names, default=names[0], required=True, key="experiments_looks"
        )
        place = names.index(chosen) if chosen in names else 0
    figure = figures.lift_over_time(results, results.looks[place])
    st.plotly_chart(figure, key="experiments_over_time", config=_PLAIN)
    st.caption(
        "Difference to the control at the end of each day. While the shaded range holds the line "
        "at 0, no difference is proved."
    )
    for judgement in results.judgements:
        st.caption(result_words.looks_words(judgement))
    _heading("Two ways to read it", "fixed", explained.FIXED)
    _show_table(tables.two_readings(results), alt="Read at any look, and read once")
    st.caption(result_words.why_they_differ(results))
    found = tables.chances(results)
    if found is not None:
        _heading("In other words", "chances", explained.CHANCES)
        _show_table(found, alt="Chances to be the best")
        st.caption("For talking about it; it decides nothing.")


def _show_since_split(results: ExperimentResults) -> None:
    control = results.settings.control
    _heading("Share with the goal", "rates", explained.RATE)
    st.plotly_chart(
        figures.rates(results.goals[0], control), key="experiments_rates", config=_PLAIN
    )
    _heading("By day since the split", "curves", explained.CURVES)
    if not results.curves:
        st.caption("It is known who reached the goal and not when, so there is nothing to draw.")
        return
    st.plotly_chart(figures.by_day(results.curves, control), key="experiments_days", config=_PLAIN)
    st.caption(results.curve_kind)


def _show_money(results: ExperimentResults) -> None:
    _heading("Money per person", "revenue", explained.REVENUE)
    found = tables.revenue(results)
    if found is None:
        st.caption("There is too little to compare yet.")
        return
    _show_table(found, alt="Money per person beside the control")
    for said in result_words.money_notes(results):
        st.caption(said)


def _show_other_goals(results: ExperimentResults) -> None:
    _heading("Other goals", "secondary", explained.FIXED)
    _show_table(tables.secondary_goals(results), alt="Other goals")
    st.caption("They explain a result; only the primary goal decides.")


def _show_guardrails(results: ExperimentResults) -> None:
    _heading("What must not get worse", "guardrails", explained.GUARDRAILS)
    _show_table(tables.guardrails(results), alt="Guardrails")


def _show_groups(results: ExperimentResults) -> None:
    _heading("By group", "groups", explained.GROUPS)
    st.badge("Exploratory: for ideas, not for a decision", icon=":material/explore:", color="gray")
    has_several = len(results.settings.variants) > 2
    for place, segment in enumerate(results.segments):
        st.markdown(f"**{formats.plain(segment.name)}**")
        if segment.left_out_count:
            st.caption(f"{segment.left_out_count:,} groups with fewer than 10 goals are left out.")
        if segment.rows:
            figure = figures.groups(segment.rows, has_several=has_several)
            st.plotly_chart(figure, key=f"experiments_group_{place}", config=_PLAIN)
            with st.expander("In numbers"):
                _show_table(tables.group(segment.rows), alt=f"Groups by {segment.name}")


def _show_soundness(results: ExperimentResults) -> None:
    _heading("Are the groups as large as they should be?", "ratio", explained.RATIO)
    st.markdown(result_words.ratio_words(results))
    cells = tables.ratio_cells(results)
    if cells is not None:
        _show_table(cells, alt="Days and sources whose groups have the wrong size")


def _show_opens(results: ExperimentResults) -> None:
    _heading("Opens never decide", "opens", explained.OPENS)
    _show_table(tables.opens(results), alt="Opens and clicks, machines apart")


def _show_holdout(results: ExperimentResults) -> None:
    assert results.holdout is not None  # else there is no such tab
    _heading("What the whole campaign added", "holdout", explained.HOLDOUT)
    st.markdown(formats.plain(results.holdout.sentence))
    _show_table(tables.holdout(results), alt="Everybody else beside the comparison group")


def _show_log(changes: Sequence[Change], results: ExperimentResults) -> None:
    _heading("What was done to the test", "log", None)
    _show_table(tables.log(changes, results.settings.variant_names), alt="Log of the test")


def _show_table(frame: pd.DataFrame | None, *, alt: str) -> None:
    """Show a table of texts in which no number is parted from its unit at the end of a line."""
    if frame is not None:
        st.table(frame.map(lambda text: str(text).replace(" %", "\u00a0%")), alt=alt)


def _heading(title: str, key: str, explanation: Explanation | None) -> None:
    """Show a heading, with what stands behind the numbers below it under an "i"."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{title}**", width="content")
        if explanation is not None:
            _show_explanation("How", key, explanation)


def _show_explanation(label: str, key: str, explanation: Explanation) -> None:
    with st.popover(
        label,
        icon=":material/info:",
        type="tertiary",
        key=f"experiments_how_{key}",
        help="How these numbers come about",
    ):
        st.markdown(explanation.markdown)
