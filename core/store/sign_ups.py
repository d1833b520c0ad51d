"""Sign-ups by a form: asked for, and the e-mails that ask for their confirmation."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.store.live_sets import is_sqlite, table_of
from core.store.privacy_tables import SignUpRow

QUEUED, SENDING, SENT, FAILED, CONFIRMED = "queued", "sending", "sent", "failed", "confirmed"

_SIGN_UPS = table_of(SignUpRow)


class SignUp(NamedTuple):
    """Somebody who signed up; times in µs."""

    id: int
    user_id: str
    address: str
    purposes: Sequence[str]
    evidence: str
    asked_at: int
    state: str
    attempt_count: int


_FIELDS = [_SIGN_UPS.c[name] for name in SignUp._fields]


def add_sign_up(
    session: Session, user_id: str, address: str, purposes: Sequence[str], evidence: str, at: int
) -> None:
    """Note a sign-up, whose e-mail is to be sent at once."""
    row = {"user_id": user_id, "address": address, "purposes": json.dumps(list(purposes))}
    times = {"asked_at": at, "try_at": at}
    state = {"evidence": evidence, "state": QUEUED, "attempt_count": 0, "detail": ""}
    session.connection().execute(_SIGN_UPS.insert().values(**row, **times, **state))


def sign_up(session: Session, sign_up_id: int) -> SignUp | None:
    """Give a sign-up by its number."""
    found = session.connection().execute(select(*_FIELDS).where(_SIGN_UPS.c.id == sign_up_id))
    row = found.first()
    return None if row is None else _read(row)


def asked_since(session: Session, address: str, since: int) -> int:
    """Count how often an address was signed up since an instant (µs)."""
    asked = select(func.count()).where(
        _SIGN_UPS.c.address == address, _SIGN_UPS.c.asked_at >= since
    )
    return int(session.connection().execute(asked).scalar_one())


def claim(session: Session, now: int, asked_after: int, limit: int) -> list[SignUp]:
    """Take sign-ups whose e-mail is due; whoever took one and was not heard of loses it."""
    wanted = (
        select(_SIGN_UPS.c.id)
        .where(
            _SIGN_UPS.c.state.in_([QUEUED, SENDING]),
            _SIGN_UPS.c.try_at <= now,
            _SIGN_UPS.c.asked_at > asked_after,
        )
        .order_by(_SIGN_UPS.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        wanted = wanted.with_for_update(skip_locked=True)
    rows = session.connection().execute(
        update(_SIGN_UPS)
        .where(_SIGN_UPS.c.id.in_(wanted.scalar_subquery()))
        .values(
            state=SENDING,
            attempt_count=_SIGN_UPS.c.attempt_count + 1,
            # A second e-mail that asks the same does no harm, one that never comes does.
            try_at=now + _SILENCE,
        )
        .returning(*_FIELDS)
    )
    return sorted(map(_read, rows), key=lambda one: one.id)


_SILENCE = 300_000_000  # µs


def settle(session: Session, sign_up_id: int, state: str, *, try_at: int, detail: str = "") -> None:
    """Note what became of the e-mail of a sign-up."""
    same = update(_SIGN_UPS).where(_SIGN_UPS.c.id == sign_up_id, _SIGN_UPS.c.state == SENDING)
    session.connection().execute(same.values(state=state, try_at=try_at, detail=detail))


def confirm(session: Session, sign_up_id: int) -> None:
    """Note that somebody confirmed."""
    same = update(_SIGN_UPS).where(_SIGN_UPS.c.id == sign_up_id)
    session.connection().execute(same.values(state=CONFIRMED))


def _read(row: Any) -> SignUp:
    return SignUp(
        id=row.id,
        user_id=row.user_id,
        address=row.address,
        purposes=tuple(json.loads(row.purposes)),
        evidence=row.evidence,
        asked_at=row.asked_at,
        state=row.state,
        attempt_count=row.attempt_count,
    )
