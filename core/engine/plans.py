"""Campaigns made ready for walking: steps by number, events to look out for by bit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import assert_never
from zoneinfo import ZoneInfo

from core.domain.campaigns import Campaign
from core.domain.conditions import (
    AllCondition,
    AnyCondition,
    ClickedCondition,
    Condition,
    DidCondition,
    NotCondition,
    OpenedCondition,
    SegmentCondition,
    TraitCondition,
)
from core.domain.durations import to_microseconds
from core.domain.flows import ways_out
from core.domain.matchers import Matcher, PropertyCondition, is_reference
from core.domain.outcomes import Reactions
from core.domain.steps import (
    BranchStep,
    DelayStep,
    ExitStep,
    SendStep,
    Since,
    SplitStep,
    Step,
    UpdateProfileStep,
    WaitForStep,
    WebhookStep,
    Weekday,
)
from core.domain.values import JsonValue, Op, at_path
from core.engine.assignment import BUCKETS
from core.engine.audience import SEGMENTS, segment_names
from core.engine.enrolments import Enrolment, Person
from core.engine.local_time import minutes_of

END = -1  # the place behind the last step
OPENED, CLICKED = "email_opened", "email_clicked"
IS_MACHINE = "is_machine"  # what tracking says of a reaction of no person
_NONE = 0  # no bit
# A scanner that follows every link of a mail is nobody's reaction.
_BY_PEOPLE = PropertyCondition(property=IS_MACHINE, op=Op.NE, value=True)

Asked = Callable[[Enrolment, Person], bool]
Wanted = Callable[[Person], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An event to look out for: what can be told from it alone, and what refers to the firing."""

    matcher: Matcher
    references: tuple[PropertyCondition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Rest for a time, or until a time of day on some weekdays."""

    lasting: int | None
    clock: int
    weekdays: frozenset[int]
    onward: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Rest until an event, at most for a time."""

    bit: int
    timeout: int
    since_entry: bool
    is_reaction: bool
    then: int
    otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Go the way of the first case that holds."""

    cases: tuple[tuple[Asked, int], ...]
    otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Go the way of a variant: the first whose `below` exceeds the person's bucket.

    `name` is the split's for longer than one version, so that nobody assigned is moved (6.1).
    """

    name: str
    salt: str
    arms: tuple[tuple[int, str, int], ...]  # below, name, onward


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Let a message become due."""

    bit: int
    onward: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Note an effect outside the flow: a change of the profile, a call of another system.

    `sets` are the traits that it changes.
    """

    onward: int
    sets: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Leave."""


PlannedStep = Delay | Wait | Branch | Split | Send | Record | Exit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """One version of a campaign, ready for walking. Durations in µs, times of day in minutes.

    `awaited[n]` has the bit 1 << n; `referring_bits` are those that refer to the firing. `salts`
    name the buckets of a person that assignments ask for. `is_wanted` asks the audience (4.2) about
    somebody whom a flow has changed.
    """

    campaign: Campaign
    zone: ZoneInfo
    steps: Sequence[PlannedStep]
    awaited: Sequence[Awaited]
    goal_bit: int
    goal_within: int
    exits_on_goal: bool
    quiet: tuple[int, int] | None
    cap: tuple[int, int] | None
    stale_after: int
    holdout_below: int
    holdout_salt: str
    referring_bits: int
    salts: Sequence[str]
    is_wanted: Wanted

    def properties(self) -> set[str]:
        """Name the event properties that the flow reads, those of the firing's event included."""
        named = {c.property for awaited in self.awaited for c in awaited.matcher.where}
        named |= {c.property for awaited in self.awaited for c in awaited.references}
        return named | self.trigger_properties()

    def trigger_properties(self) -> set[str]:
        """Name the properties that `$trigger.…` asks of the event behind the firing."""
        values = [c.value for awaited in self.awaited for c in awaited.references]
        return {v.removeprefix("$trigger.") for v in values if v != "$key"}


def plan_of(campaign: Campaign, reactions: Reactions = Reactions.OBSERVED) -> Plan:
    """Make a campaign ready for walking."""
    return _Planner(campaign, reactions).plan()


class _Planner:
    """Numbers the steps and gives every distinct matcher a bit."""

    def __init__(self, campaign: Campaign, reactions: Reactions) -> None:
        self._campaign = campaign
        self._everybody = reactions is Reactions.EVERYBODY
        self._place = {step.id: place for place, step in enumerate(campaign.steps)}
        # By text: to Python 1, 1.0 and true are equal, to a condition they are not.
        self._bits: dict[str, int] = {}
        self._awaited: list[Awaited] = []
        self._ways = ways_out(campaign.steps)

    def plan(self) -> Plan:
        campaign, goal, quiet = self._campaign, self._campaign.goal, self._campaign.quiet_hours
        cap = campaign.frequency_cap
        goal_bit = _NONE if goal is None else self._bit(goal.event)
        steps = [self._planned(step) for step in campaign.steps]
        awaited = self._awaited
        return Plan(
            campaign=campaign,
            zone=ZoneInfo(campaign.timezone),
            steps=steps,
            awaited=awaited,
            goal_bit=goal_bit,
            goal_within=0 if goal is None else to_microseconds(goal.within),
            exits_on_goal=campaign.exit_on_goal,
            quiet=None if quiet is None else (minutes_of(quiet.from_), minutes_of(quiet.to)),
            cap=None if cap is None else (cap.max, to_microseconds(cap.per)),
            stale_after=to_microseconds(campaign.stale_after),
            holdout_below=_below(Fraction(repr(campaign.holdout))),
            holdout_salt=campaign.holdout_salt_or_default(),
            referring_bits=sum(1 << n for n, found in enumerate(awaited) if found.references),
            salts=[
                *([campaign.holdout_salt_or_default()] if campaign.holdout else []),
                *(step.salt for step in steps if isinstance(step, Split)),
            ],
            is_wanted=_everybody if campaign.audience is None else _wanted(campaign.audience),
        )

    def _bit(self, matcher: Matcher) -> int:
        text = matcher.model_dump_json()
        if text not in self._bits:
            self._bits[text] = len(self._awaited)
            self._awaited.append(_awaited(matcher))
        return 1 << self._bits[text]

    def _targets(self, step: Step) -> list[int]:
        ways = self._ways[step.id]
        return [END if target is None else self._place[target] for _, target in ways]

    def _planned(self, step: Step) -> PlannedStep:
        match step:
            case DelayStep():
                return _delay(step, self._targets(step)[0])
            case WaitForStep():
                return self._wait(step)
            case BranchStep():
                return self._branch(step)
            case SplitStep():
                return self._split(step)
            case SendStep():
                return Send(bit=1 << self._place[step.id], onward=self._targets(step)[0])
            case UpdateProfileStep():
                return Record(onward=self._targets(step)[0], sets=step.set_)
            case WebhookStep():
                return Record(onward=self._targets(step)[0])
            case ExitStep():
                return Exit()
            case _:
                assert_never(step)

    def _wait(self, step: WaitForStep) -> Wait:
        then, otherwise = self._targets(step)
        return Wait(
            bit=self._bit(step.event),
            timeout=to_microseconds(step.timeout),
            since_entry=step.since is Since.ENTRY,
            is_reaction=self._everybody and set(step.event.event) <= {OPENED, CLICKED},
            then=then,
            otherwise=otherwise,
        )

    def _branch(self, step: BranchStep) -> Branch:
        *onward, otherwise = self._targets(step)
        asked = [self._asked(case.if_) for case in step.cases]
        return Branch(cases=tuple(zip(asked, onward, strict=True)), otherwise=otherwise)

    def _split(self, step: SplitStep) -> Split:
        weights = [Fraction(repr(variant.weight)) for variant in step.variants]
        whole = sum(weights, Fraction(0))
        sums = accumulate(weights)
        belows = [_below(share / whole) for share in sums]
        names = [variant.name for variant in step.variants]
        name = f"{self._campaign.name}:{step.id}"
        arms = tuple(zip(belows, names, self._targets(step), strict=True))
        return Split(name=name, salt=step.salt or name, arms=arms)

    def _asked(self, condition: Condition) -> Asked:
        match condition:
            case DidCondition():
                bit = self._bit(condition.did)
                return lambda enrolment, _: enrolment.seen & bit != 0
            case OpenedCondition(opened=step_id):
                return self._reacted(step_id, (OPENED, CLICKED))
            case ClickedCondition(clicked=step_id):
                return self._reacted(step_id, (CLICKED,))
            case AllCondition():
                parts = [self._asked(part) for part in condition.all]
                return lambda enrolment, person: all(part(enrolment, person) for part in parts)
            case AnyCondition():
                parts = [self._asked(part) for part in condition.any]
                return lambda enrolment, person: any(part(enrolment, person) for part in parts)
            case NotCondition():
                part = self._asked(condition.not_)
                return lambda enrolment, person: not part(enrolment, person)
            case _:
                wanted = _wanted(condition)
                return lambda _, person: wanted(person)

    def _reacted(self, step_id: str, events: tuple[str, ...]) -> Asked:
        """Ask for a reaction to the message of a step: a recorded one, or anybody's (7.2)."""
        if self._everybody:
            sent = 1 << self._place[step_id]
            return lambda enrolment, _: enrolment.sent & sent != 0
        about = {"campaign": self._campaign.name, "step": step_id}
        where = [{"property": name, "op": "eq", "value": value} for name, value in about.items()]
        bit = self._bit(Matcher.model_validate({"event": list(events), "where": where}))
        return lambda enrolment, _: enrolment.seen & bit != 0


def _everybody(_person: Person) -> bool:
    return True


def _wanted(condition: Condition) -> Wanted:
    """Ask a condition over traits and segments of one person."""
    match condition:
        case TraitCondition():
            return lambda person: condition.accepts(at_path(person.traits, condition.trait))
        case SegmentCondition(segment=segment):
            return lambda person: segment in segment_names(person.traits.get(SEGMENTS))
        case AllCondition():
            parts = [_wanted(part) for part in condition.all]
            return lambda person: all(part(person) for part in parts)
        case AnyCondition():
            parts = [_wanted(part) for part in condition.any]
            return lambda person: any(part(person) for part in parts)
        case NotCondition():
            part = _wanted(condition.not_)
            return lambda person: not part(person)
        case DidCondition() | OpenedCondition() | ClickedCondition():
            raise ValueError("an audience asks for traits and segments only")
        case _:
            assert_never(condition)


def _awaited(matcher: Matcher) -> Awaited:
    references = tuple(c for c in matcher.where if is_reference(c.value))
    alone = tuple(c for c in matcher.where if not is_reference(c.value))
    asks_for_machines = any(c.property == IS_MACHINE for c in matcher.where)
    if set(matcher.event) <= {OPENED, CLICKED} and not asks_for_machines:
        alone = (*alone, _BY_PEOPLE)
    return Awaited(matcher=Matcher(event=matcher.event, where=alone), references=references)


def _delay(step: DelayStep, onward: int) -> Delay:
    days = list(Weekday)
    return Delay(
        lasting=None if step.for_ is None else to_microseconds(step.for_),
        clock=0 if step.until is None else minutes_of(step.until),
        weekdays=frozenset(days.index(day) for day in step.on),
        onward=onward,
    )


def _below(share: Fraction) -> int:
    """Count the buckets that lie below a share: exact, so that no rounding moves anybody."""
    return -((-share * BUCKETS) // 1)
