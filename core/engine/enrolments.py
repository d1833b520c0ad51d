"""A person as a flow sees them, and their way through one version of a campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from core.domain.matchers import PropertyCondition
from core.domain.outcomes import EnrolmentState
from core.domain.values import JsonValue
from core.engine.memory import NEVER

# A condition that refers to the firing, with the value that the firing gave it.
Operand = tuple[PropertyCondition, JsonValue]


@dataclass(slots=True, kw_only=True, eq=False)
class Person:
    """What sends and branches ask about a person; what happens to them changes it.

    `buckets` are out of 10,000, by salt; `variants` those assigned, by split; `sent_at` holds the
    times (µs) of messages sent, in order. `changed` are the traits that flows set on the way (5.6).
    `asks_consent` says that profiles tell of consent, so that one without it gets nothing.
    Without profiles everybody is `always_reachable` (5.5): then events withhold nothing either.
    `now` is the present (µs) for which sends may be stale (8.3); in a rehearsal none is.
    """

    user_id: str
    zone: ZoneInfo | None = None
    traits: Mapping[str, JsonValue] = field(default_factory=dict)
    changed: dict[str, JsonValue] = field(default_factory=dict)
    buckets: Mapping[str, int] = field(default_factory=dict)
    always_reachable: bool = True
    has_address: bool = True
    has_profile: bool = True
    asks_consent: bool = False
    is_unsubscribed: bool = False
    is_suppressed: bool = False
    sent_at: list[int] = field(default_factory=list)
    variants: dict[str, str] = field(default_factory=dict)
    now: int = NEVER


@dataclass(slots=True, kw_only=True, eq=False)
class Enrolment:
    """One person's way through one version of a campaign; only `core.engine.flow` moves it.

    `number` is its place in the ledger, `campaign` the place of its campaign in the run, `row` the
    event that caused the firing and `key` its key. `seen` holds the bits of what happened since
    entry, `sent` a bit per send step whose message left, `operands` per bit the values it refers
    to. While it rests, `place` is the step, `arrived_at` since when, `due_at` the time of its timer
    and `timer` that timer's number.
    """

    number: int
    campaign: int
    entered_at: int
    is_held_out: bool
    row: int = 0
    key: str | None = None
    operands: Mapping[int, Sequence[Operand]] = field(default_factory=dict)
    seen: int = 0
    sent: int = 0
    place: int = 0
    arrived_at: int = NEVER
    due_at: int = NEVER
    timer: int = 0
    variant: str = ""
    state: EnrolmentState = EnrolmentState.ACTIVE
    ended_at: int = NEVER
    goal_at: int = NEVER
