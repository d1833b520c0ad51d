"""E-mails by name: starters, what was saved in their place or beside them, and variants."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.domain.email_sources import EmailSource, EmailVersion
from core.domain.errors import UnusableInput
from core.rendering.emails import EmailTemplate
from core.services.campaigns import save_campaign
from core.services.emails import (
    campaigns_sending,
    delete_email,
    email,
    emails,
    names,
    save_email,
    source_of,
    template,
    template_of,
    versions,
)
from core.store.database import migrate, open_database
from tests.services.shops import CART, campaign

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
PARTIALS = {"partials/footer.mjml": "<mj-section></mj-section>"}
STARTERS = {
    name: EmailTemplate(
        name=name,
        source=f"<mjml>{name}</mjml>",
        subject=f"The subject of {name}",
        preheader="and more",
        description="What it is for.",
        stage="conversion",
        requires=("cart.products",),
        sample={"cart": {"products": [1]}},
        partials=PARTIALS,
        line_by_key={"subject": 3},
    )
    for name in ("cart_recovery", "welcome")
}
OWN = EmailSource(name="spring_sale", subject="Spring", body="<mjml></mjml>")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/emails.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


def save(database: Engine, source: EmailSource, note: str = "", hours: int = 0) -> EmailVersion:
    saved_at = NOW + timedelta(hours=hours)
    return save_email(database, STARTERS, source, note=note, saved_at=saved_at)


def test_before_anything_is_saved_there_are_the_starters(database: Engine) -> None:
    listed = emails(database, STARTERS)

    assert [(one.name, one.title, one.is_starter) for one in listed] == [
        ("cart_recovery", "Cart recovery", True),
        ("welcome", "Welcome", True),
    ]
    assert {(one.latest_number, one.saved_at, one.variant_of) for one in listed} == {
        (None, None, None)
    }
    assert listed[0].subject == "The subject of cart_recovery"
    assert listed[0].description == "What it is for."
    assert names(database, STARTERS) == {"cart_recovery", "welcome"}
    assert versions(database, "welcome") == []


def test_a_starter_is_given_as_it_came_and_renders_as_it_came(database: Engine) -> None:
    given = email(database, STARTERS, "welcome")

    assert given == source_of(STARTERS["welcome"])
    assert template(database, STARTERS, "welcome") is STARTERS["welcome"]
    assert isinstance(given, EmailSource)
    lines = {"subject": 1, "preheader": 2}
    assert template_of(given, STARTERS) == replace(STARTERS["welcome"], line_by_key=lines)


def test_a_saved_email_takes_the_place_of_its_starter_until_it_is_deleted(
    database: Engine,
) -> None:
    changed = replace(source_of(STARTERS["welcome"]), subject="Hello")

    saved = save(database, changed, " first ")

    assert email(database, STARTERS, "welcome") == saved
    assert saved.note == "first"
    assert template(database, STARTERS, "welcome").subject == "Hello"
    assert template(database, STARTERS, "welcome").partials == PARTIALS
    (listed,) = (one for one in emails(database, STARTERS) if one.name == "welcome")
    assert (listed.is_starter, listed.latest_number, listed.saved_at) == (True, 1, NOW)
    assert listed.subject == "Hello"

    assert delete_email(database, STARTERS, "welcome")

    assert email(database, STARTERS, "welcome") == source_of(STARTERS["welcome"])
    assert not delete_email(database, STARTERS, "welcome")


def test_an_email_of_ones_own_stands_beside_the_starters(database: Engine) -> None:
    save(database, replace(OWN, name="  spring_sale "))

    assert names(database, STARTERS) == {"cart_recovery", "welcome", "spring_sale"}
    listed = emails(database, STARTERS)
    assert [one.name for one in listed] == ["cart_recovery", "spring_sale", "welcome"]
    assert [one.is_starter for one in listed] == [True, False, True]


def test_older_versions_are_given_by_number(database: Engine) -> None:
    first = save(database, OWN)
    second = save(database, replace(OWN, body="<mjml>2</mjml>"), hours=1)

    assert email(database, STARTERS, "spring_sale") == second
    assert email(database, STARTERS, "spring_sale", 1) == first
    assert template(database, STARTERS, "spring_sale", 1).source == OWN.body
    assert versions(database, "spring_sale") == [second, first]


@pytest.mark.parametrize(
    ("name", "number", "said"),
    [
        ("wellcome", None, "there is no e-mail 'wellcome'; did you mean 'welcome'?"),
        ("zzz", None, "there is no e-mail 'zzz'; there are cart_recovery, welcome"),
        ("welcome", 7, "the e-mail 'welcome' has no version 7"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    database: Engine, name: str, number: int | None, said: str
) -> None:
    with pytest.raises(UnusableInput) as refusal:
        email(database, STARTERS, name, number)

    assert str(refusal.value).startswith(said)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "a\\b", ".x", "x.", "a\nb", "x" * 81])
def test_a_name_that_could_not_be_a_files_is_refused(database: Engine, name: str) -> None:
    with pytest.raises(UnusableInput, match="cannot be the name of an e-mail"):
        save(database, replace(OWN, name=name))

    assert names(database, STARTERS) == STARTERS.keys()


def test_an_email_may_be_called_in_any_language(database: Engine) -> None:
    for name in ("Größe 2 – b", "สวัสดี1", "Women's day 🎉", "x"):
        save(database, replace(OWN, name=name))

    assert {"Größe 2 – b", "สวัสดี1", "Women's day 🎉", "x"} <= names(database, STARTERS)


def test_a_variant_belongs_to_its_original_as_long_as_that_is_there(database: Engine) -> None:
    save(database, OWN)
    save(database, replace(OWN, name="spring_sale_b", variant_of="spring_sale"))
    save(database, replace(OWN, name="welcome_b", variant_of="welcome"))

    before = {one.name: one.variant_of for one in emails(database, STARTERS)}
    delete_email(database, STARTERS, "spring_sale")
    after = {one.name: one.variant_of for one in emails(database, STARTERS)}

    assert (before["spring_sale_b"], before["welcome_b"]) == ("spring_sale", "welcome")
    assert (after["spring_sale_b"], after["welcome_b"]) == (None, "welcome")


@pytest.mark.parametrize(
    ("name", "original", "said"),
    [
        ("new", "nobody", "there is no e-mail 'nobody'"),
        ("new", "new", "cannot be a variant of itself"),
        ("new", "welcome_b", "'welcome_b' is itself a variant of 'welcome'"),
        ("welcome", "cart_recovery", r"'welcome' has variants of its own \('welcome_b'\)"),
    ],
)
def test_a_variant_of_nothing_or_of_a_variant_is_refused(
    database: Engine, name: str, original: str, said: str
) -> None:
    save(database, replace(OWN, name="welcome_b", variant_of="welcome"))

    with pytest.raises(UnusableInput, match=said):
        save(database, replace(OWN, name=name, variant_of=original))

    assert names(database, STARTERS) == STARTERS.keys() | {"welcome_b"}


def test_an_email_that_a_campaign_sends_cannot_be_deleted(database: Engine) -> None:
    save(database, OWN)
    sending = campaign(CART, steps=[{"id": "m", "kind": "send", "template": "spring_sale"}])
    save_campaign(database, sending, name="Spring", note="", saved_at=NOW)

    with pytest.raises(UnusableInput, match="'spring_sale' is sent by 'Spring'"):
        delete_email(database, STARTERS, "spring_sale")

    assert campaigns_sending(database, "spring_sale") == ["Spring"]
    assert campaigns_sending(database, "welcome") == []
    assert "spring_sale" in names(database, STARTERS)


def test_a_campaigns_older_versions_keep_no_email(database: Engine) -> None:
    save(database, OWN)
    sending = campaign(CART, steps=[{"id": "m", "kind": "send", "template": "spring_sale"}])
    for version in (sending, campaign(CART)):
        save_campaign(database, version, name="Spring", note="", saved_at=NOW)

    assert delete_email(database, STARTERS, "spring_sale")
