"""What became of a message, as an event of its person, usable in every trigger and condition."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from core.domain.mail_events import DELIVERY, MailEvent
from core.domain.values import JsonValue
from core.store import live_events
from core.store.live_events import NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOutcome:
    """Something that became of a message at an instant (µs).

    `key` is the message's; `once` tells apart what may happen to it several times, such as clicks:
    the same outcome with the same `once` is one event, however often it is noted.
    """

    event: MailEvent
    key: str
    user_id: str
    at: int
    campaign: str
    step: str
    template: str
    variant: str = ""
    once: str = ""
    details: Mapping[str, JsonValue] = field(default_factory=dict)


def note_outcomes(session: Session, outcomes: Iterable[MailOutcome], *, now: int) -> int:
    """Store outcomes as live events, in the caller's transaction; give how many were new.

    Outcomes of sandboxes and of tests are in no statistic: never pass them here.
    """
    events = [_event(outcome) for outcome in outcomes]
    return live_events.add_events(session, events, received_at=now, source=DELIVERY)


def _event(outcome: MailOutcome) -> NewEvent:
    properties = {
        **outcome.details,
        "campaign": outcome.campaign,
        "step": outcome.step,
        "template": outcome.template,
        "variant": outcome.variant,
        "message": outcome.key,
    }
    once = f":{outcome.once}" if outcome.once else ""
    return NewEvent(
        user_id=outcome.user_id,
        event_id=f"{outcome.event}:{outcome.key}{once}",
        event=outcome.event,
        at=outcome.at,
        properties=json.dumps(properties),
    )
