"""Who works here: giving and taking roles, and asking for somebody's."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.roles import EVERYBODY, Member, Role, is_address, is_domain, names_of, tidy
from core.store import members as store
from core.store.database import reading, writing


def role_of(database: Engine, email: str, admins: Sequence[str]) -> Role | None:
    """Give the role of an address that its provider has confirmed; None if it has none.

    `admins` are what REHEARSAL_ADMINS names; else the nearest of the given roles counts: the
    person's own, their domain's, everybody's.
    """
    names = names_of(email)
    if not names:
        return None
    if names[0] in admins:
        return Role.ADMIN
    with reading(database) as session:
        given = store.roles_among(session, names)
    return next((given[name] for name in names if name in given), None)


def members(database: Engine) -> list[Member]:
    """List the given roles by name; those of REHEARSAL_ADMINS are not among them."""
    with reading(database) as session:
        return store.list_members(session)


def give_role(
    database: Engine, who: str, role: Role, *, given_at: datetime, given_by: str
) -> Member:
    """Give a role to an address, to a domain (`@example.com`), or to everybody (`*`).

    Raises UnusableInput for a name that is none of them, and for a role too high for many.
    """
    name = tidy(who)
    _check(name, role)
    member = Member(who=name, role=role, given_at=given_at, given_by=given_by)
    with writing(database) as session:
        store.give(session, member)
    return member


def take_role_away(database: Engine, who: str) -> None:
    """Take a given role away; raises UnusableInput if there is none."""
    with writing(database) as session:
        was_there = store.take_away(session, tidy(who))
    if not was_there:
        raise UnusableInput(f"{who[:100]!r} has no role that could be taken away.")


def _check(name: str, role: Role) -> None:
    if name == EVERYBODY and role is not Role.VIEWER:
        raise UnusableInput("Everybody who can sign in may look at most; name a domain or people.")
    if is_domain(name) and role is Role.ADMIN:
        raise UnusableInput(f"An admin is a person, and {name} is a domain; name the addresses.")
    if name != EVERYBODY and not is_domain(name) and not is_address(name):
        raise UnusableInput(
            f"{name[:100]!r} is no e-mail address and no domain; write it as jo@example.com, or as "
            "@example.com for everybody there."
        )
