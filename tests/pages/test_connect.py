"""The page Connect, as a marketer uses it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.api.refusals import unauthorized
from core.domain.calls import Delivery, Rejection, anonymous
from core.domain.events import Event
from core.domain.mail_events import DELIVERY
from core.domain.roles import Role
from core.domain.write_keys import KeyKind
from core.services.audit import entries
from core.services.delivery_settings import DeliverySettings, keep_delivery_settings
from core.services.ingesting import take_in
from core.services.roles import give_role
from core.services.write_keys import KnownKeys, create_key, write_keys
from tests.pages.conftest import Open, texts

PAGE = "live/connect.py"
_WAYS = ("Sign-up form", "Server", "Pixel", "Queue")
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def connect(home: Path, visit: Open) -> AppTest:
    bootstrap.refused_requests.cache_clear()
    return visit(PAGE)


def codes(app: AppTest) -> str:
    return "\n".join(element.value for element in app.code)


def tab(app: AppTest, name: str) -> AppTest:
    app.session_state["connect_tab"] = name
    app.run()
    assert not app.exception
    return app


def make_key(app: AppTest, name: str, kind: KeyKind, origins: str = "") -> AppTest:
    app.radio(key="connect_key_kind").set_value(kind).run()
    app.text_input(key="connect_key_name").set_value(name)
    if origins:
        app.text_area(key="connect_key_origins").set_value(origins)
    app.button(key="connect_key_make").click().run()
    assert not app.exception
    return app


def arrived(*events: Event, rejected: str = "") -> None:
    rejections = [Rejection(index=0, kind="track", message_id=None, reason=rejected)]
    take_in(
        bootstrap.database(),
        [
            Delivery(
                calls=events,
                received_at=NOW,
                source="api",
                rejections=rejections if rejected else (),
            )
        ],
    )


def event(user_id: str, name: str, **properties: object) -> Event:
    return Event(
        event_id=f"{user_id}-{name}",
        user_id=user_id,
        event=name,
        timestamp=NOW,
        properties=properties,  # type: ignore[arg-type]
    )


def test_who_begins_is_told_the_three_steps(connect: AppTest) -> None:
    said = texts(connect)

    assert "Address and key" in said
    assert "Nothing came in yet" in said
    assert "/v1/snippet.js" in codes(connect)
    assert "YOUR_BROWSER_KEY" in codes(connect)
    assert connect.expander[0].proto.expanded


def test_a_key_is_shown_once_and_stands_in_the_code(connect: AppTest, visit: Open) -> None:
    make_key(connect, "shop pages", KeyKind.BROWSER, "https://shop.example/a\n")

    key = next(code.value for code in connect.code if code.value.startswith("wb_"))
    (kept,) = write_keys(bootstrap.database())
    assert KnownKeys(bootstrap.database, lambda: NOW).name_of(key) == "shop pages"
    assert (kept.kind, kept.origins) == (KeyKind.BROWSER, ("https://shop.example",))
    assert f'data-key="{key}"' in codes(connect)
    connect.button(key="write_key_copied").click().run()
    assert key not in codes(connect)
    assert key not in codes(visit(PAGE))


def test_making_a_key_is_noted_without_the_key(connect: AppTest) -> None:
    make_key(connect, "shop", KeyKind.SERVER)

    (entry,) = entries(bootstrap.database())
    assert (entry.action, entry.subject, entry.detail) == ("Made a write key", "shop", "server")


def test_a_servers_key_stands_in_a_servers_code(connect: AppTest) -> None:
    make_key(connect, "shop", KeyKind.SERVER)

    tab(connect, "Server")

    assert 'analytics.write_key = "wk_' in codes(connect)
    assert "YOUR_BROWSER_KEY" in codes(connect)


@pytest.mark.parametrize(
    ("name", "origins", "said"),
    [
        ("", "", "Give the key a name"),
        ("a\tb", "", "1 to 100 printable characters"),
        ("shop", "shop", "is no address of a website"),
        ("taken", "", "already"),
    ],
)
def test_what_cannot_be_a_key_is_said_in_a_sentence(
    connect: AppTest, name: str, origins: str, said: str
) -> None:
    create_key(bootstrap.database(), "taken", created_at=NOW)

    make_key(connect, name, KeyKind.BROWSER, origins)

    (refusal,) = connect.error
    assert said in refusal.value
    assert len(write_keys(bootstrap.database())) == 1
    assert connect.text_input(key="connect_key_name").value == name


def test_a_viewer_makes_no_key(connect: AppTest) -> None:
    give_role(bootstrap.database(), "vera@example.com", Role.VIEWER, given_at=NOW, given_by="test")
    connect.text_input(key="connect_key_name").set_value("shop")
    connect.user = {"is_logged_in": True, "email": "vera@example.com", "email_verified": True}  # type: ignore[attr-defined]

    connect.button(key="connect_key_make").click().run()

    assert connect.button(key="connect_key_make").disabled
    assert write_keys(bootstrap.database()) == []


def test_the_public_address_stands_in_the_code(home: Path, visit: Open) -> None:
    keep_delivery_settings(
        bootstrap.database(),
        DeliverySettings(public_url="https://mail.example.com"),
        changed_at=NOW,
    )

    app = visit(PAGE)

    assert 'src="https://mail.example.com/v1/snippet.js"' in codes(app)
    assert "of your own computer" not in texts(app)


def test_every_way_in_has_what_to_copy(connect: AppTest) -> None:
    shown = {name: codes(tab(connect, name)) for name in _WAYS}

    assert "segment-analytics-python" in shown["Server"]
    assert "/v1/subscribe" in shown["Sign-up form"]
    assert "/v1/pixel.gif?writeKey=" in shown["Pixel"]
    assert "python -m core consume --queue" in shown["Queue"]


def test_each_client_has_its_code_in_three_languages(connect: AppTest) -> None:
    tab(connect, "Server")
    shown = set()

    for brand in ("Segment", "RudderStack"):
        for language in ("Python", "JavaScript (Node)", "Shell"):
            connect.session_state["connect_brand"] = brand
            connect.session_state["connect_language"] = language
            connect.run()
            assert not connect.exception
            shown |= {code.value for code in connect.code if "cart_add" in code.value}

    assert len(shown) == 5  # without a client there is one code for both


def test_the_code_for_a_tag_manager_is_another(connect: AppTest) -> None:
    connect.session_state["connect_web_way"] = "Google Tag Manager"
    connect.run()

    assert 'setAttribute("data-consent", "given")' in codes(connect)
    assert "Require additional consent" in texts(connect)


def test_a_test_event_arrives(connect: AppTest) -> None:
    connect.button(key="connect_test").click().run()

    (table,) = connect.dataframe
    assert table.value[["Person", "Event", "By"]].to_numpy().tolist() == [
        ["Test", "test_event", "This page"]
    ]


def test_what_came_in_is_shown_with_people_masked(home: Path, visit: Open) -> None:
    arrived(
        event(
            "jo@example.com",
            "purchase",
            items=[{"id": "7", "by": "jo@example.com"}],
            mail="jo@example.com",
            context={"x": 1},
        ),
        event(anonymous("0123456789"), "page", path="/tents"),
    )
    ours = Delivery(calls=[event("jo", "email_sent")], received_at=NOW, source=DELIVERY)
    take_in(bootstrap.database(), [ours])

    (table,) = visit(PAGE).dataframe

    assert table.value[["Person", "Event", "What it says"]].to_numpy().tolist() == [
        ["Visitor 01234567", "page", "path: /tents"],
        ["j…@example.com", "purchase", "items: (id 7, by j…@example.com), mail: j…@example.com"],
    ]


def test_what_could_not_be_used_is_said_with_its_reason(connect: AppTest) -> None:
    for reason in ("it says of nobody", "it names no event", "it says of nobody"):
        arrived(rejected=reason)

    connect.run()

    (table,) = connect.dataframe
    assert table.value[["What", "Why", "How often"]].to_numpy().tolist() == [
        ["Event", "it says of nobody", 2],
        ["Event", "it names no event", 1],
    ]


def test_a_wrong_key_is_told_with_the_page_that_sends_it(connect: AppTest) -> None:
    for _ in range(2):
        bootstrap.refused_requests().note(
            unauthorized("the write key is not known"),
            at=NOW,
            path="/v1/t",
            origin="https://shop.example/`[x](https://bad.example)",
        )

    connect.run()

    (warning,) = connect.warning
    assert warning.value.startswith("2 requests from pages of `https://shop.example/[x](")
    assert "the write key is not known" in warning.value
