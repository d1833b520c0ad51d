"""What a launched trigger remembers of the time before: uploaded events, then live ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME
from core.domain.triggers import AbsenceTrigger, InactivityTrigger, Trigger, properties_of
from core.engine.batches import MISSING, EventBatch
from core.engine.crowd import deadline_of
from core.engine.happenings import MAIL_EVENTS, UNSUBSCRIBED, property_at
from core.engine.keeping import Entry, kept_memory, memory_of
from core.engine.memory import Deadlines, no_memory
from core.engine.plans import Plan
from core.engine.triggers import advance
from core.history.reading import Dataset, EventColumns
from core.live.columns import Codes, batch_of
from core.live.memories import Past, remember
from core.live.worlds import trigger_readers
from core.rehearsal.replay import ROWS_AT_ONCE, as_batch
from core.rehearsal.walks import places_of
from core.store import live_decisions, live_events, live_launches
from core.store.consents import given_at
from core.store.live_events import NewEvent, ReceivedEvent

_USERS_AT_ONCE = 5_000


@dataclass(slots=True, kw_only=True, eq=False)
class _Known:
    """What is known of people by user id: trigger entries, mail, and their last uploaded event.

    `told_at` is the latter too, where live must not take it for news. `agreed_at` says when those
    agreed to get e-mails whose last word about it that is.
    """

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    mail: dict[str, int] = field(default_factory=dict)
    last_at: dict[str, int] = field(default_factory=dict)
    told_at: dict[str, int] = field(default_factory=dict)
    agreed_at: dict[str, int] = field(default_factory=dict)

    def hear(self, user_id: str, bits: int, at: int) -> None:
        """Remember a mail event (its bits) unless they subscribed again after it."""
        if at <= self.agreed_at.get(user_id, at - 1):
            bits &= ~UNSUBSCRIBED
        if bits:
            self.mail[user_id] = self.mail.get(user_id, 0) | bits


def begin_memory(
    session: Session,
    version_id: int,
    mode: str,
    plan: Plan,
    history: Dataset | None,
    watermark: int,
) -> None:
    """Let a version remember what happened before, with all deadlines after the watermark (µs).

    For somebody with events in both, what was received live counts from their last uploaded event
    on. A start by which somebody entered the same launch before, in another version, arms nothing:
    one cart that was left is one reason to write.
    """
    known = _Known(agreed_at=given_at(session, MARKETING_NAME))
    trigger = plan.campaign.trigger
    live_users = live_events.users_with_events(session)
    if history is not None:
        _learn_history(session, plan, history, watermark, known, set(live_users))
    for first in range(0, len(live_users), _USERS_AT_ONCE):
        _learn_live(session, trigger, watermark, known, live_users[first : first + _USERS_AT_ONCE])
    if isinstance(trigger, AbsenceTrigger | InactivityTrigger):
        _disarm_entered(session, version_id, known)
    past = [
        Past(
            user_id=user_id,
            entries=known.entries.get(user_id, []),
            mail=known.mail.get(user_id, 0),
            told_at=known.told_at.get(user_id),
        )
        for user_id in sorted({*known.entries, *known.mail, *known.told_at})
    ]
    remember(session, str(version_id), mode, trigger, past)
    if history is not None:
        live_launches.know_time(session, watermark)


def _disarm_entered(session: Session, version_id: int, known: _Known) -> None:
    armed = {entry[2] for entries in known.entries.values() for entry in entries}
    entered = live_decisions.entered_by(session, version_id, armed)
    for user_id, entries in known.entries.items():
        known.entries[user_id] = [entry for entry in entries if entry[2] not in entered]


def _learn_history(
    session: Session,
    plan: Plan,
    history: Dataset,
    watermark: int,
    known: _Known,
    live_users: set[str],
) -> None:
    """Run the trigger over the dataset; the events behind armed deadlines are kept with the live.

    Their properties are those that the flow asks of the event behind the firing. The last event is
    known of those for whom it matters that the same comes in live once more.
    """
    recent = watermark - (deadline_of(plan.campaign) or 0)
    names = history.manifest.names
    properties = sorted(properties_of(plan.campaign.trigger) | plan.trigger_properties())
    ids = history.user_ids()
    for groups in history.chunk_plan(ROWS_AT_ONCE):
        columns = history.read_chunk(groups, properties, with_event_ids=True)
        batch = as_batch(columns, names)
        trigger = plan.campaign.trigger
        memory, firings = advance(trigger, no_memory(trigger), batch, watermark)
        if isinstance(memory, Deadlines):
            seqs = _copied(session, plan, batch, columns, memory, ids)
            memory = Deadlines(groups=memory.groups, due_at=memory.due_at, row=seqs)
        for code, entries in kept_memory(memory, firings.key_texts).items():
            known.entries[ids[code].as_py()] = entries
        _learn_mail(batch, ids, known)
        last = np.flatnonzero(
            np.append(batch.user[1:] != batch.user[:-1], [True] * bool(len(batch)))
        )
        for code, at in zip(batch.user[last].tolist(), batch.timestamp[last].tolist(), strict=True):
            user_id = ids[code].as_py()
            if user_id in live_users:
                known.last_at[user_id] = at
            if user_id in known.entries or at > recent:
                known.told_at[user_id] = min(at, watermark)


def _copied(
    session: Session,
    plan: Plan,
    batch: EventBatch,
    columns: EventColumns,
    memory: Deadlines,
    ids: pa.Array,
) -> Any:
    """Store the events that armed deadlines with the live ones; give their order of arrival."""
    places = places_of(batch.row, memory.row)
    assert columns.event_ids is not None
    event_ids = columns.event_ids.take(pa.array(places)).to_pylist()
    users = ids.take(pa.array(memory.groups.user)).to_pylist()
    named = sorted(plan.trigger_properties())
    events = []
    for user_id, event_id, place in zip(users, event_ids, places.tolist(), strict=True):
        values = {name: property_at(batch.properties[name], place) for name in named}
        found = {name: value for name, value in values.items() if value is not None}
        events.append(
            NewEvent(
                user_id=user_id,
                event_id=event_id,
                event=batch.names[batch.name[place]],
                at=int(batch.timestamp[place]),
                properties=json.dumps(found),
            )
        )
    seq_of = live_events.add_history(session, events)
    return np.array([seq_of[event.user_id, event.event_id] for event in events], dtype=np.int64)


def _learn_mail(batch: EventBatch, ids: pa.Array, known: _Known) -> None:
    by_name = np.array([MAIL_EVENTS.get(name, 0) for name in batch.names], dtype=np.int64)
    mail = by_name[batch.name] if len(by_name) else np.zeros(0, dtype=np.int64)
    for place in np.flatnonzero(mail).tolist():
        user_id = ids[int(batch.user[place])].as_py()
        known.hear(user_id, int(mail[place]), int(batch.timestamp[place]))


def _learn_live(
    session: Session,
    trigger: Trigger,
    watermark: int,
    known: _Known,
    user_ids: Sequence[str],
) -> None:
    """Run the trigger on over what was received live and is decided."""
    events = [e for e in live_events.decided_of_users(session, user_ids) if _is_new(e, known)]
    for event in events:
        known.hear(event.user_id, MAIL_EVENTS.get(event.event, 0), event.at)
    readers = trigger_readers(trigger)
    codes = {path: Codes() for path in readers}
    user_code = {user_id: code for code, user_id in enumerate(user_ids)}
    entries = [(code, known.entries.pop(u, [])) for u, code in user_code.items()]
    memory = memory_of(
        trigger,
        [pair for pair in entries if pair[1]],
        lambda text: MISSING if trigger.key is None else codes[trigger.key].code(text),
    )
    batch, _ = batch_of(events, user_code, readers, codes)
    memory, firings = advance(trigger, memory, batch, watermark)
    for code, own in kept_memory(memory, firings.key_texts).items():
        known.entries[user_ids[code]] = own


def _is_new(event: ReceivedEvent, known: _Known) -> bool:
    """Say whether an event comes after what the dataset tells of its person."""
    last_at = known.last_at.get(event.user_id)
    return event.source != live_events.HISTORY and (last_at is None or event.at > last_at)
