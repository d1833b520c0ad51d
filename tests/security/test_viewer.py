"""A viewer presses everything that can be pressed, and nothing is changed."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.roles import Role
from core.services.roles import give_role
from tests.conftest import forget_installation
from tests.security.conftest import Links, opened
from tests.security.hostile import hostile_campaign
from tests.security.test_stored_markup import TABS

VERA = {"is_logged_in": True, "email": "vera@example.com", "email_verified": True}
AT = datetime(2026, 9, 1, tzinfo=UTC)
# What is looked at leaves its traces, and rehearsals are a viewer's own work.
NOT_COUNTED = ("rehearsals", "recommenders", "rehearsal.sqlite", "results.csv")


@pytest.fixture
def viewer(links: Links, monkeypatch: pytest.MonkeyPatch) -> Links:
    """Have sign-in, and a viewer."""
    monkeypatch.setenv("REHEARSAL_ADMINS", "ada@example.com")
    forget_installation()
    give_role(bootstrap.database(), "vera@example.com", Role.VIEWER, given_at=AT, given_by="test")
    return links


def kept() -> Mapping[str, object]:
    """Give all that the installation keeps: rows by table, and its files."""
    home = bootstrap.home()
    with sqlite3.connect(home / "rehearsal.sqlite") as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {name: set(database.execute(f"SELECT * FROM {name}")) for (name,) in tables}
    files = {str(p.relative_to(home)): p.stat().st_size for p in home.rglob("*") if p.is_file()}
    return {**rows, "files": {n: s for n, s in files.items() if not n.startswith(NOT_COUNTED)}}


def pressed(app: AppTest) -> int:
    """Press every button that is not switched off, one after the other."""
    count = 0
    for key in [button.key for button in app.button]:
        found = [button for button in app.button if button.key == key]
        if found and not found[0].disabled and key != "sign_in_out":
            found[0].click().run()
            assert not app.exception
            count += 1
    return count


@pytest.mark.parametrize("page", TABS)
def test_a_viewer_changes_nothing(viewer: Links, page: str) -> None:
    before = kept()

    app = opened(page, VERA)
    pressed(app)
    for key, labels in TABS[page].items():
        for label in labels:
            app.session_state[key] = label
            app.run()
            pressed(app)

    assert kept() == before


def test_an_admin_who_presses_the_same_does(viewer: Links) -> None:
    before = kept()

    app = opened("history/data.py", {**VERA, "email": "ada@example.com"})
    app.session_state["data_view"] = "Imports"
    app.run()
    app.button(key="data_delete_for_good").click().run()

    assert kept() != before


def test_an_open_test_or_flow_can_be_looked_at_and_not_changed(viewer: Links) -> None:
    before = kept()

    pressed(opened("results/experiments.py", VERA, results=viewer["results"]))
    flows = opened("design/flows.py", VERA)
    flows.session_state["flows_gallery_tab"] = "Your campaigns"
    flows.run()
    flows.button(key=f"flows_saved_{hostile_campaign().name}").click().run()
    flows.session_state["flows_save"] = True
    flows.run()

    (save,) = (b for b in flows.button if (b.key or "").endswith("_save_go"))
    assert save.disabled
    pressed(flows)
    assert kept() == before
