"""Puts what a trigger remembers of the time before its launch into people's states."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.domain.triggers import Trigger
from core.engine.keeping import Entry, next_deadline, plain_text
from core.store.live_people import State, save_states, states_in

_PEOPLE_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a trigger remembers of a person, and the mail events of their history as bits.

    What comes in live up to `told_at` (µs) was told by the history already.
    """

    user_id: str
    entries: Sequence[Entry]
    mail: int
    told_at: int | None = None


def remember(
    session: Session, version_id: str, mode: str, trigger: Trigger, past: Sequence[Past]
) -> None:
    """Add what a version's trigger remembers to what is remembered already."""
    for first in range(0, len(past), _PEOPLE_AT_ONCE):
        part = past[first : first + _PEOPLE_AT_ONCE]
        former = states_in(session, mode, [own.user_id for own in part])
        states = [_merged(own, former.get(own.user_id), version_id, mode, trigger) for own in part]
        save_states(session, None, states)


def _merged(own: Past, former: State | None, version_id: str, mode: str, trigger: Trigger) -> State:
    kept = {} if former is None else json.loads(former.state)
    due_at = None if former is None else former.next_due_at
    if own.entries:
        kept.setdefault("memories", {})[version_id] = list(own.entries)
        dues = [due_at, next_deadline(trigger, own.entries)]
        due_at = min((at for at in dues if at is not None), default=None)
    if own.mail:
        walk = kept.setdefault("walk", {})
        walk["mail"] = walk.get("mail", 0) | own.mail
    if own.told_at is not None:
        walk = kept.setdefault("walk", {})
        walk["closed"] = max(walk.get("closed", own.told_at), own.told_at)
    return State(own.user_id, mode, plain_text(kept), due_at)
