"""Opens and clicks: taken down when they come, and a moment later events of their person.

A moment later, because a scanner that follows every link shows itself by its second and third one.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.durations import to_microseconds
from core.domain.instants import as_microseconds
from core.domain.machines import MachineSign, Visit, sign_of
from core.domain.mail_events import MailEvent
from core.domain.mail_links import Said
from core.domain.values import JsonValue
from core.live.outcome_events import MailOutcome, note_outcomes
from core.store import live_launches, mail_reports, tracking
from core.store.database import writing
from core.store.live_outbox import QUEUED, SENDING, OutboxMessage
from core.store.tracking import CLICK, OPEN, Hit

# Less than the evaluator waits for late events (its grace), so that none is late by this alone.
HELD_FOR = timedelta(seconds=3)
BURST_WITHIN = timedelta(seconds=2)
BURST_LINKS = 3
# Before this after the hand-over nobody has opened an e-mail, or read and clicked it.
TOO_FAST = {OPEN: timedelta(seconds=2), CLICK: timedelta(seconds=5)}
# The same thing again within this is the same opening, or a double click.
SAME_WITHIN = {OPEN: timedelta(minutes=30), CLICK: timedelta(seconds=30)}
# Of one message while they are kept; no household and no mailing list comes near.
MOST_HITS = 500
_KEPT_FOR = timedelta(hours=2)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A hit, and what gives a machine away, if anything; None stands for one that is no news."""

    hit: Hit
    sign: MachineSign


def take_hit(database: Engine, kind: str, said: Said, visit: Visit, *, at: datetime) -> None:
    """Take down that somebody or something asked for the picture (`open`) or a link (`click`).

    What belongs to a test, or to a message that is forgotten, is not.
    """
    with writing(database) as session:
        message = tracking.messages_by_key(session, [said.message_key]).get(said.message_key)
        if message is None or message.is_sandbox:
            return
        if tracking.is_flooded(session, message.key, MOST_HITS):
            return  # whoever does that keeps the evaluator from its work, and opens nothing
        tracking.add_hit(
            session,
            message_key=message.key,
            user_id=message.user_id,
            kind=kind,
            url=said.url,
            at=as_microseconds(at),
            sign=sign_of(visit),
        )


def note_hits(database: Engine, now: datetime) -> int:
    """Make events of what was taken down some seconds ago; count what was looked at.

    Machines' opens and clicks become events too, with `is_machine` true and the reason.
    """
    at = as_microseconds(now)
    with writing(database) as session:
        hits = tracking.take_hits(session, at - to_microseconds(HELD_FOR), _AT_ONCE)
        if not hits:
            tracking.forget_hits(session, at - to_microseconds(_KEPT_FOR))
            return 0
        messages = tracking.messages_by_key(session, {hit.message_key for hit in hits})
        judged = _judged(session, hits, messages)
        names = {launch.id: launch.name for launch in live_launches.stored_launches(session)}
        outcomes = [_outcome(one, messages[one.hit.message_key], names) for one in judged]
        # In the order in which bounces take these rows, so that neither waits for the other.
        _reach(session, judged, messages)
        note_outcomes(session, outcomes, now=at)
        machines = {one.hit.id for one in judged if one.sign}
        for is_machine in (True, False):
            ids = [hit.id for hit in hits if (hit.id in machines) is is_machine]
            tracking.mark_noted(session, ids, is_machine=is_machine, now=at)
    return len(hits)


def _judged(
    session: Session, hits: Sequence[Hit], messages: Mapping[str, OutboxMessage]
) -> list[_Judged]:
    """Say which hits are news, and which of them a machine's."""
    longest = to_microseconds(max(SAME_WITHIN.values()))
    around = tracking.hits_around(session, messages, min(hit.at for hit in hits) - longest)
    by_message: dict[str, list[Hit]] = {}
    for hit in around:
        by_message.setdefault(hit.message_key, []).append(hit)
    found: list[_Judged] = []
    signs: dict[int, MachineSign] = {}
    for hit in hits:
        message = messages.get(hit.message_key)
        if message is None:
            continue
        signs[hit.id] = _sign(hit, message, by_message[hit.message_key])
        if not _is_repeated(hit, signs, by_message[hit.message_key]):
            found.append(_Judged(hit=hit, sign=signs[hit.id]))
    return found


def _sign(hit: Hit, message: OutboxMessage, others: Sequence[Hit]) -> MachineSign:
    if hit.sign:
        return MachineSign(hit.sign)
    sent_at = _sent_at(message)
    if sent_at is None or hit.at < sent_at + to_microseconds(TOO_FAST[hit.kind]):
        return MachineSign.TOO_FAST
    within = to_microseconds(BURST_WITHIN)
    near = {o.url for o in others if o.kind == CLICK and abs(o.at - hit.at) <= within}
    is_burst = hit.kind == CLICK and len(near) >= BURST_LINKS
    return MachineSign.BURST if is_burst else MachineSign.NONE


def _sent_at(message: OutboxMessage) -> int | None:
    """Give when a message went on the wire at the earliest (µs); None while it did not."""
    if message.begun_at is not None:
        return message.begun_at
    return None if message.state in (QUEUED, SENDING) else message.changed_at


def _is_repeated(hit: Hit, signs: Mapping[int, MachineSign], others: Sequence[Hit]) -> bool:
    """Say whether the same was done just before, by the same kind of visitor."""
    within = to_microseconds(SAME_WITHIN[hit.kind])
    for other in others:
        is_earlier = (other.at, other.id) < (hit.at, hit.id) and other.at >= hit.at - within
        if is_earlier and (other.kind, other.url) == (hit.kind, hit.url):
            was_machine = bool(signs[other.id]) if other.id in signs else other.is_machine
            if was_machine == bool(signs[hit.id]):
                return True
    return False


def _outcome(one: _Judged, message: OutboxMessage, names: Mapping[int, str]) -> MailOutcome:
    hit = one.hit
    details: dict[str, JsonValue] = {"is_machine": bool(one.sign)}
    if one.sign:
        details["machine_reason"] = one.sign.value
    once = str(hit.at)
    if hit.kind == CLICK:
        details["url"] = hit.url
        once = f"{hashlib.sha256(hit.url.encode()).hexdigest()[:12]}.{hit.at}"
    event = MailEvent.CLICKED if hit.kind == CLICK else MailEvent.OPENED
    return outcome_of(
        message, event, names[message.launch_id], at=hit.at, once=once, details=details
    )


def outcome_of(
    message: OutboxMessage,
    event: MailEvent,
    campaign: str,
    *,
    at: int,
    once: str = "",
    details: Mapping[str, JsonValue] | None = None,
) -> MailOutcome:
    """Say what became of a message at an instant (µs)."""
    return MailOutcome(
        event=event,
        key=message.key,
        user_id=message.user_id,
        at=at,
        campaign=campaign,
        step=message.step,
        template=message.template,
        variant=message.variant,
        once=once,
        details=details or {},
    )


def _reach(
    session: Session, judged: Iterable[_Judged], messages: Mapping[str, OutboxMessage]
) -> None:
    """Where a person opens or clicks, the address works: its soft bounces are over."""
    keys = {one.hit.message_key for one in judged if not one.sign}
    mail_reports.reached(session, [a for key in keys if (a := messages[key].address) is not None])
