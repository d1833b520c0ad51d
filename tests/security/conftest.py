"""An installation full of names that do harm, filled once and looked at by many tests."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY
from tests.conftest import forget_installation
from tests.security import hostile

Links = Mapping[str, str]


@pytest.fixture(scope="session")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Links]:
    home = tmp_path_factory.mktemp("hostile") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSAL_HOME", str(home))
        patch.delenv("REHEARSAL_DATABASE_URL", raising=False)
        forget_installation()
        record, kept = hostile.fill(home)
        forget_installation()
    return home, {"rehearsal": record.rehearsal_id, "results": kept.results_id}


@pytest.fixture
def links(_filled: tuple[Path, Links], installed: Callable[[Path], Path], tmp_path: Path) -> Links:
    """Use a copy of the installation, and give the links to what is in it."""
    home, links = _filled
    shutil.copytree(home, tmp_path / "home")
    installed(tmp_path / "home")
    return links


def opened(page: str, user: Mapping[str, object] | None = None, **parameters: str) -> AppTest:
    """Open a page, as somebody who is signed in if they are named."""
    app = AppTest.from_file(str(REPOSITORY / "core/ui/main.py"), default_timeout=60)
    if user is not None:
        app.user = dict(user)
    app.run()
    app.switch_page(f"../../pages/{page}")
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    return app
