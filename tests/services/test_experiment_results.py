import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.domain.experiments import Change, ChangeKind, Experiment, ExperimentState
from core.domain.instants import as_microseconds
from core.engine.memory import NEVER
from core.services.experiment_exports import COLUMNS, results_csv, results_json
from core.services.experiment_holdout import HoldoutPeople, holdout_report
from core.services.experiment_people import (
    Exclusion,
    ExposedPeople,
    GoalColumn,
    Origin,
    SegmentColumn,
)
from core.services.experiment_results import ExperimentResults, experiment_results
from core.services.experiment_verdict import VerdictKind
from core.services.experiment_words import at_most, days_to_go, lift, p_words, share
from core.stats.guardrails import Guardrail, GuardrailState
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.revenue import ValueContrast
from tests.services.experiment_cases import DAY, LATE, START, WINDOW, micro, settings, shop


def verdict_kind(results: ExperimentResults) -> VerdictKind:
    return results.verdict.kind


def test_a_clear_difference_wins_at_any_look() -> None:
    people = shop({"1 h": (20_000, 1_000), "4 h": (20_000, 1_400)})

    results = experiment_results(people, settings(), now=LATE)

    judged = results.judgements[0].lift
    assert isinstance(judged, IntervalEstimate)
    assert results.verdict.winner == "4 h"
    assert results.verdict.headline == f"4 h wins: {lift(judged)}"
    assert 0 < judged.low < 0.4 < judged.high


def test_a_variant_that_is_worse_loses_and_the_control_stays() -> None:
    people = shop({"1 h": (20_000, 1_400), "4 h": (20_000, 1_000)})

    results = experiment_results(people, settings(), now=LATE)

    assert verdict_kind(results) is VerdictKind.LOSES
    assert results.verdict.headline.startswith("Stay with 1 h: 4 h loses: −")
    assert results.verdict.winner == "1 h"


def test_an_open_test_says_how_long_it_still_takes() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 255)}, days=20)

    results = experiment_results(
        people, settings(planned_people_count=11_000), now=START + 20 * DAY
    )

    # 1,000 people are missing at 500 a day, then a week for the last of them.
    assert results.people_per_day == pytest.approx(500, rel=0.05)
    assert results.judgements[0].days_to_go == pytest.approx(9, abs=0.2)
    assert results.verdict.headline in (
        "Keep collecting, about 9 days to go",
        "Keep collecting, about 10 days to go",
    )
    assert results.verdict.winner is None


def test_at_the_planned_end_the_test_is_read_once_and_for_all() -> None:
    # The planned 20,000 differ by chance only; the later 20,000 would make 4 h win.
    planned = shop({"1 h": (10_000, 500), "4 h": (10_000, 505)}, days=20)
    later = shop({"1 h": (10_000, 500), "4 h": (10_000, 600)}, days=20, seed=5)
    people = _one_after_the_other(planned, later, 20 * DAY)
    plan = settings(planned_people_count=20_000)

    at_end = experiment_results(people, plan, now=START + 27 * DAY)
    long_after = experiment_results(people, plan, now=LATE)

    assert verdict_kind(at_end) is VerdictKind.NO_DIFFERENCE
    assert verdict_kind(long_after) is VerdictKind.NO_DIFFERENCE
    assert at_end.judgements[0].p_value == long_after.judgements[0].p_value
    assert at_end.planned_end_reached_at == long_after.planned_end_reached_at
    assert at_end.planned_end_reached_at is not None
    assert at_end.verdict.headline.startswith("No difference larger than ")
    assert long_after.people_count == 40_000


def test_the_planned_end_waits_for_the_last_window() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 600)}, days=20)
    plan = settings(planned_people_count=10_000)
    last = int(people.window_ends_at[-1])

    before = experiment_results(people, plan, now=START + 20 * DAY)
    after = experiment_results(people, plan, now=LATE)

    assert before.planned_end_reached_at is None
    assert after.planned_end_reached_at is not None
    assert as_microseconds(after.planned_end_reached_at) == last


def test_a_planned_date_ends_a_test_as_a_planned_number_does() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 260)}, days=20)
    plan = settings(planned_end_at=START + 30 * DAY)

    running = experiment_results(people, plan, now=START + 18 * DAY)
    ended = experiment_results(people, plan, now=START + 31 * DAY)

    assert running.planned_end_reached_at is None
    assert running.judgements[0].days_to_go == pytest.approx(12)
    assert running.verdict.headline == "Keep collecting, about 12 days to go"
    assert ended.planned_end_reached_at is not None


