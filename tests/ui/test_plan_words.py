"""How a plan is told, and what a suggestion changes in it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services.experiment_plan import ExperimentPlan
from core.services.plan_suggestions import Suggestion, SuggestionKind
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.simulated import AACheck, PowerCheck
from core.ui.experiments import plan_answer, plan_draft, plan_words
from tests.services.test_experiment_plan import THREE, history, planned, settings

LESS = {"variants": THREE, "control": "later"}
LONG = history(per_day=6, events=(("click", 0.5),))


def share(value: float, low: float, high: float) -> IntervalEstimate:
    return IntervalEstimate(value=value, low=low, high=high, confidence=0.95)


def alarms(low: float) -> AACheck:
    return AACheck(
        runs=1_000,
        people_count=1_147,
        history_people_count=1_147,
        is_sample=False,
        goal_count=160,
        looks=np.arange(3),
        hybrid=share(low + 0.01, low, low + 0.02),
        naive=share(0.35, 0.32, 0.38),
        fixed=share(0.05, 0.04, 0.06),
        hybrid_by_look=np.zeros(3),
        naive_by_look=np.zeros(3),
        p_values=np.ones(1_000),
        largest_e_values=np.ones(1_000),
    )


def test_the_answer_says_days_people_a_day_and_the_time_of_the_last() -> None:
    plan = planned(history(), settings())
    assert plan.duration is not None
    assert not isinstance(plan.size, Reason)
    people, days = plan.size.people_count, plan.duration.days

    said = plan_words.headline(plan)

    assert said == (
        f"About {days} days: {people:,} people at the split, "
        f"{people / plan.duration.exposure_days:.0f} new ones a day, then 48 hours for the last of "
        "them to decide."
    )


def test_people_a_day_times_days_give_the_people() -> None:
    plan = planned(LONG, settings())
    assert plan.duration is not None
    assert not isinstance(plan.size, Reason)

    new = float(plan_words.new_per_day(plan.size, plan.duration))

    assert new * plan.duration.exposure_days == pytest.approx(plan.size.people_count, rel=0.02)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 day"),
        (60, "60 days"),
        (145, "5 months (145 days)"),
        (2_756, "7.5 years (2,756 days)"),
    ],
)
def test_long_times_are_told_in_months_and_years_as_well(count: int, said: str) -> None:
    assert plan_words.days(count) == said


def test_a_test_of_more_than_ten_years_says_so() -> None:
    plan = planned(history(per_day=1, rate=0.02), settings(smallest_lift=0.01))

    assert plan.duration is None
    assert plan_words.headline(plan).startswith("More than ten years: ")
    assert plan_words.headline(plan).endswith("; 1 come a day, and everybody counts once.")


def test_a_goal_nobody_reaches_asks_for_another_one() -> None:
    plan = planned(history(rate=0.0), settings())

    assert "nobody reached the goal in this history" in plan_words.headline(plan)
    assert plan_words.details(plan) == []


def test_a_holdout_explains_why_fewer_count_than_come() -> None:
    alone = plan_words.details(planned(history(), settings(holdout=0.4)))
    nobody = plan_words.details(planned(history(), settings()))

    assert any("40 % of them are left alone for comparison" in said for said in alone)
    assert not any("left alone" in said for said in nobody)


def test_the_lift_can_be_seen_in_the_shares_it_is_told_with() -> None:
    plan = planned(history(rate=0.143), settings(smallest_lift=0.1))

    assert "from 14.3 % to 15.7 % (+10 %)" in plan_words.details(plan)[0]


def test_people_whose_time_is_not_over_are_told_apart() -> None:
    plan = planned(history(), settings())

    said = plan_words.rate_note(plan)

    assert plan.censored_count > 0
    assert f"of {plan.decided_count:,} people whose 48 hours were over" in said
    assert f"{plan.censored_count} people came too late" in said


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        (settings(smallest_lift=0.05, **LESS), SuggestionKind.ONE_VARIANT_LESS),
        (settings(smallest_lift=0.3, holdout=0.5), SuggestionKind.NO_HOLDOUT),
        (
            settings(
                smallest_lift=0.3,
                variants=[{"name": "now", "weight": 9}, {"name": "later", "weight": 1}],
            ),
            SuggestionKind.EQUAL_WEIGHTS,
        ),
        (settings(smallest_lift=0.1), SuggestionKind.LARGER_LIFT),
    ],
)
def test_a_suggestion_that_is_used_takes_as_long_as_it_promised(chosen: Any, kind: Any) -> None:
    given = history(per_day=40) if kind is SuggestionKind.ONE_VARIANT_LESS else LONG
    given = history(per_day=300) if kind is SuggestionKind.ONE_VARIANT_LESS else given
    suggestion = next(s for s in planned(given, chosen).suggestions if s.kind is kind)
    document = plan_draft.document_of(chosen)

    changed = {**document, **plan_answer.changes_of(suggestion, document)}
    plan = planned(given, plan_draft.settings_from(changed))

    assert plan.duration is not None
    assert plan.duration.days <= suggestion.days
    assert plan.duration.days >= suggestion.days - 1


def test_one_variant_less_never_takes_the_control() -> None:
    document = plan_draft.document_of(settings(variants=THREE, control="never"))
    less = Suggestion(
        kind=SuggestionKind.ONE_VARIANT_LESS, days=9, people_count=9, words="One less."
    )

    changed = plan_answer.changes_of(less, document)

    assert [variant["name"] for variant in changed["variants"]] == ["now", "never"]


def test_an_earlier_goal_is_decided_by_its_event_and_not_by_money() -> None:
    document = plan_draft.document_of(settings())
    document["primary"]["value"] = "total"
    earlier = Suggestion(
        kind=SuggestionKind.EARLIER_GOAL, days=9, people_count=9, words="Click.", event="click"
    )

    changed = {**document, **plan_answer.changes_of(earlier, document)}
    goal = plan_draft.settings_from(changed).primary

    assert (goal.name, goal.event.event, goal.value) == ("click", ("click",), None)


def test_more_false_alarms_than_promised_are_an_alarm_themselves() -> None:
    is_kept, kept = plan_words.alarms_verdict(alarms(low=0.03))
    is_broken_kept, broken = plan_words.alarms_verdict(alarms(low=0.06))

    assert (is_kept, is_broken_kept) == (True, False)
    assert "keeps its promise" in kept
    assert "more false alarms than the 5 % it promises" in broken


def test_both_ways_of_reading_stand_side_by_side() -> None:
    said = plan_words.alarms(alarms(low=0.03))

    assert "Our rule, read every day: 4.0 % (3.0 to 5.0 %) raised one." in said
    assert any("as many tools do: 35 % (32 to 38 %)" in sentence for sentence in said)


def test_a_check_on_part_of_the_history_says_so() -> None:
    whole = alarms(low=0.03)
    part = replace(whole, is_sample=True, history_people_count=350_000)

    assert "1,147 people of your history" in plan_words.alarms(whole)[0]
    assert "1,147 people drawn from the 350,000 of your history" in plan_words.alarms(part)[0]


def test_drawn_people_are_said_to_be_drawn() -> None:
    found = PowerCheck(
        runs=500,
        people_count=20_926,
        lift=0.1,
        is_redrawn=True,
        found=share(0.81, 0.78, 0.84),
        wrong=share(0.0, 0.0, 0.008),
        formula_power=0.8,
        median_days_found=50.0,
        planned_days=60,
        found_by_look=np.zeros(2),
        looks=np.arange(2),
    )

    drawn = plan_words.power_words(found, 0.8)
    whole = plan_words.power_words(replace(found, is_redrawn=False), 0.8)

    assert "Half of those that found it did so by day 50 of 60." in drawn
    assert any("20,926 people, more than your history has" in said for said in drawn)
    assert not any("more than your history" in said for said in whole)
    assert not any("differs from the plan" in said for said in whole)


def test_a_power_that_differs_from_the_plan_is_explained() -> None:
    found = PowerCheck(
        runs=500,
        people_count=730,
        lift=0.58,
        is_redrawn=False,
        found=share(0.76, 0.72, 0.79),
        wrong=share(0.0, 0.0, 0.008),
        formula_power=0.8,
        median_days_found=None,
        planned_days=54,
        found_by_look=np.zeros(2),
        looks=np.arange(2),
    )

    said = plan_words.power_words(found, 0.8)

    assert "the first 730 people of your history" in said[-1]


def test_what_is_fixed_names_goal_guardrails_and_end() -> None:
    chosen = settings(
        guardrails=[
            {"name": "refund", "event": {"event": "refund"}, "margin": 0.005},
        ],
        holdout=0.1,
    )
    plan: ExperimentPlan = planned(history(), chosen)

    rows = plan_words.fixed(chosen, plan)

    assert rows["Decides"] == "buy within 48 hours of the split"
    assert rows["Must not get worse"] == "refund by more than 0.5 points"
    assert rows["Variants"] == "now 50 %, later 50 %"
    assert rows["Left alone, for comparison"] == "10 %"
    assert "Looked at as well" not in rows
    assert plan.duration is not None
    assert rows["Planned end"].startswith(plan.duration.ends_on.strftime("%-d %b %Y"))


def carts(goal: Any) -> Campaign:
    return Campaign.model_validate(
        {
            "name": "Carts",
            "trigger": {"kind": "event", "match": {"event": "cart_add"}, "key": "cart_id"},
            "goal": goal,
            "steps": [
                {
                    "id": "timing",
                    "kind": "split",
                    "variants": [
                        {"name": "now", "weight": 1, "next": "done"},
                        {"name": "later", "weight": 1, "next": "pause"},
                    ],
                },
                {"id": "pause", "kind": "delay", "for": "4h"},
                {"id": "done", "kind": "exit"},
            ],
        }
    )


def test_a_goal_about_the_same_cart_is_planned_about_any() -> None:
    same = {"event": "purchase", "where": [{"property": "cart_id", "op": "eq", "value": "$key"}]}

    document = plan_draft.first_document(
        carts({"event": same, "within": "3d"}), "timing", None, set()
    )

    found = plan_draft.settings_from(document)
    assert (found.primary.event.event, found.primary.event.where) == (("purchase",), ())
    assert found.window == timedelta(days=3)


@pytest.mark.parametrize("goal", [None, {"event": {"event": "email_opened"}, "within": "3d"}])
def test_without_a_goal_that_can_decide_one_is_asked_for(goal: Any) -> None:
    document = plan_draft.first_document(carts(goal), "timing", None, set())

    with pytest.raises(UnusableInput, match="Choose what people should do"):
        plan_draft.settings_from(document)


def test_goals_of_the_same_event_are_told_apart_and_empty_ones_left_out() -> None:
    document = plan_draft.document_of(settings())
    again = {"name": "goal", "event": {"event": ["buy"], "where": []}, "value": None}
    empty = {"name": "goal", "event": {"event": [], "where": []}, "value": None}

    found = plan_draft.settings_from({**document, "secondary": [again, empty]})

    assert found.goal_names == ("buy", "buy (2)")


def test_a_name_that_is_taken_gets_a_number() -> None:
    goal = {"event": {"event": "purchase"}, "within": "7d"}

    document = plan_draft.first_document(carts(goal), "timing", None, {"Carts: timing"})

    assert document["name"] == "Carts: timing (2)"
