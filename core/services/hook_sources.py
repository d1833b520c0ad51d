"""The systems that call us: set up, changed, given a new secret, taken away."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.hooks import HookDelivery, HookMapping, HookSource, Preset, is_source_name
from core.domain.webhook_signatures import written_secret
from core.services.hook_presets import PRESETS
from core.services.hook_reading import check_mapping
from core.store import hooks as store
from core.store.database import reading, writing

FORMER_GOOD_FOR = timedelta(hours=24)
_ORGANIZATION = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_SHORTEST_SECRET, _LONGEST_SECRET = 16, 500
_SECRET_BYTES = 32


def sources(database: Engine) -> list[HookSource]:
    """List the systems that call us, by name."""
    with reading(database) as session:
        return store.sources(session)


def add_source(
    database: Engine,
    *,
    name: str,
    preset: Preset,
    created_at: datetime,
    secret: str = "",
    organization: str = "",
) -> HookSource:
    """Set a system up, with the mapping that is usual for it; without a secret, one is made.

    Raises UnusableInput for a name that cannot stand in an address or is taken, for a secret that
    is too short, or where the vendor makes the secret and none is given.
    """
    named = name.strip().lower()
    if not is_source_name(named):
        raise UnusableInput(
            "The name stands in the address: give it small letters, digits and hyphens, such as "
            "shop-orders (not anon or email, which mean something else)"
        )
    _check_organization(preset, organization.strip())
    with writing(database) as session:
        added = store.add_source(
            session,
            name=named,
            preset=preset,
            secret=_secret(preset, secret.strip()),
            organization=organization.strip(),
            mapping=PRESETS[preset].mapping,
            created_at=created_at,
        )
    if added is None:
        raise UnusableInput(f"There is a webhook called {named} already; choose another name")
    return added


def rotate_secret(
    database: Engine,
    source_id: int,
    *,
    changed_at: datetime,
    secret: str = "",
    keeps_former: bool = True,
) -> HookSource:
    """Give a source a new secret, or the vendor's new one; the former is good for a day more.

    Unless it is not to be kept: then nobody who has it gets in any more.
    """
    with writing(database) as session:
        source = _one(store.sources(session), source_id)
        until = changed_at + FORMER_GOOD_FOR if keeps_former else None
        changed = store.change_source(
            session,
            source_id,
            secret=_secret(source.preset, secret.strip()),
            former_secret=source.secret if keeps_former else None,
            former_until=until,
        )
    return _there(changed)


def change_mapping(database: Engine, source_id: int, mapping: HookMapping) -> HookSource:
    """Read the calls of a source otherwise from now on; raises UnusableInput for a wrong path."""
    check_mapping(mapping)
    with writing(database) as session:
        changed = store.change_source(session, source_id, mapping=mapping)
    return _there(changed)


def remove_source(database: Engine, source_id: int) -> None:
    """Take a source away: it is refused from now on; what it told stays."""
    with writing(database) as session:
        is_gone = store.remove_source(session, source_id)
    if not is_gone:
        raise UnusableInput("This webhook was taken away already")


def deliveries(database: Engine, source_id: int, limit: int = 50) -> list[HookDelivery]:
    """List what a source called and what became of it, the latest first."""
    with reading(database) as session:
        return store.deliveries(session, source_id, limit)


def last_deliveries(database: Engine) -> dict[int, datetime]:
    """Give when each source called last, by its id."""
    with reading(database) as session:
        return store.last_deliveries(session)


def _secret(preset: Preset, given: str) -> str:
    if not given and PRESETS[preset].makes_secret:
        fresh = secrets.token_bytes(_SECRET_BYTES)
        return written_secret(fresh) if preset is Preset.GENERIC else secrets.token_urlsafe(32)
    if not given:
        raise UnusableInput(
            f"Paste {PRESETS[preset].where_secret}: {PRESETS[preset].title} signs with it"
        )
    if not _SHORTEST_SECRET <= len(given) <= _LONGEST_SECRET or not given.isprintable():
        raise UnusableInput(f"A secret has at least {_SHORTEST_SECRET} characters; paste all of it")
    return given


def _check_organization(preset: Preset, organization: str) -> None:
    if preset is Preset.SALESFORCE and not _ORGANIZATION.fullmatch(organization):
        raise UnusableInput(
            "Give the id of your Salesforce organization, 15 or 18 letters and digits: Setup → "
            "Company Information"
        )


def _one(found: Sequence[HookSource], source_id: int) -> HookSource:
    return _there(next((source for source in found if source.id == source_id), None))


def _there(source: HookSource | None) -> HookSource:
    if source is None:
        raise UnusableInput("This webhook was taken away meanwhile")
    return source
