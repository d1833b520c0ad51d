"""Ways in which tests of e-mails are read wrongly; each test fails if somebody falls into one."""

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import UnusableInput
from core.domain.experiments import Change, ChangeKind, Experiment, ExperimentSettings
from core.domain.instants import as_microseconds
from core.services import experiment_counts, experiment_exports, experiment_people
from core.services.experiment_files import read_results
from core.services.experiment_people import (
    ExposedPeople,
    GoalColumn,
    GoalEvents,
    MailColumns,
    Origin,
    first_exposures,
    flagged,
    goal_column,
)
from core.services.experiment_results import experiment_results
from core.services.experiment_verdict import VerdictKind
from core.stats.intervals import Reason
from tests.services.experiment_cases import DAY, LATE, START, WINDOW, micro, settings, shop

T0 = as_microseconds(START)
HOUR = micro(timedelta(hours=1))


def test_people_are_analysed_and_not_their_sends(tmp_path: Path) -> None:
    # Variant b sends three mails to each person: three rows, one of them with the goal.
    rows = ["user,variant,exposed_at,goal,value"]
    for n in range(200):
        rows.append(f"a{n},a,2026-03-02T09:00:00Z,{int(n < 20)},{10 * int(n < 20)}")
        said = f"{int(n < 20)},{10 * int(n < 20)}"
        rows += [f"b{n},b,2026-03-0{day}T09:00:00Z,{said}" for day in (2, 3, 4)]
    path = tmp_path / "sends.csv"
    path.write_text("\n".join(rows))

    found = read_results(path)
    results = experiment_results(found.people, found.settings, now=found.known_until)

    assert [(v.exposed_count, v.goal_count, v.revenue) for v in results.variants] == [
        (200, 20, 200.0),
        (200, 20, 200.0),
    ]
    assert results.excluded == {experiment_people.Exclusion.REPEATED_ROWS: 400}


def test_windows_begin_at_the_split_and_not_at_the_send() -> None:
    # Both split at 0 h; the second gets the mail 4 h later. A goal 7 d 2 h after the split lies
    # within 7 d of that mail, and outside of the window.
    exposed_at = np.array([T0, T0], dtype=np.int64)
    late = T0 + micro(WINDOW) + 2 * HOUR
    events = GoalEvents(
        person=np.array([0, 1, 1], dtype=np.int32),
        at=np.array([late - 3 * HOUR, late, T0], dtype=np.int64),
        value=np.array([5.0, 7.0, 9.0]),
    )

    goal = goal_column("purchase", exposed_at, exposed_at + micro(WINDOW), events)

    assert goal.is_reached.tolist() == [True, False]
    assert goal.value is not None
    assert goal.value.tolist() == [5.0, 0.0]


def test_weights_changed_midway_move_nobody_and_bias_nothing() -> None:
    people, plan, experiment = _changed_midway()

    results = experiment_results(people, plan, now=LATE, experiment=experiment)

    # Pooled, b would look a third worse: most of its people came in the weak second month.
    pooled = [v.rate.value for v in results.variants if not isinstance(v.rate, Reason)]
    assert pooled[1] < 0.8 * pooled[0]
    assert results.verdict.kind is VerdictKind.KEEP_COLLECTING
    assert results.verdict.winner is None
    contrast = results.goals[0].contrasts[0].contrast
    assert not isinstance(contrast, Reason)
    assert abs(contrast.difference.value) < 0.01
    assert not results.ratio.is_alarm
    assert any("weights were changed" in note for note in results.notes)
    assert [v.exposed_count for v in results.variants] == [11_000, 11_000]


def _changed_midway() -> tuple[ExposedPeople, ExperimentSettings, Experiment]:
    """Half a month at 9:1 with a goal rate of 20 %, then one at 1:9 with 5 %: no effect at all."""
    first = shop({"a": (9_900, 1_980), "b": (1_100, 220)}, days=15)
    later = shop({"a": (1_100, 55), "b": (9_900, 495)}, days=15, seed=2)
    shift = micro(15 * DAY)
    goals = tuple(
        GoalColumn(
            name="purchase",
            is_reached=np.concatenate([one.is_reached, two.is_reached]),
        )
        for one, two in zip(first.goals, later.goals, strict=True)
    )
    people = replace(
        first,
        variant=np.concatenate([first.variant, later.variant]),
        exposed_at=np.concatenate([first.exposed_at, later.exposed_at + shift]),
        window_ends_at=np.concatenate([first.window_ends_at, later.window_ends_at + shift]),
        goals=goals,
        row_count=22_000,
    )
    plan = settings(("a", "b"), weights=[9, 1], planned_people_count=20_000)
    log = (
        Change(number=1, at=START, by="Ada", kind=ChangeKind.LAUNCHED, settings=plan, launch_id=1),
        Change(
            number=2,
            at=START + 15 * DAY,
            by="Ada",
            kind=ChangeKind.WEIGHTS_CHANGED,
            weights=(1.0, 9.0),
        ),
    )
    return people, plan, Experiment(experiment_id=1, changes=log)


def test_weights_of_the_time_belong_to_the_check_of_the_groups() -> None:
    people, plan, _ = _changed_midway()
    unchanged = Experiment(
        experiment_id=1,
        changes=(Change(number=1, at=START, by="Ada", kind=ChangeKind.LAUNCHED, settings=plan),),
    )

    results = experiment_results(people, plan, now=LATE, experiment=unchanged)

    assert results.ratio.is_alarm
    assert results.verdict.kind is VerdictKind.DO_NOT_TRUST


