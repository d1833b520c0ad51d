"""Questions about a finished rehearsal: rates, splits, forecast and assumed response."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.services.assumed_response import assumed_response, observed_reactions
from core.services.rehearsal_questions import before_send_rates, goal_rates, split_tests
from core.services.sends_forecast import SendsForecast, sends_forecast
from core.stats.response import Assumptions, Rate, Uplift, UpliftKind
from tests.history.datasets import event
from tests.rehearsal.outcomes import DAY, HOUR, Told, campaign_of, goal
from tests.services.shops import stored

MONDAY = as_microseconds(datetime(2026, 6, 1, tzinfo=UTC))
PAUSE = {"id": "pause", "kind": "delay", "for": "24h"}
MAIL = {"id": "mail", "kind": "send", "template": "t"}
CAMPAIGN = campaign_of(PAUSE, MAIL, goal=goal())
SPLIT = campaign_of(
    {
        "id": "halves",
        "kind": "split",
        "variants": [{"name": name, "weight": 1, "next": "mail"} for name in ("a", "b")],
    },
    MAIL,
    goal=goal(),
)
ASSUMED = Assumptions(
    opened=Rate.exactly(0.2),
    clicked=Rate.exactly(0.02),
    uplift=Uplift(value=0.1, low=0.05, high=0.2, kind=UpliftKind.RELATIVE),
)


def forecast_after(days: int, hours: int = 0, **keys: object) -> SendsForecast:
    """Forecast after whole days with ten mails each, one fewer at weekends."""
    told = Told(
        campaign_of(PAUSE, MAIL, **keys),
        first_at=MONDAY,
        watermark=MONDAY + days * DAY + hours * HOUR - 1,
        user_count=10,
    )
    for day in range(1, days):
        for user in range(10 if day % 7 < 5 else 9):
            at = MONDAY + day * DAY + user * HOUR
            told.enrol(user, at - DAY).is_sent("mail", at).completes(at)
    return sends_forecast(told.outcome(), 0)


def test_a_forecast_begins_the_day_after_the_history() -> None:
    found = forecast_after(36)

    assert found.unknown_because == ""
    assert (found.days[0], found.days[-1]) == (date(2026, 7, 7), date(2026, 8, 5))
    assert (found.used_from, found.used_to) == (date(2026, 6, 2), date(2026, 7, 6))
    assert (found.used_day_count, found.warm_up) == (35, timedelta(days=1))
    assert len(found.expected) == len(found.low) == len(found.high) == 30
    assert found.total is not None
    assert found.total.expected == pytest.approx(sum(found.expected))
    assert found.total.low < 30 * 10 * 68 / 70 < found.total.high


def test_a_day_cut_off_by_the_end_of_the_history_is_neither_used_nor_forecast() -> None:
    found = forecast_after(36, hours=12)

    assert (found.used_to, found.days[0]) == (date(2026, 7, 6), date(2026, 7, 8))


def test_a_short_history_has_no_forecast_and_says_why() -> None:
    found = forecast_after(14)

    assert found.unknown_because == (
        "A forecast needs 14 whole days after the first day, in which waits begun before the "
        "history are missing; this one has 13."
    )
    assert (list(found.days), list(found.expected), found.total) == ([], [], None)


def test_a_history_shorter_than_the_warm_up_has_no_forecast() -> None:
    found = forecast_after(14, reentry={"cooldown": "60d"})

    assert (found.used_day_count, found.used_from) == (0, None)
    assert "after the first 61 days" in found.unknown_because
    assert found.unknown_because.endswith("this one has none.")


def test_a_campaign_without_mails_has_nothing_to_forecast() -> None:
    found = sends_forecast(Told(campaign_of(PAUSE)).outcome(), 0)

    assert found.unknown_because == "This campaign sends no e-mails."
    assert not found.days


def test_a_forecast_says_what_it_takes_for_granted() -> None:
    always, once = forecast_after(36), forecast_after(36, reentry="once")

    assert "first day of the history" in always.caveats[1]
    assert len(once.caveats) == len(always.caveats) + 1


def test_a_forecast_of_one_step_counts_its_mails_only() -> None:
    told = Told(campaign_of(MAIL, {**MAIL, "id": "other"}), first_at=0, watermark=20 * DAY - 1)
    for day in range(20):
        told.enrol(1, day * DAY).is_sent("mail", day * DAY).completes(day * DAY)

    found = sends_forecast(told.outcome(), 0, step_id="other")

    assert found.total is not None
    assert found.total.expected < 3


def test_natural_conversion_has_a_rate_inside_and_outside_the_holdout() -> None:
    told = Told(CAMPAIGN, watermark=20 * DAY)
    for user in range(20):
        way = told.enrol(user, out=user < 5).waits("pause", 0, DAY)
        if user % 4 == 0:
            way.reaches_goal("pause", HOUR)

    found = goal_rates(told.outcome())[0]

    assert found.held_out is not None
    assert found.held_out.rate is not None
    assert found.not_held_out.rate is not None
    assert (found.held_out.rate.value, found.not_held_out.rate.value) == (0.4, 0.2)
    assert found.comparison is not None
    assert found.comparison.pairs[0].difference == pytest.approx(0.2)


def test_without_a_holdout_there_is_nothing_to_compare() -> None:
    told = Told(CAMPAIGN, watermark=20 * DAY)
    told.enrol(1).waits("pause", 0, DAY)

    found = goal_rates(told.outcome())[0]

    assert (found.held_out, found.comparison) == (None, None)


def test_a_campaign_without_a_goal_has_no_rate() -> None:
    told = Told(campaign_of(MAIL))
    told.enrol(1).is_sent("mail", 0).completes(0)

    found = goal_rates(told.outcome())[0]

    assert (found.within, found.not_held_out.rate) == (None, None)


def test_who_bought_before_a_mail_has_a_rate() -> None:
    told = Told(CAMPAIGN)
    told.enrol(1).waits("pause", 0, DAY).reaches_goal("pause", HOUR)
    for user in (2, 3, 4):
        told.enrol(user).waits("pause", 0, DAY).goes_on("pause", DAY).is_sent("mail", DAY)

    (send,) = before_send_rates(told.outcome())[0].sends

    assert send.rate is not None
    assert (send.rate.value, send.before.enrolment_count) == (0.25, 4)


def split_outcome(first: int, second: int, *goals: int) -> Outcome:
    """Expose people to two arms, of whom the given numbers reach the goal."""
    told = Told(SPLIT, watermark=20 * DAY, user_count=first + second)
    for arm, (start, count) in enumerate(((0, first), (first, second))):
        for user in range(start, start + count):
            way = told.enrol(user).is_assigned("halves", 0, "ab"[arm]).is_sent("mail", 0)
            way.completes(0)
            if goals and user - start < goals[arm]:
                way.with_goal(HOUR)
    return told.outcome()


def test_a_split_on_replay_is_an_a_a_test_without_a_winner() -> None:
    found = split_tests(split_outcome(100, 100, 10, 12))[0]

    assert [rate.value for rate in found.rates if rate is not None] == [0.10, 0.12]
    assert "A/A test" in found.note
    assert "no variant can win" in found.note
    assert found.alarms == []


def test_arms_of_the_wrong_size_raise_an_alarm() -> None:
    found = split_tests(split_outcome(100, 200))[0]

    assert found.ratio.is_alarm
    assert [alarm.split(" (")[0] for alarm in found.alarms] == [
        "The variants do not have the sizes their weights ask for"
    ]


def test_arms_that_differ_beyond_chance_raise_an_alarm() -> None:
    found = split_tests(split_outcome(100, 100, 10, 40))[0]

    assert found.aa.is_alarm
    assert "another salt" in found.alarms[0]


def test_an_assumed_response_carries_its_assumptions_and_is_labelled() -> None:
    found = assumed_response(split_outcome(100, 100, 10, 12), 0, ASSUMED, split="halves", seed=1)

    assert found.assumed is True
    assert found.note.startswith("Assumed, not observed")
    assert [arm.name for arm in found.arms] == ["a", "b"]
    assert [arm.opens.expected for arm in found.arms] == pytest.approx([20, 20], abs=1)
    assert all(arm.assumptions == ASSUMED.texts for arm in found.arms)


def test_an_assumed_response_counts_the_delay_in_hours() -> None:
    told = Told(CAMPAIGN, watermark=20 * DAY, user_count=1000)
    for user in range(1000):
        way = told.enrol(user).waits("pause", 0, DAY).goes_on("pause", DAY).is_sent("mail", DAY)
        way.completes(DAY)
        if user < 500:
            way.with_goal(2 * DAY)
    uplift = Uplift(
        value=0.4, low=0.4, high=0.4, kind=UpliftKind.RELATIVE, half_life=timedelta(hours=24)
    )
    assumed = Assumptions(opened=ASSUMED.opened, clicked=ASSUMED.clicked, uplift=uplift)

    (everybody,) = assumed_response(told.outcome(), 0, assumed).arms

    # 1,000 people, half of whom buy anyway, and half of the 40 % are left after a day.
    assert everybody.additional_goals is not None
    assert everybody.additional_goals.expected == pytest.approx(1000 * 0.5 * 0.4 / 2, rel=0.03)


def test_an_uplift_without_a_goal_is_refused() -> None:
    told = Told(campaign_of(MAIL))

    with pytest.raises(UnusableInput, match="no goal"):
        assumed_response(told.outcome(), 0, ASSUMED)


def test_withheld_mails_bring_nothing() -> None:
    told = Told(SPLIT)
    told.enrol(1).is_withheld("mail", 0, MessageOutcome.UNSUBSCRIBED).completes(0)

    (everybody,) = assumed_response(told.outcome(), 0, ASSUMED).arms

    assert everybody.opens.expected == 0


def test_rates_come_from_the_datasets_own_e_mails(tmp_path: Path) -> None:
    mail = {"message_id": "m"}
    events = [
        *(event(f"u{n:02}", "email_sent", 0, properties=mail) for n in range(40)),
        *(event(f"u{n:02}", "email_opened", 1, properties=mail) for n in range(10)),
        event("u20", "email_clicked", 2, properties=mail),
        event("u30", "email_sent", 100, properties={"message_id": "m2"}),
    ]
    dataset = stored(tmp_path, events)

    found = observed_reactions(dataset)

    assert found is not None
    assert (found.counts.sent_count, found.counts.censored_count) == (40, 1)
    assert (found.opened.value, found.clicked.value) == (11 / 40, 1 / 40)
    assert found.opened.low < found.opened.value < found.opened.high
    assert found.opened.source == "observed on 40 e-mails of this dataset"


def test_a_dataset_without_e_mails_has_no_rates(tmp_path: Path) -> None:
    dataset = stored(tmp_path, [event("ann", "buy", 0), event("ann", "buy", 200)])

    assert observed_reactions(dataset) is None
