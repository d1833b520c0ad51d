"""The page E-mails, as a marketer uses it, on the sample shop."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.history.reading import open_dataset
from core.services import emails
from core.services.campaign_files import read_campaign
from core.services.company import Company, keep_company
from core.services.stored_rehearsals import NamedVersion, rehearse_and_keep
from tests.conftest import IMPORTED_AT
from tests.pages.conftest import Open, metrics, texts, widget

PAGE = "design/emails.py"
READY = "cart_recovery"
SMALL = """\
<mjml>
  <mj-body>
    <mj-section><mj-column><mj-text>Hello *|FNAME|*</mj-text></mj-column></mj-section>
  </mj-body>
</mjml>
"""


CARTS = """\
name: Left carts
trigger: {kind: absence, start: {event: cart_add}, unless: {event: purchase}, within: 24h}
steps:
  - {id: remind, kind: send, template: cart_recovery}
"""


@pytest.fixture
def gallery(sample_home: Path, visit: Open) -> Callable[[], AppTest]:
    return lambda: visit(PAGE)


@pytest.fixture
def ready(gallery: Callable[[], AppTest]) -> AppTest:
    """A starter that was opened."""
    app = gallery()
    return clicked(app, f"emails_ready_{READY}")


@pytest.fixture
def rehearsed(sample_home: Path, visit: Open) -> AppTest:
    """A starter that was opened after a rehearsal that sent it."""
    campaign = read_campaign(CARTS, "carts.yaml")
    rehearse_and_keep(
        sample_home,
        open_dataset(sample_home, "Sample shop"),
        [NamedVersion(campaign=campaign)],
        made_at=IMPORTED_AT,
    )
    return clicked(visit(PAGE), f"emails_ready_{READY}")


def clicked(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def typed(app: AppTest, part: str, text: str) -> AppTest:
    """Type into an editor: what the browser would deliver."""
    draft = app.session_state[f"emails_{part}_draft"]
    revision = app.session_state["emails_revision"]
    draft.put({"client": "test", "number": draft._number + 1, "revision": revision, "text": text})
    app.run()
    assert not app.exception
    return app


def pasted(app: AppTest, body: str, name: str = "Mine", subject: str = "Hello") -> AppTest:
    app.session_state["emails_gallery_tab"] = "Paste your own"
    app.run()
    app.text_input(key="emails_pasted_name").set_value(name)
    app.text_input(key="emails_pasted_subject").set_value(subject)
    app.text_area(key="emails_pasted").set_value(body)
    widget(app, "button", "emails_paste-Open this").click().run()
    assert not app.exception
    return app


def test_the_gallery_shows_every_starter(gallery: Callable[[], AppTest]) -> None:
    app = gallery()

    offered = {b.key.removeprefix("emails_ready_") for b in app.button if b.label.startswith("Sta")}
    assert offered == set(bootstrap.starter_emails())


def test_a_starter_opens_as_somebody_whom_it_fits(ready: AppTest) -> None:
    assert not ready.warning
    assert "your basket is waiting" in texts(ready)
    assert ready.selectbox(key="emails_crowd").value == "everybody"


def test_what_is_typed_is_seen_at_once(ready: AppTest) -> None:
    typed(ready, "subject", "Come back for {{ 6 * 7 }}")

    assert "Come back for 42" in texts(ready)
    assert "not saved" in texts(ready)


def test_a_missing_field_is_marked_and_gets_a_default(ready: AppTest) -> None:
    typed(ready, "subject", "Hello {{ profile.nickname }}")
    assert "missing" in texts(ready)

    widget(ready, "text_input", "_profile.nickname_instead").set_value("you there")
    widget(ready, "button", "_profile.nickname_add").click().run()

    assert ready.session_state["emails_subject_draft"].text == (
        "Hello {{ profile.nickname | default('you there', true) }}"
    )
    assert "Hello you there" in texts(ready)


def test_a_broken_template_is_said_in_a_sentence_with_its_line(ready: AppTest) -> None:
    typed(ready, "body", "<mjml>\n<mj-body>\n{% if cart %}\n</mj-body>\n</mjml>")

    assert "cart\\_recovery\\.mjml, line " in ready.warning[0].value
    assert "As it was before" in texts(ready)
    assert "Line 3" in {button.label for button in ready.button}


def test_people_are_stepped_through_and_found_by_id(ready: AppTest) -> None:
    ready.session_state["emails_find"] = True
    ready.run()
    ready.text_input(key="emails_search").set_value("u00042").run()
    found = [b for b in ready.button if (b.key or "").startswith("emails_found_")]
    found[0].click().run()
    first = texts(ready)
    clicked(ready, "emails_after")

    assert "u00042 · " in first
    assert "u00042 · " not in texts(ready)
    assert not ready.exception


def test_each_view_of_the_email_is_shown(ready: AppTest) -> None:
    for view in ("Phone", "Plain text", "HTML", "Desktop"):
        ready.session_state["emails_view"] = view
        ready.run()
        assert not ready.exception
        if view == "Plain text":
            assert "Back to my basket" in ready.code[0].value
        if view == "HTML":
            assert ready.code[0].value.startswith("<!doctype html>")


def saved(app: AppTest, note: str, name: str | None = None) -> AppTest:
    app.session_state["emails_save"] = True
    app.run()
    if name is not None:
        widget(app, "text_input", "_save_name").set_value(name)
    widget(app, "text_input", "_save_note").set_value(note)
    widget(app, "button", "_save_go").click().run()
    assert not app.exception
    return app


def test_every_save_is_a_version_that_can_be_compared_and_brought_back(ready: AppTest) -> None:
    saved(typed(ready, "subject", "First words"), "first")
    saved(typed(ready, "subject", "Second words"), "second")

    ready.button(key="emails_versions").click().run()
    told = ready.code[-1].value
    ready.button(key="emails_restore_1").click().run()

    kept = emails.versions(bootstrap.database(), READY)
    assert [(version.number, version.note) for version in kept] == [(2, "second"), (1, "first")]
    assert "-Subject: First words\n+Subject: Second words" in told
    assert ready.session_state["emails_subject_draft"].text == "First words"


def test_deleting_brings_the_starter_back(ready: AppTest) -> None:
    saved(typed(ready, "subject", "Mine"), "")
    ready.button(key="emails_versions").click().run()

    ready.button(key="emails_delete_go").click().run()

    assert not ready.exception
    assert emails.versions(bootstrap.database(), READY) == []
    assert "your basket is waiting" in ready.session_state["emails_subject_draft"].text


def test_a_name_that_is_taken_is_refused(ready: AppTest) -> None:
    saved(ready, "", name="win_back")

    assert "already" in ready.toast[0].value
    assert emails.versions(bootstrap.database(), "win_back") == []


def with_everybody(app: AppTest) -> AppTest:
    app.session_state["emails_tab"] = "Audience test"
    app.run()
    clicked(app, "emails_audience_start")
    job = bootstrap.jobs().get("audience_test")
    assert job is not None
    job.wait(60)
    app.run()
    assert not app.exception
    return app


def test_an_email_that_a_rehearsal_sent_is_shown_as_its_recipients(rehearsed: AppTest) -> None:
    assert rehearsed.selectbox(key="emails_crowd").value.endswith(":0:remind")
    assert not rehearsed.warning


def test_the_audience_test_finds_who_gets_nothing_and_shows_them(rehearsed: AppTest) -> None:
    body = "{{ require(profile.timezone) }}" + rehearsed.session_state["emails_body_draft"].text

    app = with_everybody(typed(rehearsed, "body", body))

    said = texts(app)
    count = {label: figure.replace(",", "") for label, figure in metrics(app).items()}
    assert int(count["Made"]) + int(count["Not made"]) == int(count["E-mails"])
    assert int(count["Not made"]) > 0
    assert "no e-mail" in said
    app.menu_button(key="emails_see_0").click(0).run()
    assert not app.exception
    assert app.warning[0].value
    assert "is shown as" in app.toast[0].value


def test_missing_fields_are_listed_with_their_share(rehearsed: AppTest) -> None:
    typed(rehearsed, "subject", "For {{ profile.nickname }}")

    said = texts(with_everybody(rehearsed))

    assert "profile\\.nickname" in said
    assert widget(rehearsed, "button", "emails_place_2_0").label == "Subject"
    # Those without a basket would not get the e-mail at all, so nothing is missing in theirs.
    assert "They would not get it" in said
    assert re.search(r"\((8|9)\d(\.\d)? ?%\)", said)


def test_without_a_rehearsal_the_audience_test_says_what_it_needs(ready: AppTest) -> None:
    ready.session_state["emails_tab"] = "Audience test"
    ready.run()

    assert not ready.exception
    assert "No rehearsal of this data" in texts(ready)


def test_a_field_that_products_lack_is_said_in_words_and_mended_where_it_is_written(
    ready: AppTest,
) -> None:
    loop = "{% for one in cart.products %}{{ one.colour }}{% endfor %}"
    typed(ready, "subject", loop)

    assert "colour of a product in the cart" in texts(ready)
    widget(ready, "text_input", "_cart.products[].colour_instead").set_value("grey")
    widget(ready, "button", "_cart.products[].colour_add").click().run()

    assert not ready.exception
    assert "{{ one.colour | default('grey', true) }}" in (
        ready.session_state["emails_subject_draft"].text
    )


def test_a_line_that_is_spoken_of_is_gone_to_in_its_editor(ready: AppTest) -> None:
    typed(ready, "body", "<mjml>\n<mj-body>\n{% if cart %}\n</mj-body>\n</mjml>")

    clicked(ready, "emails_finding_1")

    asked = ready.session_state["emails_jump"]
    assert (asked["part"], asked["line"]) == ("body", 3)


def test_why_products_are_recommended_is_said_beside_the_preview(
    gallery: Callable[[], AppTest],
) -> None:
    recommending = clicked(gallery(), "emails_ready_browse_similar")

    assert re.search(
        "often bought together with|often looked at together with|popular with other customers",
        texts(recommending),
    )


def test_until_the_company_is_set_the_page_says_where_and_shows_stand_ins(
    ready: AppTest, visit: Open
) -> None:
    before = texts(ready)
    company = Company(
        name="Fellgrove",
        address="1 Lane",
        url="https://fellgrove.example",
        cart_url="https://fellgrove.example/cart",
    )
    keep_company(bootstrap.database(), company, changed_at=IMPORTED_AT)
    after = clicked(visit(PAGE), f"emails_ready_{READY}")
    after.session_state["emails_view"] = "HTML"
    after.run()

    assert "stand-ins" in before
    assert "**Your company**" in before
    assert "stand-ins" not in texts(after)
    assert "**Fellgrove**" in texts(after)
    assert "Fellgrove, 1 Lane" in after.code[0].value
    assert "https://fellgrove.example/cart" in after.code[0].value


def test_a_variant_is_compared_with_its_original(ready: AppTest) -> None:
    ready.session_state["emails_variant"] = True
    ready.run()
    clicked(ready, "emails_variant_go")
    saved(typed(ready, "subject", "Another subject"), "b")
    ready.session_state["emails_tab"] = "Compare"
    ready.run()

    assert not ready.exception
    (variant,) = [
        one
        for one in emails.emails(bootstrap.database(), bootstrap.starter_emails())
        if one.variant_of == READY
    ]
    assert variant.name == f"{READY}_b"
    assert ready.selectbox(key="emails_compared").value == READY
    assert "Another subject" in texts(ready)
    assert "your basket is waiting" in texts(ready)


def test_without_a_mail_server_a_test_says_what_it_needs(ready: AppTest) -> None:
    ready.session_state["emails_test"] = True
    ready.run()

    assert not ready.exception
    assert "REHEARSAL_SMTP_URL" in texts(ready)


def test_a_mail_server_that_cannot_be_reached_is_said_in_a_sentence(
    ready: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("REHEARSAL_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("REHEARSAL_SENDER", "Fellgrove <hello@example.com>")
    bootstrap.settings.cache_clear()
    ready.session_state["emails_test"] = True
    ready.run()

    ready.text_input(key="emails_test_address").set_value("me@example.com")
    widget(ready, "button", "emails_test_form-Send").click().run()

    assert not ready.exception
    assert "The test was not sent" in ready.error[0].value


def test_pasted_merge_tags_are_converted_and_the_rest_is_listed(
    gallery: Callable[[], AppTest],
) -> None:
    app = pasted(gallery(), SMALL + "*|POLL:RATING:x|*", subject="Hi *|FNAME|*")

    assert "profile.first_name" in app.session_state["emails_body_draft"].text
    assert "{{ profile.first_name" in app.session_state["emails_subject_draft"].text
    assert "POLL" in texts(app)
    clicked(app, "emails_notes_read")
    assert "POLL" not in texts(app)


def test_pasted_html_is_shown_as_it_was(gallery: Callable[[], AppTest]) -> None:
    page = "<html><head><style>p {color: red}</style></head><body><p>Words</p></body></html>"

    app = pasted(gallery(), page)
    app.session_state["emails_view"] = "HTML"
    app.run()

    assert not app.warning
    assert "<p>Words</p>" in app.code[0].value


def test_without_data_the_page_says_where_to_begin(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert "Upload an export" in app.info[0].value
