"""The campaign: trigger, audience, goal and flow as one versioned file (SEMANTICS 9)."""

from enum import StrEnum
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator

from core.domain.base import FileModel
from core.domain.conditions import (
    ClickedCondition,
    Condition,
    DidCondition,
    OpenedCondition,
    SegmentCondition,
    TraitCondition,
    parts_of,
)
from core.domain.durations import Duration, parse_duration
from core.domain.flows import check_flow
from core.domain.matchers import Matcher
from core.domain.steps import ClockTime, SendStep, Step
from core.domain.triggers import Trigger, matchers_of

ZONES = frozenset(available_timezones())


class Stage(StrEnum):
    """Where on the customer's journey a campaign belongs."""

    AWARENESS = "awareness"
    CONSIDERATION = "consideration"
    CONVERSION = "conversion"
    LOYALTY = "loyalty"


class Always(StrEnum):
    """Re-entry in a word."""

    ALWAYS = "always"
    ONCE = "once"


class Cooldown(FileModel):
    """Re-entry only after a while."""

    cooldown: Duration


class ReentryPer(StrEnum):
    """Whose admissions count for re-entry."""

    USER = "user"
    KEY = "key"


class Goal(FileModel):
    """What the campaign is for, and by when (5.7)."""

    event: Matcher
    within: Duration


class QuietHours(FileModel):
    """Local hours, `[from, to)`, in which nothing is sent."""

    from_: ClockTime = Field(alias="from")
    to: ClockTime

    @model_validator(mode="after")
    def _not_empty(self) -> "QuietHours":
        if self.from_ == self.to:
            raise ValueError(
                "quiet hours that start and end at the same time are none; leave them out"
            )
        return self


class FrequencyCap(FileModel):
    """How many messages one person may get in a period."""

    max: int = Field(ge=1, strict=True)
    per: Duration


def _known_zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError(f"{name!r} is no time zone; write it as Europe/Berlin")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class Campaign(FileModel):
    """One version of a campaign, as the designer edits it and the file holds it."""

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    stage: Stage | None = None
    timezone: ZoneName = "UTC"
    trigger: Trigger
    reentry: Always | Cooldown = Always.ALWAYS
    reentry_per: ReentryPer = ReentryPer.USER
    audience: Condition | None = None
    concurrent: bool = False
    holdout: float = Field(default=0.0, strict=True, ge=0, le=1)
    holdout_salt: str | None = None
    goal: Goal | None = None
    exit_on_goal: bool = True
    quiet_hours: QuietHours | None = None
    frequency_cap: FrequencyCap | None = None
    max_event_age: Duration = parse_duration("72h")
    stale_after: Duration = parse_duration("24h")
    steps: tuple[Step, ...] = ()

    @field_validator("reentry", mode="before")
    @classmethod
    def _reentry_shape(cls, value: object) -> object:
        if isinstance(value, Always | Cooldown | dict) or value in ("always", "once"):
            return value
        raise ValueError("is `always`, `once` or {cooldown: 7d}")

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if name != name.strip() or any(ord(sign) < 32 for sign in name):
            raise ValueError("a name is one line without spaces around it")
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> "Campaign":
        if self.reentry_per is ReentryPer.KEY and self.trigger.key is None:
            raise ValueError("`reentry_per: key` needs a `key` on the trigger")
        for matcher in matchers_of(self.trigger):
            for reference in matcher.references():
                raise ValueError(
                    f"trigger: {reference} has a meaning only in the flow and the goal"
                )
        _check_audience(self.audience)
        check_flow(self.steps)
        return self

    def holdout_salt_or_default(self) -> str:
        """Give the salt that decides who is held out (6.2)."""
        return self.holdout_salt or f"holdout:{self.name}"

    def templates(self) -> set[str]:
        """Name the e-mail templates the flow sends."""
        return {step.template for step in self.steps if isinstance(step, SendStep)}


def traits_of(condition: Condition | None) -> set[str]:
    """Name the traits a condition reads; segments are read from the trait `segments`."""
    if condition is None:
        return set()
    parts = parts_of(condition)
    named = {part.trait for part in parts if isinstance(part, TraitCondition)}
    return named | ({"segments"} if any(isinstance(p, SegmentCondition) for p in parts) else set())


def _check_audience(audience: Condition | None) -> None:
    if audience is None:
        return
    for part in parts_of(audience):
        if isinstance(part, DidCondition | OpenedCondition | ClickedCondition):
            kind = next(iter(type(part).model_fields))
            raise ValueError(
                f"audience: `{kind}` has a meaning only after entry, in a branch; "
                "the audience asks for traits and segments"
            )
