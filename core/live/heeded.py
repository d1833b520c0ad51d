"""What events say of somebody's reach, and forgetting it once they subscribe again."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain.mail_events import MailEvent
from core.engine.happenings import MAIL_EVENTS, UNSUBSCRIBED
from core.engine.keeping import plain_text
from core.store import live_events, live_people, person_links
from core.store.live_events import partition_of
from core.store.live_sets import table_of
from core.store.live_tables import EventRow, WaitingRow

_EVENTS, _WAITING = table_of(EventRow), table_of(WaitingRow)


def heard(session: Session, user_ids: Collection[str]) -> dict[str, int]:
    """Give the bits of `MAIL_EVENTS` that people's events have set, those that wait included."""
    bits: dict[str, int] = {}
    for state in live_people.states_of(session, user_ids):
        said = json.loads(state.state).get("walk", {}).get("mail", 0)
        bits[state.user_id] = bits.get(state.user_id, 0) | said
    for user_id, event in live_events.waiting_names(session, user_ids, MAIL_EVENTS):
        bits[user_id] = bits.get(user_id, 0) | MAIL_EVENTS[event]
    return bits


def forget_unsubscribed(session: Session, user_id: str) -> None:
    """Let only their profile say from now on whether somebody is unsubscribed.

    An event `email_unsubscribed` is otherwise remembered for good (SEMANTICS 5.5). One that still
    waits to be decided is kept and counts no more. The evaluator waits until we commit.
    """
    person_links.lock_partitions(session, {partition_of(user_id)})
    live_events.mark_decided(session, _waiting(session, user_id), [])
    changed = []
    for state in live_people.states_of(session, [user_id]):
        kept: dict[str, Any] = json.loads(state.state)
        walk = kept.get("walk", {})
        if walk.get("mail", 0) & UNSUBSCRIBED:
            walk["mail"] &= ~UNSUBSCRIBED
            changed.append(state._replace(state=plain_text(kept)))
    live_people.save_states(session, None, changed)


def _waiting(session: Session, user_id: str) -> list[int]:
    rows = session.connection().execute(
        select(_EVENTS.c.seq)
        .join(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(_EVENTS.c.user_id == user_id, _EVENTS.c.event == MailEvent.UNSUBSCRIBED)
    )
    return [row[0] for row in rows]
