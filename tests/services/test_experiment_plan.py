"""A plan from a history: its figures together, what shortens it, and the checks beside it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.domain.errors import Cancelled, UnusableInput
from core.domain.experiments import ExperimentSettings, settings_for, settings_of
from core.domain.instants import as_microseconds
from core.engine.assignment import buckets
from core.engine.memory import NEVER
from core.history.reading import Dataset
from core.rehearsal.reports.split_traffic import EventRate, ExposedHistory, SplitDays
from core.services.experiment_checks import (
    MOST_PEOPLE,
    Assigning,
    CheckProgress,
    arm_of_bucket,
    check_split,
    ids_of,
    power_check,
)
from core.services.experiment_checks import aa_check as check_kept
from core.services.experiment_history import dataset_of, history_for, split_choices
from core.services.experiment_plan import (
    LONG_DAYS,
    ExperimentPlan,
    plan_experiment,
    planned_settings,
)
from core.services.plan_suggestions import Suggestion, SuggestionKind
from core.services.stored_rehearsals import NamedVersion, rehearse_and_keep
from core.stats.conversion import Arm, rate
from core.stats.duration import Duration, Traffic
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import SampleSize
from core.stats.revenue_planning import RevenuePlan
from core.stats.simulated import AACheck, PowerCheck
from tests.history.datasets import START, event
from tests.services.shops import campaign, stored

DAY = 86_400_000_000
MONDAY = date(2026, 1, 5)
MADE_AT = datetime(2026, 1, 2, tzinfo=UTC)


def settings(**changes: Any) -> ExperimentSettings:
    written = {
        "name": "Timing",
        "campaign": "Cart",
        "split": "timing",
        "variants": [{"name": "now", "weight": 1}, {"name": "later", "weight": 1}],
        "control": "now",
        "primary": {"name": "order", "event": {"event": "buy"}},
        "window": timedelta(days=2),
        "smallest_lift": 0.2,
    }
    return settings_of({**written, **changes})


THREE = [{"name": name, "weight": 1} for name in ("now", "later", "never")]


def history(
    *,
    per_day: int = 100,
    days: int = 28,
    rate: float = 0.2,
    events: tuple[tuple[str, float], ...] = (),
    spent: float | None = None,
    is_warm: bool = True,
) -> ExposedHistory:
    """Give a history in which as many new people come every day, evenly, from a Monday on."""
    people = per_day * days
    first_at = as_microseconds(datetime(2025, 12, 1, tzinfo=UTC))
    exposed_at = first_at + np.arange(people) * DAY // per_day
    is_decided = exposed_at + 2 * DAY <= first_at + days * DAY
    is_goal = np.arange(people) * 7919 % 1000 < rate * 1000
    decided = int(is_decided.sum())
    return ExposedHistory(
        campaign="Cart",
        split="timing",
        variants=("now", "later"),
        timezone="UTC",
        window=timedelta(days=2),
        user=np.arange(people, dtype=np.int32),
        exposed_at=exposed_at,
        variant=np.zeros(people, dtype=np.int8),
        is_held_out=np.zeros(people, dtype=np.bool_),
        is_decided=is_decided,
        goal_at=np.where(is_goal & is_decided, exposed_at + 1, NEVER),
        value=None if spent is None else np.where(is_goal, spent + np.arange(people) % 7, 0.0),
        value_before=None if spent is None else np.arange(people) % 11 * 1.0,
        days=SplitDays(
            days=[date(2025, 12, 1) + timedelta(days=n) for n in range(days)],
            counts=np.full(days, per_day, dtype=np.int64),
            is_warm=is_warm,
            gaps=np.repeat(np.arange(days), per_day),
            is_gap_known=np.zeros(people, dtype=np.bool_),
        ),
        events=tuple(
            EventRate(event=name, people_count=round(share * decided)) for name, share in events
        ),
    )


def planned(given: ExposedHistory, chosen: ExperimentSettings, **keys: Any) -> ExperimentPlan:
    return plan_experiment(given, chosen, starts_on=MONDAY, **keys)


def lasts(plan: ExperimentPlan) -> Duration:
    assert plan.duration is not None
    return plan.duration


def size(plan: ExperimentPlan) -> SampleSize:
    assert isinstance(plan.size, SampleSize)
    return plan.size


def by_kind(plan: ExperimentPlan) -> dict[SuggestionKind, Suggestion]:
    return {suggestion.kind: suggestion for suggestion in plan.suggestions}


def test_a_plan_puts_people_traffic_and_window_together() -> None:
    plan = planned(history(), settings())

    people = size(plan).people_count
    assert isinstance(plan.traffic, Traffic)
    assert plan.traffic.per_day.value == pytest.approx(100)
    assert isinstance(plan.rate, IntervalEstimate)
    assert plan.rate.value == pytest.approx(0.2, abs=0.005)
    assert lasts(plan).days == -(-people // 100) + 2
    assert lasts(plan).ends_on == MONDAY + timedelta(days=lasts(plan).days)
    assert (plan.is_long, plan.lift, plan.revenue) == (False, 0.2, None)


def test_people_whose_window_is_open_are_in_no_rate() -> None:
    plan = planned(history(), settings())

    assert (plan.exposed_count, plan.decided_count, plan.censored_count) == (2_800, 2_601, 199)
    assert any("199 people" in note for note in plan.notes)


def test_the_control_stands_first_whatever_its_place() -> None:
    chosen = settings(variants=[{"name": "now", "weight": 1}, {"name": "later", "weight": 3}])

    plan = planned(history(), chosen.model_copy(update={"control": "later"}))

    assert plan.variants == ("later", "now")
    first, second = size(plan).per_arm
    assert first == pytest.approx(3 * second, abs=3)


def test_the_curve_meets_the_lift_on_the_planned_day() -> None:
    plan = planned(history(), settings())

    lifts = {each.day: each.lift for each in plan.effect_by_day}
    assert lifts[lasts(plan).days] == pytest.approx(0.2, rel=0.03)
    known = [lift for _, lift in sorted(lifts.items()) if lift is not None]
    assert known == sorted(known, reverse=True)
    assert {4, 7, 14, 21, 28, 42, 60, 90} <= set(lifts)
    powers = [each.power for each in plan.power_by_lift]
    assert powers == sorted(powers)
    assert np.interp(0.2, [each.lift for each in plan.power_by_lift], powers) == pytest.approx(
        0.8, abs=0.01
    )


def test_nothing_can_be_shown_before_the_first_window_is_over() -> None:
    slow = settings(window=timedelta(days=2))
    given = history(per_day=3)

    early = planned(given, slow).effect_by_day[0]

    assert (early.day, early.people_count) == (4, 6)
    assert early.lift is None or early.lift > 1


def test_a_long_test_says_what_would_shorten_it_and_by_how_much() -> None:
    given = history(
        per_day=120,
        rate=0.05,
        events=(("view", 0.7), ("add", 0.3), ("email_opened", 0.5), ("buy", 0.05), ("visit", 0.95)),
    )
    chosen = settings(variants=THREE, holdout=0.2, smallest_lift=0.2)

    plan = planned(given, chosen)

    assert plan.is_long
    found = by_kind(plan)
    assert set(found) == set(SuggestionKind) - {SuggestionKind.EQUAL_WEIGHTS}
    assert all(each.days < lasts(plan).days for each in plan.suggestions)
    assert list(plan.suggestions) == sorted(plan.suggestions, key=lambda each: each.days)
    assert all(f"{each.days:,} days" in each.words for each in plan.suggestions)
    assert found[SuggestionKind.LARGER_LIFT].days <= LONG_DAYS
    assert found[SuggestionKind.LARGER_AUDIENCE].days == LONG_DAYS


def test_each_suggestion_lasts_as_long_as_a_plan_that_follows_it() -> None:
    given = history(per_day=400, rate=0.05, events=(("add", 0.3),))
    chosen = settings(variants=THREE, holdout=0.2, smallest_lift=0.1)

    found = by_kind(planned(given, chosen))

    fewer = planned(given, chosen.model_copy(update={"variants": chosen.variants[:2]}))
    assert found[SuggestionKind.ONE_VARIANT_LESS].days == lasts(fewer).days
    nobody_out = planned(given, chosen.model_copy(update={"holdout": 0.0}))
    assert found[SuggestionKind.NO_HOLDOUT].days == lasts(nobody_out).days
    larger = found[SuggestionKind.LARGER_LIFT]
    followed = planned(given, chosen, smallest_lift=larger.lift)
    assert (larger.days, larger.people_count) == (lasts(followed).days, size(followed).people_count)
    earlier = found[SuggestionKind.EARLIER_GOAL]
    easier = planned(history(per_day=400, rate=0.3), chosen)
    assert (earlier.event, earlier.rate) == ("add", pytest.approx(0.3, abs=0.001))
    assert earlier.days == pytest.approx(lasts(easier).days, rel=0.02)


def test_what_would_still_take_more_than_a_year_is_not_suggested() -> None:
    given = history(per_day=5, rate=0.05)

    found = by_kind(planned(given, settings(variants=THREE, holdout=0.2)))

    assert set(found) == {SuggestionKind.LARGER_LIFT, SuggestionKind.LARGER_AUDIENCE}


def test_what_would_not_shorten_a_test_is_not_suggested() -> None:
    plan = planned(history(events=(("rare", 0.01), ("like buying", 0.21))), settings())

    assert plan.suggestions == ()


def test_uneven_weights_can_be_evened() -> None:
    chosen = settings(variants=[{"name": "now", "weight": 9}, {"name": "later", "weight": 1}])

    found = by_kind(planned(history(), chosen))

    assert found[SuggestionKind.EQUAL_WEIGHTS].days == lasts(planned(history(), settings())).days


def test_a_goal_nobody_reaches_gives_a_reason_and_no_days() -> None:
    plan = planned(history(rate=0.0), settings())

    assert plan.size is Reason.NO_GOALS
    assert (plan.duration, plan.is_long) == (None, False)
    assert plan.suggestions == plan.power_by_lift == ()
    with pytest.raises(UnusableInput, match="how many people"):
        planned_settings(settings(), plan)


def test_the_plan_of_money_has_days_of_its_own() -> None:
    chosen = settings(primary={"name": "order", "event": {"event": "buy"}, "value": "price"})

    plan = planned(history(spent=50.0), chosen)

    assert isinstance(plan.revenue, RevenuePlan)
    assert plan.revenue.people_count is not None
    assert plan.revenue.days == -(-plan.revenue.people_count // 100) + 2
    assert plan.revenue.buyer_rate == pytest.approx(0.2, abs=0.005)


def test_a_plan_is_written_into_the_settings() -> None:
    plan = planned(history(), settings(), smallest_lift=0.25)

    found = planned_settings(settings(), plan)

    assert found.planned_people_count == size(plan).people_count
    assert found.planned_end_at is not None
    assert found.planned_end_at.date() == lasts(plan).ends_on
    assert found.smallest_lift == 0.25
    assert ExperimentSettings.model_validate(found.model_dump()) == found


def test_a_history_of_another_window_is_refused() -> None:
    with pytest.raises(UnusableInput, match="read it again"):
        planned(history(), settings(window=timedelta(days=3)))


def test_what_is_taken_for_granted_is_said() -> None:
    plan = planned(history(days=10, is_warm=False), settings())

    assert len([note for note in plan.notes if "weekdays" in note or "shorter than" in note]) == 2


def ids(given: ExposedHistory) -> list[str]:
    return [f"user-{code}" for code in given.user]


def alarms(given: ExposedHistory, **keys: Any) -> AACheck:
    found = check_split(given, settings(), ids(given), **keys)
    assert isinstance(found, AACheck)
    return found


def test_a_split_checked_on_its_history_gives_few_false_alarms() -> None:
    found = alarms(history(), runs=200)

    assert found.hybrid.low < 0.05 < found.naive.low
    assert (found.people_count, found.history_people_count, found.is_sample) == (
        2_601,
        2_601,
        False,
    )
    # Windows of two days: the first look is two days after the first person, the last at the end.
    assert (found.looks[0], found.looks[-1]) == (2, 28)


def test_the_same_seed_gives_the_same_check_and_another_seed_other_salts() -> None:
    given = history(days=14)

    first, again, other = (alarms(given, runs=40, seed=seed) for seed in (1, 1, 2))

    assert (first.p_values == again.p_values).all()
    assert (first.p_values != other.p_values).any()


def test_a_large_history_is_sampled_and_the_check_says_so() -> None:
    found = alarms(history(per_day=1_500), runs=2)

    assert (found.people_count, found.is_sample) == (MOST_PEOPLE, True)
    assert found.history_people_count > MOST_PEOPLE


def test_a_check_reports_and_can_be_cancelled() -> None:
    given, told = history(days=14), list[CheckProgress]()

    with pytest.raises(Cancelled):
        alarms(given, runs=10, on_progress=told.append, is_cancelled=lambda: len(told) == 2)

    assert told == [CheckProgress(done_count=n, total_count=10) for n in (1, 2)]


def test_people_are_assigned_as_the_engine_assigns_them() -> None:
    chosen = settings(variants=[{"name": "now", "weight": 1}, {"name": "later", "weight": 2}])
    users = [f"ü{n}" for n in range(500)]

    found = Assigning(chosen, users, seed=4).arms(3)

    bucket = buckets("Cart:timing:4:3", users)
    assert found.tolist() == (bucket >= 3_334).astype(int).tolist()


def test_buckets_go_to_variants_in_their_order_with_the_control_as_zero() -> None:
    chosen = settings(variants=THREE, control="later")

    found = arm_of_bucket(chosen)

    assert [found[n] for n in (0, 3_333, 3_334, 6_666, 6_667, 9_999)] == [1, 1, 0, 0, 2, 2]


def test_the_planned_effect_is_found_about_as_often_as_planned() -> None:
    given = history()
    plan = planned(given, settings())

    found = power_check(given, settings(), plan, runs=200)

    assert isinstance(found, PowerCheck)
    assert found.is_redrawn
    assert found.people_count == size(plan).people_count
    assert found.formula_power == pytest.approx(0.8, abs=0.005)
    assert found.found.low < 0.85
    assert found.found.high > 0.75
    assert found.planned_days == lasts(plan).days


def test_a_history_with_enough_people_is_taken_as_it_came() -> None:
    given = history()
    plan = planned(given, settings(), smallest_lift=0.6)

    found = power_check(given, settings(), plan, runs=100)

    assert isinstance(found, PowerCheck)
    assert not found.is_redrawn
    assert found.planned_days == lasts(plan).days
    assert found.median_days_found is not None
    assert found.median_days_found <= found.planned_days


def test_a_plan_without_a_size_has_no_power_to_check() -> None:
    given = history(rate=0.0)

    assert power_check(given, settings(), planned(given, settings())) is Reason.NO_GOALS


@pytest.mark.parametrize("lift", [0.0, -1.1, 101.0])
def test_an_effect_that_cannot_be_planned_for_is_refused(lift: float) -> None:
    given = history()
    plan = planned(given, settings())

    with pytest.raises(UnusableInput, match="smallest effect"):
        planned(given, settings(), smallest_lift=lift)
    with pytest.raises(UnusableInput, match="smallest effect"):
        power_check(given, settings(), plan, lift=lift)


@pytest.mark.parametrize("variant", ["now", "nobody"])
def test_only_a_variant_beside_the_control_gets_the_effect(variant: str) -> None:
    given = history()

    with pytest.raises(UnusableInput, match="there are: later"):
        power_check(given, settings(), planned(given, settings()), variant=variant)


FLOW = campaign(
    goal={"event": {"event": "buy"}, "within": "2d"},
    steps=[
        {
            "id": "timing",
            "kind": "split",
            "variants": [
                {"name": "now", "weight": 1, "next": "mail"},
                {"name": "later", "weight": 1, "next": "mail"},
            ],
        },
        {"id": "mail", "kind": "send", "template": "cart_recovery"},
    ],
    trigger={"kind": "event", "match": {"event": "add"}},
    reentry="always",
)


def shop(home: Path) -> Dataset:
    """Store 300 people who add something on one of 30 days; a third of them buys the next day."""
    events = [event(f"user{n:03}", "add", 24 * (n % 30)) for n in range(300)]
    events += [
        event(f"user{n:03}", "buy", 24 * (n % 30) + 20, properties={"price": 10 + n % 5})
        for n in range(0, 300, 3)
    ]
    return stored(home, [*events, event("last", "view", 24 * 32)])


def kept(home: Path) -> str:
    record = rehearse_and_keep(
        home, shop(home), [NamedVersion(campaign=FLOW, version=3)], made_at=MADE_AT
    )
    return record.rehearsal_id


def test_a_kept_rehearsal_is_planned_and_checked_from_its_link(tmp_path: Path) -> None:
    rehearsal_id = kept(tmp_path)
    (choice,) = split_choices(tmp_path)
    chosen = settings_for(FLOW, choice.split)
    chosen = chosen.model_copy(
        update={"primary": chosen.primary.model_copy(update={"value": "price"})}
    )

    found = history_for(tmp_path, rehearsal_id, choice.place, choice.split, chosen)
    checked = check_kept(tmp_path, rehearsal_id, 0, "timing", chosen, runs=20)

    assert (choice.campaign, choice.variants, choice.version) == (FLOW.name, ("now", "later"), 3)
    assert len(found) == 300
    assert (found.is_goal.sum(), found.value is not None and found.value.sum()) == (100, 1_200)
    assert ids_of(dataset_of(tmp_path, rehearsal_id), found)[:2] == ["user000", "user030"]
    assert isinstance(checked, AACheck)
    assert checked.people_count == 300
    plan = plan_experiment(found, chosen, starts_on=START.date())
    assert plan.rate == rate(Arm(name="", people_count=300, goal_count=100))


def test_a_dataset_that_has_changed_since_is_not_planned_from(tmp_path: Path) -> None:
    rehearsal_id = kept(tmp_path)
    stored(tmp_path, [event("new", "add", 1)])

    with pytest.raises(UnusableInput, match="has changed since this rehearsal"):
        history_for(tmp_path, rehearsal_id, 0, "timing", settings_for(FLOW, "timing"))


def test_a_history_is_not_read_without_a_window_or_without_people(tmp_path: Path) -> None:
    rehearsal_id = kept(tmp_path)
    chosen = settings_for(FLOW, "timing")

    with pytest.raises(UnusableInput, match="window"):
        history_for(tmp_path, rehearsal_id, 0, "timing", chosen.model_copy(update={"window": None}))
    with pytest.raises(UnusableInput, match="choose the split again"):
        history_for(tmp_path, rehearsal_id, 1, "timing", chosen)
