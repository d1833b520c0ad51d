"""Who unsubscribes gets nothing more; who only looks, or is no person at all, changes nothing."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.api.pages import STYLE, Sender
from core.services.consents import keep_purposes, record_consent
from core.services.live_launches import LaunchMode
from core.services.live_questions import outbox
from tests.api.asking import Answer
from tests.api.mailing import Mailing, mailing_of, send_mail
from tests.live.launched import at

ONE_CLICK = b"List-Unsubscribe=One-Click"
BUTTON = b"unsubscribe=yes"
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
)


def unsubscribe_link(mailing: Mailing) -> str:
    return mailing.links.unsubscribe(mailing.message.key, "ann")


def preference_link(mailing: Mailing) -> str:
    return mailing.links.preferences(mailing.message.key, "ann")


def said(answer: Answer) -> str:
    assert answer.status == 200
    return answer.body.decode()


# Looking changes nothing


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_asking_for_a_page_changes_nothing_whoever_asks(mailing: Mailing, method: str) -> None:
    before = mailing.everything()

    answers = [
        mailing.get(unsubscribe_link(mailing), method=method),
        mailing.get(preference_link(mailing), method=method),
        mailing.get(unsubscribe_link(mailing) + "?List-Unsubscribe=One-Click", method=method),
    ]

    assert {answer.status for answer in answers} == {200}
    assert mailing.everything() == before


def test_a_post_that_says_nothing_only_shows_the_question(mailing: Mailing) -> None:
    before = mailing.everything()

    page = said(mailing.post(unsubscribe_link(mailing), b""))

    assert "No more e-mails?" in page
    assert mailing.everything() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_taken(mailing: Mailing, method: str) -> None:
    assert mailing.get(unsubscribe_link(mailing), method=method).status == 405


# Unsubscribing


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (FORM, "multipart/form-data; boundary=x"),
        (BUTTON, "application/x-www-form-urlencoded"),
    ],
)
def test_one_post_unsubscribes_and_is_an_event(mailing: Mailing, body: bytes, kind: str) -> None:
    answer = mailing.post(unsubscribe_link(mailing), body, content_type=kind)

    (event,) = mailing.events("email_unsubscribed")
    assert "You are unsubscribed" in said(answer)
    assert mailing.gets() == {"marketing": False}
    assert (event["campaign"], event["step"]) == ("Cart", "reminder")


def test_unsubscribing_again_changes_nothing(mailing: Mailing) -> None:
    mailing.post(unsubscribe_link(mailing), ONE_CLICK)
    before = mailing.everything()

    mailing.post(unsubscribe_link(mailing), ONE_CLICK)

    assert mailing.everything() == before


def test_nothing_is_sent_to_somebody_who_unsubscribed(mailing: Mailing) -> None:
    mailing.post(unsubscribe_link(mailing), ONE_CLICK)

    mailing.shop.tick(7)

    seconds = {
        m.user_id: (m.state, m.reason) for m in outbox(mailing.database) if m.step == "second"
    }
    assert seconds == {"ann": ("withheld", "unsubscribed"), "bob": ("queued", "")}


def test_others_at_the_same_address_get_nothing_more_either(mailing: Mailing) -> None:
    mailing.shop.know(
        {"ann_again": {"email": "Ann@Example.org"}, "cid": {"email": "c@example.org"}}
    )

    mailing.post(unsubscribe_link(mailing), ONE_CLICK)

    assert mailing.gets("ann_again") == {"marketing": False}
    assert mailing.gets("cid") == {"marketing": True}


def test_the_link_works_when_the_message_is_long_forgotten(mailing: Mailing) -> None:
    link = unsubscribe_link(mailing)
    mailing.change("DELETE FROM live_messages")

    mailing.post(link, ONE_CLICK)

    assert mailing.gets() == {"marketing": False}


def test_a_link_of_somebody_who_was_erased_brings_nothing_back(mailing: Mailing) -> None:
    link = unsubscribe_link(mailing)
    for table in ("live_messages", "live_profiles", "live_events"):
        mailing.change(f"DELETE FROM {table} WHERE user_id = 'ann'")
    before = mailing.everything()

    answer = mailing.post(link, ONE_CLICK)

    assert answer.status == 200
    assert mailing.everything() == before


def test_who_was_erased_has_nothing_to_choose_and_is_not_written_down_again(
    mailing: Mailing,
) -> None:
    link = mailing.links.preferences(mailing.message.key, "ann")
    for table in ("live_messages", "live_profiles", "live_events"):
        mailing.change(f"DELETE FROM {table} WHERE user_id = 'ann'")
    before = mailing.everything()

    answer = mailing.post(link, b"save=yes&purpose=marketing")

    assert answer.status == 404
    assert mailing.everything() == before


def test_a_test_mail_unsubscribes_nobody(own_database: Engine, tmp_path: Path) -> None:
    send_mail(own_database, LaunchMode.SANDBOX)
    mailing = mailing_of(own_database, tmp_path)
    before = mailing.everything()

    pages = [
        said(mailing.post(unsubscribe_link(mailing), ONE_CLICK)),
        said(mailing.post(preference_link(mailing), b"save=yes")),
    ]

    assert all("test e-mail" in page for page in pages)
    assert mailing.everything() == before


@pytest.mark.parametrize("purpose", ["click", "view", "preferences"])
def test_a_token_of_another_link_unsubscribes_nobody(mailing: Mailing, purpose: str) -> None:
    key, before = mailing.message.key, mailing.everything()
    links = {
        "click": mailing.links.click(key, "https://shop.example") or "",
        "view": mailing.links.view(key),
        "preferences": mailing.links.preferences(key, "ann"),
    }
    token = links[purpose].rpartition("/")[2]

    answer = mailing.post(f"/t/u/{token}", ONE_CLICK)

    assert answer.status == 404
    assert mailing.everything() == before


def test_a_body_without_end_is_not_read(mailing: Mailing) -> None:
    before = mailing.everything()

    answer = mailing.post(unsubscribe_link(mailing), ONE_CLICK + b"&a=" + b"a" * 100_000)

    assert answer.status == 413
    assert mailing.everything() == before


# Choosing


def test_the_page_shows_every_purpose_and_what_counts_now(mailing: Mailing) -> None:
    keep_purposes(mailing.database, [("Product news", "Once a month")], changed_at=at(0))

    page = said(mailing.get(preference_link(mailing)))

    assert page.count('type="checkbox"') == 2
    assert 'value="marketing" checked' in page
    assert 'value="product_news">' in page
    assert "Once a month" in page
    assert "an…@example.org" in page


def test_what_is_ticked_is_what_somebody_gets(mailing: Mailing) -> None:
    keep_purposes(mailing.database, [("Product news", ""), ("Events", "")], changed_at=at(0))
    record_consent(mailing.database, "ann", "events", "given", at=at(1), source="test")

    page = said(mailing.post(preference_link(mailing), b"save=yes&purpose=product_news&purpose=x"))

    assert "This is what you get from now on" in page
    assert mailing.gets() == {"marketing": False, "product_news": True, "events": False}
    assert len(mailing.events("email_unsubscribed")) == 1


def test_who_ticks_nothing_is_told_that_nothing_comes(mailing: Mailing) -> None:
    page = said(mailing.post(preference_link(mailing), b"save=yes"))

    assert "You get none of these e-mails from now on" in page
    assert "This is what you get" not in page


def test_somebody_who_subscribes_again_gets_the_next_e_mail(mailing: Mailing) -> None:
    mailing.post(unsubscribe_link(mailing), ONE_CLICK)
    mailing.shop.tick(3)
    mailing.at(3_600)

    mailing.post(preference_link(mailing), b"save=yes&purpose=marketing")
    mailing.shop.tick(7)

    assert mailing.gets() == {"marketing": True}
    seconds = {m.user_id: m.state for m in outbox(mailing.database) if m.step == "second"}
    assert seconds == {"ann": "queued", "bob": "queued"}


def test_somebody_who_changes_their_mind_at_once_gets_the_next_e_mail(mailing: Mailing) -> None:
    mailing.post(unsubscribe_link(mailing), ONE_CLICK)
    mailing.at(1)

    mailing.post(preference_link(mailing), b"save=yes&purpose=marketing")
    mailing.shop.tick(7)

    seconds = {m.user_id: m.state for m in outbox(mailing.database) if m.step == "second"}
    assert seconds == {"ann": "queued", "bob": "queued"}


def test_saving_what_is_already_so_changes_nothing(mailing: Mailing) -> None:
    before = mailing.everything()

    mailing.post(preference_link(mailing), b"save=yes&purpose=marketing")

    assert mailing.everything() == before


# The pages


def test_a_page_lets_the_browser_do_nothing_but_show_it(mailing: Mailing) -> None:
    answer = mailing.get(unsubscribe_link(mailing))

    headers = answer.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script" not in headers["content-security-policy"]
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert f"<style>{STYLE}</style>" in answer.body.decode()
    assert b"<script" not in answer.body


def test_names_are_text_on_every_page(mailing: Mailing, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>&\"'"
    mailing.shop.know({"ann": {"email": "<b>a@<i>.example"}})
    keep_purposes(
        mailing.database, [("News <b>", "<img src=x onerror=alert(1)>")], changed_at=at(0)
    )
    hostile = mailing_of(mailing.database, tmp_path, Sender(name=evil, address=evil))

    bodies = [
        hostile.get("/t/u/forged").body,
        hostile.get(unsubscribe_link(mailing)).body,
        hostile.get(preference_link(mailing)).body,
        hostile.post(unsubscribe_link(mailing), ONE_CLICK).body,
    ]

    for body in bodies:
        shown = body.partition(b"</style>")[2]
        assert b"&lt;script&gt;" in shown
        assert not any(tag in shown for tag in (b"<script", b"<img", b"<b>a@", b"<i>"))


def test_a_company_that_is_not_set_leaves_no_trace_of_a_stand_in(
    mailing: Mailing, tmp_path: Path
) -> None:
    nameless = mailing_of(mailing.database, tmp_path, Sender())

    page = said(nameless.get(unsubscribe_link(mailing)))

    assert "<title>Unsubscribe</title>" in page
    assert "<footer>" not in page
