"""What live knows of people: profiles, suppressed addresses, and the evaluator's memory."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.domain.values import JsonValue
from core.store.live_sets import among, insert_into, table_of, upsert
from core.store.live_tables import ProfileRow, StateRow, SuppressionRow

_STATES, _PROFILES = table_of(StateRow), table_of(ProfileRow)
_SUPPRESSED = table_of(SuppressionRow)
_LONGEST_ADDRESS = 320
_SALT = "salt"  # no address: beside it stands, as its reason, what digests of addresses begin with


class State(NamedTuple):
    """What the evaluator remembers of a person in one mode; `state` is JSON text, times µs."""

    user_id: str
    mode: str
    state: str
    next_due_at: int | None


class Profile(NamedTuple):
    """A person's traits and what sends ask about; None is nothing said."""

    user_id: str
    traits: Mapping[str, JsonValue]
    email: str | None
    consent: bool | None
    unsubscribed: bool
    timezone: str | None


_STATE_FIELDS = [_STATES.c[name] for name in State._fields]


def states_of(session: Session, user_ids: Iterable[str]) -> list[State]:
    """Read what is remembered of some people, in all modes."""
    rows = session.connection().execute(
        select(*_STATE_FIELDS).where(among(session, _STATES.c.user_id, user_ids))
    )
    return [State._make(row) for row in rows.all()]


def due_states(session: Session, partition: int, until: int, limit: int) -> list[State]:
    """Read the states of people for whom a time comes by an instant (µs), the earliest first."""
    rows = session.connection().execute(
        select(*_STATE_FIELDS)
        .where(_STATES.c.partition == partition, _STATES.c.next_due_at <= until)
        .order_by(_STATES.c.next_due_at)
        .limit(limit)
    )
    return [State._make(row) for row in rows.all()]


def states_in(session: Session, mode: str, user_ids: Iterable[str]) -> dict[str, State]:
    """Read what is remembered of some people in one mode."""
    return {s.user_id: s for s in states_of(session, user_ids) if s.mode == mode}


def save_states(session: Session, partition: int | None, states: Sequence[State]) -> None:
    """Remember people from now on; `partition` None asks each one's own."""
    from core.store.live_events import partition_of

    rows = [
        {
            "user_id": state.user_id,
            "mode": state.mode,
            "partition": partition_of(state.user_id) if partition is None else partition,
            "state": state.state,
            "next_due_at": state.next_due_at,
        }
        for state in states
    ]
    upsert(session, _STATES, rows)


def put_to_sleep(session: Session, mode: str) -> None:
    """Let no time come for anybody in a mode: nothing of it is launched any more."""
    session.connection().execute(
        update(_STATES)
        .where(_STATES.c.mode == mode, _STATES.c.next_due_at.is_not(None))
        .values(next_due_at=None)
    )


def forget_states(session: Session, user_id: str) -> None:
    """Remember nothing of a person any more."""
    session.connection().execute(delete(_STATES).where(_STATES.c.user_id == user_id))


def rename_memory(session: Session, former_id: int, version_id: int, mode: str) -> None:
    """Let a version's trigger remember what that of a former one does."""
    holds = _STATES.c.state.contains(f'"{former_id}":')
    rows = session.connection().execute(select(*_STATE_FIELDS).where(_STATES.c.mode == mode, holds))
    renamed = []
    for state in map(State._make, rows):
        kept = json.loads(state.state)
        memories = kept.get("memories", {})
        if str(former_id) in memories:
            memories[str(version_id)] = memories.pop(str(former_id))
            renamed.append(state._replace(state=json.dumps(kept, separators=(",", ":"))))
    save_states(session, None, renamed)


def next_timers(session: Session, until: int) -> tuple[int, int | None]:
    """Count people with a time to come by an instant (µs), and give the earliest of all."""
    due = _STATES.c.next_due_at
    count = func.sum(func.coalesce((due <= until), False).cast(_STATES.c.partition.type))
    row = session.connection().execute(select(count, func.min(due)).where(due.is_not(None))).one()
    return int(row[0] or 0), row[1]


def save_profiles(session: Session, profiles: Sequence[Profile], *, changed_at: int) -> None:
    """Keep profiles in place of the former ones."""
    upsert(session, _PROFILES, [_profile_row(profile, changed_at) for profile in profiles])


