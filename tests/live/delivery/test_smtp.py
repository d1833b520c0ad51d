"""Handing a letter over: what became of it is told apart by how far it came."""

import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.domain.mail_servers import Encryption, MailServer
from core.live.delivery.letters import Letter
from core.live.delivery.pool import Pool
from core.live.delivery.smtp import Connection
from core.live.delivery.verdicts import NotTaken, Refused, Stage, Taken, Unanswered, Verdict
from core.live.delivery.ways import NoServer
from tests.live.delivery.sinks import GO_ON, HANG_UP, Said, Sink, serving

CONTENT = b"Subject: Hi\r\n\r\n.one\r\n..two\r\nthree\r\n"


def letter(address: str = "ann@example.org", key: str = "k") -> Letter:
    return Letter(key=key, sender="s@shop.example", recipients=(address,), content=CONTENT)


def handed_over(server: MailServer, one: Letter, answer_seconds: float = 10) -> Verdict:
    with closing(Connection(server, 10, answer_seconds=answer_seconds)) as connection:
        return connection.hand_over(one)


def at_stage(stage: str, answer: str, *, times: int = 10**9) -> Said:
    """Say something at a stage, so many times."""
    left = [times]

    def said(reached: str, _address: str) -> str:
        if reached == stage and left[0] > 0:
            left[0] -= 1
            return answer
        return GO_ON

    return said


def test_a_letter_arrives_as_it_is_written() -> None:
    sink = Sink()

    with serving(sink) as server:
        verdict = handed_over(server, letter())

    (envelope,) = sink.envelopes
    assert verdict == Taken()
    assert envelope.content == CONTENT
    assert (envelope.mail_from, envelope.rcpt_tos) == ("s@shop.example", ["ann@example.org"])


def test_a_connection_is_used_again_and_small_commands_do_not_wait() -> None:
    sink = Sink()

    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        pool.prepare(1, 0)
        began = time.perf_counter()
        verdicts = pool.hand_over([letter(key=str(number)) for number in range(20)], 0)
        seconds = time.perf_counter() - began
        pool.close()

    assert verdicts == [Taken()] * 20
    assert sink.connection_count == 1
    # Without TCP_NODELAY each letter waits 40 ms for a delayed acknowledgement.
    assert seconds < 20 * 0.04


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("MAIL", Stage.SENDER),
        ("RCPT", Stage.RECIPIENT),
        ("LEAVE", Stage.CONTENT),
        ("DATA", Stage.CONTENT),
    ],
)
@pytest.mark.parametrize("code", [451, 550])
def test_a_refusal_says_at_which_stage_and_whether_for_good(
    stage: str, told: Stage, code: int
) -> None:
    sink = Sink(said=at_stage(stage, f"{code} 5.1.1 no such person"))

    with serving(sink) as server, closing(Connection(server, 10)) as connection:
        verdict = connection.hand_over(letter())
        sink.said = lambda _stage, _address: GO_ON
        after = connection.hand_over(letter(key="next"))

    assert verdict == Refused(stage=told, code=code, status="5.1.1", said="5.1.1 no such person")
    assert verdict.is_for_good == (code == 550)
    assert verdict.is_no_such_address == (stage != "MAIL")
    assert after == Taken()


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "LEAVE"])
def test_a_connection_lost_before_the_letter_is_whole_means_not_taken(stage: str) -> None:
    sink = Sink(said=at_stage(stage, HANG_UP))

    with serving(sink) as server:
        connection = Connection(server, 10)
        verdict = connection.hand_over(letter())

    # After the leave to send, the little that follows may be on its way before the end is seen.
    assert isinstance(verdict, NotTaken | Unanswered if stage == "LEAVE" else NotTaken)
    assert not connection.is_open
    assert sink.envelopes == []


