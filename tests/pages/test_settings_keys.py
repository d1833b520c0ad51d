"""The write keys on the page Settings."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.roles import Role
from core.domain.write_keys import KeyKind
from core.services.audit import entries
from core.services.roles import give_role
from core.services.write_keys import KnownKeys, create_key, revoke_key, write_keys
from tests.pages.conftest import Open, texts

PAGE = "settings/settings.py"
NOW = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
SHOP = "https://shop.example"


@pytest.fixture
def keys(home: Path) -> dict[str, str]:
    """Make two keys in use and one that was revoked."""
    database = bootstrap.database()
    made = {
        "shop": create_key(database, "shop", created_at=NOW),
        "pages": create_key(
            database, "pages", created_at=NOW, kind=KeyKind.BROWSER, origins=[SHOP]
        ),
        "old": create_key(database, "old", created_at=NOW),
    }
    revoke_key(database, "old", revoked_at=NOW)
    return made


def test_keys_are_listed_with_their_last_use_and_never_shown(
    keys: dict[str, str], visit: Open
) -> None:
    KnownKeys(bootstrap.database, lambda: NOW).name_of(keys["shop"])

    app = visit(PAGE)

    said = texts(app)
    assert "**shop** :violet-badge" in said
    assert "Used last Tue 1 Sep 2026, 12:30 UTC" in said
    assert "Never used. Made 1 Sep 2026. Only pages of" in said
    assert "Revoked: old (1 Sep 2026)" in said
    assert not any(key in said for key in keys.values())


def test_a_key_is_revoked_after_a_question(keys: dict[str, str], visit: Open) -> None:
    app = visit(PAGE)

    app.button(key="settings_keys_revoke_shop").click().run()
    assert "refused from now on" in app.warning[-1].value or "refused" in texts(app)
    assert [key.name for key in write_keys(bootstrap.database()) if key.is_active] == [
        "pages",
        "shop",
    ]
    app.button(key="settings_keys_confirm_shop").click().run()

    assert not app.exception
    assert [key.name for key in write_keys(bootstrap.database()) if key.is_active] == ["pages"]
    assert [(e.action, e.subject) for e in entries(bootstrap.database())] == [
        ("Revoked a write key", "shop")
    ]


def test_a_question_may_be_answered_by_no(keys: dict[str, str], visit: Open) -> None:
    app = visit(PAGE)
    app.button(key="settings_keys_revoke_shop").click().run()

    app.button(key="settings_keys_keep_shop").click().run()

    assert "settings_keys_confirm_shop" not in [button.key for button in app.button]
    assert len([key for key in write_keys(bootstrap.database()) if key.is_active]) == 2


def test_a_key_that_somebody_else_revoked_is_said_in_a_sentence(
    keys: dict[str, str], visit: Open
) -> None:
    app = visit(PAGE)
    app.button(key="settings_keys_revoke_shop").click().run()
    revoke_key(bootstrap.database(), "shop", revoked_at=NOW)

    app.button(key="settings_keys_confirm_shop").click().run()

    assert not app.exception
    assert "no write key called" in app.toast[0].value


def test_a_key_is_made_here_too(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    app.radio(key="settings_key_kind").set_value(KeyKind.SERVER).run()
    app.text_input(key="settings_key_name").set_value("shop")
    app.button(key="settings_key_make").click().run()

    (key,) = [code.value for code in app.code if code.value.startswith("wk_")]
    assert KnownKeys(bootstrap.database, lambda: NOW).name_of(key) == "shop"


def test_an_editor_revokes_no_key(keys: dict[str, str], visit: Open) -> None:
    give_role(bootstrap.database(), "ed@example.com", Role.EDITOR, given_at=NOW, given_by="test")
    app: AppTest = visit(PAGE)
    app.button(key="settings_keys_revoke_shop").click().run()
    app.user = {"is_logged_in": True, "email": "ed@example.com", "email_verified": True}  # type: ignore[attr-defined]

    app.button(key="settings_keys_confirm_shop").click().run()

    assert len([key for key in write_keys(bootstrap.database()) if key.is_active]) == 2
