"""Triggers, conditions and reasons in a marketer's words."""

from datetime import timedelta
from typing import assert_never

from core.domain.campaigns import Always, Campaign, ReentryPer
from core.domain.matchers import ANY_EVENT, Comparison, Matcher, PropertyCondition
from core.domain.triggers import (
    AbsenceTrigger,
    Anchor,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
)
from core.domain.values import Op
from core.rehearsal.near_misses import Miss, NearMiss
from core.rehearsal.story import Mark, Moment
from core.ui import formats

KINDS = {
    "absence": "Left undone",
    "count": "Happens often",
    "event": "Happens",
    "inactivity": "Goes quiet",
    "sum": "Adds up",
    "sequence": "In order",
}

OPS = {
    Op.EQ: "is",
    Op.NE: "is not",
    Op.GTE: "is at least",
    Op.GT: "is more than",
    Op.LTE: "is at most",
    Op.LT: "is less than",
    Op.IN: "is one of",
    Op.NOT_IN: "is none of",
    Op.CONTAINS: "contains",
    Op.EXISTS: "is known",
    Op.NOT_EXISTS: "is not known",
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


def sentence(trigger: Trigger) -> str:
    """Say a trigger in one sentence, Markdown, without a full stop."""
    per = f", separately for each *{trigger.key}*" if trigger.key else ""
    match trigger:
        case EventTrigger():
            said = f"When someone does {matcher(trigger.match)}"
        case CountTrigger():
            said = (
                f"When someone does {matcher(trigger.match)} at least **{trigger.at_least} times** "
                f"within {length(trigger.within)}"
            )
        case SumTrigger():
            said = (
                f"When *{trigger.property}* of {matcher(trigger.match)} adds up to at least "
                f"**{formats.number(trigger.at_least)}** within {length(trigger.within)}"
            )
        case AbsenceTrigger():
            first = " (counted from the first time)" if trigger.anchor is Anchor.FIRST else ""
            said = (
                f"When someone does {matcher(trigger.start)} and does not do "
                f"{matcher(trigger.unless)} within {length(trigger.within)}{first}"
            )
        case InactivityTrigger():
            said = f"When someone does no {matcher(trigger.of)} for {length(trigger.for_)}"
        case SequenceTrigger():
            steps = ", then ".join(matcher(step) for step in trigger.steps)
            said = f"When someone does {steps}, all within {length(trigger.within)}"
        case _:
            assert_never(trigger)
    return said + per


def matcher(meant: Matcher) -> str:
    """Say which events are meant."""
    if ANY_EVENT in meant.event:
        names = "**anything**"
    else:
        names = " or ".join(f"**{name}**" for name in meant.event)
    conditions = " and ".join(condition(part) for part in meant.where)
    return f"{names} where {conditions}" if conditions else names


def condition(part: PropertyCondition) -> str:
    """Say a condition on a property."""
    return f"*{part.property}* {comparison(part)}"


def comparison(part: Comparison) -> str:
    """Say an operator with its value."""
    if part.value is None:
        return OPS[part.op]
    if isinstance(part.value, list | tuple):
        return f"{OPS[part.op]} {', '.join(str(value) for value in part.value)}"
    return f"{OPS[part.op]} {part.value}"


def length(duration: timedelta) -> str:
    """Say a duration, in bold."""
    return f"**{formats.duration(duration)}**"


def reentry(campaign: Campaign) -> str:
    """Say how often one person may be caught."""
    who = "person" if campaign.reentry_per is ReentryPer.USER else f"*{campaign.trigger.key}*"
    if campaign.reentry is Always.ALWAYS:
        return "Every time"
    if campaign.reentry is Always.ONCE:
        return f"Once per {who}, ever"
    return f"Once per {who} in {formats.duration(campaign.reentry.cooldown)}"


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
            return f"Came within {formats.number(round(missed.by, 2))} of the sum"
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
    return _MARKS[told.mark].format(due=due, limit=reentry(campaign).lower())


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
    reached = formats.number(told.count or 0)
    match trigger:
        case CountTrigger():
            return f"{reached} of {trigger.at_least} within {formats.duration(trigger.within)}"
        case SumTrigger():
            wanted = formats.number(trigger.at_least)
            return f"{reached} of {wanted} within {formats.duration(trigger.within)}"
        case SequenceTrigger():
            return f"Step {reached} of {len(trigger.steps)} done"
        case _:
            return "Counts"
