"""The URL of a mail server: what it means, and that no message gives the password away."""

import pytest

from core.domain.errors import UnusableInput
from core.domain.mail_servers import Encryption, MailServer, read_mail_server


@pytest.mark.parametrize(
    ("url", "port", "encryption"),
    [
        ("smtp://mail.example.com", 587, Encryption.STARTTLS),
        ("smtp://mail.example.com:25/", 25, Encryption.STARTTLS),
        ("smtps://mail.example.com", 465, Encryption.TLS),
        ("smtps://mail.example.com:8465", 8465, Encryption.TLS),
        ("smtp://mail.example.com:25?encryption=none", 25, Encryption.NONE),
        ("smtp://127.0.0.1:1025", 1025, Encryption.OFFERED),
        ("smtp://[::1]:1025", 1025, Encryption.OFFERED),
        ("smtp://localhost:1025", 1025, Encryption.OFFERED),
        ("smtp://localhost.example.com", 587, Encryption.STARTTLS),
    ],
)
def test_a_url_says_where_and_how_to_connect(url: str, port: int, encryption: Encryption) -> None:
    server = read_mail_server(url, "REHEARSAL_SMTP_URL")

    assert (server.port, server.encryption) == (port, encryption)
    assert server.host in url


def test_user_and_password_may_hold_any_sign() -> None:
    server = read_mail_server("smtp://me%40shop.com:p%40s%2Fs%23%25@mail.example.com", "X")

    assert (server.user, server.password) == ("me@shop.com", "p@s/s#%")
    assert "p@s" not in repr(server)
    assert server == MailServer(
        host="mail.example.com",
        port=587,
        encryption=Encryption.STARTTLS,
        user="me@shop.com",
        password="p@s/s#%",
    )


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://u:s3cret@mail.example.com",
        "smtp://",
        "smtp://u:s3cret@",
        "smtp://u:s3cret@mail.example.com:99999",
        "smtp://u:s3cret@mail.example.com:port",
        "smtp://u:s3cret@mail.example.com:0",
        "smtp://u:s3cret/x@mail.example.com",
        "smtp://u:s3cret#x@mail.example.com",
        "smtp://u:s3cret@mail.example.com?tls=no",
        "smtps://u:s3cret@mail.example.com?encryption=none",
        "smtp://[::1",
    ],
)
def test_what_is_wrong_names_the_setting_and_never_the_password(url: str) -> None:
    with pytest.raises(
        UnusableInput, match=r"^REHEARSAL_SMTP_URL .*write it as smtp://"
    ) as refusal:
        read_mail_server(url, "REHEARSAL_SMTP_URL")

    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
