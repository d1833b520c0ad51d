"""What tests of several rooms share: an installation of its own, and one with the sample shop."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from core import bootstrap

# A submission is judged on the same examples each time; on everybody's own machine they are new
# ones each time, so that what no example has shown yet is found there.
hypothesis.settings.register_profile("submission", derandomize=True)
if os.environ.get("REHEARSAL_REQUIRE_TOOLS"):
    hypothesis.settings.load_profile("submission")

pytest_plugins = ["tests.databases"]

IMPORTED_AT = datetime(2026, 9, 1, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Write the files in tests/golden anew."
    )


def forget_installation() -> None:
    """Close what `bootstrap` keeps of an installation, so that the next one is read anew."""
    if bootstrap.database.cache_info().currsize:
        bootstrap.database().dispose()
    for kept in (bootstrap.settings, bootstrap.database, bootstrap.jobs):
        kept.cache_clear()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Path]]:
    """Make a folder the home of everything this test does through `bootstrap`."""

    def use(home: Path) -> Path:
        monkeypatch.setenv("REHEARSAL_HOME", str(home))
        monkeypatch.delenv("REHEARSAL_DATABASE_URL", raising=False)
        forget_installation()
        return home

    yield use
    forget_installation()


@pytest.fixture
def home(installed: Callable[[Path], Path], tmp_path: Path) -> Path:
    """An installation in which nothing was done yet."""
    return installed(tmp_path / "home")


@pytest.fixture(scope="session")
def _sample_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSAL_HOME", str(folder))
        patch.delenv("REHEARSAL_DATABASE_URL", raising=False)
        forget_installation()
        bootstrap.load_sample_shop(IMPORTED_AT)
        forget_installation()
    return folder


@pytest.fixture
def sample_home(installed: Callable[[Path], Path], _sample_template: Path, tmp_path: Path) -> Path:
    """An installation of its own with the sample shop."""
    shutil.copytree(_sample_template, tmp_path / "home")
    return installed(tmp_path / "home")
