"""The page Settings, as a marketer uses it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services.company import Company, company
from tests.pages.conftest import Open, texts

PAGE = "settings/settings.py"


@pytest.fixture
def settings(home: Path, visit: Open) -> AppTest:
    return visit(PAGE)


def saved(app: AppTest, **values: str) -> AppTest:
    for name, value in values.items():
        app.text_input(key=f"settings_company_{name}").set_value(value)
    app.button(key="settings_save").click().run()
    assert not app.exception
    return app


def test_what_is_set_is_kept_and_shown_again(settings: AppTest, visit: Open) -> None:
    saved(settings, name=" Fellgrove ", url="https://shop.example.com/", currency="chf")

    again = visit(PAGE)

    assert "Saved" in settings.toast[0].value
    assert settings.text_input(key="settings_company_currency").value == "CHF"
    assert company(bootstrap.database()) == Company(
        name="Fellgrove", url="https://shop.example.com", currency="CHF"
    )
    assert again.text_input(key="settings_company_name").value == "Fellgrove"


def test_what_cannot_be_used_is_said_and_stays_to_be_mended(settings: AppTest) -> None:
    saved(settings, name="Fellgrove", url="shop")

    (refusal,) = settings.error
    assert "write it with https" in refusal.value
    assert settings.text_input(key="settings_company_url").value == "shop"
    assert company(bootstrap.database()) == Company()


def test_the_mail_server_is_named_without_its_password(
    home: Path, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_SMTP_URL", "smtp://user:s3cret@mail.example.com:587")
    bootstrap.settings.cache_clear()

    said = texts(visit(PAGE))

    assert "mail\\.example\\.com:587" in said.replace("\\:", ":")
    assert "s3cret" not in said
