"""A message reaches a mailbox whole: headers that nobody can break, links that stay links."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.rendering.emails import RenderedEmail
from core.rendering.header_text import header_text
from core.rendering.mime import Mailbox, as_message

EMAIL = RenderedEmail(
    html="<p>Grüße</p>\n.\n" + "x" * 2000, text="Grüße\n", subject="Hi", preheader="", html_bytes=1
)
UNSUBSCRIBE = "https://shop.example.com/u/" + "t0ken" * 80
SENT_AT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


def message(email: RenderedEmail = EMAIL, **changes: Any) -> bytes:
    given: dict[str, Any] = {
        "sender": Mailbox(address="shop@example.com", name="Fellgrove"),
        "recipient": Mailbox(address="greta@example.com", name="Greta"),
        "message_id": "<" + "k" * 120 + "@example.com>",
        "sent_at": SENT_AT,
        "unsubscribe_url": UNSUBSCRIBE,
    }
    return as_message(email, **{**given, **changes})


def with_subject(subject: str) -> RenderedEmail:
    return RenderedEmail(html="x", text="x", subject=subject, preheader="", html_bytes=1)


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def header(raw: bytes, name: str) -> str:
    """Read a header as RFC 2047 says, which joins encoded words without a space."""
    folded = BytesParser(policy=policy.compat32).parsebytes(raw)[name]
    return str(make_header(decode_header("".join(folded.splitlines()))))


def test_both_parts_arrive_as_they_were_rendered() -> None:
    found = read(message())

    text, html = found.get_body(("plain",)), found.get_body(("html",))

    assert text is not None
    assert html is not None
    assert found.get_content_type() == "multipart/alternative"
    assert text.get_content().replace("\r\n", "\n") == EMAIL.text
    assert html.get_content().replace("\r\n", "\n") == EMAIL.html
    assert found.defects == []


def test_a_long_unsubscribe_address_stays_whole() -> None:
    raw = message(unsubscribe_mail="leave@example.com")

    assert f"List-Unsubscribe: <{UNSUBSCRIBE}>,\r\n <mailto:leave@example.com>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert read(raw)["message-id"] == "<" + "k" * 120 + "@example.com>"


def test_no_line_is_longer_than_mail_servers_take() -> None:
    raw = message(
        with_subject("ü" * 500), recipient=Mailbox(address="a@example.com", name="ü" * 999)
    )

    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()


def test_the_same_input_gives_the_same_bytes() -> None:
    assert message() == message()
    assert header(message(), "Date") == "Mon, 23 Nov 2026 17:30:00 +0000"


@pytest.mark.parametrize(
    "subject",
    [
        "Hello",
        "Grüße aus Köln",
        "مرحبا بك في متجرنا الجديد " * 5,
        "שלום, העגלה שלך מחכה",
        "สวัสดีครับ ตะกร้าของคุณ",
        "আপনার ঝুড়ি অপেক্ষা করছে",
        "👩‍👩‍👧‍👦" * 20,
        "=?utf-8?q?not_encoded?=",
        'Quotes " and \\ and , ; < >',
        "long " * 90 + "end",
    ],
)
def test_a_subject_in_any_script_arrives_whole(subject: str) -> None:
    found = header(message(with_subject(subject)), "Subject")

    assert found == subject.strip()


@given(st.text(st.characters() | st.sampled_from('\r\n\u2028\u2029\x85\x0b\u202e =?,"')))
def test_nothing_in_a_subject_or_a_name_makes_another_header(text: str) -> None:
    clean = read(message())

    found = read(message(with_subject(text), sender=Mailbox(address="s@example.com", name=text)))

    assert found.keys() == clean.keys()
    raw = message(with_subject(text))
    assert header(raw, "Subject") == header_text(text)


@pytest.mark.parametrize(
    "name", ["Bob", 'Dr. "B" O\'Neil, Jr.', "Müller, Hans", "محمد", "a\\b", ""]
)
def test_a_name_of_any_kind_stands_before_its_address(name: str) -> None:
    found = read(message(recipient=Mailbox(address="bob@example.com", name=name)))

    (address,) = found["to"].addresses
    assert (address.display_name, address.addr_spec) == (name, "bob@example.com")


def test_a_domain_in_any_script_is_written_as_mail_servers_know_it() -> None:
    assert b"<a@xn--bcher-kva.example>" in message(
        recipient=Mailbox(address="a@bücher.example", name="A")
    )


@pytest.mark.parametrize(
    "address",
    [
        *("", "greta", "greta@", "@example.com", "a b@example.com", "a@b@example.com", "a@-..x"),
        *("a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "<a@example.com>"),
        *("ä@example.com", "a@exam ple.com", "a" * 250 + "@example.com", "a@" + "x" * 70 + ".com"),
    ],
)
def test_an_address_that_cannot_be_written_to_is_refused(address: str) -> None:
    with pytest.raises(UnusableInput, match="e-mail address"):
        message(recipient=Mailbox(address=address))


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "no brackets"},
        {"message_id": "<a@b>\r\nX: y"},
        {"unsubscribe_url": "javascript:alert(1)"},
        {"unsubscribe_url": "https://x.example/>, <https://evil.example"},
        {"unsubscribe_url": "https://x.example/\r\nX: y"},
        {"unsubscribe_url": "https://x.example/" + "a" * 1000},
        {"unsubscribe_mail": "a b"},
        {"headers": {"X-A:\r\nB": "c"}},
        {"headers": {"X A": "c"}},
    ],
)
def test_what_would_break_a_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnusableInput):
        message(**changes)


def test_a_test_send_says_so_and_other_headers_are_clean() -> None:
    raw = message(
        subject_prefix="[Test] ",
        reply_to=Mailbox(address="help@example.com"),
        headers={"X-Campaign": "Cart\r\nBcc: x"},
    )

    found = read(raw)

    assert found["subject"] == "[Test] Hi"
    assert found["reply-to"] == "help@example.com"
    assert found["x-campaign"] == "Cart Bcc: x"
    assert found["bcc"] is None
