"""A flow cannot make this machine call itself, its neighbours, or anything but the web."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from core.domain.errors import UnusableInput
from core.live.calling import addresses, connections
from core.live.calling.addresses import NotAllowed, is_public, read_target, refused_because
from core.live.calling.connections import Answered, Failed, post
from core.settings import read_settings
from tests.live.listening import listening

INSIDE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1"),
    *("239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "203.0.113.5"),
    *("192.88.99.1", "192.0.0.1"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1", "fc00::1"),
    *("fd12::1", "ff02::1", "fec0::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2001::1", "100::1"),
]


@pytest.mark.parametrize("written", INSIDE)
def test_an_address_that_is_not_of_the_public_internet_is_refused(written: str) -> None:
    host = f"[{written}]" if ":" in written else written

    assert not is_public(ip_address(written))
    assert "private network" in str(refused_because(f"https://{host}/x", ()))


@pytest.mark.parametrize("written", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_an_address_of_the_public_internet_is_fine(written: str) -> None:
    assert is_public(ip_address(written))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "https://", "https:///x", "//example.org/", "example.org"),
        *("https://user:secret@example.org/", "https://user@example.org/"),
        *("https://example.org:22/", "http://example.org:0/", "http://example.org:99999/"),
        *("https://exa mple.org/", "https://example.org/\r\nX-Evil: 1", "https://a\\@b.org/"),
        *("http://localhost/", "http://LOCALHOST./", "http://db.internal/", "https://x.local/"),
        "https://example.org/" + "x" * 3_000,
    ],
)
def test_an_address_that_is_none_or_asks_for_more_is_refused(url: str) -> None:
    assert refused_because(url, ()) is not None


@pytest.mark.parametrize("url", ["https://hooks.example.org/a?b=c", "http://example.org"])
def test_an_address_of_the_web_is_fine(url: str) -> None:
    assert refused_because(url, ()) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "017700000001"]
)
def test_no_spelling_of_this_machine_gets_through(host: str) -> None:
    found = post(f"http://{host}/", b"{}", {}, allowed=())

    assert isinstance(found, Failed)
    assert found.is_final


@pytest.mark.parametrize(
    ("allowed", "url", "is_fine"),
    [
        ("CRM.intern, 10.0.0.5:8080", "http://crm.intern:9000/", True),
        ("crm.intern,10.0.0.5:8080", "http://10.0.0.5:8080/", True),
        ("crm.intern,10.0.0.5:8080", "http://10.0.0.5/", False),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]/", False),
        ("::1", "http://[::1]:1234/", True),
        ("", "http://10.0.0.5/", False),
    ],
)
def test_whoever_runs_it_may_allow_hosts(allowed: str, url: str, is_fine: bool) -> None:
    settings = read_settings({"REHEARSAL_ALLOW_PRIVATE_WEBHOOKS": allowed})

    assert (refused_because(url, settings.private_webhook_hosts) is None) is is_fine


@pytest.mark.parametrize("written", ["http://crm.intern", "two words", "host:port", "*"])
def test_what_is_no_host_is_named(written: str) -> None:
    with pytest.raises(UnusableInput, match=r"REHEARSAL_ALLOW_PRIVATE_WEBHOOKS names"):
        read_settings({"REHEARSAL_ALLOW_PRIVATE_WEBHOOKS": f"crm.intern,{written}"})


def test_the_password_of_the_queue_does_not_appear_when_settings_are_shown() -> None:
    settings = read_settings({"REHEARSAL_AMQP_URL": "amqp://user:s3cret@host/"})

    assert settings.amqp_url == "amqp://user:s3cret@host/"
    assert "s3cret" not in repr(settings)


def test_a_name_is_looked_up_once_and_that_address_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def looked_up(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with listening() as listener:
        port = int(listener.address.rsplit(":", 1)[1])
        with monkeypatch.context() as patch:
            patch.setattr(addresses.socket, "getaddrinfo", _only_for("shop.example", looked_up))
            refused = post(f"http://shop.example:{port}/", b"{}", {}, allowed=())
            private = post("http://shop.example/", b"{}", {}, allowed=())
            allowed = post(
                f"http://shop.example:{port}/", b"{}", {}, allowed=[f"shop.example:{port}"]
            )

    assert isinstance(refused, Failed)
    assert isinstance(private, Failed)
    assert (refused.is_final, private.is_final, "private" in private.said) == (True, True, True)
    assert allowed == Answered(status=200)
    assert asked == ["shop.example"] * 2
    assert listener.told[0].headers["host"] == f"shop.example:{port}"


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def both(host: str, port: int, **_more: Any) -> list[Any]:
        return [(2, 1, 6, "", (one, port)) for one in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", _only_for("both.example", both))

    with pytest.raises(NotAllowed):
        addresses.found(read_target("https://both.example/", ()))


def _only_for(name: str, answer: Any) -> Any:
    real = socket.getaddrinfo

    def looked_up(host: str, port: int, *positional: Any, **more: Any) -> Any:
        return answer(host, port, **more) if host == name else real(host, port, *positional, **more)

    return looked_up


def test_a_trickle_of_bytes_does_not_hold_a_caller_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "TIMEOUT", 0.5)

    with _saying(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n") as port:
        began = time.monotonic()
        found = post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=["127.0.0.1"])

    assert isinstance(found, Failed)
    assert "did not answer within" in found.said
    assert time.monotonic() - began < 3


def test_an_endless_answer_is_read_to_its_64th_kilobyte_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _saying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1_000, pause=0.0) as port:
        found = post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=["127.0.0.1"])

    assert found == Answered(status=200)


def test_what_is_no_http_is_a_failure_with_a_sentence() -> None:
    with _saying(b"SSH-2.0-OpenSSH\r\n", b"") as port:
        found = post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=["127.0.0.1"])

    assert found == Failed(said="127.0.0.1 could not be reached (BadStatusLine).")


def test_a_certificate_has_to_be_of_the_name_that_is_called(tmp_path: Any) -> None:
    certificate = _certificate(tmp_path, "shop.example")
    trust = ssl.create_default_context(cafile=str(certificate))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)

    with _saying(b"HTTP/1.1 204 Fine\r\n\r\n", b"", tls=served) as port:
        url = f"https://localhost:{port}/"
        strange = post(url, b"{}", {}, allowed=["localhost"])
        other = post(url, b"{}", {}, allowed=["localhost"], context=trust)

    assert strange == other
    assert isinstance(other, Failed)
    assert "certificate of localhost" in other.said


@contextmanager
def _saying(
    first: bytes, again: bytes, *, pause: float = 0.05, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Answer every connection with some bytes, and then with others for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            try:
                plain, _ = server.accept()
                with tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                    connection.recv(1_000)
                    connection.sendall(first)
                    while again and not is_over.is_set():
                        connection.sendall(again)
                        time.sleep(pause)
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        is_over.set()
        thread.join()
        server.close()


def _certificate(folder: Any, name: str) -> Any:
    """Make a certificate of a name, with its key in the same file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "certificate.pem"
    file.write_bytes(
        made.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file
