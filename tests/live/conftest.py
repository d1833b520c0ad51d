"""Both databases, as in the tests of the store, and the sample shop's people for the law."""

from pathlib import Path

import pytest

from tests.live.sample import Sample, sample
from tests.store.conftest import (
    database,
    database_url,
    empty,
    opened,
    postgresql_server,
    postgresql_url,
)

__all__ = [
    "database",
    "database_url",
    "empty",
    "opened",
    "postgresql_server",
    "postgresql_url",
]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Give one in eighty people of the sample shop, with their last thirty days."""
    home: Path = tmp_path_factory.mktemp("shop")
    return sample(home, share=80)


@pytest.fixture(scope="session")
def rehearsed(shop: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Give what the rehearsal says of them."""
    return shop.rehearsed(tmp_path_factory.mktemp("out"))
