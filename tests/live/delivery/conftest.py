"""A database that is a file, for what is the same on both kinds; a sender that is closed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.store.database import migrate, open_database
from tests.live.delivery.post import Post
from tests.live.delivery.sinks import Sink, serving


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once: each test has a copy."""
    file = tmp_path_factory.mktemp("post") / "post.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def file_database(tmp_path: Path, migrated_file: Path, opened: Callable[[str], Engine]) -> Engine:
    """Give a SQLite database of this test."""
    shutil.copy(migrated_file, tmp_path / "post.sqlite")
    return opened(f"sqlite:///{tmp_path}/post.sqlite")


@pytest.fixture
def sink() -> Sink:
    """Give what the mail server of this test takes."""
    return Sink()


@pytest.fixture
def posted(tmp_path: Path, sink: Sink) -> Iterator[Callable[..., Post]]:
    """Make a post whose server is the sink, on a database."""
    with ExitStack() as stack:
        server = stack.enter_context(serving(sink))

        def make(database: Engine, **options: Any) -> Post:
            made = Post(database, tmp_path / "outbox", server, **options)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def post(file_database: Engine, posted: Callable[..., Post]) -> Post:
    """Give a post whose server is the sink, on a file."""
    return posted(file_database)
