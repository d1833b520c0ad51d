"""Mail servers of tests: real ones (aiosmtpd) that take, refuse or hang up as they are told."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from core.domain.mail_servers import MailServer, read_mail_server

HANG_UP = "hang up"
GO_ON = "go on"

# What is said at a stage, by recipient (or sender, at MAIL): an answer, HANG_UP or GO_ON.
Said = Callable[[str, str], str]


@dataclass
class Sink:
    """What a server took, and what it says at each stage: MAIL, RCPT, LEAVE, DATA."""

    said: Said = lambda _stage, _address: GO_ON
    envelopes: list[Envelope] = field(default_factory=list)
    connection_count: int = 0

    def contents(self) -> list[bytes]:
        return [envelope.content for envelope in self.envelopes if envelope.content]

    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for content in self.contents()]

    def recipients(self) -> list[str]:
        return sorted(one for envelope in self.envelopes for one in envelope.rcpt_tos)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it so
        self,
        server: Any,
        session: Any,
        envelope: Envelope,
        hostname: str,
        responses: Sequence[str],
    ) -> Sequence[str]:
        session.host_name = hostname
        self.connection_count += 1
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._answer(server, "MAIL", address)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer(server, "RCPT", address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        answer = self._answer(server, "DATA", envelope.rcpt_tos[0])
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer

    def _answer(self, server: Any, stage: str, address: str) -> str:
        said = self.said(stage, address)
        if said == HANG_UP:
            server.transport.abort()
        return "250 OK" if said in (GO_ON, HANG_UP) else said


class _Server(SMTP):
    """Asks the sink also before it lets a letter be sent."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd calls it so
        sink = self.event_handler
        said = sink.said("LEAVE", (self.envelope.rcpt_tos or [""])[0])
        if said == HANG_UP:
            await self.push("354 go on")
            self.transport.abort()
        elif said != GO_ON:
            await self.push(said)
        else:
            await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def serving(
    sink: Sink,
    *,
    tls: ssl.SSLContext | None = None,
    wants_login: bool = False,
    url: str = "smtp://127.0.0.1:{port}",
) -> Iterator[MailServer]:
    """Run a server for a sink on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options: dict[str, Any] = {}
    if tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    if wants_login:
        options |= {
            "authenticator": _is_known,
            "auth_required": True,
            "auth_require_tls": tls is not None,
        }
    controller = _Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield read_mail_server(url.format(port=port), "X")
    finally:
        controller.stop(no_assert=True)


def _is_known(_server: Any, _session: Any, _envelope: Any, _way: str, given: Any) -> AuthResult:
    is_known = (given.login, given.password) == (b"shop", b"s3cret")
    return AuthResult(success=is_known, handled=False)
