"""Consent and privacy on the page Settings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap, clock
from core.services import audit
from core.services.consents import purposes
from core.services.ingesting import denied_properties
from core.services.retention import Retention, retention
from tests.pages.conftest import Open, texts

PAGE = "settings/settings.py"


@pytest.fixture
def settings(home: Path, visit: Open) -> AppTest:
    return visit(PAGE)


def test_purposes_are_kept_and_the_change_is_noted(settings: AppTest) -> None:
    settings.text_area(key="settings_purposes").set_value("Newsletter: What is new\n\nSurveys")

    settings.button(key="settings_purposes_save").click().run()

    assert not settings.exception
    assert [(p.title, p.description) for p in purposes(bootstrap.database())][1:] == [
        ("Newsletter", "What is new"),
        ("Surveys", ""),
    ]
    (entry,) = audit.entries(bootstrap.database())
    assert entry.detail == "before: none; now: Newsletter, Surveys"
    assert entry.actor == "this computer"


def test_what_cannot_be_used_is_said_and_nothing_is_kept(settings: AppTest) -> None:
    settings.text_area(key="settings_purposes").set_value("News\nnews")

    settings.button(key="settings_purposes_save").click().run()

    assert "two purposes" in settings.error[0].value
    assert len(purposes(bootstrap.database())) == 1
    assert settings.text_area(key="settings_purposes").value == "News\nnews"


def test_properties_that_are_never_stored_can_be_added_and_taken_away(settings: AppTest) -> None:
    settings.text_area(key="settings_denied").set_value(" Iban \npassword")

    settings.button(key="settings_denied_save").click().run()

    assert denied_properties(bootstrap.database()) == {"iban", "password"}
    assert settings.text_area(key="settings_denied").value == "iban\npassword"


def test_how_long_things_are_kept_is_for_ever_until_set(settings: AppTest) -> None:
    before = retention(bootstrap.database())
    settings.number_input(key="settings_kept_events").set_value(400)

    settings.button(key="settings_retention_save").click().run()

    assert before == Retention()
    assert retention(bootstrap.database()) == Retention(events=400)
    (entry,) = audit.entries(bootstrap.database())
    assert "Events 400 days" in entry.detail


def test_too_short_a_time_is_refused(settings: AppTest) -> None:
    settings.number_input(key="settings_kept_events").set_value(3)

    settings.button(key="settings_retention_save").click().run()

    assert "cannot be kept for 3 days" in settings.error[0].value
    assert retention(bootstrap.database()) == Retention()


def test_the_log_is_filtered_and_hides_addresses(home: Path, visit: Open) -> None:
    database, at = bootstrap.database(), clock.now()
    audit.note(database, actor="a@example.com", action="Saved", subject="Cart", at=at)
    old = at - timedelta(days=60)
    audit.note(database, actor="b", action="Sent", subject="to x@example.com", at=old)
    page = visit(PAGE)

    both = str([frame.value.to_dict() for frame in page.dataframe])
    told = texts(page)
    page.selectbox(key="audit_when").set_value("Last 30 days").run()
    recent = str([frame.value.to_dict() for frame in page.dataframe])
    page.text_input(key="audit_text").set_value("nothing like it").run()

    assert "x…@example.com" in both
    assert "x@example.com" not in both
    assert "Cart" in recent
    assert "Times in UTC." in told
    assert "to x…" not in recent
    assert "Nothing fits" in texts(page)


def test_no_cell_of_the_file_is_taken_for_a_formula(home: Path) -> None:
    database, at = bootstrap.database(), datetime(2026, 9, 1, tzinfo=UTC)
    audit.note(database, actor="=HYPERLINK(1)", action="+x", subject='a,"b"', detail="-1", at=at)

    written = audit.as_csv(audit.entries(database))

    assert written.splitlines() == [
        "at,who,action,what,details",
        '2026-09-01T00:00:00.000000Z,\'=HYPERLINK(1),\'+x,"a,""b""",\'-1',
    ]
