"""Workers as processes, and the sample shop's people for the law."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import law_workers
from tests.live.law_workers import Nursery
from tests.live.sample import Sample, sample

SHARE = int(os.environ.get("REHEARSAL_SHARE", "80"))


@pytest.fixture(scope="session")
def _nursery() -> Iterator[Nursery]:
    grown = Nursery({"decide": law_workers.decide, "decide and send": law_workers.decide_and_send})
    yield grown
    grown.close()


@pytest.fixture
def nursery(_nursery: Nursery) -> Iterator[Nursery]:
    """Give what starts workers as processes; none is left behind."""
    yield _nursery
    _nursery.kill_all()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Give one in SHARE people of the sample shop, with their last thirty days."""
    home: Path = tmp_path_factory.mktemp("shop")
    return sample(home, share=SHARE)


@pytest.fixture(scope="session")
def rehearsed(shop: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Give what the rehearsal says of them."""
    return shop.rehearsed(tmp_path_factory.mktemp("out"))
