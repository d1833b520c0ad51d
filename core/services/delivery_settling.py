"""The two transactions around a hand-over: what may leave as of now, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME
from core.domain.live_reasons import LiveReason
from core.domain.mail_events import MailEvent
from core.domain.outcomes import MessageOutcome
from core.engine.happenings import SUPPRESSED, UNSUBSCRIBED
from core.live.asking import asking_in
from core.live.delivery.backoff import MOST_ATTEMPTS, wait_before
from core.live.delivery.letters import NotComposed, Withheld
from core.live.delivery.reasons import DeliveryReason
from core.live.delivery.verdicts import (
    NotTaken,
    Refused,
    Taken,
    Unanswered,
    Verdict,
    sentence,
)
from core.live.heeded import heard
from core.live.outcome_events import MailOutcome, note_outcomes
from core.live.people import persons
from core.services.bounces import note_bounce
from core.services.delivery_claims import Claim, domain_of
from core.services.delivery_letters import Item
from core.store import live_outbox
from core.store.consents import objected_addresses
from core.store.live_outbox import OutboxMessage

LONGEST_DETAIL = 500  # characters
RUNNING = "running"
MOST_TOLD = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a letter, and when that was known (µs); `reason` is the way's word for it."""

    item: Item
    claim: Claim
    verdict: Verdict
    at: int
    reason: str = ""


def begin_group(
    session: Session, items: Sequence[Item], claim: Claim, *, now: int, is_repeatable: bool
) -> list[Item]:
    """Begin the hand-over of those letters that may leave as of now; settle or put back the others.

    Asked again here, as late as can be: does the launch run, is it not too late, may the person
    still be written to, under the same address.
    """
    held = live_outbox.held(session, [item.message.id for item in items], claim.sender)
    against = _reasons_against(session, items)
    ready: list[Item] = []
    for item in items:
        message = item.message
        if message.id not in held:
            continue
        user_id, launch_state = held[message.id]
        is_stale = message.due_at < now - claim.stale_after[message.version_id]
        is_joined = user_id != message.user_id
        if launch_state != RUNNING or is_joined or against.get(message.id) == _MOVED:
            live_outbox.put_back(session, [message.id], claim.sender, now=now)
        elif is_stale and message.attempt_count:
            _fail(session, message, claim, now, DeliveryReason.DEFERRED, message.detail)
        elif is_stale and not message.is_sandbox:
            _withhold(session, message, claim, now, LiveReason.STALE)
        elif message.id in against:
            _withhold(session, message, claim, now, against[message.id])
        else:
            ready.append(item)
    ids = [item.message.id for item in ready]
    begun = live_outbox.begin(session, ids, claim.sender, now, is_repeatable=is_repeatable)
    return [item for item in ready if item.message.id in begun]


def settle_unmade(
    session: Session,
    made: Mapping[OutboxMessage, Withheld | NotComposed],
    claim: Claim,
    *,
    now: int,
    reason: DeliveryReason = DeliveryReason.TEMPLATE,
) -> None:
    """Note which messages have no letter, and why: nothing of them went on the wire.

    Those of a person who is known by another id by now wait to be made anew.
    """
    held = live_outbox.held(session, [message.id for message in made], claim.sender)
    for message, outcome in made.items():
        if held.get(message.id, (message.user_id,))[0] != message.user_id:
            live_outbox.put_back(session, [message.id], claim.sender, now=now)
            continue
        match outcome:
            case Withheld():
                _withhold(session, message, claim, now, outcome.reason)
            case NotComposed():
                _fail(session, message, claim, now, reason, outcome.message)
            case _:
                assert_never(outcome)


def settle_group(session: Session, answers: Sequence[Answer], *, now: int) -> None:
    """Note what became of letters, with the events that tell of it, all in one transaction."""
    outcomes: list[MailOutcome] = []
    for answer in answers:
        match answer.verdict:
            case Taken():
                outcomes += _sent(session, answer, now)
            case Unanswered():
                _settle(session, answer, now, live_outbox.UNKNOWN, DeliveryReason.NO_REPLY)
            case NotTaken():
                _try_later(session, answer, now, DeliveryReason.DEFERRED)
            case Refused():
                _refused(session, answer, answer.verdict, now)
            case _:
                assert_never(answer.verdict)
    if outcomes:
        note_outcomes(session, outcomes, now=now)


def tell_withheld(session: Session, names: Mapping[int, str], *, now: int) -> int:
    """Make events of messages that were withheld, by whomever; each is told once."""
    found = live_outbox.untold(session, MOST_TOLD)
    if not found:
        return 0
    outcomes = [
        _outcome(MailEvent.WITHHELD, message, names, message.changed_at, reason=message.reason)
        for message in found
    ]
    note_outcomes(session, outcomes, now=now)
    live_outbox.mark_told(session, [message.id for message in found], now)
    return len(found)


_MOVED = "moved"  # to another address since it was composed