def test_a_connection_lost_after_the_letter_was_whole_means_unanswered() -> None:
    sink = Sink(said=at_stage("DATA", HANG_UP))

    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        pool.prepare(1, 0)
        verdicts = pool.hand_over([letter()], 0)
        pool.close()

    assert [type(verdict) for verdict in verdicts] == [Unanswered]
    assert len(sink.envelopes) == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_a_letter_that_was_not_whole_goes_by_a_new_connection_at_once(stage: str) -> None:
    sink = Sink(said=at_stage(stage, HANG_UP, times=1))

    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        pool.prepare(1, 0)
        verdicts = pool.hand_over([letter()], 0)
        pool.close()

    assert verdicts == [Taken()]
    assert (sink.connection_count, len(sink.envelopes)) == (2, 1)


def test_a_server_that_closes_with_421_is_asked_on_a_new_connection() -> None:
    sink = Sink(said=at_stage("MAIL", "421 4.3.2 closing", times=1))

    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        pool.prepare(1, 0)
        verdicts = pool.hand_over([letter(), letter(key="next")], 0)
        pool.close()

    assert [type(verdict) for verdict in verdicts] == [Refused, Taken]


def test_a_server_that_is_silent_after_the_letter_is_not_waited_for_for_ever() -> None:
    def said(stage: str, _address: str) -> str:
        if stage == "DATA":
            time.sleep(0.6)
        return GO_ON

    sink = Sink(said=said)

    with serving(sink) as server:
        verdict = handed_over(server, letter(), 0.3)

    assert verdict == Unanswered(said="no answer in time")


def test_of_several_recipients_one_that_is_taken_is_enough() -> None:
    def said(stage: str, address: str) -> str:
        return "550 5.1.1 unknown" if (stage, address) == ("RCPT", "a@example.org") else GO_ON

    sink = Sink(said=said)
    seeds = Letter(
        key="k", sender="s@shop.example", recipients=("a@example.org", "b@x.org"), content=CONTENT
    )

    with serving(sink) as server:
        verdict = handed_over(server, seeds)

    assert verdict == Taken()
    assert sink.recipients() == ["b@x.org"]


def test_letters_share_the_connections_and_keep_their_order() -> None:
    def said(stage: str, address: str) -> str:
        return "550 no" if stage == "RCPT" and address.startswith("odd") else GO_ON

    sink = Sink(said=said)
    addresses = [f"{'odd' if number % 2 else 'even'}{number}@x.org" for number in range(11)]

    with serving(sink) as server:
        pool = Pool(server, 3, seconds=10)
        pool.prepare(11, 0)
        verdicts = pool.hand_over([letter(address, address) for address in addresses], 0)
        pool.close()

    assert [isinstance(verdict, Taken) for verdict in verdicts] == [
        address.startswith("even") for address in addresses
    ]
    assert sink.connection_count == 3
    assert sink.recipients() == sorted(one for one in addresses if one.startswith("even"))


def test_a_server_that_is_not_there_is_named_before_anything_is_handed_over() -> None:
    with serving(Sink()) as server:
        pass
    pool = Pool(server, 2, seconds=1)

    with pytest.raises(NoServer, match="cannot be reached"):
        pool.prepare(2, 0)
    pool.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine that nobody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_server_of_this_machine_that_offers_encryption_gets_it_with_user_and_password(
    tls: ssl.SSLContext,
) -> None:
    sink = Sink()

    with serving(
        sink, tls=tls, wants_login=True, url="smtp://shop:s3cret@127.0.0.1:{port}"
    ) as server:
        verdict = handed_over(server, letter())

    assert verdict == Taken()


def elsewhere(server: MailServer) -> MailServer:
    """Give the server as one that is not this machine: its certificate has to be known."""
    return replace(server, encryption=Encryption.STARTTLS)


def test_a_certificate_that_nobody_knows_is_refused_and_one_that_is_known_is_not(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Sink(), tls=tls) as server:
        with pytest.raises(NoServer, match="certificate that cannot be trusted"):
            Connection(elsewhere(server), 10)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        verdict = handed_over(elsewhere(server), letter())

    assert verdict == Taken()


def test_where_encryption_is_asked_for_nothing_goes_without() -> None:
    sink = Sink()

    with serving(sink) as server:
        with pytest.raises(NoServer, match="does not offer what is needed"):
            Connection(elsewhere(server), 10)
        without = handed_over(replace(server, encryption=Encryption.NONE), letter())

    assert without == Taken()
    assert len(sink.envelopes) == 1


