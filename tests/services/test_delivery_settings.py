"""How e-mails leave: what is set is kept, what cannot be used is said, what is missing is named."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine, text

from core.domain.errors import UnusableInput
from core.domain.mail_servers import read_mail_server
from core.live.delivery.reasons import DeliveryReason
from core.services.company import Company, keep_company
from core.services.delivering import (
    REASON_WORDS,
    Outgoing,
    dns_record,
    note_trouble,
    readied,
    readiness,
)
from core.services.delivery_settings import (
    USUAL,
    DeliverySettings,
    delivery_settings,
    keep_delivery_settings,
    public_url_or_local,
    seed_list,
)
from core.store.app_settings import keep_setting
from core.store.database import migrate, open_database, writing
from tests.live.delivery.post import COMPANY

AT = datetime(2026, 9, 1, tzinfo=UTC)
SERVER = read_mail_server("smtp://127.0.0.1:25", "X")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def database(migrated: Engine) -> Engine:
    """Give a database in which nothing is set."""
    with migrated.begin() as connection:
        connection.execute(text("DELETE FROM settings"))
    return migrated


def kept(database: Engine, **given: Any) -> DeliverySettings:
    keep_delivery_settings(database, DeliverySettings(**given), changed_at=AT)
    return delivery_settings(database)


def test_until_somebody_sets_them_they_are_the_usual_ones(database: Engine) -> None:
    assert delivery_settings(database) == USUAL
    assert public_url_or_local(USUAL, "http://localhost:87") == "http://localhost:87"


def test_what_is_set_is_kept_tidied(database: Engine) -> None:
    found = kept(
        database,
        public_url=" https://mail.shop.example/ ",
        per_second=2.5,
        connection_count=7,
        reply_to=" service@shop.example ",
        seed_addresses=("a@shop.example", " b@shop.example", "a@shop.example", ""),
        dkim_domain="Shop.Example",
        dkim_selector="S1",
    )

    assert found == DeliverySettings(
        public_url="https://mail.shop.example",
        per_second=2.5,
        connection_count=7,
        reply_to="service@shop.example",
        seed_addresses=("a@shop.example", "b@shop.example"),
        dkim_domain="shop.example",
        dkim_selector="s1",
    )
    assert public_url_or_local(found, "http://localhost:87") == "https://mail.shop.example"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"public_url": "shop.example"}, "is no web address; write it with https://"),
        ({"public_url": "javascript:alert(1)"}, "is no web address"),
        ({"public_url": "https://shop.example/?a=b"}, "is no web address"),
        ({"public_url": "https://user:pass@shop.example"}, "is no web address"),
        ({"public_url": "https://shop.example/\r\nX: y"}, "is no web address"),
        ({"per_second": 0.0}, "limit of e-mails a second is 0"),
        ({"per_second": float("nan")}, "limit of e-mails a second is nan"),
        ({"per_domain_per_second": 1e9}, "limit a second to one provider"),
        ({"connection_count": 0}, "number of connections is 0"),
        ({"reply_to": "me"}, "address for answers 'me' is no e-mail address"),
        ({"public_url": "http://mail.shop.example"}, "one click only over https://"),
        ({"reply_to": "a..b@shop.example"}, "address for answers"),
        ({"bounce_address": "me@x.org\r\nBcc: y@z.org"}, "address for bounces"),
        ({"bounce_address": "bö@shop.example"}, "address for bounces"),
        ({"seed_addresses": ("jörg@shop.example",)}, "seed address"),
        ({"seed_addresses": ("a@b.org", "b")}, "seed address 'b' is no e-mail address"),
        ({"seed_addresses": tuple(f"a{n}@b.org" for n in range(21))}, "20 are the most"),
        ({"dkim_domain": "shop.example"}, "needs both a domain and a selector"),
        ({"dkim_domain": "shop", "dkim_selector": "s"}, "DKIM domain 'shop' is no domain"),
        ({"dkim_domain": "a.example", "dkim_selector": "s; p="}, "DKIM selector"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_kept(
    database: Engine, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnusableInput, match=said) as refusal:
        keep_delivery_settings(database, replace(USUAL, **given), changed_at=AT)

    assert "\n" not in str(refusal.value)
    assert delivery_settings(database) == USUAL


@pytest.mark.parametrize("url", ["http://localhost:8501", "http://192.168.1.7:8501", "http://nas"])
def test_what_is_near_may_be_reached_without_encryption(database: Engine, url: str) -> None:
    assert kept(database, public_url=url).public_url == url


def test_a_sender_that_no_letter_can_name_keeps_e_mails_from_leaving(
    database: Engine, tmp_path: Path
) -> None:
    keep_company(database, replace(COMPANY, sender_name="", sender_address=""), changed_at=AT)
    outgoing = Outgoing(server=None, sender="hällo@shop.example", folder=tmp_path)

    found = readiness(database, outgoing)

    assert not found.is_ready
    assert "'hällo@shop.example' is none that every server takes" in found.missing[0]


def test_settings_of_an_older_release_are_read(database: Engine) -> None:
    with writing(database) as session:
        keep_setting(
            session, "delivery", {"public_url": "https://a.example", "gone": 1}, changed_at=AT
        )

    assert delivery_settings(database) == DeliverySettings(public_url="https://a.example")


def test_a_seed_list_is_read_from_lines_and_commas() -> None:
    assert seed_list("a@x.org\n b@x.org, c@x.org;\n\n") == ("a@x.org", "b@x.org", "c@x.org")


def outgoing(tmp_path: Path, **changes: Any) -> Outgoing:
    usual = Outgoing(server=SERVER, sender="", folder=tmp_path / "outbox")
    return replace(usual, **changes)


def test_all_that_is_missing_is_named_with_where_to_mend_it(
    database: Engine, tmp_path: Path
) -> None:
    kept(database, dkim_domain="shop.example", dkim_selector="s1")

    found = readiness(database, outgoing(tmp_path))

    assert (found.is_ready, found.how) == (False, "smtp")
    assert [sentence.count("page Settings") for sentence in found.missing] == [1, 1, 1, 1]
    assert "REHEARSAL_DKIM_KEY" in found.missing[3]
    assert readied(database, outgoing(tmp_path)) is None


def test_without_a_mail_server_the_folder_needs_no_public_address(
    database: Engine, tmp_path: Path
) -> None:
    keep_company(database, COMPANY, changed_at=AT)

    found = readiness(database, outgoing(tmp_path, server=None))

    assert (found.is_ready, found.how, found.missing) == (True, "folder", [])
    assert found.folder == tmp_path / "outbox"


def test_the_sender_of_the_environment_counts_where_none_is_set(
    database: Engine, tmp_path: Path
) -> None:
    keep_company(database, replace(COMPANY, sender_address="", sender_name=""), changed_at=AT)
    kept(database, public_url="https://mail.shop.example")

    without = readiness(database, outgoing(tmp_path))
    found = readied(database, outgoing(tmp_path, sender="Shop <s@shop.example>"))

    assert len(without.missing) == 1
    assert found is not None
    assert (found.sender.name, found.sender.address) == ("Shop", "s@shop.example")


def test_a_company_that_is_only_half_set_sends_nothing(database: Engine, tmp_path: Path) -> None:
    keep_company(
        database, Company(name="Fellgrove", sender_address="a@shop.example"), changed_at=AT
    )
    kept(database, public_url="https://mail.shop.example")

    assert "postal address" in readiness(database, outgoing(tmp_path)).missing[0]


def test_the_record_of_the_key_is_what_goes_into_the_dns(database: Engine, tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    key = Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = kept(database, dkim_domain="shop.example", dkim_selector="s1")

    record = dns_record(settings, outgoing(tmp_path, dkim_key=file))

    assert record is not None
    assert record[0] == "s1._domainkey.shop.example"
    assert record[1].startswith("v=DKIM1; k=ed25519; p=")
    assert dns_record(settings, outgoing(tmp_path)) is None
    assert dns_record(USUAL, outgoing(tmp_path, dkim_key=file)) is None


def test_a_key_that_cannot_be_read_keeps_e_mails_from_leaving_unsigned(
    database: Engine, tmp_path: Path
) -> None:
    keep_company(database, COMPANY, changed_at=AT)
    kept(database, public_url="https://a.example", dkim_domain="shop.example", dkim_selector="s1")
    away = outgoing(tmp_path, dkim_key=tmp_path / "none.pem")

    assert "cannot be read" in readiness(database, away).missing[0]
    assert readied(database, away) is None


def test_trouble_is_kept_until_it_is_over(database: Engine, tmp_path: Path) -> None:
    away = outgoing(tmp_path)
    note_trouble(database, "The mail server is away.", at=AT)
    during = readiness(database, away).trouble

    note_trouble(database, "", at=AT)

    assert (during, readiness(database, away).trouble) == ("The mail server is away.", "")


def test_each_reason_has_words_for_the_screen() -> None:
    assert set(REASON_WORDS) == set(DeliveryReason)
