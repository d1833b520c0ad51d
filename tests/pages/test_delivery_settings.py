"""How e-mails leave, on the page Settings."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core import bootstrap
from core.clock import now
from core.domain.roles import Role
from core.services import audit
from core.services.company import Company, keep_company
from core.services.delivering import note_trouble
from core.services.delivery_settings import (
    USUAL,
    DeliverySettings,
    delivery_settings,
    keep_delivery_settings,
)
from core.services.roles import give_role
from tests.live.delivery.sinks import Sink, serving
from tests.pages.conftest import Open, texts

PAGE = "settings/settings.py"
BEGIN = "settings_delivery"
COMPANY = Company(
    name="Fellgrove",
    address="1 Hill Road",
    url="https://shop.example.com",
    cart_url="https://shop.example.com/cart",
    sender_address="hello@example.com",
)


def test_without_a_mail_server_the_folder_and_what_is_missing_are_shown(
    home: Path, visit: Open
) -> None:
    app = visit(PAGE)

    assert str(home / "outbox") in [code.value for code in app.code]
    assert "wait until this is done" in app.warning[0].value
    assert "postal address" in app.warning[0].value
    assert not [button for button in app.button if button.key == f"{BEGIN}_try"]


def test_e_mails_in_a_folder_are_not_said_to_leave(home: Path, visit: Open) -> None:
    keep_company(bootstrap.database(), COMPANY, changed_at=now())

    said = texts(visit(PAGE))

    assert "Nobody gets them." in said
    assert "Everything is set for e-mails to be written there." in said


def test_what_is_set_is_kept_and_noted(home: Path, visit: Open) -> None:
    app = visit(PAGE)
    app.text_input(key=f"{BEGIN}_public_url").set_value("https://mail.shop.example/")
    app.number_input(key=f"{BEGIN}_per_second").set_value(2.5)
    app.number_input(key=f"{BEGIN}_connection_count").set_value(6)
    app.text_area(key=f"{BEGIN}_seed_addresses").set_value("a@shop.example\nb@shop.example")
    app.button(key=f"{BEGIN}_save").click().run()

    kept = delivery_settings(bootstrap.database())
    (entry,) = audit.entries(bootstrap.database())
    assert not app.exception
    assert kept.public_url == "https://mail.shop.example"
    assert (kept.per_second, kept.connection_count) == (2.5, 6)
    assert kept.seed_addresses == ("a@shop.example", "b@shop.example")
    assert app.text_input(key=f"{BEGIN}_public_url").value == "https://mail.shop.example"
    assert (entry.action, entry.subject) == ("Changed a setting", "How e-mails leave")
    assert entry.detail == "public address, e-mails a second, connections, seed list"


def test_what_cannot_be_used_is_said_and_stays_to_be_mended(home: Path, visit: Open) -> None:
    app = visit(PAGE)
    app.text_input(key=f"{BEGIN}_public_url").set_value("shop")
    app.button(key=f"{BEGIN}_save").click().run()

    assert "is no web address" in app.error[0].value
    assert app.text_input(key=f"{BEGIN}_public_url").value == "shop"
    assert delivery_settings(bootstrap.database()) == USUAL


@pytest.fixture
def key_file(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "dkim.pem"
    key = Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def test_the_dns_record_is_shown_to_be_copied(
    visit: Open, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_DKIM_KEY", str(key_file))
    bootstrap.settings.cache_clear()
    app = visit(PAGE)
    app.text_input(key=f"{BEGIN}_dkim_domain").set_value("shop.example")
    app.text_input(key=f"{BEGIN}_dkim_selector").set_value("s1")
    app.button(key=f"{BEGIN}_save").click().run()

    codes = [code.value for code in app.code]
    assert "s1._domainkey.shop.example" in codes
    assert any(code.startswith("v=DKIM1; k=ed25519; p=") for code in codes)


@pytest.mark.parametrize("is_there", [True, False])
def test_the_connection_is_tried_without_an_e_mail(
    home: Path, visit: Open, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    sink = Sink()

    with serving(sink) as server:
        port = server.port if is_there else 1
        monkeypatch.setenv("REHEARSAL_SMTP_URL", f"smtp://127.0.0.1:{port}")
        bootstrap.settings.cache_clear()
        app = visit(PAGE)
        app.button(key=f"{BEGIN}_try").click().run()

    said = [one.value for one in (app.success if is_there else app.error)]
    assert any(("lets us in" if is_there else "cannot be reached") in one for one in said)
    assert sink.envelopes == []


def test_trouble_of_the_sender_is_told(home: Path, visit: Open) -> None:
    note_trouble(bootstrap.database(), "The mail server is away.", at=now())

    assert "The mail server is away" in texts(visit(PAGE)).replace("\\", "")


def test_who_may_only_look_changes_nothing(home: Path, visit: Open) -> None:
    give_role(
        bootstrap.database(), "vera@example.com", Role.VIEWER, given_at=now(), given_by="test"
    )
    kept = DeliverySettings(seed_addresses=("ada@example.com",))
    keep_delivery_settings(bootstrap.database(), kept, changed_at=now())
    app = visit(PAGE)
    app.user = {"is_logged_in": True, "email": "vera@example.com", "email_verified": True}
    app.run()

    assert app.button(key=f"{BEGIN}_save").disabled
    assert [area.value for area in app.text_area if area.label == "Seed list"] == ["a…@example.com"]