def test_a_test_that_was_ended_early_takes_nobody_in_and_says_so() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 260)}, days=20)
    plan = settings(planned_people_count=20_000)
    ended = Experiment(
        experiment_id=1,
        changes=(
            Change(number=1, at=START, by="Ada", kind=ChangeKind.LAUNCHED, settings=plan),
            Change(number=2, at=START + 10 * DAY, by="Ada", kind=ChangeKind.ENDED),
        ),
    )

    results = experiment_results(people, plan, now=LATE, experiment=ended)

    assert results.state is ExperimentState.ENDED
    assert results.people_count == pytest.approx(5_000, rel=0.1)
    assert results.people_count + sum(results.excluded.values()) == 10_000
    assert results.verdict.headline.startswith("Ended before it was decided")


@pytest.mark.parametrize(
    ("counts", "now", "said"),
    [
        ({"1 h": (0, 0), "4 h": (0, 0)}, LATE, "Nobody has come to the split yet"),
        (
            {"1 h": (50, 5), "4 h": (50, 5)},
            START,
            "100 people came, and nobody's time for the goal is over yet",
        ),
        ({"1 h": (50, 0), "4 h": (50, 0)}, LATE, "Keep collecting: nothing is decided yet"),
        ({"1 h": (50, 50), "4 h": (50, 50)}, LATE, "Keep collecting: nothing is decided yet"),
    ],
)
def test_tests_without_anything_to_compare_say_so(
    counts: dict[str, tuple[int, int]], now: object, said: str
) -> None:
    results = experiment_results(shop(counts), settings(), now=now)  # type: ignore[arg-type]

    assert results.verdict.headline == said
    assert json.loads(results_json(results))["verdict"] == said


def test_a_variant_without_anybody_is_a_failed_ratio_check_or_no_result() -> None:
    people = shop({"1 h": (500, 50), "4 h": (0, 0)})

    results = experiment_results(people, settings(), now=LATE)

    assert verdict_kind(results) is VerdictKind.DO_NOT_TRUST
    assert results.variants[1].rate is Reason.NO_PEOPLE


def test_a_winner_that_breaks_a_guardrail_is_not_handed_over_for_roll_out() -> None:
    people = shop({"1 h": (20_000, 1_000), "4 h": (20_000, 1_400)})
    draw = np.random.default_rng(4)
    left = draw.random(len(people)) < np.where(people.variant == 1, 0.03, 0.005)
    plan = settings(
        guardrails=[
            {"name": "unsubscribe", "event": {"event": "email_unsubscribed"}, "margin": 0.002}
        ]
    )
    people = replace(people, guardrails=(GoalColumn(name="unsubscribe", is_reached=left),))

    results = experiment_results(people, plan, now=LATE)

    guard = results.guardrails[0].guards[0]
    assert isinstance(guard, Guardrail)
    assert guard.state is GuardrailState.VIOLATED
    assert verdict_kind(results) is VerdictKind.WINS
    assert "but it brings more unsubscribe than was agreed" in results.verdict.headline
    assert results.verdict.winner is None


def test_looks_follow_the_ends_of_days_and_end_now() -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (2_000, 200)}, days=20)
    now = START + 20 * DAY

    looks = experiment_results(people, settings(), now=now).looks[0]

    assert looks.at[-1] == as_microseconds(now)
    assert (np.diff(looks.at) > 0).all()
    assert (looks.at[:-1] % micro(DAY) == 0).all()
    known = [
        int(((people.window_ends_at <= at) & people.goals[0].is_reached).sum()) for at in looks.at
    ]
    assert looks.looks.converter_count.tolist() == known


def test_curves_end_with_the_rate_that_decides() -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (2_000, 300)}, days=20)

    results = experiment_results(people, settings(), now=START + 20 * DAY)

    for curve, counts in zip(results.curves, results.goals[0].counts, strict=True):
        assert curve.days[0] == 0
        assert curve.days[-1] == 7
        assert (np.diff(curve.reached_rate) >= 0).all()
        assert curve.reached_rate[-1] == pytest.approx(counts.goal_count / counts.people_count)


