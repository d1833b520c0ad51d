"""A database that is a file, for what is the same on both kinds; a sender that is closed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.live.delivery.post import Post
from tests.live.delivery.sinks import Sink, serving


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
def post(own_database: Engine, posted: Callable[..., Post]) -> Post:
    """Give a post whose server is the sink, on a file."""
    return posted(own_database)
