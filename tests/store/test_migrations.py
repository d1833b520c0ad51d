import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from core.domain.errors import UnusableInput
from core.settings import REPOSITORY
from core.store import base
from core.store.base import Table
from core.store.database import migrate, open_database

Opened = Callable[[str], Engine]

TABLE_MODULES = sorted(Path(base.__file__).parent.glob("*tables.py"))
for path in TABLE_MODULES:
    import_module(f"core.store.{path.stem}")


def schema_of(engine: Engine) -> dict[str, Any]:
    inspector = inspect(engine)
    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), getattr(c["type"], "timezone", None), c["nullable"])
                for c in inspector.get_columns(name)
            ],
            "primary": inspector.get_pk_constraint(name),
            "foreign": inspector.get_foreign_keys(name),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
            "indexes": sorted(map(_told, inspector.get_indexes(name)), key=str),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def _told(index: Any) -> dict[str, Any]:
    """Write out the condition of a partial index: two that say the same are not equal."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def test_the_migrated_schema_is_the_schema_of_the_models(empty: Engine, opened: Opened) -> None:
    migrate(empty)
    migrated = schema_of(empty)

    with empty.begin() as connection:
        for name in migrated:
            connection.execute(text(f"ALTER TABLE {name} RENAME TO old_{name}"))
    assert migrated.keys() == Table.metadata.tables.keys()
    assert migrated == fresh_schema(empty, opened)


def fresh_schema(engine: Engine, opened: Opened) -> dict[str, Any]:
    """Create the models' tables in a second database, or in a second schema of the server."""
    if engine.dialect.name == "sqlite":
        fresh = opened(f"sqlite:///{engine.url.database}.fresh")
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        fresh = engine
    Table.metadata.create_all(fresh)
    return schema_of(fresh)


def test_alembic_sees_nothing_left_to_migrate(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Table.metadata) == []


def test_migrating_again_changes_nothing(database: Engine) -> None:
    before = schema_of(database)

    migrate(database)

    assert schema_of(database) == before


def test_threads_that_migrate_at_once_all_succeed(database_url: str, opened: Opened) -> None:
    engines = [opened(database_url) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, engines))

    assert schema_of(engines[0]).keys() == Table.metadata.tables.keys()


def test_threads_that_migrate_different_databases_do_not_mix_them_up(
    tmp_path: Path, opened: Opened
) -> None:
    engines = [opened(f"sqlite:///{tmp_path}/{number}.sqlite") for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(migrate, engines))

    assert all(schema_of(engine) == schema_of(engines[0]) for engine in engines)


def test_processes_that_migrate_at_once_all_succeed(database_url: str, opened: Opened) -> None:
    program = (
        "import sys; from core.store.database import migrate, open_database;"
        "engine = open_database(sys.argv[1]); migrate(engine); engine.dispose()"
    )
    command = [sys.executable, "-c", program, database_url]

    running = [
        subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    assert [process.communicate()[1] for process in running] == ["", "", ""]
    assert schema_of(opened(database_url)).keys() == Table.metadata.tables.keys()


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE campaign_versions (obstacle INTEGER)"))

    with pytest.raises(UnusableInput, match=r"cannot be used .*campaign_versions"):
        migrate(empty)

    assert inspect(empty).get_table_names() == ["campaign_versions"]


def test_a_database_of_a_newer_release_is_refused(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UnusableInput, match="newer release") as refusal:
        migrate(database)

    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, opened: Opened) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database at all, only some text\n" * 100)

    with pytest.raises(UnusableInput, match=r"notes\.txt .*not a database"):
        migrate(opened(f"sqlite:///{file}"))

    assert file.read_text().startswith("not a database at all")


def test_a_server_that_does_not_answer_is_named_without_its_password(opened: Opened) -> None:
    engine = opened("postgresql+psycopg://user:s3cret@127.0.0.1:1/shop?connect_timeout=2")

    with pytest.raises(UnusableInput, match=r"127\.0\.0\.1:1/shop cannot be used") as refusal:
        migrate(engine)

    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("url", ["nonsense", "postgresql+psycopg://host:port/x", "foo://x"])
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(UnusableInput, match=r"^REHEARSAL_DATABASE_URL "):
        open_database(url)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UnusableInput, match=r"folder '.*/file/inside' for the database"):
        open_database(f"sqlite:///{tmp_path}/file/inside/shop.sqlite")


def test_a_hot_reload_may_define_the_tables_again() -> None:
    sources = [Path(base.__file__).read_text(), *(path.read_text() for path in TABLE_MODULES)]
    # Together they are one module, which needs none of the others.
    anew = [
        re.sub(r"^from core\.store\..*\n", "", source.split('"""', 2)[2], flags=re.MULTILINE)
        for source in sources
    ]

    for _ in range(2):
        fresh: dict[str, Any] = {"__name__": "reloaded"}
        exec("\n".join(anew), fresh)

    assert fresh["Table"].metadata is not Table.metadata
    assert fresh["Table"].metadata.tables.keys() == Table.metadata.tables.keys()
