"""The company that sends: what can be set, how it is kept, and what templates see of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.services.company import STAND_INS, Company, company, keep_company
from core.store.database import migrate, open_database

CHANGED_AT = datetime(2026, 11, 23, tzinfo=UTC)
FELLGROVE = Company(
    name="Fellgrove",
    address="12 Harbour Lane, 00000 Exampleton",
    url="https://shop.example.com",
    cart_url="https://shop.example.com/cart",
    sender_name="Jo from Fellgrove",
    sender_address="hello@example.com",
    language="de-AT",
    currency="CHF",
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path}/shop.sqlite")
    migrate(opened)
    yield opened
    opened.dispose()


def test_what_is_set_is_kept_until_it_is_set_anew(database: Engine) -> None:
    before = company(database)
    keep_company(database, FELLGROVE, changed_at=CHANGED_AT)
    kept = company(database)
    keep_company(database, replace(FELLGROVE, name="Other"), changed_at=CHANGED_AT)

    assert before == Company()
    assert kept == FELLGROVE
    assert company(database).name == "Other"


def test_values_are_tidied(database: Engine) -> None:
    kept = keep_company(
        database,
        Company(name="  Fell \n grove ", url="https://shop.example.com/ ", currency="chf"),
        changed_at=CHANGED_AT,
    )

    assert kept == Company(name="Fell grove", url="https://shop.example.com", currency="CHF")
    assert company(database) == kept


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": "shop.example.com"}, "shop address 'shop.example.com' is no web address"),
        ({"url": "https://"}, "shop address 'https://' is no web address"),
        ({"url": "https://shop"}, "is no web address; write it with https://"),
        ({"url": "https://shop.example.com:99999"}, "is no web address"),
        ({"url": "https://[shop"}, "is no web address"),
        ({"cart_url": "javascript:alert(1)"}, "cart address 'javascript:alert(1)' is no web"),
        ({"cart_url": "https://shop.example.com/my cart"}, "is no web address"),
        ({"sender_address": "hello"}, "'hello' is no e-mail address"),
        ({"sender_address": "a@b@example.com"}, "is no e-mail address"),
        ({"sender_address": "Jo <jo@example.com>"}, "and the name in its own field"),
        ({"sender_address": "a@example..com"}, "is no e-mail address"),
        ({"sender_name": "Jo"}, "has a name and no address"),
        ({"language": "German"}, "The language 'German' is none"),
        ({"currency": "Euro"}, "The currency 'Euro' is none"),
        ({"name": "x" * 301}, "The company name has 301 characters; 300 are the most"),
        ({"address": "Lane\u202e 1"}, "postal address holds a character that cannot be seen"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence_and_nothing_is_kept(
    database: Engine, values: dict[str, str], sentence: str
) -> None:
    keep_company(database, FELLGROVE, changed_at=CHANGED_AT)

    with pytest.raises(UnusableInput) as refusal:
        keep_company(database, Company(**values), changed_at=CHANGED_AT)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert company(database) == FELLGROVE


def test_templates_see_the_company_but_not_the_senders_mailbox() -> None:
    seen = FELLGROVE.as_context()

    assert seen == {
        "name": "Fellgrove",
        "address": "12 Harbour Lane, 00000 Exampleton",
        "url": "https://shop.example.com",
        "cart_url": "https://shop.example.com/cart",
        "language": "de-AT",
        "currency": "CHF",
    }


def test_what_was_not_set_has_a_stand_in_where_emails_show_it() -> None:
    some = Company(name="Fellgrove")

    assert Company().as_context() == STAND_INS
    assert some.as_context() == {**STAND_INS, "name": "Fellgrove"}
    assert not some.is_set
    assert FELLGROVE.is_set


@pytest.mark.parametrize("name", ["Jo, Käthe & Co.", 'The "Best" \\ Shop', "", "(Shop)"])
def test_the_sender_is_written_so_that_it_is_read_back(name: str) -> None:
    sender = Company(sender_name=name, sender_address="hello@example.com").sender

    assert parseaddr(sender) == (name, "hello@example.com")


def test_the_sender_is_called_like_the_company_unless_it_has_a_name() -> None:
    own = Company(name="Fellgrove", sender_address="hello@example.com")

    assert own.sender == '"Fellgrove" <hello@example.com>'
    assert Company(name="Fellgrove").sender == ""