def test_money_is_per_exposed_person_and_adjusted_for_the_time_before() -> None:
    people = shop({"1 h": (5_000, 500), "4 h": (5_000, 500)})
    value = people.goals[0].value
    assert value is not None
    draw = np.random.default_rng(9)
    before = value + draw.normal(0, 1, len(people))

    results = experiment_results(replace(people, value_before=before), settings(), now=LATE)

    money = results.goals[0].revenue
    assert money is not None
    contrast = money[0].contrast
    assert isinstance(contrast, ValueContrast)
    own = [value[people.variant == n].mean() for n in (0, 1)]
    assert contrast.welch.difference.value == pytest.approx(own[1] - own[0])
    assert not isinstance(contrast.cuped, Reason)
    assert contrast.cuped.variance_kept < 0.2
    assert [v.revenue_per_person for v in results.variants] == pytest.approx(own)


def test_segments_are_exploratory_and_corrected_for_all_of_them() -> None:
    people = shop({"1 h": (8_000, 800), "4 h": (8_000, 880)})
    code = np.arange(len(people), dtype=np.int32) % 4
    country = SegmentColumn(name="country", labels=("AT", "CH", "DE", "FR"), code=code)

    results = experiment_results(replace(people, segments=(country,)), settings(), now=LATE)

    rows = results.segments[0].rows
    assert [row.segment for row in rows] == ["AT", "CH", "DE", "FR"]
    assert all(row.is_exploratory for row in rows)
    for row in rows:
        assert not isinstance(row.contrast, Reason)
        assert not isinstance(row.p_value, Reason)
        assert not isinstance(row.contrast.p_value, Reason)
        assert row.p_value >= row.contrast.p_value
    smallest = min(rows, key=lambda row: float(row.p_value))
    assert not isinstance(smallest.contrast, Reason)
    assert smallest.p_value == pytest.approx(min(1.0, 4 * float(smallest.contrast.p_value)))


def test_groups_of_the_wrong_size_on_one_day_name_that_day() -> None:
    people = shop({"1 h": (20_000, 1_000), "4 h": (20_000, 1_000)}, days=20)
    day = (people.exposed_at - as_microseconds(START)) // micro(DAY)
    is_lost = (day == 4) & (people.variant == 1) & (np.arange(len(people)) % 2 == 0)
    kept = ~is_lost
    goal = people.goals[0]
    people = replace(
        people,
        variant=people.variant[kept],
        exposed_at=people.exposed_at[kept],
        window_ends_at=people.window_ends_at[kept],
        goals=(GoalColumn(name="purchase", is_reached=goal.is_reached[kept]),),
    )

    results = experiment_results(people, settings(), now=LATE)

    assert verdict_kind(results) is VerdictKind.DO_NOT_TRUST
    assert results.ratio.day == "2026-03-06"
    assert "something happened on 6 Mar 2026" in results.verdict.headline


def test_three_variants_are_corrected_for_their_number() -> None:
    people = shop({"1 h": (9_000, 450), "4 h": (9_000, 540), "1 d": (9_000, 460)})
    plan = settings(("1 h", "4 h", "1 d"), planned_people_count=27_000)

    results = experiment_results(people, plan, now=LATE)

    assert [j.name for j in results.judgements] == ["4 h", "1 d"]
    assert all(j.e_needed == 200 for j in results.judgements)
    first = results.goals[0].contrasts[0]
    assert not isinstance(first.contrast, Reason)
    assert first.p_value == pytest.approx(2 * float(first.contrast.p_value))
    assert results.verdict.winner == "4 h"


def test_many_people_under_two_variants_are_pointed_out() -> None:
    people = shop({"1 h": (500, 50), "4 h": (500, 50)})
    several = {Exclusion.SEVERAL_VARIANTS: 30}

    few = experiment_results(people, settings(), now=LATE)
    many = experiment_results(replace(people, excluded=several), settings(), now=LATE)

    assert few.notes == ()
    assert many.notes[0].startswith("2.9 % of the people came under two variants")


def _one_after_the_other(
    first: ExposedPeople, later: ExposedPeople, after: timedelta
) -> ExposedPeople:
    shift = micro(after)
    one, two = first.goals[0], later.goals[0]
    return replace(
        first,
        variant=np.concatenate([first.variant, later.variant]),
        exposed_at=np.concatenate([first.exposed_at, later.exposed_at + shift]),
        window_ends_at=np.concatenate([first.window_ends_at, later.window_ends_at + shift]),
        goals=(
            GoalColumn(
                name="purchase", is_reached=np.concatenate([one.is_reached, two.is_reached])
            ),
        ),
    )


