"""What is known about calls of other systems: who they are about, and what led to them."""

import json
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy.orm import Session

from core.live.calling.bodies import Cause, Facts
from core.store import live_calls, live_events, live_people
from core.store.live_calls import StoredCall
from core.store.live_events import ReceivedEvent


def facts_of(session: Session, calls: Sequence[StoredCall]) -> dict[int, Facts]:
    """Gather what calls may tell, by their ids."""
    if not calls:
        return {}
    known = live_calls.contexts(session, [call.id for call in calls])
    profiles = live_people.profiles_of(session, {call.user_id for call in calls})
    seqs = {call.id: _cause_seq(call.enrolment_id) for call in calls}
    events = live_events.events_by_seq(session, {seq for seq in seqs.values() if seq is not None})
    found = {}
    for call in calls:
        context = known.get(call.id)
        profile = profiles.get(call.user_id)
        event = events.get(seqs[call.id] or 0)
        found[call.id] = Facts(
            call_id=call_id(call.key),
            at=call.at,
            campaign=context.campaign if context else "",
            step=call.step,
            user_id=call.user_id,
            variant=context.variant if context else "",
            key=context.key if context else None,
            cause=None if event is None else _cause(event),
            traits={} if profile is None else profile.traits,
        )
    return found


def call_id(key: str) -> str:
    """Name a call for the other side: always the same, and fit for a header whatever the key."""
    return f"call_{sha256(key.encode()).hexdigest()[:32]}"


def _cause(event: ReceivedEvent) -> Cause:
    return Cause(
        event_id=event.event_id,
        event=event.event,
        at=event.at,
        properties=json.loads(event.properties),
    )


def _cause_seq(enrolment_id: str) -> int | None:
    """Read the place of the event behind an entry from the entry's id: launch, event, time."""
    parts = enrolment_id.split("-")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else None
