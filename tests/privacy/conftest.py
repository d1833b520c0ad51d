"""A database of its own for each test: a SQLite file, and where it matters PostgreSQL as well."""

from pathlib import Path

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that ask for `both_kinds` once on each kind of database."""
    if "database_kind" in metafunc.fixturenames:
        kinds = ["sqlite"]
        if "both_kinds" in metafunc.fixturenames:
            kinds.append("postgresql")
        metafunc.parametrize("database_kind", kinds)


@pytest.fixture
def both_kinds() -> None:
    """Ask for SQLite and PostgreSQL."""


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Give the URL of a database of the kind that the test runs on."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/shop.sqlite"
    return str(request.getfixturevalue("postgresql_url"))
