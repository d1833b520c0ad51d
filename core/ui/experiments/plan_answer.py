"""The answer of a plan on the page: in words first, then what shortens it and what it rests on."""

from collections.abc import Callable
from math import ceil

import streamlit as st

from core.services.drafts import Document
from core.services.experiment_plan import LONG_DAYS, ExperimentPlan
from core.services.plan_suggestions import Suggestion, SuggestionKind
from core.stats.duration import Traffic
from core.stats.intervals import Reason
from core.ui import formats
from core.ui.experiments import plan_draft, plan_explained, plan_figures, plan_pieces, plan_words

_SHOWN = 6


def show_answer(plan: ExperimentPlan) -> None:
    """Say how long it takes, and what that means."""
    with st.container(border=True, gap="small"):
        st.markdown(f"#### {plan_pieces.text(plan_words.headline(plan))}")
        for said in plan_words.details(plan):
            st.markdown(plan_pieces.text(said))
    with st.container(horizontal=True):
        _show_metrics(plan)


def _show_metrics(plan: ExperimentPlan) -> None:
    size = plan.size
    if not isinstance(size, Reason):
        st.metric(
            "People it takes",
            f"{size.people_count:,}",
            help=f"{plan_explained.SIZE.markdown}\n\nRead only once, at the end, "
            f"{size.fixed_people_count:,} would be enough; the rest is the price of looking "
            "every day.",
            width="content",
        )
    if plan.duration is not None:
        st.metric(
            "Days",
            f"{plan.duration.days:,}",
            help=plan_explained.DURATION.markdown,
            width="content",
        )
    if isinstance(plan.traffic, Traffic):
        st.metric(
            "Come to the split a day",
            f"{plan.traffic.per_day.value:,.1f}",
            help=plan_explained.TRAFFIC.markdown,
            width="content",
        )
    st.metric(
        "Reach the goal anyway",
        plan_words.natural_rate(plan),
        help=plan_explained.RATE.markdown,
        width="content",
    )


def show_suggestions(plan: ExperimentPlan, change_flow: Callable[[], None]) -> None:
    """Warn of a long test, and offer what would shorten it; `change_flow` opens the flow."""
    if not plan.is_long:
        return
    with st.container(border=True, gap="small"):
        st.markdown(
            f":orange[:material/schedule:] **That is longer than {LONG_DAYS} days.** By then "
            "seasons change, people change devices, and an answer comes late. This would "
            "shorten it:"
        )
        if not plan.suggestions:
            st.markdown("Nothing we know of: choose a goal that more people reach.")
        for number, suggestion in enumerate(plan.suggestions[:_SHOWN]):
            _show_suggestion(number, suggestion, change_flow)


def _show_suggestion(number: int, suggestion: Suggestion, change_flow: Callable[[], None]) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown(plan_pieces.text(suggestion.words), width=520)
        if suggestion.kind is SuggestionKind.LARGER_AUDIENCE:
            if st.button("Change the flow", key=f"experiments_plan_suggestion_{number}"):
                change_flow()
            return
        st.button(
            "Use this",
            key=f"experiments_plan_suggestion_{number}",
            on_click=apply,
            args=(suggestion,),
        )


def apply(suggestion: Suggestion) -> None:
    """Change the plan as a suggestion says."""
    plan = plan_draft.kept()
    assert plan is not None  # a suggestion is of a plan
    document = plan["document"]
    plan_draft.change(**changes_of(suggestion, document))


def changes_of(suggestion: Suggestion, document: Document) -> Document:
    """Give the settings that a suggestion changes."""
    variants = document["variants"]
    match suggestion.kind:
        case SuggestionKind.ONE_VARIANT_LESS:
            others = [v["name"] for v in variants if v["name"] != document["control"]]
            return {"variants": [v for v in variants if v["name"] != others[-1]]}
        case SuggestionKind.EQUAL_WEIGHTS:
            return {"variants": [{**variant, "weight": 1.0} for variant in variants]}
        case SuggestionKind.NO_HOLDOUT:
            return {"holdout": 0.0}
        case SuggestionKind.LARGER_LIFT if suggestion.lift is not None:
            # A tenth of a per cent up: rounded down it would take longer than was promised.
            return {"smallest_lift": ceil(suggestion.lift * 1_000) / 1_000}
        case SuggestionKind.EARLIER_GOAL if suggestion.event is not None:
            event = {"event": [suggestion.event], "where": []}
            return {"primary": {**document["primary"], "event": event, "value": None}}
        case _:
            return {}


def show_grounds(plan: ExperimentPlan) -> None:
    """Show what the answer rests on: effect by day, power, traffic, goal rate, money."""
    left, right = st.columns(2, gap="large")
    with left:
        _show_effect(plan)
        _show_traffic(plan)
    with right:
        _show_power(plan)
        _show_rate(plan)
    if plan.revenue is not None:
        _show_revenue(plan)
    if plan.notes:
        plan_pieces.heading("What is taken for granted", "notes")
        for note in plan.notes:
            st.caption(plan_pieces.text(note))


def _show_effect(plan: ExperimentPlan) -> None:
    plan_pieces.heading("What would show by when", "effect", plan_explained.EFFECT)
    if any(point.lift is not None for point in plan.effect_by_day):
        _chart("effect", plan_figures.effect_by_day(plan))
    st.caption(plan_pieces.text(plan_words.effect_note(plan)))


def _show_power(plan: ExperimentPlan) -> None:
    plan_pieces.heading("Effects of other sizes", "power", plan_explained.POWER)
    if isinstance(plan.size, Reason):
        st.caption("Not known without the number of people.")
        return
    _chart("power", plan_figures.power_by_lift(plan))
    st.caption(
        f"With {formats.people(plan.size.people_count)}: smaller effects are missed more often, "
        "larger ones seldom."
    )


def _show_traffic(plan: ExperimentPlan) -> None:
    plan_pieces.heading("Who comes to the split", "traffic", plan_explained.TRAFFIC)
    if isinstance(plan.traffic, Traffic) and plan.traffic.has_weekdays:
        _chart("traffic", plan_figures.weekdays(plan.traffic))
    st.caption(plan_pieces.text(plan_words.traffic_note(plan)))


def _show_rate(plan: ExperimentPlan) -> None:
    plan_pieces.heading("Who reaches the goal anyway", "rate", plan_explained.RATE)
    st.markdown(plan_pieces.text(plan_words.rate_note(plan)))


def _show_revenue(plan: ExperimentPlan) -> None:
    plan_pieces.heading("Money per person", "revenue", plan_explained.REVENUE)
    found = plan.revenue
    if found is None:
        return
    if isinstance(found, Reason):
        st.caption(plan_pieces.text(plan_words.no_revenue(found)))
        return
    with st.container(horizontal=True):
        people = "–" if found.people_count is None else f"{found.people_count:,}"
        st.metric("By the formula", f"{found.formula_people_count:,} people", width="content")
        st.metric("Drawn from your history", f"{people} people", width="content")
        st.metric("Money per person anyway", f"{found.mean:,.2f}", width="content")
    for said in plan_words.revenue_words(found):
        st.markdown(plan_pieces.text(said))


def _chart(key: str, figure: object) -> None:
    st.plotly_chart(figure, key=f"experiments_plan_{key}", config=plan_pieces.PLAIN_CHART)
