"""One connection to a mail server, and handing letters over on it, in phases told apart."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from functools import cache

from core.domain.mail_servers import Encryption, MailServer
from core.live.delivery.letters import Letter
from core.live.delivery.verdicts import (
    NotTaken,
    Refused,
    Stage,
    Taken,
    Unanswered,
    Verdict,
)
from core.live.delivery.ways import NoServer

SECONDS = 30.0
# A server may look at a letter for long before it answers; what it says late is lost for good.
ANSWER_SECONDS = 120.0
LONGEST_ANSWER = 300  # characters

_GO_ON, _DONE, _CLOSING = 354, 250, 421
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_DOT = re.compile(rb"(?m)^\.")


class Connection:
    """A connection that hands letters over one after the other, until `is_open` is false."""

    def __init__(
        self,
        server: MailServer,
        seconds: float = SECONDS,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Connect, encrypt and sign in; raises NoServer with the reason.

        `seconds` is how long to wait for the server, `answer_seconds` once it has the letter.
        """
        self._seconds, self._answer_seconds = seconds, answer_seconds
        self._is_fresh = True
        self.is_open = False
        try:
            self._smtp = _connected(server, seconds)
            self.is_open = True
            if server.user:
                self._smtp.login(server.user, server.password)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # A ValueError is a challenge that cannot be read, or a password that cannot be sent.
            self.close()
            raise NoServer(_reason(error, f"{server.host}:{server.port}")) from error

    def hand_over(self, letter: Letter) -> Verdict:
        """Give a letter to the server and say what became of it."""
        unwritable = _unwritable(letter)
        if unwritable is not None:
            return unwritable
        try:
            refused = self._envelope(letter)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return NotTaken(said=_said_of(error))
        return refused or self._content(letter.content)

    def close(self) -> None:
        """Leave without waiting for a good-bye."""
        if self.is_open:
            self.is_open = False
            self._smtp.close()

    def leave(self) -> None:
        """Say good-bye, and close."""
        if self.is_open:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self.close()

    def _envelope(self, letter: Letter) -> Refused | None:
        """Name sender and recipients, and ask for leave to send the content."""
        if not self._is_fresh:
            self._smtp.rset()
        self._is_fresh = False
        options = [f"size={len(letter.content)}"] if self._smtp.has_extn("size") else []
        refused = self._checked(Stage.SENDER, *self._smtp.mail(letter.sender, options))
        if refused is not None:
            return refused
        answers = [
            self._checked(Stage.RECIPIENT, *self._smtp.rcpt(recipient))
            for recipient in letter.recipients
        ]
        # Several recipients are those of a seed list: one that takes it is enough.
        refusals = [answer for answer in answers if answer is not None]
        if len(refusals) == len(letter.recipients):
            return refusals[0]
        code, said = self._smtp.docmd("DATA")
        return self._checked(Stage.CONTENT, code, said, wanted=_GO_ON)

    def _content(self, content: bytes) -> Verdict:
        """Send the content; until its last line, a dot, is sent the server cannot accept it."""
        stuffed = _DOT.sub(b"..", content)
        try:
            self._smtp.send(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return NotTaken(said=_said_of(error))
        try:
            self._wait(self._answer_seconds)
            self._smtp.send(b".\r\n")
            code, said = self._smtp.getreply()
            self._wait(self._seconds)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return Unanswered(said=_said_of(error))
        if not 200 <= code < 600 or 300 <= code < 400:
            # An answer that means nothing here; it had the letter, so it may have accepted it.
            self.close()
            return Unanswered(said=f"{code} {_one_line(said)}"[:LONGEST_ANSWER])
        return self._checked(Stage.CONTENT, code, said) or Taken()

    def _wait(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)

    def _checked(self, stage: Stage, code: int, said: bytes, wanted: int = _DONE) -> Refused | None:
        """Give the refusal, if the answer is one."""
        # Of a good answer only the first digit counts (RFC 5321, 4.2.1): 250, 251, 252.
        if code == wanted or (wanted == _DONE and 200 <= code < 300):
            return None
        text = _one_line(said)
        if code == _CLOSING:
            self.close()
        if not 400 <= code < 600:
            # No answer that SMTP knows here: the two of us no longer talk of the same thing.
            self.close()
            code, text = 451, f"{code} {text}"
        status = _STATUS.match(text)
        return Refused(stage=stage, code=code, status=status[1] if status else "", said=text)


def _unwritable(letter: Letter) -> Refused | None:
    """Refuse what SMTP without SMTPUTF8 has no letters for, as servers do (RFC 6531, 3.7)."""
    named = [(Stage.SENDER, letter.sender), *((Stage.RECIPIENT, r) for r in letter.recipients)]
    for stage, address in named:
        if not (address.isascii() and address.isprintable()):
            said = f"5.6.7 {_one_line(address.encode('utf-8', 'replace'))} is not ASCII"
            return Refused(stage=stage, code=553, status="5.6.7", said=said)
    return None


def _connected(server: MailServer, seconds: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.encryption is Encryption.OFFERED:
        # This very machine: nobody stands between, and its certificate names another host.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if server.encryption is Encryption.TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, _own_name(), timeout=seconds, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, _own_name(), timeout=seconds)
    try:
        _set_up(smtp, server, context)
    except (smtplib.SMTPException, OSError):
        smtp.close()
        raise
    return smtp


@cache
def _own_name() -> str:
    """Give the name by which we greet, as smtplib does, but asked of the DNS once."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


def _set_up(smtp: smtplib.SMTP, server: MailServer, context: ssl.SSLContext) -> None:
    if smtp.sock is not None:
        # Else each small command waits for the answer to the one before: 22 e-mails a second.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    smtp.ehlo_or_helo_if_needed()
    is_offered = smtp.has_extn("starttls")
    is_wanted = server.encryption is Encryption.STARTTLS
    if is_wanted or (is_offered and server.encryption is Encryption.OFFERED):
        smtp.starttls(context=context)
        smtp.ehlo()


def _reason(error: Exception, place: str) -> str:
    """Say in one sentence why there is no connection, and what to look at."""
    server = f"The mail server {place}"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{server} did not answer in time; check host and port, or a firewall."
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:
            return f"{server} refused the user or password; check REHEARSAL_SMTP_URL."
        case UnicodeError():
            return f"{server} takes no password with such letters; use another password."
        case smtplib.SMTPNotSupportedError():
            return (
                f"{server} does not offer what is needed ({_said_of(error)}); use another port, "
                "smtps://, or ?encryption=none in REHEARSAL_SMTP_URL."
            )
        case smtplib.SMTPResponseException():
            return f"{server} lets nobody in at present ({_said_of(error)})."
        case ssl.SSLCertVerificationError():
            return f"{server} has a certificate that cannot be trusted ({error.verify_message})."
        case ssl.SSLError():
            return f"{server} does not speak TLS on this port; check REHEARSAL_SMTP_URL."
        case _:
            return f"{server} cannot be reached ({_said_of(error)}); check REHEARSAL_SMTP_URL."


def _said_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = _one_line(said) if isinstance(said, bytes) else said
        return f"{error.smtp_code} {text}"[:LONGEST_ANSWER]
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    said_by_system = getattr(error, "strerror", None)
    return " ".join(str(said_by_system or error).split())[:LONGEST_ANSWER]


def _one_line(said: bytes) -> str:
    # Every line of a long answer repeats the enhanced code, which is said once.
    lines = said.decode("utf-8", "replace").splitlines()
    found = _STATUS.match(lines[0]) if lines else None
    rest = [line.removeprefix(found[1]) for line in lines[1:]] if found else lines[1:]
    text = " ".join(" ".join([*lines[:1], *rest]).split())
    return "".join(sign if sign.isprintable() else " " for sign in text)[:LONGEST_ANSWER]
