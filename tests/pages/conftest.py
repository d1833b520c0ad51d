"""Opening pages the way a person does, in an installation of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services.imports import IMPORT_JOB
from core.settings import REPOSITORY

Open = Callable[[str], AppTest]


@pytest.fixture
def visit() -> Open:
    """Open a page by its file below `pages`, in the installation of the test."""

    def open_page(page: str) -> AppTest:
        st.cache_data.clear()
        st.cache_resource.clear()
        app = AppTest.from_file(str(REPOSITORY / "core/ui/main.py"), default_timeout=60)
        app.run()
        app.switch_page(f"../../pages/{page}").run()
        assert not app.exception
        return app

    return open_page


def import_ended(app: AppTest) -> AppTest:
    """Wait for the import that was started, and look again."""
    job = bootstrap.jobs().get(IMPORT_JOB)
    assert job is not None
    job.wait(60)
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """Join everything that is said on the page."""
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.subheader)
    return "\n".join(str(element.value) for elements in kinds for element in elements)


def metrics(app: AppTest) -> dict[str, str]:
    """Give the big figures by their label."""
    return {metric.label: metric.value for metric in app.metric}


def uploads(home: Path) -> list[Path]:
    """List the uploaded files that are still on disk."""
    return [path for path in (home / "uploads").rglob("*") if path.is_file()]


def widget(app: AppTest, kind: str, ending: str):  # type: ignore[no-untyped-def]  # AppTest's own
    """Find the one widget of a kind whose key ends so."""
    found = [w for w in getattr(app, kind) if (w.key or "").endswith(ending)]
    assert len(found) == 1, f"{ending}: {[w.key for w in getattr(app, kind)]}"
    return found[0]


def click(app: AppTest, ending: str) -> AppTest:
    """Press the one button whose key ends so."""
    widget(app, "button", ending).click().run()
    assert not app.exception
    return app


def open_tab(app: AppTest, key: str, label: str) -> AppTest:
    """Open a tab of the tabs with a key."""
    app.session_state[key] = label
    app.run()
    assert not app.exception
    return app