def test_there_is_no_click_to_open_metric_anywhere() -> None:
    modules = [experiment_people, experiment_counts, experiment_exports]
    names = [name for module in modules for name in vars(module)]
    names += [f.name for c in (MailColumns, experiment_counts.VariantCounts) for f in fields(c)]

    assert not [n for n in names if "click" in n.lower() and "open" in n.lower()]
    with pytest.raises(UnusableInput, match="counted per person"):
        settings(primary={"name": "clicks per open", "event": {"event": "email_clicked"}})


def test_machine_opens_are_flagged_and_decide_nothing() -> None:
    # Everybody's mail program opens; of 1,000 people of each variant 200 and 240 do themselves.
    people = shop({"1 h": (1_000, 100), "4 h": (1_000, 100)})
    count = len(people)
    by_people = np.concatenate(
        [np.flatnonzero(people.variant == 0)[:200], np.flatnonzero(people.variant == 1)[:240]]
    )
    person = np.concatenate([np.arange(count), by_people]).astype(np.int32)
    is_machine = np.arange(len(person)) < count
    opened, by_machine_only = flagged(count, person, is_machine)
    opens = MailColumns(opened=opened, opened_by_machine_only=by_machine_only)

    with_opens = experiment_results(replace(people, mails=opens), settings(), now=LATE)
    without = experiment_results(people, settings(), now=LATE)

    assert [(v.opened_count, v.opened_by_machine_count) for v in with_opens.variants] == [
        (1_000, 800),
        (1_000, 760),
    ]
    assert with_opens.verdict == without.verdict
    assert with_opens.judgements == without.judgements


def test_clicks_of_scanners_reach_no_goal() -> None:
    exposed_at = np.array([T0, T0], dtype=np.int64)
    clicks = GoalEvents(
        person=np.array([0, 1], dtype=np.int32),
        at=np.array([T0 + HOUR, T0 + HOUR], dtype=np.int64),
        is_machine=np.array([True, False]),
    )

    goal = goal_column("click", exposed_at, exposed_at + micro(WINDOW), clicks)

    assert goal.is_reached.tolist() == [False, True]


def test_people_still_in_their_window_are_in_no_rate() -> None:
    people = shop({"1 h": (1_000, 500), "4 h": (1_000, 500)}, days=20)
    now = START + 20 * DAY

    results = experiment_results(people, settings(), now=now)

    still = int((people.window_ends_at > as_microseconds(now)).sum())
    assert still > 500
    assert results.in_window_count == still
    assert sum(v.in_window_count for v in results.variants) == still
    for variant in results.variants:
        assert variant.decided_count + variant.in_window_count == variant.exposed_count
        assert variant.goal_count + variant.early_goal_count == 500
        assert variant.early_goal_count > 0
        assert not isinstance(variant.rate, Reason)
        assert variant.rate.value == variant.goal_count / variant.decided_count
    counts = results.goals[0].counts
    assert sum(arm.people_count for arm in counts) == len(people) - still


def test_somebody_in_several_tests_is_counted_and_shown() -> None:
    people = shop({"1 h": (100, 10), "4 h": (100, 10)})
    both = np.arange(len(people)) < 17

    results = experiment_results(replace(people, is_in_other_tests=both), settings(), now=LATE)

    assert results.other_tests_count == 17
    assert results.people_count == 200


def test_somebody_under_two_variants_is_left_out_with_a_reason() -> None:
    person = np.array([0, 1, 1, 2, 2], dtype=np.int64)
    variant = np.array([0, 0, 1, 1, 1], dtype=np.int8)
    exposed_at = np.array([T0, T0, T0 + 5, T0 + 9, T0 + 3], dtype=np.int64)

    found = first_exposures(person, variant, exposed_at)

    assert found.person.tolist() == [0, 2]
    assert found.exposed_at.tolist() == [T0, T0 + 3]
    assert (found.repeated_count, found.several_count) == (1, 1)


def test_a_variant_whose_mail_is_merely_earlier_does_not_win() -> None:
    # 1 h brings its goals on the first day, 4 h on the sixth; in the end both bring as many.
    people = shop({"1 h": (20_000, 2_000), "4 h": (20_000, 2_000)}, days=30)
    goal = people.goals[0]
    assert goal.reached_at is not None
    delay = np.where(people.variant == 0, micro(DAY) // 2, micro(6 * DAY))
    quick = replace(
        goal, reached_at=np.where(goal.is_reached, people.exposed_at + delay, goal.reached_at)
    )

    found = [
        experiment_results(replace(people, goals=(quick,)), settings(), now=START + days * DAY)
        for days in (9, 12, 20, 30, 40)
    ]

    assert {results.verdict.winner for results in found} == {None}
    assert max(results.judgements[0].largest_e_value for results in found) < 10


def test_nobody_wins_a_replay() -> None:
    people = shop({"1 h": (5_000, 250), "4 h": (5_000, 900)}, origin=Origin.REPLAY)

    results = experiment_results(people, settings(planned_people_count=1_000), now=LATE)

    assert results.is_aa
    assert results.verdict.kind is VerdictKind.REPLAY_DIFFERS
    assert results.verdict.winner is None
    assert results.judgements == ()
    assert results.goals[0].contrasts == ()
    assert results.chances.to_win is Reason.NOT_COMPARED


def test_nobody_wins_where_the_groups_have_the_wrong_size() -> None:
    people = shop({"1 h": (10_000, 500), "4 h": (9_300, 900)})

    results = experiment_results(people, settings(planned_people_count=10_000), now=LATE)

    assert results.verdict.kind is VerdictKind.DO_NOT_TRUST
    assert results.verdict.headline.startswith(
        "Do not trust this test: the groups are not the size they should be (p < 0.0001); likely "
        "causes: "
    )
    assert results.verdict.winner is None
    assert results.chances.to_win is Reason.NOT_COMPARED
