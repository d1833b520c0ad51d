"""Saved e-mails: every save is a version, kept as it was on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, func, text
from sqlmodel import select

from core.domain.campaigns import Campaign
from core.domain.email_sources import EmailSource, EmailVersion
from core.domain.errors import CampaignError, UnusableInput
from core.store import campaigns as campaign_store
from core.store import database as database_module
from core.store.database import migrate, reading, writing
from core.store.emails import (
    delete_email,
    latest,
    latest_versions,
    names,
    save_version,
    version,
    versions,
)
from core.store.tables import EmailVersionRow

MONDAY = datetime(2025, 6, 2, 9, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
MIGRATIONS = Path(database_module.__file__).parent / "migrations"
CART = EmailSource(name="cart", subject="Your basket", body="<mjml></mjml>")


def save(
    engine: Engine, source: EmailSource = CART, note: str = "", saved_at: datetime = MONDAY
) -> EmailVersion:
    with writing(engine) as session:
        return save_version(session, source, note=note, saved_at=saved_at)


def all_versions(engine: Engine, name: str = "cart") -> list[EmailVersion]:
    with reading(engine) as session:
        return versions(session, name)


def test_the_first_save_is_version_one(database: Engine) -> None:
    saved = save(database, CART, "first")

    assert saved == EmailVersion(source=CART, number=1, note="first", saved_at=MONDAY)
    assert all_versions(database) == [saved]


def test_everything_that_is_written_of_an_email_survives(database: Engine) -> None:
    odd = EmailSource(
        name="Größe 2 – b",
        subject="{{ profile.first_name | default('Hello') }} 🎉 \u2028 ' \" \\",
        preheader="a\tb\0",
        body="<mjml>\r\n" + "ü" * 5000 + "</mjml>",
        requires=("cart.products", "profile.first_name"),
        description="what it is for",
        sample={"cart": {"products": [{"price": 12.5, "tags": None}], "n": 2, "ok": True}},
        stage="conversion",
        variant_of="cart",
    )

    saved = save(database, odd, "note 🎉\nsecond line")

    assert saved.source == odd
    assert all_versions(database, odd.name) == [saved]


def test_versions_are_listed_latest_first_and_found_by_number(database: Engine) -> None:
    first = save(database, CART, "a")
    second = save(database, replace(CART, subject="Still there?"), "b", TUESDAY)

    with reading(database) as session:
        found = [version(session, "cart", number) for number in (1, 2, 3)]
        newest = latest(session, "cart")

    assert all_versions(database) == [second, first]
    assert found == [first, second, None]
    assert newest == second


def test_saving_the_latest_content_again_gives_the_version_there_is(database: Engine) -> None:
    first = save(database, CART, "first")

    again = save(database, CART, "again", TUESDAY)

    assert again == first
    assert all_versions(database) == [first]


@pytest.mark.parametrize(
    "change",
    [
        {"body": "<mjml> </mjml>"},
        {"preheader": "x"},
        {"requires": ("cart",)},
        {"sample": {"n": 1}},
        {"variant_of": "other"},
        {"description": "x"},
    ],
)
def test_any_change_is_a_new_version_and_going_back_another(
    database: Engine, change: dict[str, object]
) -> None:
    for source in (CART, replace(CART, **change), CART):
        save(database, source)

    assert [kept.number for kept in all_versions(database)] == [3, 2, 1]


def test_a_time_of_another_zone_is_kept_as_its_instant_in_utc(database: Engine) -> None:
    saved = save(database, saved_at=MONDAY.astimezone(timezone(timedelta(hours=9))))

    assert saved.saved_at.utcoffset() == timedelta(0)
    assert [kept.saved_at for kept in all_versions(database)] == [MONDAY]


@pytest.mark.parametrize("note", ["a\0b", "a\ud800"])
def test_a_note_that_is_no_text_is_refused_and_nothing_kept(database: Engine, note: str) -> None:
    with pytest.raises(UnusableInput, match="note"):
        save(database, CART, note)

    assert all_versions(database) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample": {"n": float("inf")}}, "'cart' holds a value that no file can hold"),
        ({"sample": {"at": MONDAY}}, "'cart' holds a value that no file can hold"),
        ({"body": "x" * 2_000_001}, "2,000,000 are the most"),
    ],
)
def test_what_no_database_should_hold_is_refused_and_nothing_kept(
    database: Engine, change: dict[str, object], said: str
) -> None:
    with pytest.raises(UnusableInput, match=said):
        save(database, replace(CART, **change))

    with reading(database) as session:
        assert names(session) == frozenset()


def test_the_latest_version_of_each_is_listed_by_name(database: Engine) -> None:
    save(database, replace(CART, name="b"))
    newest_b = save(database, replace(CART, name="b", subject="new"))
    only_a = save(database, replace(CART, name="a"))
    upper_c = save(database, replace(CART, name="C"))

    with reading(database) as session:
        listed, named = latest_versions(session), names(session)

    assert listed == [upper_c, only_a, newest_b]
    assert named == {"a", "b", "C"}


def test_a_deleted_email_is_gone_with_its_versions_and_no_other(database: Engine) -> None:
    save(database)
    save(database, replace(CART, name="other"))

    with writing(database) as session:
        said = [delete_email(session, name) for name in ("cart", "nobody")]

    with reading(database) as session:
        assert said == [True, False]
        assert names(session) == {"other"}
        assert latest(session, "cart") is None
        assert session.exec(select(func.count()).select_from(EmailVersionRow)).one() == 1


def test_different_contents_saved_at_once_all_become_versions(database: Engine) -> None:
    def save_numbered(number: int) -> EmailVersion:
        return save(database, replace(CART, subject=f"Number {number}"))

    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(save_numbered, range(24)))

    assert sorted(kept.number for kept in saved) == list(range(1, 25))
    assert {kept.source.subject for kept in all_versions(database)} == {
        kept.source.subject for kept in saved
    }


def test_a_version_this_release_cannot_read_is_named_in_one_line(database: Engine) -> None:
    save(database)
    with writing(database) as session:
        session.connection().execute(
            text("UPDATE email_versions SET document = replace(document, 'preheader', 'future')")
        )

    with pytest.raises(CampaignError, match="version 1 of the e-mail 'cart'") as refusal:
        all_versions(database)

    assert "\n" not in str(refusal.value)


def test_a_database_of_the_second_release_keeps_its_campaigns_and_gets_emails(
    empty: Engine,
) -> None:
    with empty.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    trigger = {"kind": "event", "match": {"event": "view"}}
    carts = Campaign.model_validate({"name": "Carts", "trigger": trigger})
    with writing(empty) as session:
        campaign_store.save_version(session, carts, note="", saved_at=MONDAY)

    migrate(empty)

    saved = save(empty)
    assert all_versions(empty) == [saved]
    with reading(empty) as session:
        assert campaign_store.latest(session, "Carts") is not None
