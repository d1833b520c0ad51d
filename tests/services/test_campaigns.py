"""Saving a draft makes the next version of a campaign, or none if nothing changed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.services.campaigns import (
    delete_campaign,
    layout,
    save_campaign,
    save_layout,
    saved_campaign,
    saved_campaigns,
    saved_version,
    versions,
)
from core.store.database import migrate, open_database
from tests.services.shops import VIEWED, campaign

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/campaigns.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


def test_a_saved_campaign_is_found_again_under_its_new_name(database: Engine) -> None:
    saved = save_campaign(database, campaign(), name="  My carts ", note=" first ", saved_at=NOW)

    found = saved_campaign(database, "My carts")

    assert found == saved
    assert (saved.number, saved.note, saved.saved_at) == (1, "first", NOW)
    assert saved.campaign == campaign(name="My carts")


def test_the_same_content_saves_nothing_new(database: Engine) -> None:
    first = save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)

    again = save_campaign(
        database, campaign(), name="Carts", note="again", saved_at=NOW + timedelta(hours=1)
    )

    assert again == first


def test_a_change_is_the_next_version_and_the_latest_is_found(database: Engine) -> None:
    save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)

    second = save_campaign(database, campaign(holdout=0.1), name="Carts", note="", saved_at=NOW)

    assert second.number == 2
    assert saved_campaign(database, "Carts") == second


def test_campaigns_are_listed_the_one_saved_last_first(database: Engine) -> None:
    save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)
    save_campaign(
        database, campaign(VIEWED), name="Views", note="", saved_at=NOW + timedelta(minutes=1)
    )

    assert [summary.name for summary in saved_campaigns(database)] == ["Views", "Carts"]


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 201])
def test_a_name_that_cannot_be_one_saves_nothing(database: Engine, name: str) -> None:
    with pytest.raises(UnusableInput, match=r"^name: "):
        save_campaign(database, campaign(), name=name, note="", saved_at=NOW)

    assert saved_campaigns(database) == []


def test_nothing_is_found_under_an_unknown_name(database: Engine) -> None:
    assert saved_campaign(database, "Carts") is None
    assert saved_campaigns(database) == []


def test_every_version_is_found_again_by_its_number(database: Engine) -> None:
    first = save_campaign(database, campaign(), name="Carts", note="one", saved_at=NOW)
    second = save_campaign(database, campaign(holdout=0.1), name="Carts", note="", saved_at=NOW)

    assert versions(database, "Carts") == [second, first]
    assert saved_version(database, "Carts", 1) == first
    assert saved_version(database, "Carts", 2) == second
    assert saved_version(database, "Carts", 3) is None
    assert saved_version(database, "Views", 1) is None


def test_a_deleted_campaign_is_gone_with_its_versions_and_its_layout(database: Engine) -> None:
    save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)
    save_layout(database, "Carts", {"mail": (10.0, 20.0)})

    assert delete_campaign(database, "Carts")
    assert not delete_campaign(database, "Carts")
    assert versions(database, "Carts") == []
    again = save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)
    assert again.number == 1
    assert layout(database, "Carts") == {}


def test_where_cards_stand_is_kept_apart_from_versions(database: Engine) -> None:
    saved = save_campaign(database, campaign(), name="Carts", note="", saved_at=NOW)

    save_layout(database, "Carts", {"mail": (10.0, 20.0), "ünal": (0.5, -3.25)})

    assert layout(database, "Carts") == {"mail": (10.0, 20.0), "ünal": (0.5, -3.25)}
    assert versions(database, "Carts") == [saved]
