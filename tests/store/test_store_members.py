"""Roles as they are kept, on every database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.services.roles import give_role, members, role_of, take_role_away

AT = datetime(2026, 9, 1, tzinfo=UTC)


def test_a_role_that_is_given_again_replaces_the_former_and_ends_when_taken_away(
    database: Engine,
) -> None:
    for who, role in (("vera@example.com", Role.VIEWER), ("VERA@example.com", Role.EDITOR)):
        give_role(database, who, role, given_at=AT, given_by="ada@example.com")

    assert [(member.who, member.role) for member in members(database)] == [
        ("vera@example.com", Role.EDITOR)
    ]

    take_role_away(database, "vera@example.com")

    assert role_of(database, "vera@example.com", ()) is None
    with pytest.raises(UnusableInput, match="no role"):
        take_role_away(database, "vera@example.com")
