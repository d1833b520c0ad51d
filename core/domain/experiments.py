"""Experiments: what is fixed when a split's test is launched, and the log of what happened after.

Everything that decides a result is settled before the first person comes: the variants and their
weights, what counts as reached, by when, and how many people it takes. Later only the log grows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from core.domain.base import FileModel
from core.domain.campaigns import Campaign
from core.domain.durations import Duration
from core.domain.errors import UnusableInput
from core.domain.matchers import ANY_EVENT, Matcher
from core.domain.meanings import plain_name
from core.domain.problems import problems_of
from core.domain.steps import SplitStep

MOST_VARIANTS = 10
MOST_SECONDARY = 10

_OPENS = frozenset(
    {"emailopened", "openedemail", "emailopen", "opens", "open", "opened", "mailopened"}
)
_PER_OPEN = ("clicktoopen", "clickstoopen", "clickperopen", "clicksperopen", "ctor")
_DENOMINATORS = ("per", "of", "over", "denominator")
_PER_PERSON = (
    "a goal is counted per person who came to the split, whatever was opened; a share of those who "
    "opened compares people whom the variants themselves have chosen"
)


class ExperimentVariant(FileModel):
    """One arm of the test; its share is its weight divided by all weights."""

    name: str = Field(min_length=1, max_length=200)
    weight: float = Field(gt=0, le=1_000_000, allow_inf_nan=False)


class ExperimentGoal(FileModel):
    """What somebody has to do in time; `value` is the path of the money in such an event."""

    name: str = Field(min_length=1, max_length=200)
    event: Matcher
    value: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _per_person_only(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and any(key in given for key in _DENOMINATORS):
            raise ValueError(f"{_PER_PERSON}; leave the denominator out")
        return given

    @model_validator(mode="after")
    def _something_people_do(self) -> "ExperimentGoal":
        if any(part in plain_name(self.name) for part in _PER_OPEN):
            raise ValueError(f"{self.name!r} cannot be a goal: {_PER_PERSON}; choose an event")
        if self.event.references():
            raise ValueError(
                "the goal of a test cannot refer to what started the flow ($key, $trigger); name "
                "an event that means the same for everybody"
            )
        for name in self.event.event:
            if name == ANY_EVENT or plain_name(name) in _OPENS:
                raise ValueError(
                    f"{'any event' if name == ANY_EVENT else repr(name)} cannot be a goal, because "
                    "most openings are made by mail programs and not by people; choose what a "
                    "customer does, such as a purchase"
                )
        return self


class Guardrail(FileModel):
    """What may not become more frequent than in the control by `margin` (in points of its rate)."""

    name: str = Field(min_length=1, max_length=200)
    event: Matcher
    margin: float = Field(gt=0, lt=1)


GUARDRAIL_PRESETS: Mapping[str, Guardrail] = MappingProxyType(
    {
        "unsubscribe": Guardrail(
            name="unsubscribe", event=Matcher(event=("email_unsubscribed",)), margin=0.002
        ),
        "complaint": Guardrail(
            name="complaint", event=Matcher(event=("email_complained",)), margin=0.0005
        ),
        "refund": Guardrail(name="refund", event=Matcher(event=("refund",)), margin=0.005),
    }
)


class ExperimentSettings(FileModel):
    """A test as it is planned; from the launch on none of it changes.

    `window` is the time for the goals, from the split on; None only where a file already says who
    reached them. `planned_people_count` is of all variants together. `version` is the number of the
    campaign's version.
    """

    name: str = Field(min_length=1, max_length=200)
    campaign: str = ""
    version: int | None = None
    split: str = ""
    variants: tuple[ExperimentVariant, ...] = Field(min_length=2, max_length=MOST_VARIANTS)
    control: str
    primary: ExperimentGoal
    secondary: tuple[ExperimentGoal, ...] = Field(default=(), max_length=MOST_SECONDARY)
    guardrails: tuple[Guardrail, ...] = ()
    window: Duration | None = None
    holdout: float = Field(default=0.0, ge=0, lt=1)
    planned_people_count: int | None = Field(default=None, ge=2)
    planned_end_at: AwareDatetime | None = None
    power: float = Field(default=0.8, gt=0, lt=1)
    smallest_lift: float | None = Field(default=None, gt=0, le=100)

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if name != name.strip() or any(ord(sign) < 32 for sign in name):
            raise ValueError("a name is one line without spaces around it")
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> "ExperimentSettings":
        _check_names("variants", self.variant_names)
        _check_names("goals", self.goal_names)
        _check_names("guardrails", [guardrail.name for guardrail in self.guardrails])
        if self.control not in self.variant_names:
            raise ValueError(
                f"the control {self.control!r} is no variant; there are: "
                f"{', '.join(self.variant_names)}"
            )
        return self

    @property
    def variant_names(self) -> tuple[str, ...]:
        """Name the variants in order."""
        return tuple(variant.name for variant in self.variants)

    @property
    def weights(self) -> tuple[float, ...]:
        """Give the weights in the order of the variants."""
        return tuple(variant.weight for variant in self.variants)

    @property
    def goals(self) -> tuple[ExperimentGoal, ...]:
        """Give all goals, the primary one first."""
        return (self.primary, *self.secondary)

    @property
    def goal_names(self) -> tuple[str, ...]:
        """Name all goals, the primary one first."""
        return tuple(goal.name for goal in self.goals)

    @property
    def control_place(self) -> int:
        """Give the place of the control among the variants."""
        return self.variant_names.index(self.control)


class ExperimentState(StrEnum):
    """Where a test stands."""

    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"


class ChangeKind(StrEnum):
    """What a row of a test's log says."""

    DRAFTED = "drafted"
    LAUNCHED = "launched"
    WEIGHTS_CHANGED = "weights_changed"
    ENDED = "ended"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of a test's log, which is never changed: who did what when.

    `settings` stand in the rows of drafts and of the launch, `weights` (in the order of the
    variants) where they were changed, `launch_id` where a campaign runs the split.
    """

    number: int
    at: datetime
    by: str
    kind: ChangeKind
    settings: ExperimentSettings | None = None
    weights: tuple[float, ...] | None = None
    launch_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightPeriod:
    """From when on the variants have these weights."""

    from_at: datetime
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A test and its log, from which all that is known of it follows."""

    experiment_id: int
    changes: tuple[Change, ...]

    @property
    def settings(self) -> ExperimentSettings:
        """Give the settings: of the launch, or of the latest draft."""
        return next(c.settings for c in reversed(self.changes) if c.settings is not None)

    @property
    def name(self) -> str:
        """Give the name."""
        return self.settings.name

    @property
    def state(self) -> ExperimentState:
        """Say where it stands."""
        if self.ended_at is not None:
            return ExperimentState.ENDED
        return ExperimentState.DRAFT if self.launched_at is None else ExperimentState.RUNNING

    @property
    def launched_at(self) -> datetime | None:
        """Give the time of the launch; None of a draft."""
        launch = self._first(ChangeKind.LAUNCHED)
        return None if launch is None else launch.at

    @property
    def launch_id(self) -> int | None:
        """Give the launch of the campaign whose split this tests."""
        launch = self._first(ChangeKind.LAUNCHED)
        return None if launch is None else launch.launch_id

    @property
    def ended_at(self) -> datetime | None:
        """Give the time of the end; None until then."""
        end = self._first(ChangeKind.ENDED)
        return None if end is None else end.at

    @property
    def weight_periods(self) -> tuple[WeightPeriod, ...]:
        """List the weights by time, from the launch on; none of a draft."""
        if self.launched_at is None:
            return ()
        first = WeightPeriod(from_at=self.launched_at, weights=self.settings.weights)
        later = [
            WeightPeriod(from_at=change.at, weights=change.weights)
            for change in self.changes
            if change.kind is ChangeKind.WEIGHTS_CHANGED and change.weights is not None
        ]
        return (first, *later)

    def _first(self, kind: ChangeKind) -> Change | None:
        return next((change for change in self.changes if change.kind is kind), None)


