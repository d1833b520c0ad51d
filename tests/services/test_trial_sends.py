"""Test sends: what is missing or unreachable is one clear sentence that says how to mend it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from core.domain.errors import CampaignError, UnusableInput
from core.domain.mail_servers import MailServer, read_mail_server
from core.rendering.emails import RenderedEmail
from core.services.trial_sends import send_test

SENT_AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
MAIL = RenderedEmail(html="<p>Hi</p>", text="Hi", subject="Hello", preheader="", html_bytes=9)


def send(
    server: MailServer | None,
    recipient: str = "me@example.com",
    sender: str = "Shop <s@example.com>",
) -> None:
    send_test(
        server,
        sender,
        MAIL,
        recipient,
        sent_at=SENT_AT,
        unsubscribe_url="https://example.com/u",
        seconds=0.5,
    )


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_without_a_server_or_sender_the_setting_is_named() -> None:
    server = read_mail_server("smtp://127.0.0.1:1", "X")

    with pytest.raises(UnusableInput, match="set REHEARSAL_SMTP_URL to smtp://"):
        send(None)
    with pytest.raises(UnusableInput, match="set REHEARSAL_SENDER to an address"):
        send(server, sender="")


@pytest.mark.parametrize("address", ["", "me", "me@", "a@b.c\r\nBcc: x@y.z", "me@exa mple.com"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(
    address: str, silent_port: int
) -> None:
    server = read_mail_server(f"smtp://127.0.0.1:{silent_port}", "X")

    with pytest.raises(UnusableInput, match="is no e-mail address"):
        send(server, address)


def test_a_server_that_is_not_there_is_named(silent_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = listening.getsockname()[1]

    with pytest.raises(CampaignError) as refusal:
        send(read_mail_server(f"smtp://u:s3cret@127.0.0.1:{closed}", "X"))

    said = str(refusal.value)
    assert said.startswith(f"The test was not sent: the mail server 127.0.0.1:{closed} cannot be")
    assert "REHEARSAL_SMTP_URL" in said
    assert "s3cret" not in said


def test_a_server_that_does_not_answer_is_given_up_in_time(silent_port: int) -> None:
    with pytest.raises(CampaignError, match="did not answer in time"):
        send(read_mail_server(f"smtp://127.0.0.1:{silent_port}", "X"))


class Mailbox:
    """What an SMTP server took; it refuses the recipients it is told to."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 taken"


@contextmanager
def serving(mailbox: Mailbox) -> Iterator[MailServer]:
    """Run a real SMTP server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield read_mail_server(f"smtp://127.0.0.1:{port}", "X")
    finally:
        controller.stop()


def test_a_test_arrives_marked_as_one() -> None:
    mailbox = Mailbox()

    with serving(mailbox) as server:
        send_test(
            server,
            "Fellgrove <shop@example.com>",
            MAIL,
            "me@example.org",
            sent_at=SENT_AT,
            unsubscribe_url="https://example.com/u",
        )

    (envelope,) = mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.com", ["me@example.org"])
    arrived = message_from_bytes(envelope.content, policy=default)
    assert arrived["Subject"] == "[Test] Hello"
    assert arrived["X-Rehearsal-Test"] == "yes"
    assert arrived.get_body(("html",)).get_content().strip() == "<p>Hi</p>"


def test_a_refused_recipient_is_named_with_the_servers_words() -> None:
    with (
        serving(Mailbox(refused="me@example.org")) as server,
        pytest.raises(CampaignError, match=r"me@example\.org.*no such person"),
    ):
        send_test(
            server,
            "shop@example.com",
            MAIL,
            "me@example.org",
            sent_at=SENT_AT,
            unsubscribe_url="https://example.com/u",
        )