def _reasons_against(session: Session, items: Sequence[Item]) -> dict[int, str]:
    """Say of messages to people why they must not leave, in the order of SEMANTICS 5.5."""
    own = [item for item in items if not item.message.is_sandbox]
    if not own:
        return {}
    user_ids = [item.message.user_id for item in own]
    reach = asking_in(session).reach_of(user_ids)
    addresses = {profile.email for profile in reach.profiles.values() if profile.email}
    objected = objected_addresses(session, MARKETING_NAME, addresses)
    said = heard(session, user_ids)
    against: dict[int, str] = {}
    for item, person in zip(own, persons(user_ids, reach, [], 0), strict=True):
        profile = reach.profiles.get(item.message.user_id)
        address = "" if profile is None else (profile.email or "").strip().lower()
        told = said.get(item.message.user_id, 0)
        if person.is_unsubscribed or address in objected or told & UNSUBSCRIBED:
            against[item.message.id] = MessageOutcome.UNSUBSCRIBED.word
        elif person.is_suppressed or told & SUPPRESSED:
            against[item.message.id] = MessageOutcome.SUPPRESSED.word
        elif not person.has_address:
            against[item.message.id] = MessageOutcome.NO_ADDRESS.word
        elif profile is not None and profile.email != item.address:
            against[item.message.id] = _MOVED
    return against


def _sent(session: Session, answer: Answer, now: int) -> list[MailOutcome]:
    """Settle a letter that was taken; give the event, none of a sandbox or told before."""
    message = answer.item.message
    is_new = _settle(session, answer, now, live_outbox.SENT, answer.reason)
    if not is_new or message.is_sandbox:
        return []
    return [_outcome(MailEvent.SENT, message, answer.claim.names, answer.at)]


def _refused(session: Session, answer: Answer, refused: Refused, now: int) -> None:
    if not refused.is_for_good:
        _try_later(session, answer, now, DeliveryReason.DEFERRED)
    elif refused.is_too_large:
        _settle(session, answer, now, live_outbox.FAILED, DeliveryReason.REFUSED)
    elif refused.is_of_us:
        # Every letter would be refused like this one, until somebody mends the settings.
        _try_later(session, answer, now, DeliveryReason.SENDER_REFUSED)
    elif _settle(session, answer, now, live_outbox.FAILED, DeliveryReason.BOUNCED):
        _bounced(session, answer, refused, now)


def _try_later(session: Session, answer: Answer, now: int, reason: DeliveryReason) -> None:
    message = answer.item.message
    attempt_count = message.attempt_count + 1
    if attempt_count < MOST_ATTEMPTS:
        live_outbox.put_back(
            session,
            [message.id],
            answer.claim.sender,
            now=now,
            try_at=now + wait_before(message.key, attempt_count),
            domain=None if message.is_sandbox else domain_of(answer.item.address),
            reason=reason,
            detail=_tidy(sentence(answer.verdict)),
        )
    elif _settle(session, answer, now, live_outbox.FAILED, reason):
        is_of_the_address = isinstance(answer.verdict, Refused) and reason is _DEFERRED
        if is_of_the_address and isinstance(answer.verdict, Refused):
            _bounced(session, answer, answer.verdict, now)


_DEFERRED = DeliveryReason.DEFERRED


def _bounced(session: Session, answer: Answer, refused: Refused, now: int) -> None:
    """Have a bounce counted: for good only if nobody has the address."""
    if answer.item.message.is_sandbox:
        return
    note_bounce(
        session,
        answer.item.message,
        is_hard=refused.is_no_such_address,
        status=refused.status,
        diagnostic=_tidy(sentence(refused)) or "",
        at=answer.at,
        now=now,
    )


def _settle(session: Session, answer: Answer, now: int, state: str, reason: str) -> bool:
    return live_outbox.settle(
        session,
        answer.item.message.key,
        state,
        now=now,
        reason=reason,
        address=", ".join(answer.item.letter.recipients),
        detail=_tidy(sentence(answer.verdict)),
        sender=answer.claim.sender,
    )


def _withhold(
    session: Session, message: OutboxMessage, claim: Claim, now: int, reason: str
) -> None:
    live_outbox.settle(
        session, message.key, live_outbox.WITHHELD, now=now, reason=reason, sender=claim.sender
    )


def _fail(
    session: Session,
    message: OutboxMessage,
    claim: Claim,
    now: int,
    reason: DeliveryReason,
    detail: str | None,
) -> None:
    live_outbox.settle(
        session,
        message.key,
        live_outbox.FAILED,
        now=now,
        reason=reason,
        detail=_tidy(detail),
        sender=claim.sender,
    )


def _outcome(
    event: MailEvent, message: OutboxMessage, names: Mapping[int, str], at: int, reason: str = ""
) -> MailOutcome:
    return MailOutcome(
        event=event,
        key=message.key,
        user_id=message.user_id,
        at=at,
        campaign=names[message.launch_id],
        step=message.step,
        template=message.template,
        variant=message.variant,
        details={"reason": reason} if reason else {},
    )


def _tidy(text: str | None) -> str | None:
    """Give text as one line that any database keeps."""
    if text is None:
        return None
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(line.split())[:LONGEST_DETAIL]