def settings_of(values: Mapping[str, Any]) -> ExperimentSettings:
    """Read settings from plain values; raises UnusableInput with one sentence for what is wrong."""
    try:
        return ExperimentSettings.model_validate(values)
    except ValidationError as error:
        faults = problems_of(error, values)
        raise UnusableInput(f"The test cannot be planned like this: {faults[0]}.") from error


def settings_for(
    campaign: Campaign, split: str, *, version: int | None = None, name: str | None = None
) -> ExperimentSettings:
    """Draft the test of a campaign's split: its weights, goal and holdout, the usual guardrails.

    Raises UnusableInput where the campaign has no such split, or no goal to decide by.
    """
    step = next((step for step in campaign.steps if step.id == split), None)
    if not isinstance(step, SplitStep):
        raise UnusableInput(f"The campaign {campaign.name!r} has no split called {split!r}.")
    if campaign.goal is None:
        raise UnusableInput(
            f"The campaign {campaign.name!r} has no goal, so nothing tells which variant is "
            "better; give it one on the page Flows."
        )
    if len(step.variants) > MOST_VARIANTS:
        raise UnusableInput(
            f"The split {split!r} has {len(step.variants)} variants; a test can tell at most "
            f"{MOST_VARIANTS} apart."
        )
    return settings_of(
        {
            "name": name or f"{campaign.name[:150]}: {split[:48]}",
            "campaign": campaign.name,
            "version": version,
            "split": split,
            "variants": [{"name": v.name, "weight": v.weight} for v in step.variants],
            "control": step.variants[0].name,
            "primary": {"name": "goal", "event": campaign.goal.event},
            "guardrails": tuple(GUARDRAIL_PRESETS.values()),
            "window": campaign.goal.within,
            "holdout": min(campaign.holdout, 0.999),
        }
    )


def check_weights(settings: ExperimentSettings, weights: Sequence[float]) -> tuple[float, ...]:
    """Give weights for the variants of a test; raises UnusableInput where they do not fit."""
    if len(weights) != len(settings.variants):
        raise UnusableInput(
            f"The test {settings.name!r} has {len(settings.variants)} variants, but "
            f"{len(weights)} weights were given; give one for each."
        )
    if any(not 0 < weight <= 1_000_000 for weight in weights):
        raise UnusableInput(
            "Each variant needs a weight above 0; end the test, or publish a new version of the "
            "flow, to stop one of them."
        )
    return tuple(float(weight) for weight in weights)


def _check_names(called: str, names: Sequence[str]) -> None:
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice is not None:
        raise ValueError(f"two {called} are called {twice!r}; give each a name of its own")
