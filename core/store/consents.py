"""What people said about each purpose: a log that only grows."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.domain.consents import ConsentRecord, ConsentState
from core.store.live_sets import add_all, among, table_of
from core.store.live_tables import ProfileRow
from core.store.privacy_tables import ConsentRow

_CONSENTS, _PROFILES = table_of(ConsentRow), table_of(ProfileRow)


class SaidBy(NamedTuple):
    """What somebody said."""

    user_id: str
    record: ConsentRecord


def add_consents(session: Session, said: Sequence[SaidBy]) -> None:
    """Add to the log."""
    rows = [
        {
            "user_id": one.user_id,
            "purpose": one.record.purpose,
            "state": one.record.state.value,
            "at": one.record.at,
            "source": one.record.source,
            "evidence": one.record.evidence,
        }
        for one in said
    ]
    add_all(session, _CONSENTS, rows)


def consents_of(session: Session, user_id: str) -> list[ConsentRecord]:
    """Give what somebody said, the first thing first."""
    rows = session.connection().execute(
        select(_CONSENTS)
        .where(_CONSENTS.c.user_id == user_id)
        .order_by(_CONSENTS.c.at, _CONSENTS.c.id)
    )
    return [
        ConsentRecord(
            purpose=row.purpose,
            state=ConsentState(row.state),
            at=row.at,
            source=row.source,
            evidence=row.evidence,
        )
        for row in rows
    ]


def standing(
    session: Session, purpose: str, user_ids: Iterable[str] | None = None
) -> dict[str, ConsentState]:
    """Give the last word about a purpose of those (None: of all) who ever said one.

    What is pending is no word; it stands where nothing else was said.
    """
    asked = select(_CONSENTS.c.user_id, _CONSENTS.c.state).where(_CONSENTS.c.purpose == purpose)
    if user_ids is not None:
        asked = asked.where(among(session, _CONSENTS.c.user_id, user_ids))
    found: dict[str, ConsentState] = {}
    in_order = asked.order_by(_CONSENTS.c.at, _CONSENTS.c.id)
    for user_id, state in session.connection().execute(in_order):
        if state != ConsentState.PENDING.value or user_id not in found:
            found[user_id] = ConsentState(state)
    return found


def given_at(
    session: Session, purpose: str, user_ids: Iterable[str] | None = None
) -> dict[str, int]:
    """Give when (µs) those (None: of all) agreed to a purpose whose last word is yes."""
    asked = select(_CONSENTS.c.user_id, _CONSENTS.c.state, _CONSENTS.c.at).where(
        _CONSENTS.c.purpose == purpose, _CONSENTS.c.state != ConsentState.PENDING.value
    )
    if user_ids is not None:
        asked = asked.where(among(session, _CONSENTS.c.user_id, user_ids))
    in_order = asked.order_by(_CONSENTS.c.at, _CONSENTS.c.id)
    last = {user: (state, at) for user, state, at in session.connection().execute(in_order)}
    given = ConsentState.GIVEN.value
    return {user: at for user, (state, at) in last.items() if state == given}


def objected_addresses(session: Session, purpose: str, addresses: Iterable[str]) -> dict[str, int]:
    """Name those of the addresses, in lower case, at which the last word was no, and its time (µs).

    Whoever has the address may have said it: a shop may know one person under several ids.
    """
    wanted = {address.strip().lower() for address in addresses}
    if not wanted:
        return {}
    asked = (
        select(_PROFILES.c.email_key, _CONSENTS.c.state, _CONSENTS.c.at)
        .join(_CONSENTS, _CONSENTS.c.user_id == _PROFILES.c.user_id)
        .where(
            among(session, _PROFILES.c.email_key, wanted),
            _CONSENTS.c.purpose == purpose,
            _CONSENTS.c.state != ConsentState.PENDING.value,
        )
        .order_by(_CONSENTS.c.at, _CONSENTS.c.id)
    )
    last = {address: (state, at) for address, state, at in session.connection().execute(asked)}
    withdrawn = ConsentState.WITHDRAWN.value
    return {address: at for address, (state, at) in last.items() if state == withdrawn}


def hand_over_consents(session: Session, person_id: str, user_id: str) -> int:
    """Let what was said under a former id count as said by the person; give how much it was."""
    moved = session.connection().execute(
        update(_CONSENTS)
        .where(_CONSENTS.c.user_id == person_id)
        .values(user_id=user_id)
        .returning(_CONSENTS.c.id)
    )
    return len(moved.all())
