"""Where the cards of a campaign stand: one layout per campaign, replaced as a whole."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf, nan
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.store import database as database_module
from core.store.campaigns import delete_campaign, latest, save_version
from core.store.database import migrate, reading, writing
from core.store.layouts import layout, save_layout

MONDAY = datetime(2025, 6, 2, 9, tzinfo=UTC)
MIGRATIONS = Path(database_module.__file__).parent / "migrations"


def save(engine: Engine, name: str) -> None:
    trigger = {"kind": "event", "match": {"event": "view"}}
    campaign = Campaign.model_validate({"name": name, "trigger": trigger})
    with writing(engine) as session:
        save_version(session, campaign, note="", saved_at=MONDAY)


def keep(engine: Engine, name: str, positions: Mapping[str, tuple[float, float]]) -> None:
    with writing(engine) as session:
        save_layout(session, name, positions)


def kept(engine: Engine, name: str) -> dict[str, tuple[float, float]]:
    with reading(engine) as session:
        return layout(session, name)


def test_a_layout_is_found_again_by_the_name_of_its_campaign(database: Engine) -> None:
    save(database, "Carts")
    save(database, "Views")

    keep(database, "Carts", {"mail": (1.0, 2.5), "Ünal – 🎉": (-3.0, 1e9)})

    assert kept(database, "Carts") == {"mail": (1.0, 2.5), "Ünal – 🎉": (-3.0, 1e9)}
    assert kept(database, "Views") == {}
    assert kept(database, "Nobody") == {}


def test_a_layout_takes_the_place_of_the_former_one(database: Engine) -> None:
    save(database, "Carts")
    keep(database, "Carts", {"mail": (1.0, 2.0), "wait": (3.0, 4.0)})

    keep(database, "Carts", {"mail": (5.0, 6.0)})

    assert kept(database, "Carts") == {"mail": (5.0, 6.0)}


def test_a_layout_goes_with_its_campaign(database: Engine) -> None:
    save(database, "Carts")
    keep(database, "Carts", {"mail": (1.0, 2.0)})

    with writing(database) as session:
        delete_campaign(session, "Carts")

    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM campaign_layouts")).scalar() == 0


def test_a_layout_of_no_campaign_is_refused(database: Engine) -> None:
    with pytest.raises(UnusableInput, match=r"^no campaign is called 'Carts'"):
        keep(database, "Carts", {"mail": (1.0, 2.0)})


@pytest.mark.parametrize("wrong", [nan, inf])
def test_a_card_that_stands_nowhere_is_refused_and_the_layout_stays(
    database: Engine, wrong: float
) -> None:
    save(database, "Carts")
    keep(database, "Carts", {"mail": (1.0, 2.0)})

    with pytest.raises(UnusableInput, match="no finite position"):
        keep(database, "Carts", {"mail": (1.0, wrong)})

    assert kept(database, "Carts") == {"mail": (1.0, 2.0)}


def test_campaigns_of_the_first_release_are_still_there_and_get_layouts(empty: Engine) -> None:
    with empty.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    save(empty, "Carts")

    migrate(empty)

    keep(empty, "Carts", {"mail": (1.0, 2.0)})
    assert kept(empty, "Carts") == {"mail": (1.0, 2.0)}
    with reading(empty) as session:
        assert latest(session, "Carts") is not None
