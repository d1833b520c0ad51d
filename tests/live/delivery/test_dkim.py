"""DKIM: another implementation (dkimpy) verifies what we sign, and nothing that was changed."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim as verifier
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.live.delivery.dkim import (
    DkimKey,
    read_key,
    record_name,
    record_text,
    signed_message,
)
from core.rendering.emails import RenderedEmail
from core.rendering.mime import Mailbox, as_message

AT = 1_790_000_000
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def message(text: str = "Hällo  you\t \n\n\n", subject: str = "Größe  42 " * 12) -> bytes:
    return as_message(
        RenderedEmail(
            html=f"<p>{text}</p>", text=text, subject=subject, preheader="", html_bytes=9
        ),
        sender=Mailbox(address="hello@shop.example", name="Fellgrove, the shop"),
        recipient=Mailbox(address="ann@example.org", name="Änn"),
        message_id="<1@shop.example>",
        sent_at=datetime(2026, 9, 1, tzinfo=UTC),
        unsubscribe_url=f"https://shop.example/t/u/{'x' * 300}",
        reply_to=Mailbox(address="reply@shop.example"),
    )


class _Ed25519:
    """What dkimpy asks of PyNaCl, which is not installed, answered by `cryptography`."""

    def __init__(self, text: bytes, encoder: object = None) -> None:
        self._key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(text))

    def verify(self, said: bytes, mark: bytes) -> None:
        self._key.verify(mark, said)


@pytest.fixture(autouse=True)
def ed25519_known(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_Ed25519),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    monkeypatch.setattr(verifier, "nacl", answering, raising=False)


def is_right(signed: bytes, key: DkimKey) -> bool:
    return is_verified(signed, record_text(key))


def is_verified(signed: bytes, record: str) -> bool:
    return bool(
        verifier.verify(signed, dnsfunc=lambda _name, timeout=5: record.encode(), minkey=1024)
    )


# RFC 8463, appendix A: key, message and signature.
RFC_KEY = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RFC_RECORD = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
RFC_SIGNATURE = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
"""
RFC_MESSAGE = b"""\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""


def test_the_example_of_the_standard_is_verified_and_so_is_ours_with_its_key() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(RFC_KEY))
    content = RFC_MESSAGE.replace(b"\n", b"\r\n")

    ours = signed_message(content, key, "football.example.com", "brisbane", AT)

    # The first shows that the verifier can be trusted, the second that we can.
    assert is_verified(RFC_SIGNATURE.replace(b"\n", b"\r\n") + content, RFC_RECORD)
    assert record_text(key) == RFC_RECORD
    assert is_verified(ours, RFC_RECORD)
    assert b"bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;" in ours


def signed(content: bytes, key: DkimKey) -> bytes:
    return signed_message(content, key, "shop.example", "s1", AT)


@pytest.mark.parametrize("key", [RSA_KEY, ED_KEY], ids=["rsa", "ed25519"])
def test_what_is_signed_is_verified(key: DkimKey) -> None:
    assert is_right(signed(message(), key), key)
    assert record_name("shop.example", "s1") == "s1._domainkey.shop.example"


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=300), subject=st.text(max_size=120))
def test_any_text_is_verified(text: str, subject: str) -> None:
    content = message(text, subject)

    assert is_right(signed(content, ED_KEY), ED_KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hi there", b"Hi you"),
        (b"Subject: ", b"Subject: New "),
        (b"To: ", b"To: eve@example.org, "),
        (b"\r\nFrom: ", b"\r\nFrom: eve@example.org\r\nFrom: "),
        (b"\r\nSubject: ", b"\r\nSubject: Win\r\nSubject: "),
        (b"<https://shop.example/t/u/", b"<https://eve.example/t/u/"),
    ],
)
def test_what_was_changed_on_the_way_is_not(old: bytes, new: bytes) -> None:
    content = signed(message("Hi there", "Hello"), ED_KEY)
    assert old in content

    changed = content.replace(old, new, 1)

    assert is_right(content, ED_KEY)
    assert not is_right(changed, ED_KEY)


def test_spaces_and_folds_that_servers_change_do_not_matter() -> None:
    content = signed(message("Hi there\n\n\n", "Hello you all"), ED_KEY)

    changed = content.replace(b"Subject: Hello you all", b"subject:  Hello\r\n you   all ")

    assert changed != content
    assert is_right(changed + b"\r\n\r\n", ED_KEY)


def test_lines_of_the_signature_are_short_and_the_message_stays_as_it_is() -> None:
    content = message()

    head = signed(content, RSA_KEY).removesuffix(content)

    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert signed(content, RSA_KEY) == signed(content, RSA_KEY)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"no key at all", "holds no private key without a password in PEM"),
        (
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "is no key for DKIM",
        ),
        (None, "cannot be read"),
    ],
)
def test_a_key_that_cannot_sign_is_named(tmp_path: Path, written: bytes | None, said: str) -> None:
    file = tmp_path / "dkim.pem"
    if written is not None:
        file.write_bytes(written)

    with pytest.raises(UnusableInput, match=said) as refusal:
        read_key(file)

    assert "dkim.pem" in str(refusal.value)


def test_a_key_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    file.write_bytes(ED_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    assert record_text(read_key(file)) == record_text(ED_KEY)
