"""Links lead only where we said, and what a machine does is told apart from what people do."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.domain.instants import as_microseconds
from core.domain.mail_links import MailLinks, Said
from core.domain.signed_links import LinkPurpose
from core.rendering.renderer import Renderer
from core.services.live_launches import LaunchMode
from core.services.tracking import MOST_HITS
from tests.api.mailing import BROWSER, SENT, URL, Mailing, mailing_of, send_mail

SHOP = "https://shop.example/cart?id=7&utm_source=mail&utm_campaign=a%20b#pay"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SCANNER = "Mozilla/5.0 (compatible; BarracudaCentral link scanner)"
HEADERS = {"cache-control": "no-store, private", "x-robots-tag": "noindex, nofollow"}


# Where links lead


def test_a_link_leads_to_the_address_it_was_made_for_and_nothing_of_it_is_lost(
    mailing: Mailing,
) -> None:
    answer = mailing.click(SHOP, 60)

    assert (answer.status, answer.headers["location"]) == (302, SHOP)
    assert HEADERS.items() <= answer.headers.items()


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        " https://evil.example",
        "ftp://evil.example",
        "",
    ],
)
def test_what_is_no_web_address_is_never_led_to_even_if_we_signed_it(
    mailing: Mailing, url: str
) -> None:
    answer = mailing.click(url, 60)

    assert answer.status == 404
    assert "location" not in answer.headers


def test_line_ends_in_an_address_make_no_header(mailing: Mailing) -> None:
    answer = mailing.click("https://shop.example/\r\nSet-Cookie: a=b", 60)

    assert answer.headers["location"] == "https://shop.example/%0D%0ASet-Cookie:%20a=b"
    assert "set-cookie" not in answer.headers


def test_a_token_of_another_purpose_or_another_installation_is_refused(mailing: Mailing) -> None:
    key = mailing.message.key
    others = MailLinks(key=b"another key of 32 bytes in total", public_url=URL)
    mailing.at(60)
    before = mailing.everything()

    answers = [
        mailing.get(mailing.links.view(key).replace("/t/v/", "/t/c/")),
        mailing.get(mailing.links.unsubscribe(key, "ann").replace("/t/u/", "/t/c/")),
        mailing.get(others.click(key, SHOP) or ""),
        mailing.get(others.opening(key)),
        mailing.get(others.view(key)),
    ]

    assert {answer.status for answer in answers} == {404}
    assert not any("location" in answer.headers for answer in answers)
    assert mailing.everything() == before


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "e30.e30", "A" * 100_000, "%2e%2e", "é.é"])
def test_what_is_no_token_gets_a_calm_page(mailing: Mailing, token: str) -> None:
    answers = [mailing.get(f"/t/{purpose}/{token}") for purpose in "covup"]

    assert {answer.status for answer in answers} == {404}
    assert token == "" or b"This link does not work" in answers[0].body


LINKS = MailLinks(key=bytes(range(32)), public_url="")
TOKEN = (LINKS.click("1.1-2-3.step", SHOP) or "").removeprefix("/t/c/")
SIGNS = "ABCXYZabcxyz0189-_.=%/+ é\0"


@given(
    place=st.integers(0, len(TOKEN)),
    gone=st.integers(0, 3),
    put=st.text(SIGNS, max_size=4),
)
def test_no_token_that_was_changed_anywhere_is_taken(place: int, gone: int, put: str) -> None:
    changed = TOKEN[:place] + put + TOKEN[place + gone :]

    said = LINKS.read(LinkPurpose.CLICK, changed)

    assert (said is None) == (changed != TOKEN)


def test_facts_without_a_signature_are_worth_nothing() -> None:
    said = base64.urlsafe_b64encode(b'{"a":"https://evil.example","m":"k"}').rstrip(b"=").decode()

    tokens = [f"{said}.", f"{said}.{TOKEN.partition('.')[2]}", said]

    assert [LINKS.read(LinkPurpose.CLICK, token) for token in tokens] == [None] * 3


def test_an_address_too_long_for_a_link_is_left_as_it_is() -> None:
    assert LINKS.click("key", "https://shop.example/" + "a" * 4_000) is None


def test_a_token_says_what_it_was_given() -> None:
    assert LINKS.read(LinkPurpose.CLICK, TOKEN) == Said(message_key="1.1-2-3.step", url=SHOP)


# Events of people


def test_a_click_becomes_an_event_that_a_flow_can_ask_for(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)

    (event,) = mailing.noted("email_clicked")

    assert event == {
        "campaign": "Cart",
        "step": "reminder",
        "template": "cart_recovery",
        "variant": "",
        "message": mailing.message.key,
        "url": SHOP,
        "is_machine": False,
    }


def test_an_event_has_the_time_of_the_click_not_of_its_noting(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)

    mailing.noted("email_clicked", 70)

    ((at,),) = mailing.rows("SELECT at FROM live_events WHERE event = 'email_clicked'")
    assert at == (mailing.message.begun_at or 0) + 60_000_000


def test_a_moment_after_the_click_it_is_not_told_yet_who_clicked(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)

    assert mailing.noted("email_clicked", 62.9) == []
    assert len(mailing.noted("email_clicked", 63)) == 1


def test_a_double_click_counts_once_and_a_later_one_again(mailing: Mailing) -> None:
    for seconds in (60, 61, 200):
        mailing.click(SHOP, seconds)
    mailing.click("https://shop.example/other", 61.5)

    events = mailing.noted("email_clicked")

    assert [event["url"] for event in events] == [SHOP, "https://shop.example/other", SHOP]


def test_a_double_click_counts_once_wherever_the_noting_falls_between(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)
    mailing.noted("email_clicked", 64)
    mailing.click(SHOP, 80)

    assert len(mailing.noted("email_clicked")) == 1


def test_a_flood_of_requests_for_one_message_is_not_kept(mailing: Mailing) -> None:
    statement = (
        "INSERT INTO mail_hits (message_key, user_id, kind, url, at, sign, is_machine) "
        "SELECT key, 'ann', 'open', '', :at, '', false FROM live_messages WHERE key = :key"
    )
    for _ in range(MOST_HITS - 1):
        mailing.change(statement, key=mailing.message.key, at=as_microseconds(SENT))

    for _ in range(3):
        mailing.open(60)

    assert mailing.rows("SELECT count(*) FROM mail_hits") == [(MOST_HITS,)]


def test_noting_again_changes_nothing(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)
    first = mailing.noted("email_clicked")

    assert mailing.noted("email_clicked", 4_000) == first


def test_openings_of_one_reading_count_once_and_a_later_one_again(mailing: Mailing) -> None:
    for seconds in (60, 90, 60 + 2 * 3_600):
        mailing.open(seconds)

    assert len(mailing.noted("email_opened", 20_000)) == 2


def test_the_picture_is_a_small_one_that_nobody_keeps(mailing: Mailing) -> None:
    answer = mailing.open(60)

    assert answer.headers["content-type"] == "image/gif"
    assert answer.body.startswith(b"GIF89a")
    assert HEADERS.items() <= answer.headers.items()


def test_clicks_of_the_sandbox_lead_on_and_are_no_events(
    own_database: Engine, tmp_path: Path
) -> None:
    send_mail(own_database, LaunchMode.SANDBOX)
    mailing = mailing_of(own_database, tmp_path)

    answer = mailing.click(SHOP, 60)
    mailing.open(61)

    assert answer.headers["location"] == SHOP
    assert mailing.rows("SELECT * FROM mail_hits") == []


def test_a_click_leads_on_when_its_message_is_long_forgotten(mailing: Mailing) -> None:
    link = mailing.links.click("9.9-9-9.gone", SHOP) or ""

    answer = mailing.get(link)

    assert answer.headers["location"] == SHOP
    assert mailing.rows("SELECT * FROM mail_hits") == []


def test_hits_that_became_events_are_forgotten_after_a_while(mailing: Mailing) -> None:
    mailing.click(SHOP, 60)
    mailing.noted("email_clicked", 100)

    mailing.noted("email_clicked", 100 + 3 * 3_600)

    assert mailing.rows("SELECT * FROM mail_hits") == []


# Machines


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"user_agent": "Mozilla/5.0"}, "apple_privacy"),
        ({"user_agent": SCANNER}, "scanner"),
        ({"user_agent": "python-requests/2.32"}, "scanner"),
        ({"user_agent": ""}, "scanner"),
        ({"user_agent": BROWSER, "sec_purpose": "prefetch;prerender"}, "prefetch"),
        ({"method": "HEAD"}, "head"),
    ],
)
def test_a_machine_that_shows_itself_is_flagged_and_kept(
    mailing: Mailing, headers: dict[str, str], reason: str
) -> None:
    mailing.open(60, **headers)

    (event,) = mailing.noted("email_opened")

    assert (event["is_machine"], event["machine_reason"]) == (True, reason)


@pytest.mark.parametrize(
    "agent",
    [
        BROWSER,
        # Their proxies fetch a picture when somebody opens the e-mail.
        GMAIL,
        "YahooMailProxy; https://help.yahoo.com/",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17328)",
        "Mozilla/5.0 (Linux; Android 14; CUBOT X70) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/130.0 Mobile Safari/537.36",
    ],
)
def test_peoples_programs_are_no_machines(mailing: Mailing, agent: str) -> None:
    mailing.open(60, user_agent=agent)

    (event,) = mailing.noted("email_opened")

    assert event["is_machine"] is False


def test_a_scanner_that_follows_every_link_is_found_out_from_its_first_click_on(
    mailing: Mailing,
) -> None:
    for number in range(4):
        mailing.click(f"https://shop.example/{number}", 60 + number / 2)

    events = mailing.noted("email_clicked")

    assert [event.get("machine_reason") for event in events] == ["burst"] * 4


def test_two_links_in_a_row_are_a_person(mailing: Mailing) -> None:
    mailing.click("https://shop.example/1", 60)
    mailing.click("https://shop.example/2", 61)

    assert [event["is_machine"] for event in mailing.noted("email_clicked")] == [False, False]


def test_nobody_reads_and_clicks_within_seconds_of_the_sending(mailing: Mailing) -> None:
    for seconds in (-1, 4.9, 5):
        mailing.click(f"https://shop.example/{seconds}", seconds)

    events = mailing.noted("email_clicked")

    assert [event.get("machine_reason") for event in events] == ["too_fast", "too_fast", None]


def test_a_person_who_clicks_after_a_scanner_counts(mailing: Mailing) -> None:
    mailing.click(SHOP, 59, user_agent=SCANNER)
    mailing.click(SHOP, 60)

    assert [event["is_machine"] for event in mailing.noted("email_clicked")] == [True, False]


# The e-mail as a page


def test_the_page_shows_the_e_mail_that_was_sent_and_lets_it_do_nothing(
    mailing: Mailing, tmp_path: Path
) -> None:
    with Renderer() as renderer:
        showing = mailing_of(mailing.database, tmp_path, renderer=renderer)
        answer = showing.get(mailing.links.view(mailing.message.key))

    page = answer.body.decode()
    policy = answer.headers["content-security-policy"]
    assert answer.status == 200
    assert "Trail shoe" in page
    assert "/t/o/" not in page
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy


def test_an_e_mail_that_was_not_sent_has_no_page(mailing: Mailing) -> None:
    mailing.change("UPDATE live_messages SET state = 'queued'")

    assert mailing.get(mailing.links.view(mailing.message.key)).status == 404
