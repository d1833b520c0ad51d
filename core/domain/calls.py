"""What reaches us by HTTP, once it is understood: events, traits of people, and who is who."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.events import Event
from core.domain.values import JsonValue

ANONYMOUS = "anon:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of a person from now on; a trait that is None is forgotten."""

    user_id: str
    traits: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whatever `previous_id` did and will do was done by `user_id`."""

    previous_id: str
    user_id: str


Call = Event | Traits | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One message of a batch that could not be used, by its place in the batch, and why."""

    index: int
    kind: str
    message_id: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one request brought, in its order; `source` says by which way it came.

    `is_public` says that its key lies open in every page: it proves nothing of who sends.
    """

    calls: Sequence[Call]
    received_at: datetime
    source: str
    rejections: Sequence[Rejection] = ()
    is_public: bool = False


def anonymous(anonymous_id: str) -> str:
    """Give the user id of somebody of whom only an anonymous id is known."""
    return ANONYMOUS + anonymous_id
