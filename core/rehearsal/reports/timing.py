"""When messages leave: per local day and step, and which days the history covers wholly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from core.domain.campaigns import Campaign, Cooldown
from core.domain.durations import to_microseconds
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.outcomes import MessageOutcome
from core.domain.steps import SendStep
from core.domain.triggers import EventTrigger, InactivityTrigger, Trigger
from core.engine.batches import Int64s
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.flow_times import longest_to
from core.rehearsal.reports.visits import steps_of_kind

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepSends:
    """How many messages of a step were sent on each day (shape: days)."""

    step_id: str
    counts: Int64s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CampaignSends:
    """Messages sent per day of the campaign's time zone, from `first_at` to the watermark.

    `starts` says when each day begins, in µs, and then when the last one ends. `first_complete` and
    `last_complete` are the places of the first and the last day of which the history holds every
    hour; the last lies before the first where there is none.
    """

    campaign: str
    timezone: str
    days: Sequence[date]
    starts: Int64s
    steps: Sequence[StepSends]
    first_complete: int
    last_complete: int

    @property
    def total(self) -> Int64s:
        """Add up the steps."""
        total = np.zeros(len(self.days), dtype=np.int64)
        for step in self.steps:
            total += step.counts
        return total


def sends_per_day(outcome: Outcome) -> list[CampaignSends]:
    """Count for each campaign of the run, in the run's order."""
    return [_campaign(outcome, place) for place in range(len(outcome.campaigns))]


def warm_up(campaign: Campaign, step_id: str | None = None) -> timedelta:
    """Give the time at the start of a history in which sends are not as they would be later.

    What would have led to a send then may lie before the history: the trigger's window or wait, the
    longest way to the step (None: to any), and an earlier admission, whose cooldown would have
    refused this one.
    """
    longest = longest_to(campaign)
    sends = [longest[step.id] for step in campaign.steps if isinstance(step, SendStep)]
    way = max(sends, default=_NONE) if step_id is None else longest[step_id]
    cooldown = campaign.reentry.cooldown if isinstance(campaign.reentry, Cooldown) else _NONE
    return _window(campaign.trigger) + cooldown + way


def usable_days(outcome: Outcome, place: int, step_id: str | None = None) -> slice:
    """Say which days of a campaign's sends are as later ones will be: whole, and warmed up."""
    sends = sends_per_day(outcome)[place]
    warm_at = outcome.first_at + to_microseconds(warm_up(outcome.campaigns[place], step_id))
    first = int(np.searchsorted(sends.starts, warm_at))
    return slice(first, max(first, sends.last_complete + 1))


def _window(trigger: Trigger) -> timedelta:
    if isinstance(trigger, EventTrigger):
        return _NONE
    return trigger.for_ if isinstance(trigger, InactivityTrigger) else trigger.within


def _campaign(outcome: Outcome, place: int) -> CampaignSends:
    campaign, messages = outcome.campaigns[place], outcome.messages
    first, last = outcome.first_at, outcome.watermark
    days, starts = local_days(first, last, ZoneInfo(campaign.timezone))
    own = outcome.enrolments.campaign[messages.enrolment] == place
    sent = own & np.equal(messages.outcome, MessageOutcome.SENT)
    step, day = messages.step[sent], _day_of(messages.due_at[sent], starts)
    return CampaignSends(
        campaign=campaign.name,
        timezone=campaign.timezone,
        days=days,
        starts=starts,
        steps=[
            StepSends(
                step_id=campaign.steps[n].id,
                counts=np.bincount(day[step == n], minlength=len(days)),
            )
            for n in steps_of_kind(campaign, SendStep)
        ],
        first_complete=0 if first <= starts[0] else 1,
        # All that happens up to the watermark is known, the watermark itself included.
        last_complete=len(days) - 1 if last + 1 >= starts[-1] else len(days) - 2,
    )


def _day_of(at: Int64s, starts: Int64s) -> Int64s:
    return np.searchsorted(starts, at, side="right") - 1


def local_days(first: int, last: int, zone: ZoneInfo) -> tuple[list[date], Int64s]:
    """List the local days from one instant (µs) to another, and when each begins, in µs.

    The last start is that of the day after the last day.
    """
    day = from_microseconds(first).astimezone(zone).date()
    end = from_microseconds(last).astimezone(zone).date()
    days = [day + timedelta(days=n) for n in range((end - day).days + 1)]
    starts = [_midnight(d, zone) for d in [*days, end + timedelta(days=1)]]
    return days, np.array(starts, dtype=np.int64)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Give the instant at which a local day begins."""
    return as_microseconds(datetime.combine(day, time(), tzinfo=zone).astimezone(UTC))
