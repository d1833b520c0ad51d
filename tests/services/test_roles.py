"""Who has which role: the nearest of what was given, and the admins of the environment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import bootstrap
from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.services.roles import give_role, members, role_of

AT = datetime(2026, 9, 1, tzinfo=UTC)
ADMINS = ("ada@example.com",)


@pytest.fixture
def database(home: Path) -> Engine:
    return bootstrap.database()


def give(database: Engine, who: str, role: Role) -> None:
    give_role(database, who, role, given_at=AT, given_by="ada@example.com")


def test_a_role_covers_those_before_it() -> None:
    assert Role.ADMIN.covers(Role.VIEWER)
    assert Role.EDITOR.covers(Role.EDITOR)
    assert not Role.VIEWER.covers(Role.EDITOR)


def test_the_nearest_role_counts(database: Engine) -> None:
    give(database, "*", Role.VIEWER)
    give(database, "@Example.com", Role.EDITOR)
    give(database, "vera@example.com", Role.VIEWER)

    assert role_of(database, "jo@else.example.org", ADMINS) is Role.VIEWER
    assert role_of(database, "Jo@EXAMPLE.com", ADMINS) is Role.EDITOR
    assert role_of(database, " vera@example.com", ADMINS) is Role.VIEWER
    assert role_of(database, "Ada@example.com", ADMINS) is Role.ADMIN


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "*", "a@b@example.com", "ada@example.com\n.evil.org", "a@"]
)
def test_what_is_no_address_has_no_role(database: Engine, email: str) -> None:
    give(database, "*", Role.VIEWER)
    give(database, "@example.com", Role.EDITOR)

    assert role_of(database, email, ADMINS) is None


def test_a_domain_is_not_that_of_its_neighbours(database: Engine) -> None:
    give(database, "@example.com", Role.EDITOR)

    for email in ("a@sub.example.com", "a@evilexample.com", "a@example.com.evil.org"):
        assert role_of(database, email, ADMINS) is None


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("*", Role.EDITOR),
        ("@example.com", Role.ADMIN),
        ("example.com", Role.VIEWER),
        ("a b@example.com", Role.VIEWER),
        ("a@example", Role.VIEWER),
        ("", Role.VIEWER),
        ("a@" + "x" * 300 + ".com", Role.VIEWER),
    ],
)
def test_what_nobody_should_have_is_not_given(database: Engine, who: str, role: Role) -> None:
    with pytest.raises(UnusableInput):
        give(database, who, role)

    assert members(database) == []
