"""When a campaign's moment has come: the six kinds of trigger (SEMANTICS 3)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from core.domain.base import FileModel
from core.domain.durations import Duration
from core.domain.matchers import ANY_EVENT, Matcher

MOST_EVENTS = 10_000
LARGEST_SUM = 1_000_000_000_000


class Anchor(StrEnum):
    """Which start sets an absence's deadline."""

    LAST = "last"
    FIRST = "first"


class _KeyedTrigger(FileModel):
    key: Annotated[str, Field(min_length=1)] | None = None


class EventTrigger(_KeyedTrigger):
    """Fires at every matching event (3.1)."""

    kind: Literal["event"] = "event"
    match: Matcher


class CountTrigger(_KeyedTrigger):
    """Fires at a matching event when `at_least` of them lie within the window (3.2)."""

    kind: Literal["count"] = "count"
    match: Matcher
    at_least: int = Field(ge=1, le=MOST_EVENTS, strict=True)
    within: Duration


class SumTrigger(_KeyedTrigger):
    """Fires at a matching event when a property's sum within the window is large enough (3.3)."""

    kind: Literal["sum"] = "sum"
    match: Matcher
    property: str = Field(min_length=1)
    at_least: float = Field(strict=True, ge=-LARGEST_SUM, le=LARGEST_SUM, allow_inf_nan=False)
    within: Duration


class AbsenceTrigger(_KeyedTrigger):
    """Fires when a start is not followed by its `unless` in time (3.4)."""

    kind: Literal["absence"] = "absence"
    start: Matcher
    unless: Matcher
    within: Duration
    anchor: Anchor = Anchor.LAST


class InactivityTrigger(_KeyedTrigger):
    """Fires when nothing happened for a while (3.5)."""

    kind: Literal["inactivity"] = "inactivity"
    of: Matcher = Matcher(event=(ANY_EVENT,))
    for_: Duration = Field(alias="for")

    def as_absence(self) -> AbsenceTrigger:
        """Give the absence trigger that this one is by definition."""
        return AbsenceTrigger(start=self.of, unless=self.of, within=self.for_, key=self.key)


class SequenceTrigger(_KeyedTrigger):
    """Fires at the event that completes the steps in order, in time (3.6)."""

    kind: Literal["sequence"] = "sequence"
    steps: tuple[Matcher, ...] = Field(min_length=2, max_length=5)
    within: Duration


Trigger = Annotated[
    EventTrigger | CountTrigger | SumTrigger | AbsenceTrigger | InactivityTrigger | SequenceTrigger,
    Field(discriminator="kind"),
]


def matchers_of(trigger: Trigger) -> list[Matcher]:
    """List the matchers of a trigger in the order in which the file names them."""
    match trigger:
        case EventTrigger() | CountTrigger() | SumTrigger():
            return [trigger.match]
        case AbsenceTrigger():
            return [trigger.start, trigger.unless]
        case InactivityTrigger():
            return [trigger.of]
        case SequenceTrigger():
            return list(trigger.steps)


def properties_of(trigger: Trigger) -> set[str]:
    """Name the event properties that deciding this trigger needs."""
    named = {c.property for matcher in matchers_of(trigger) for c in matcher.where}
    if isinstance(trigger, SumTrigger):
        named.add(trigger.property)
    if trigger.key is not None:
        named.add(trigger.key)
    return named
