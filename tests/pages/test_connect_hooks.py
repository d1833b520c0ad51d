"""Connect: a system that calls us is set up, tried, changed and taken away by a marketer."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.clock import now
from core.domain.hooks import HookCall, Preset
from core.domain.roles import Role
from core.services.audit import entries
from core.services.calling import calling_secret
from core.services.hook_sources import add_source, sources
from core.services.hooks import HookDoor
from core.services.roles import give_role
from tests.pages.conftest import texts

ORDER = {
    "email": "ada@example.org",
    "id": 7,
    "total_price": "12.50",
    "created_at": "2026-05-01T10:00:00Z",
}


def _section() -> None:
    from core.ui.connect import hooks_section

    hooks_section.show()


def opened() -> AppTest:
    app = AppTest.from_function(_section, default_timeout=60).run()
    assert not app.exception
    return app


def added(preset: Preset = Preset.SHOPIFY, name: str = "shop") -> None:
    makes = preset in (Preset.GENERIC, Preset.SALESFORCE)
    add_source(
        bootstrap.database(),
        name=name,
        preset=preset,
        secret="" if makes else "a-secret-of-the-shop-1",
        organization="00D000000000001" if preset is Preset.SALESFORCE else "",
        created_at=now(),
    )


def with_rules() -> AppTest:
    """Open the rules of the one source."""
    app = opened()
    app.session_state["connect_hook_1"] = True
    app.session_state["connect_hook_1_rules"] = True
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    codes = "\n".join(code.value for code in app.code)
    tables = "\n".join(frame.value.to_string() for frame in app.dataframe)
    return f"{texts(app)}\n{codes}\n{tables}"


def keyed(app: AppTest, kind: str, ending: str):  # type: ignore[no-untyped-def]  # AppTest's own
    (found,) = [one for one in getattr(app, kind) if str(one.key).endswith(ending)]
    return found


def test_a_secret_that_is_made_is_shown_once(home: Path) -> None:
    app = opened()
    app.selectbox(key="connect_hooks_kind").select(Preset.GENERIC).run()
    app.text_input(key="connect_hooks_name").input("crm")

    app.button(key="connect_hooks_add").click().run()

    (source,) = sources(bootstrap.database())
    assert f"/v1/hooks/{source.name}" in shown(app)
    assert source.secret in shown(app)
    assert "not shown again" in shown(app)
    app.run()
    assert source.secret not in shown(app)
    assert source.secret not in shown(opened())
    assert [line.action for line in entries(bootstrap.database())] == ["Connected a webhook"]


def test_what_cannot_work_is_said_and_nothing_is_set_up(home: Path) -> None:
    app = opened()
    app.text_input(key="connect_hooks_name").input("shop")

    app.button(key="connect_hooks_add").click().run()

    assert "Paste the secret that Shopify shows" in app.error[0].value
    assert sources(bootstrap.database()) == []


def test_a_sample_shows_at_once_what_would_come_of_it_and_stores_nothing(home: Path) -> None:
    added()
    app = with_rules()
    keyed(app, "text_input", "_sample_topic").input("orders/create")

    keyed(app, "text_area", "_sample").input(json.dumps(ORDER)).run()

    assert "Whoever has the address `ada@example.org`" in shown(app)
    assert "Event **purchase** on Fri 1 May 2026, 10:00:00 UTC" in shown(app)
    assert "12.50" in shown(app)
    assert "None yet" in shown(app)


@pytest.mark.parametrize(
    ("sample", "said"),
    [("{", "The body is no JSON"), ('{"id": 1}', "It says of nobody"), ("[]", "no item")],
)
def test_a_sample_of_which_nothing_comes_says_why(home: Path, sample: str, said: str) -> None:
    added()
    app = with_rules()
    keyed(app, "text_input", "_sample_topic").input("orders/create")

    keyed(app, "text_area", "_sample").input(sample).run()

    everything = shown(app) + "".join(one.value for one in [*app.warning, *app.error])
    assert said in everything


def test_a_rule_that_is_changed_counts_for_the_sample_at_once_and_for_calls_once_saved(
    home: Path,
) -> None:
    added(Preset.GENERIC)
    app = with_rules()
    keyed(app, "text_area", "_sample").input('{"mail": "a@b.example", "what": "signup"}').run()
    assert "It says of nobody" in shown(app)

    keyed(app, "text_input", "_email").input("$.mail")
    keyed(app, "text_input", "_event").input("$.what").run()
    unsaved = shown(app)
    app.button(key="connect_hook_1_save").click().run()

    assert "Event **signup**" in unsaved
    assert "Not saved yet" in unsaved
    (source,) = sources(bootstrap.database())
    assert source.mapping.rules[0].email == "$.mail"
    assert "Not saved yet" not in shown(app)


def test_a_path_that_cannot_be_read_is_said_and_not_saved(home: Path) -> None:
    added(Preset.GENERIC)
    app = with_rules()
    keyed(app, "text_input", "_email").input("$..mail").run()

    app.button(key="connect_hook_1_save").click().run()

    assert "only names, places in lists" in app.toast[0].value
    (source,) = sources(bootstrap.database())
    assert source.mapping.rules[0].email == "$.email"


def test_a_rule_can_be_added_and_removed(home: Path) -> None:
    added(Preset.GENERIC)
    app = with_rules()

    app.button(key="connect_hook_1_add").click().run()
    more = len(sources(bootstrap.database())[0].mapping.rules)
    app.button(key="connect_hook_1_drop").click().run()
    app.button(key="connect_hook_1_drop").click().run()

    assert not app.exception
    assert more == 2
    assert sources(bootstrap.database())[0].mapping.rules == ()


def test_the_last_calls_say_what_became_of_them_and_of_strangers(home: Path) -> None:
    added(Preset.GENERIC)
    door = HookDoor(database=bootstrap.database, understand=bootstrap.understanding().messages)
    door.take(
        HookCall(
            source="shop",
            headers={"x-signature": "sha256=00", "x": "<script>alert(1)</script>"},
            query={},
            body=b"{}",
            urls=(),
            received_at=now(),
        )
    )

    app = with_rules()

    assert "Refused" in shown(app)
    assert "check the secret on both sides" in shown(app)


def test_a_new_secret_and_taking_away(home: Path) -> None:
    added(Preset.SALESFORCE)
    former = sources(bootstrap.database())[0].secret
    app = with_rules()

    app.button(key="connect_hook_1_rotate").click().run()
    (source,) = sources(bootstrap.database())
    told = shown(app)
    app.run()
    afterwards = shown(app)
    app.button(key="connect_hook_1_remove").click().run()

    assert source.secret != former
    assert f"?secret={source.secret}" in told
    assert source.secret not in afterwards
    assert sources(bootstrap.database()) == []


def test_the_secret_of_our_own_calls_is_shown_on_request(home: Path) -> None:
    app = opened()
    secret = calling_secret(bootstrap.database(), now())
    before = shown(app)

    app.button(key="connect_calls_show").click().run()
    on_request = shown(app)
    app.button(key="connect_calls_rotate").click().run()

    assert secret not in before
    assert secret in on_request
    assert secret not in shown(app)
    assert calling_secret(bootstrap.database(), now()) in shown(app)


def test_who_may_only_look_sees_no_secret_and_sets_nothing_up(home: Path) -> None:
    added(Preset.GENERIC)
    who = "vera@example.com"
    give_role(bootstrap.database(), who, Role.VIEWER, given_at=now(), given_by="test")
    app = AppTest.from_function(_section, default_timeout=60)
    app.user = {"is_logged_in": True, "email": who, "email_verified": True}
    app.session_state["connect_hook_1"] = True
    app.session_state["connect_hooks_new"] = True
    app.run()

    assert not app.exception
    assert app.button(key="connect_hooks_add").disabled
    assert app.button(key="connect_hook_1_rotate").disabled
    assert app.button(key="connect_hook_1_remove").disabled
    assert "connect_calls_show" not in [button.key for button in app.button]
