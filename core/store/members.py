"""Who was given which role."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from core.domain.roles import Member, Role
from core.store.live_sets import insert_into, table_of
from core.store.sign_in_tables import MemberRow


def give(session: Session, member: Member) -> None:
    """Keep a role, in place of the former of the same `who`."""
    given = {"role": member.role.value, "given_at": member.given_at, "given_by": member.given_by}
    statement = insert_into(session, table_of(MemberRow)).values(who=member.who, **given)
    session.execute(statement.on_conflict_do_update(index_elements=["who"], set_=given))


def take_away(session: Session, who: str) -> bool:
    """Forget the role of somebody; False if none was given."""
    found = session.connection().execute(
        delete(table_of(MemberRow)).where(table_of(MemberRow).c.who == who)
    )
    return bool(found.rowcount)


def list_members(session: Session) -> list[Member]:
    """List all roles by name."""
    return [_member(row) for row in session.exec(select(MemberRow).order_by(col(MemberRow.who)))]


def roles_among(session: Session, names: Sequence[str]) -> dict[str, Role]:
    """Give the roles of those of the names that have one."""
    rows = session.exec(select(MemberRow).where(col(MemberRow.who).in_(names)))
    return {row.who: Role(row.role) for row in rows}


def _member(row: MemberRow) -> Member:
    return Member(who=row.who, role=Role(row.role), given_at=row.given_at, given_by=row.given_by)
