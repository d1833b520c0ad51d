"""Kinds of triggers, reasons and what happened to people, in a marketer's words."""

from typing import assert_never

from core.domain.campaigns import Campaign
from core.domain.triggers import CountTrigger, SequenceTrigger, SumTrigger, Trigger
from core.rehearsal.near_misses import Miss, NearMiss
from core.rehearsal.story import Mark, Moment
from core.services import phrases
from core.ui import formats

KINDS = {
    "absence": "Left undone",
    "count": "Happens often",
    "event": "Happens",
    "inactivity": "Goes quiet",
    "sum": "Adds up",
    "sequence": "In order",
}

REASONS = {
    "enrolled": "Caught",
    "reentry": "Caught too recently",
    "audience": "Not in the audience",
    "active": "Still in the flow",
}

STAGES = {
    "awareness": "Awareness",
    "consideration": "Consideration",
    "conversion": "Conversion",
    "loyalty": "Loyalty",
}


def near_miss(missed: NearMiss, trigger: Trigger) -> str:
    """Say by how much somebody missed being caught."""
    by = formats.microseconds(missed.by)
    match missed.miss:
        case Miss.TOO_LATE if isinstance(trigger, CountTrigger):
            done = f"{trigger.at_least - 1} of {trigger.at_least}"
            late = by if missed.by else "just"
            return f"{done} in time; the {ordinal(trigger.at_least)} came {late} too late"
        case Miss.TOO_LATE:
            return f"Did all steps, but finished {by if missed.by else 'just'} too late"
        case Miss.TOO_FEW if isinstance(trigger, CountTrigger):
            done = f"{trigger.at_least - 1} of {trigger.at_least}"
            return f"{done}, and never another"
        case Miss.TOO_FEW:
            return "Did all steps but the last"
        case Miss.TOO_LITTLE:
            return f"Came within {phrases.number(round(missed.by, 2))} of the sum"
        case Miss.CAME_BACK:
            return f"Did it {by if missed.by else 'just'} before the time was up"
        case Miss.STILL_WAITING:
            return f"The data ends {by} before the time is up"
        case _:
            assert_never(missed.miss)


MISSES = {
    Miss.TOO_LATE: "did enough, but too late",
    Miss.TOO_FEW: "were one short",
    Miss.TOO_LITTLE: "reached at least half of the sum",
    Miss.CAME_BACK: "did it before the time was up",
    Miss.STILL_WAITING: "were still waiting when the data ends",
}


def ordinal(count: int) -> str:
    """Write 1st, 2nd, 3rd, 4th …"""
    if count % 100 in (11, 12, 13):
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th') }"


def moment(told: Moment, campaign: Campaign, zone: str) -> str:
    """Say what a moment of somebody's history meant to the trigger."""
    if told.mark in (Mark.COUNTED, Mark.ADVANCED):
        return _progress(told, campaign.trigger)
    due = "" if told.due_at is None else formats.moment(told.due_at, zone)
    limit = phrases.reentry(campaign, phrases.MARKDOWN).lower()
    return _MARKS[told.mark].format(due=due, limit=limit)


_MARKS = {
    Mark.ARMED: "The clock starts: caught on {due} unless something ends it",
    Mark.MOVED: "The clock starts again: now {due}",
    Mark.KEPT: "Changes nothing: the clock runs from the first time",
    Mark.DISARMED: "The clock stops: done in time, so nothing to remind of",
    Mark.WAITING: "The data ends here; the clock would have run until {due}",
    Mark.ENROLLED: "**Caught**: the flow would have started here",
    Mark.REENTRY: "Reached it again, but was caught before ({limit})",
    Mark.AUDIENCE: "Reached it, but is not in the audience",
}


def _progress(told: Moment, trigger: Trigger) -> str:
    reached = phrases.number(told.count or 0)
    match trigger:
        case CountTrigger():
            return f"{reached} of {trigger.at_least} within {phrases.duration(trigger.within)}"
        case SumTrigger():
            wanted = phrases.number(trigger.at_least)
            return f"{reached} of {wanted} within {phrases.duration(trigger.within)}"
        case SequenceTrigger():
            return f"Step {reached} of {len(trigger.steps)} done"
        case _:
            return "Counts"
