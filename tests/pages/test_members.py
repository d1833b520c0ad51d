"""Who may come in, and the section of the page Settings in which roles are given."""

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.roles import Role
from core.services.audit import entries
from core.services.roles import give_role, members, role_of, take_role_away
from core.settings import REPOSITORY
from tests.conftest import forget_installation
from tests.pages.conftest import texts

PAGE = "settings/settings.py"
AT = datetime(2026, 9, 1, tzinfo=UTC)
ADA = "ada@example.com"
VERA = "vera@example.com"


@pytest.fixture(autouse=True)
def _admins(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_ADMINS", ADA)
    forget_installation()


def visited(email: str | None, page: str = PAGE, **claims: object) -> AppTest:
    """Open a page as somebody who is signed in, or (None) is not."""
    app = AppTest.from_file(str(REPOSITORY / "core/ui/main.py"), default_timeout=60)
    who = {"email": email, "email_verified": True, **claims} if email else {}
    app.user = {"is_logged_in": email is not None, **who}
    app.run()
    app.switch_page(f"../../pages/{page}").run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_nobody_sees_anything_before_they_sign_in() -> None:
    app = visited(None)

    assert "Sign in to see" in texts(app)
    assert not app.text_input


def test_an_address_that_nobody_confirmed_is_nobodys() -> None:
    for verified in (False, None, "false", 1):
        app = visited(ADA, email_verified=verified)

        assert "does not confirm your e-mail" in texts(app)
        assert labels(app) == ["Sign out"]


def test_who_has_no_role_is_told_whom_to_ask() -> None:
    app = visited("stranger@example.org")

    assert "has no role here yet" in texts(app)
    assert not app.text_input


def test_the_admins_of_the_environment_come_in_however_they_are_written() -> None:
    app = visited("Ada@Example.COM", name="Ada L.")

    assert "settings_save" in [button.key for button in app.button]
    assert not app.button(key="settings_save").disabled


def test_an_admin_gives_a_role_and_takes_it_away() -> None:
    app = visited(ADA)

    app.text_input(key="settings_members_who").set_value(" Vera@example.com")
    app.selectbox(key="settings_members_role").set_value(Role.EDITOR)
    app.button(key="settings_members_give").click().run()

    (member,) = members(bootstrap.database())
    assert (member.who, member.role, member.given_by) == (VERA, Role.EDITOR, ADA)
    assert role_of(bootstrap.database(), VERA, ()) is Role.EDITOR

    app.button(key=f"settings_members_drop_{VERA}").click().run()

    assert members(bootstrap.database()) == []
    assert [entry.action for entry in entries(bootstrap.database())] == [
        "Took a role away",
        "Gave a role",
    ]


def test_what_is_no_address_is_said() -> None:
    app = visited(ADA)

    app.text_input(key="settings_members_who").set_value("vera")
    app.button(key="settings_members_give").click().run()

    assert "no e\\-mail address" in app.error[0].value
    assert members(bootstrap.database()) == []


def test_an_editor_sees_neither_the_list_nor_a_way_to_change_settings() -> None:
    give_role(bootstrap.database(), VERA, Role.EDITOR, given_at=AT, given_by=ADA)

    app = visited(VERA)

    assert app.button(key="settings_save").disabled
    assert "settings_members_give" not in [button.key for button in app.button]


def forgotten(app: AppTest) -> None:
    """Let the moment pass for which a role is known without asking."""
    app.session_state["signed_in_known"] = (VERA, Role.ADMIN.value, AT)


def test_who_presses_a_button_that_is_switched_off_changes_nothing() -> None:
    give_role(bootstrap.database(), VERA, Role.VIEWER, given_at=AT, given_by=ADA)
    app = visited(VERA)

    button = app.button(key="settings_save")
    button.proto.disabled = False  # what a client of one's own would not care about
    app.text_input(key="settings_company_name").set_value("Mine now")
    button.click().run()

    assert visited(ADA).text_input(key="settings_company_name").value == ""


def test_who_loses_their_role_before_they_press_changes_nothing() -> None:
    give_role(bootstrap.database(), VERA, Role.ADMIN, given_at=AT, given_by=ADA)
    app = visited(VERA)
    app.text_input(key="settings_company_name").set_value("Mine now")

    give_role(bootstrap.database(), VERA, Role.VIEWER, given_at=AT, given_by=ADA)
    forgotten(app)
    app.button(key="settings_save").click().run()

    assert "Only admins" in app.toast[0].value
    assert visited(ADA).text_input(key="settings_company_name").value == ""


def test_a_role_that_is_taken_away_ends_at_once() -> None:
    give_role(bootstrap.database(), "@example.com", Role.VIEWER, given_at=AT, given_by=ADA)
    app = visited(VERA)
    assert app.text_input

    take_role_away(bootstrap.database(), "@example.com")
    forgotten(app)
    app.run()

    assert "has no role here yet" in texts(app)


def test_a_part_that_renews_itself_alone_shows_nothing_to_who_has_no_role() -> None:
    def part() -> None:
        import streamlit as st

        from core.ui import signed_in

        @signed_in.fragment()
        def seen() -> None:
            st.markdown("Everybody's names")

        seen()

    give_role(bootstrap.database(), VERA, Role.VIEWER, given_at=AT, given_by=ADA)
    app = AppTest.from_function(part)
    app.user = {"is_logged_in": True, "email": VERA, "email_verified": True}
    assert "Everybody" in texts(app.run())

    take_role_away(bootstrap.database(), VERA)
    forgotten(app)
    app.run()

    assert "Everybody" not in texts(app)
    assert "Only people with a role" in app.info[0].value
