"""The page People, as a marketer uses it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.consents import ConsentState
from core.domain.roles import Role
from core.services import audit
from core.services.consents import consents_of, record_consent
from core.services.live_events import profile
from core.services.live_launches import LaunchMode
from core.services.roles import give_role
from core.ui.people.person_rights import ERASE_JOB
from tests.live.launched import Shop
from tests.pages.conftest import Open, texts

PAGE = "people/people.py"
NOW = datetime(2026, 9, 1, tzinfo=UTC)
ANN, ADDRESS = "ann-7f31", "ann.arbor@example.org"


@pytest.fixture
def shop(home: Path) -> Shop:
    shop = Shop(bootstrap.database())
    shop.know(
        {
            ANN: {"email": ADDRESS, "note": "<script>alert(1)</script> **bold**"},
            "bob-22c0": {"email": "bob@example.org", "friend": ADDRESS},
        }
    )
    shop.launch()
    shop.launch(mode=LaunchMode.SANDBOX)
    shop.happen(ANN, "add", 1, sent_to=ADDRESS)
    shop.tick(3)
    return shop


def found(app: AppTest, text: str) -> AppTest:
    app.text_input(key="people_search").set_value(text).run()
    assert not app.exception
    return app


def all_texts(app: AppTest) -> str:
    tables = [str(table.value.to_dict()) for table in app.table]
    frames = [str(frame.value.to_dict()) for frame in app.dataframe]
    options = [str(box.options) for box in app.selectbox]
    return "\n".join([texts(app), *tables, *frames, *options])


def tab(app: AppTest, name: str) -> AppTest:
    app.session_state["people_view"] = name
    app.run()
    assert not app.exception
    return app


def test_with_nobody_known_the_page_says_what_to_do_next(home: Path, visit: Open) -> None:
    page = visit(PAGE)

    assert "Nobody is known yet" in texts(page)
    assert not page.selectbox


def test_somebody_is_found_by_id_or_address(shop: Shop, visit: Open) -> None:
    page = visit(PAGE)

    for text in ("ann-7", ADDRESS.upper(), "ann.a", ANN):
        assert found(page, text).selectbox(key="people_person").value == ANN


def test_whoever_is_not_there_is_not_found(shop: Shop, visit: Open) -> None:
    page = found(visit(PAGE), "zoe@example.org")

    assert "z…@example" in texts(page).replace("\\", "")
    assert not [box for box in page.selectbox if box.key == "people_person"]


def test_addresses_are_hidden_everywhere_until_asked_for(shop: Shop, visit: Open) -> None:
    page = found(visit(PAGE), ANN)

    for view in ("Who they are", "What they did", "E-mails and decisions", "Their rights"):
        assert ADDRESS not in all_texts(tab(page, view)).replace("\\", "")


def test_showing_addresses_is_noted_and_concerns_one_person(shop: Shop, visit: Open) -> None:
    page = found(visit(PAGE), ANN)

    page.button(key="people_show").click().run()
    shown = all_texts(page).replace("\\", "")
    other = all_texts(found(page, "bob-22c0")).replace("\\", "")

    assert ADDRESS in shown
    assert ADDRESS not in other
    (entry,) = audit.entries(bootstrap.database())
    assert (entry.action, entry.subject) == ("Showed e-mail addresses", ANN)


def test_what_people_wrote_is_shown_as_text(shop: Shop, visit: Open) -> None:
    page = found(visit(PAGE), ANN)

    (table,) = page.table
    shown = str(table.value.to_dict())
    assert "\\\\<script\\\\>" in shown
    assert "\\\\*\\\\*bold" in shown


def test_what_they_did_and_what_was_decided_stand_in_their_tabs(shop: Shop, visit: Open) -> None:
    page = tab(found(visit(PAGE), ANN), "What they did")
    deeds = all_texts(page)
    decisions = all_texts(tab(page, "E-mails and decisions"))

    assert "add" in deeds
    assert "your shop" in deeds
    assert "Entered: the trigger caught them" in decisions
    (mails,) = [frame.value for frame in page.dataframe if "Due" in frame.value.columns]
    assert sorted(mails[["State", "Campaign"]].values.tolist()) == [
        ["Waiting to leave", "Cart"],
        ["Would have been sent", "Cart (sandbox)"],
    ]


def test_a_consent_is_changed_with_a_reason_and_its_history_stays(shop: Shop, visit: Open) -> None:
    record_consent(
        bootstrap.database(), ANN, "marketing", ConsentState.WITHDRAWN, at=NOW, source="link"
    )
    page = found(visit(PAGE), ANN)

    page.button(key="people_consent_save").click().run()
    refused = page.error[0].value
    page.text_input(key=f"people_consent_reason_{ANN}").set_value("said so by phone")
    page.button(key="people_consent_save").click().run()

    (marketing,) = consents_of(bootstrap.database(), ANN)
    assert "Write how you know it" in refused
    assert (marketing.state, marketing.is_reachable) == (ConsentState.GIVEN, True)
    assert "said so by phone (noted by this computer)" in all_texts(page)
    (history,) = [frame.value for frame in page.dataframe if "Proof" in frame.value.columns]
    assert set(history["For"]) == {"Marketing e-mails"}
    (entry,) = audit.entries(bootstrap.database())
    assert entry.action == "Changed a consent"


def test_what_loaded_data_say_about_consent_counts_until_live_knows_somebody(
    sample_home: Path, visit: Open
) -> None:
    page = found(visit(PAGE), "u00001")

    (consent,) = (f.value for f in page.dataframe if "Gets e-mails" in f.value)
    assert consent.to_dict("records")[0]["They"] == "Agreed"
    assert consent.to_dict("records")[0]["Gets e-mails"] == "Yes"
    assert "in your loaded data" in texts(page)


def test_an_erased_person_is_gone_and_the_page_says_what_was_erased(
    shop: Shop, visit: Open
) -> None:
    page = tab(found(visit(PAGE), "bob"), "Their rights")
    page.checkbox(key="people_sure_bob-22c0").check().run()
    found(page, ANN)
    is_disarmed = page.button(key="people_erase").disabled
    page.checkbox(key=f"people_sure_{ANN}").check().run()

    page.button(key="people_erase").click().run()
    job = bootstrap.jobs().get(ERASE_JOB)
    if job is not None:
        job.wait(60)
    page.run()

    assert is_disarmed
    assert not page.exception
    assert profile(bootstrap.database(), ANN) is None
    assert ANN not in str(audit.entries(bootstrap.database()))
    again = found(visit(PAGE), ANN)
    assert "Nobody's id" in texts(again)
    assert "1 event received live" in texts(again)


def test_only_admins_give_out_erase_or_change(shop: Shop, visit: Open) -> None:
    give_role(bootstrap.database(), "vera@example.com", Role.VIEWER, given_at=NOW, given_by="test")
    page = visit(PAGE)
    page.user = {"is_logged_in": True, "email": "vera@example.com", "email_verified": True}

    page = found(page, ANN)
    is_off = [page.button(key=key).disabled for key in ("people_show", "people_consent_save")]
    rights = tab(page, "Their rights")

    assert is_off == [True, True]
    assert not [b for b in rights.button if b.key == "people_erase"]
    assert "Only admins" in texts(rights)