def test_a_wrong_password_is_told_and_never_shown(tls: ssl.SSLContext) -> None:
    wrong = "smtp://shop:wr0ng@127.0.0.1:{port}"

    with (
        serving(Sink(), tls=tls, wants_login=True, url=wrong) as server,
        pytest.raises(NoServer, match="refused the user or password") as refusal,
    ):
        Connection(server, 10)

    assert "wr0ng" not in str(refusal.value)


def test_a_server_that_allows_one_connection_is_used_with_one() -> None:
    sink = Sink()
    with serving(sink) as server:
        pool = Pool(server, 3, seconds=10)
        pool.prepare(1, 0)
        away = replace(server, port=1)
        for line in pool._lines[1:]:
            line._server = away

        for now in (1, 2):
            pool.prepare(3, now)
        verdicts = pool.hand_over([letter(key=str(number)) for number in range(4)], 3)
        pool.close()

    assert verdicts == [Taken()] * 4
    assert sink.connection_count == 1
    assert [line._refused_at for line in pool._lines] == [None, 1, 1]


def test_a_connection_that_rested_for_long_is_made_anew() -> None:
    sink = Sink()
    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        for now in (0, 1, 100):
            pool.prepare(1, now)
            pool.hand_over([letter()], now)
        pool.close()

    assert len(sink.envelopes) == 3
    assert sink.connection_count == 2


@pytest.mark.parametrize("answer", ["252 accepted, I think", "200 fine"])
def test_every_good_answer_means_that_the_letter_was_taken(answer: str) -> None:
    sink = Sink(said=at_stage("DATA", answer))

    with serving(sink) as server:
        verdict = handed_over(server, letter())

    assert verdict == Taken()


@pytest.mark.parametrize("answer", ["354 go on", "hello there"])
def test_an_answer_without_meaning_may_have_been_a_yes(answer: str) -> None:
    sink = Sink(said=at_stage("DATA", answer))

    with serving(sink) as server:
        verdict = handed_over(server, letter())

    assert isinstance(verdict, Unanswered)


@pytest.mark.parametrize(
    ("changed", "stage"),
    [
        ({"sender": "bö@shop.example"}, Stage.SENDER),
        ({"recipients": ("jö@x.org",)}, Stage.RECIPIENT),
    ],
)
def test_an_address_that_smtp_has_no_letters_for_is_refused_and_the_next_letter_goes(
    changed: dict[str, Any], stage: Stage
) -> None:
    sink = Sink()

    with serving(sink) as server:
        pool = Pool(server, 1, seconds=10)
        pool.prepare(2, 0)
        verdicts = pool.hand_over([replace(letter(), **changed), letter()], 0)
        pool.close()

    assert isinstance(verdicts[0], Refused)
    assert (verdicts[0].stage, verdicts[0].status) == (stage, "5.6.7")
    assert verdicts[1] == Taken()


@pytest.mark.parametrize(
    ("way", "answer", "said"),
    [
        ("PLAIN", "454 4.7.0 busy", r"lets nobody in at present \(454 4.7.0 busy\)"),
        ("CRAM-MD5", "334 notbase64", "cannot be reached"),
    ],
)
def test_a_sign_in_that_fails_otherwise_is_not_called_a_wrong_password(
    way: str, answer: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answers = ["220 hi", f"250-me\r\n250 AUTH {way}", answer]
        talking = Thread(target=_say_one_by_one, args=(listening, answers))
        talking.start()
        server = MailServer(
            host="127.0.0.1",
            port=listening.getsockname()[1],
            encryption=Encryption.NONE,
            user="shop",
            password="s3cret",
        )
        with pytest.raises(NoServer, match=said):
            Connection(server, 5)
        talking.join()


def _say_one_by_one(listening: socket.socket, answers: list[str]) -> None:
    talking, _ = listening.accept()
    with talking:
        for answer in answers:
            talking.sendall(f"{answer}\r\n".encode())
            talking.recv(1_000)
