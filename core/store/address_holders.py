"""Who has an e-mail address, as profiles say."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.store.live_sets import among, table_of
from core.store.live_tables import ProfileRow

_PROFILES = table_of(ProfileRow)


class Holder(NamedTuple):
    """Somebody who has an address, and whether they want nothing sent to it."""

    user_id: str
    has_objected: bool


def holders_of(session: Session, addresses: Iterable[str]) -> dict[str, set[str]]:
    """Give the people who have each of some addresses, by the address in lower case."""
    return {
        address: {holder.user_id for holder in holders}
        for address, holders in told_holders_of(session, addresses).items()
    }


def told_holders_of(session: Session, addresses: Iterable[str]) -> dict[str, set[Holder]]:
    """Give the people who have each of some addresses, and who of them objected."""
    asked = {address.strip().lower() for address in addresses}
    if not asked:
        return {}
    known = _PROFILES.c
    rows = session.connection().execute(
        select(known.email_key, known.user_id, known.unsubscribed, known.consent).where(
            among(session, known.email_key, asked)
        )
    )
    found: dict[str, set[Holder]] = {}
    for address, user_id, is_unsubscribed, consent in rows:
        has_objected = bool(is_unsubscribed) or consent is False
        found.setdefault(address, set()).add(Holder(user_id, has_objected))
    return found
