"""Sends per local day, and which days of a history are as later ones will be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.instants import as_microseconds, from_microseconds
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.flow_times import ahead_of, longest_to
from core.rehearsal.reports.funnel import funnels
from core.rehearsal.reports.timing import local_days, sends_per_day, usable_days, warm_up
from tests.rehearsal.outcomes import DAY, HOUR, WORLD, Told, campaign_of, outcomes
from tests.rehearsal.worlds import brief

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Tokyo",
)
MAIL = {"id": "mail", "kind": "send", "template": "t"}


def at(text: str) -> int:
    return as_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


def told_in(zone: str, first: str, last: str) -> Told:
    return Told(campaign_of(MAIL, timezone=zone), first_at=at(first), watermark=at(last))


def test_mails_count_on_the_day_of_the_campaigns_zone() -> None:
    told = told_in("Europe/Berlin", "2026-06-01T00:00", "2026-06-03T12:00")
    for text in ("2026-06-01T21:59", "2026-06-01T22:00", "2026-06-02T10:00"):
        told.enrol(1, at(text)).is_sent("mail", at(text))

    sends = sends_per_day(told.outcome())[0]

    assert sends.days == [date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)]
    assert sends.total.tolist() == [1, 2, 0]


def test_withheld_mails_are_no_sends() -> None:
    told = told_in("UTC", "2026-06-01T00:00", "2026-06-02T00:00")
    told.enrol(1, at("2026-06-01T01:00")).is_withheld(
        "mail", at("2026-06-01T01:00"), MessageOutcome.HOLDOUT
    )

    assert sends_per_day(told.outcome())[0].total.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("first", "last", "complete"),
    [
        ("2026-06-01T00:00", "2026-06-03T23:59:59.999999", (0, 2)),
        ("2026-06-01T00:00", "2026-06-03T23:59:59.999998", (0, 1)),
        ("2026-06-01T00:00:00.000001", "2026-06-03T12:00", (1, 1)),
        ("2026-06-01T08:00", "2026-06-01T12:00", (1, -1)),
    ],
)
def test_a_day_is_complete_if_the_history_holds_all_of_it(
    first: str, last: str, complete: tuple[int, int]
) -> None:
    sends = sends_per_day(told_in("UTC", first, last).outcome())[0]

    assert (sends.first_complete, sends.last_complete) == complete


@given(
    st.sampled_from(ZONES),
    st.integers(at("2009-01-01"), at("2027-01-01")),
    st.integers(0, 400 * DAY),
    st.lists(st.floats(0, 1), max_size=20),
)
def test_days_hold_the_instants_whose_local_date_they_are(
    zone: str, first: int, length: int, shares: list[float]
) -> None:
    days, starts = local_days(first, first + length, ZoneInfo(zone))

    for share in shares:
        instant = first + int(share * length)
        day = int(np.searchsorted(starts, instant, side="right")) - 1
        assert days[day] == from_microseconds(instant).astimezone(ZoneInfo(zone)).date()


@brief
@given(outcomes())
def test_the_days_together_hold_all_mails_sent(outcome: Outcome) -> None:
    for sends, funnel in zip(sends_per_day(outcome), funnels(outcome), strict=True):
        sent = {step.step_id: int(step.counts.sum()) for step in sends.steps}
        assert sent == {s.step_id: s.sent_count for s in funnel.steps if s.kind == "send"}


def test_the_longest_way_adds_up_waits_and_quiet_hours() -> None:
    longest = longest_to(WORLD)

    # Quiet hours last 11 hours, and an hour more when clocks go back; after the first mail, which
    # may leave 36 hours after entry, the answer is awaited for 48.
    assert longest["pause"] == timedelta(0)
    assert longest["first"] == timedelta(hours=36)
    assert longest["which"] == timedelta(hours=84)
    assert longest["second"] == timedelta(hours=96)
    assert longest["done"] == timedelta(hours=96)


@pytest.mark.parametrize(
    ("delay", "longest"),
    [
        ({"until": "09:00"}, timedelta(hours=25)),
        ({"until": "09:00", "on": ["mon"]}, timedelta(days=7, hours=1)),
        ({"until": "09:00", "on": ["mon", "tue", "thu"]}, timedelta(days=4, hours=1)),
        ({"until": "09:00", "on": ["fri", "fri"]}, timedelta(days=7, hours=1)),
        ({"for": "90m"}, timedelta(minutes=90)),
    ],
)
def test_a_delay_lasts_until_the_next_listed_day_at_the_longest(
    delay: dict[str, object], longest: timedelta
) -> None:
    campaign = campaign_of({"id": "wait", "kind": "delay", **delay}, MAIL)

    assert longest_to(campaign)["mail"] == longest


def test_steps_ahead_are_those_some_way_leads_to() -> None:
    ahead = ahead_of(WORLD)

    assert ahead["which"] == {"second", "mark", "done"}
    assert "pause" not in ahead["first"]
    assert ahead["done"] == frozenset()


ABSENCE = {
    "kind": "absence",
    "start": {"event": "a"},
    "unless": {"event": "b"},
    "within": "24h",
}


def test_a_history_warms_up_for_the_triggers_wait_the_cooldown_and_the_way() -> None:
    delay = {"id": "wait", "kind": "delay", "for": "12h"}
    later = {**MAIL, "id": "later"}
    campaign = campaign_of(MAIL, delay, later, trigger=ABSENCE, reentry={"cooldown": "7d"})

    assert warm_up(campaign, "mail") == timedelta(days=8)
    assert warm_up(campaign) == warm_up(campaign, "later") == timedelta(days=8, hours=12)


def test_a_period_that_ends_before_the_history_begins_has_no_days() -> None:
    outcome = Told(campaign_of(MAIL), first_at=5 * DAY, watermark=DAY).outcome()

    sends = sends_per_day(outcome)[0]

    assert (sends.days, sends.total.tolist()) == ([], [])
    assert sends.days[usable_days(outcome, 0)] == []


def test_usable_days_begin_after_the_warm_up_and_end_with_the_last_whole_day() -> None:
    delay = {"id": "wait", "kind": "delay", "for": "36h"}
    told = Told(campaign_of(delay, MAIL), first_at=6 * HOUR, watermark=9 * DAY + HOUR)

    # Mails of entries since 1 January 06:00 leave from 2 January 18:00 on: 3 January is whole.
    assert usable_days(told.outcome(), 0) == slice(2, 9)