def holdout(*, treated: tuple[int, int], held_out: tuple[int, int], share: float) -> HoldoutPeople:
    sizes = [treated[0], held_out[0]]
    is_held_out = np.repeat([False, True], sizes)
    is_reached = np.concatenate([np.arange(n) < goals for n, goals in (treated, held_out)])
    count = len(is_held_out)
    at = np.full(count, as_microseconds(START), dtype=np.int64)
    goal = GoalColumn(
        name="purchase",
        is_reached=is_reached,
        reached_at=np.where(is_reached, at + 5, NEVER),
        value=is_reached * 50.0 + np.arange(count) % 3,
    )
    return HoldoutPeople(
        share=share,
        is_held_out=is_held_out,
        entered_at=at,
        window_ends_at=at + micro(WINDOW),
        goal=goal,
    )


def test_the_holdout_shows_what_the_campaign_added_in_goals_and_money() -> None:
    people = holdout(treated=(9_000, 1_080), held_out=(1_000, 90), share=0.1)

    report = holdout_report(people, as_microseconds(LATE))

    assert isinstance(report.added_goals, IntervalEstimate)
    assert report.added_goals.value == pytest.approx(9_000 * (0.12 - 0.09))
    assert 0 < report.added_goals.low < 270 < report.added_goals.high
    assert isinstance(report.added_value, IntervalEstimate)
    assert report.added_value.value == pytest.approx(270 * 50, rel=0.02)
    assert "about 270 reached the goal because of it" in report.sentence
    assert "12 % against 9.0 % of the comparison group" in report.sentence


def test_a_holdout_of_the_wrong_size_or_of_a_rehearsal_adds_nothing_up() -> None:
    wrong = holdout(treated=(9_000, 1_080), held_out=(700, 60), share=0.1)
    replayed = replace(
        holdout(treated=(9_000, 1_080), held_out=(1_000, 90), share=0.1), is_replay=True
    )

    reports = [holdout_report(people, as_microseconds(LATE)) for people in (wrong, replayed)]

    assert [r.added_goals for r in reports] == [Reason.NOT_COMPARED, Reason.NOT_COMPARED]
    assert [r.added_value for r in reports] == [Reason.NOT_COMPARED, Reason.NOT_COMPARED]


def test_a_holdout_whose_windows_are_open_says_nothing_yet() -> None:
    people = holdout(treated=(9_000, 1_080), held_out=(1_000, 90), share=0.1)

    report = holdout_report(people, as_microseconds(START))

    assert report.added_goals is Reason.NO_PEOPLE
    assert report.in_window_count == 10_000
    assert "too small, or too young" in report.sentence


def test_the_csv_has_every_figure_under_its_column() -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (2_000, 230)})
    results = experiment_results(people, settings(), now=LATE)

    rows = list(csv.DictReader(io.StringIO(results_csv(results))))

    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["said"] == results.verdict.headline
    rates = {row["variant"]: float(row["rate"]) for row in rows if row["section"] == "rate"}
    assert rates == {"1 h": 0.1, "4 h": 0.115}
    sections = {row["section"] for row in rows}
    assert {"people", "money", "stopping rule", "goal", "money per person"} <= sections


def test_a_replay_whose_variants_are_alike_says_so() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 252)}, origin=Origin.REPLAY)

    results = experiment_results(people, settings(), now=LATE)

    assert verdict_kind(results) is VerdictKind.REPLAY_ALIKE
    assert json.loads(results_json(results))["contrasts"] == []


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        ((0.12, 0.03, 0.21), "+12 % (3 to 21 %)"),
        ((0.052, 0.011, 0.093), "+5.2 % (1.1 to 9.3 %)"),
        ((-0.12, -0.21, -0.03), "−12 % (−21 to −3 %)"),
        ((0.001, -0.3, 0.4), "0 % (−30 to 40 %)"),
        ((1.188, 0.35, 2.68), "+119 % (35 to 268 %)"),
    ],
)
def test_lifts_are_written_as_in_a_sentence(
    estimate: tuple[float, float, float], said: str
) -> None:
    value, low, high = estimate

    assert lift(IntervalEstimate(value=value, low=low, high=high, confidence=0.96)) == said


def test_figures_are_rounded_without_claiming_more_than_is_known() -> None:
    assert share(0.12) == "12 %"
    assert share(0.045) == "4.5 %"
    assert at_most(0.05) == "5 %"
    assert at_most(0.0471) == "4.8 %"
    assert at_most(0.121) == "13 %"
    assert p_words(0.0004) == "p = 0.0004"
    assert p_words(0.0123) == "p = 0.012"
    assert p_words(0.00002) == "p < 0.0001"
    assert p_words(1.0) == "p = 1"
    assert days_to_go(8.2) == "about 9 days"
    assert days_to_go(1) == "about 1 day"
    assert days_to_go(0.3) == "less than a day"
