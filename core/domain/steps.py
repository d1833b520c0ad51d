"""What a flow is made of (SEMANTICS 5)."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from core.domain.base import FileModel
from core.domain.conditions import Condition
from core.domain.durations import Duration
from core.domain.matchers import Matcher

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _clock_time(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError(f'{text!r} is not a time of day; write it as "09:30", in quotes')
    return text


ClockTime = Annotated[str, AfterValidator(_clock_time)]
StepId = Annotated[str, Field(min_length=1, max_length=100)]


class Weekday(StrEnum):
    """Days a delay may end on."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Since(StrEnum):
    """From when on a wait counts a match."""

    ARRIVAL = "arrival"
    ENTRY = "entry"


class _Step(FileModel):
    id: StepId


class DelayStep(_Step):
    """Waits for a duration, or until a local time of day."""

    kind: Literal["delay"]
    for_: Duration | None = Field(default=None, alias="for")
    until: ClockTime | None = None
    on: tuple[Weekday, ...] = ()
    next: StepId | None = None

    @model_validator(mode="after")
    def _one_way_to_wait(self) -> "DelayStep":
        if (self.for_ is None) == (self.until is None):
            raise ValueError("a delay needs either `for` or `until`")
        if self.on and self.until is None:
            raise ValueError("`on` goes with `until`")
        return self


class WaitForStep(_Step):
    """Waits for an event, at most until a timeout."""

    kind: Literal["wait_for"]
    event: Matcher
    timeout: Duration
    since: Since = Since.ARRIVAL
    then: StepId | None = None
    otherwise: StepId | None = None


class Case(FileModel):
    """One way out of a branch."""

    if_: Condition = Field(alias="if")
    next: StepId | None = None


class BranchStep(_Step):
    """Goes the way of the first case that holds."""

    kind: Literal["branch"]
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: StepId | None = None


class Variant(FileModel):
    """One arm of a split."""

    name: str = Field(min_length=1)
    weight: float = Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)
    next: StepId | None = None


class SplitStep(_Step):
    """Assigns a variant (SEMANTICS 6)."""

    kind: Literal["split"]
    salt: str | None = None
    variants: tuple[Variant, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _names_differ(self) -> "SplitStep":
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names):
            raise ValueError("two variants have the same name")
        return self


class SendStep(_Step):
    """Sends an e-mail, or withholds it with a reason."""

    kind: Literal["send"]
    template: str = Field(min_length=1)
    subject: str | None = None
    next: StepId | None = None


class UpdateProfileStep(_Step):
    """Sets traits of the profile."""

    kind: Literal["update_profile"]
    set_: dict[str, Any] = Field(alias="set", min_length=1)
    next: StepId | None = None


class WebhookStep(_Step):
    """Calls another system."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://")
    body: dict[str, Any] = Field(default_factory=dict)
    next: StepId | None = None


class ExitStep(_Step):
    """Ends the enrolment."""

    kind: Literal["exit"]


Step = Annotated[
    DelayStep
    | WaitForStep
    | BranchStep
    | SplitStep
    | SendStep
    | UpdateProfileStep
    | WebhookStep
    | ExitStep,
    Field(discriminator="kind"),
]


def successors(step: Step, following: str | None) -> list[tuple[str, str | None]]:
    """List the ways out of a step as (place in the step, id of the next step or None for the end).

    `following` is the id of the step after it in the list: what a way that is left out means.
    """
    match step:
        case ExitStep():
            return []
        case WaitForStep():
            return [("then", step.then or following), ("otherwise", step.otherwise or following)]
        case BranchStep():
            ways = [(f"cases[{n}].next", c.next or following) for n, c in enumerate(step.cases)]
            return [*ways, ("otherwise", step.otherwise or following)]
        case SplitStep():
            return [
                (f"variants[{n}].next", v.next or following) for n, v in enumerate(step.variants)
            ]
        case _:
            return [("next", step.next or following)]


def conditions_of(step: Step) -> list[Condition]:
    """List the conditions a step asks."""
    return [case.if_ for case in step.cases] if isinstance(step, BranchStep) else []