def profiles_of(
    session: Session, user_ids: Iterable[str], *, for_change: bool = False
) -> dict[str, Profile]:
    """Read the profiles of some people by user id; nobody else changes those read `for_change`."""
    columns = [_PROFILES.c[name] for name in Profile._fields]
    asked = select(*columns).where(among(session, _PROFILES.c.user_id, user_ids))
    if for_change:
        asked = asked.order_by(_PROFILES.c.user_id).with_for_update()
    rows = session.connection().execute(asked)
    return {row[0]: Profile(row[0], json.loads(row[1]), *row[2:]) for row in rows.all()}


def changed_at(session: Session, user_id: str) -> int | None:
    """Give when (µs) a person's profile changed last; None for somebody without one."""
    found = select(_PROFILES.c.changed_at).where(_PROFILES.c.user_id == user_id)
    changed: int | None = session.connection().execute(found).scalar()
    return changed


def asks_consent(session: Session) -> bool:
    """Say whether any profile says anything about consent."""
    found = select(_PROFILES.c.user_id).where(_PROFILES.c.consent.is_not(None)).limit(1)
    return session.connection().execute(found).first() is not None


def suppress(
    session: Session, addresses: Sequence[str], *, reason: str, source: str, at: int
) -> None:
    """Let addresses get nothing any more; what was said of one before stays."""
    rows = [
        {"address": address.strip().lower(), "reason": reason, "source": source, "at": at}
        for address in addresses
    ]
    if rows:
        statement = insert_into(session, _SUPPRESSED).on_conflict_do_nothing()
        session.connection().execute(statement, rows)


def allow(session: Session, address: str) -> None:
    """Lift the suppression of an address."""
    same = _SUPPRESSED.c.address == address.strip().lower()
    session.connection().execute(delete(_SUPPRESSED).where(same))


def suppressed_among(session: Session, addresses: Iterable[str]) -> set[str]:
    """Name those of the addresses, in lower case, that are suppressed; digests count as well."""
    wanted = {address.strip().lower() for address in addresses}
    if not wanted:
        return set()
    found = _suppressions(session, [*wanted, _SALT])
    salt = found.pop(_SALT, None)
    if salt is None:
        return set(found)
    address_of = {_digest(salt, address): address for address in wanted}
    digests = _suppressions(session, address_of)
    return {*found, *(address_of[digest] for digest in digests)}


def suppress_digests(
    session: Session, addresses: Iterable[str], *, salt: str, reason: str, source: str, at: int
) -> None:
    """Let addresses get nothing any more, and keep of each only a digest under a secret salt.

    The first salt stays. It is kept with the digests, so that a copy of them is whole.
    """
    first = {"address": _SALT, "reason": salt, "source": source, "at": 0}
    statement = insert_into(session, _SUPPRESSED).on_conflict_do_nothing()
    session.connection().execute(statement, [first])
    kept = _suppressions(session, [_SALT])[_SALT]
    for address in addresses:
        suppress(session, [_digest(kept, address)], reason=reason, source=source, at=at)
        allow(session, address)


def suppression_reason(session: Session, address: str) -> str | None:
    """Give why an address gets nothing, by itself or by its digest; None where it may."""
    plain = address.strip().lower()
    found = _suppressions(session, [plain, _SALT])
    salt = found.pop(_SALT, None)
    if salt is not None and not found:
        found = _suppressions(session, [_digest(salt, plain)])
    return next(iter(found.values()), None)


def allow_digest(session: Session, address: str) -> None:
    """Lift what `suppress_digests` did to an address."""
    salt = _suppressions(session, [_SALT]).get(_SALT)
    if salt is not None:
        allow(session, _digest(salt, address))


def _suppressions(session: Session, addresses: Iterable[str]) -> dict[str, str]:
    rows = session.connection().execute(
        select(_SUPPRESSED.c.address, _SUPPRESSED.c.reason).where(
            among(session, _SUPPRESSED.c.address, addresses)
        )
    )
    return {row.address: row.reason for row in rows}


def _digest(salt: str, address: str) -> str:
    plain = address.strip().lower().encode("utf-8", "surrogatepass")
    return f"digest:{hmac.new(bytes.fromhex(salt), plain, hashlib.sha256).hexdigest()}"


def _email_key(email: str | None) -> str | None:
    """Give what people are found by; an index has no room for more than an address."""
    key = (email or "").strip().lower()
    return key if 0 < len(key) <= _LONGEST_ADDRESS else None


def _profile_row(profile: Profile, changed_at: int) -> dict[str, Any]:
    return {
        **profile._asdict(),
        "traits": json.dumps(profile.traits),
        "email_key": _email_key(profile.email),
        "changed_at": changed_at,
    }
