from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, func, text
from sqlmodel import select

from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError, UnusableInput
from core.domain.versions import CampaignSummary, CampaignVersion
from core.store.campaigns import (
    delete_campaign,
    latest,
    list_campaigns,
    save_version,
    versions,
)
from core.store.database import reading, writing
from core.store.tables import CampaignVersionRow

MONDAY = datetime(2025, 6, 2, 9, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def cart(*, name: str = "Cart recovery", hours: int = 24, **keys: Any) -> Campaign:
    trigger = {
        "kind": "absence",
        "start": {"event": "cart_add"},
        "unless": {"event": "purchase"},
        "within": f"{hours}h",
    }
    steps = [{"id": "mail", "kind": "send", "template": "cart_recovery"}]
    return Campaign.model_validate({"name": name, "trigger": trigger, "steps": steps} | keys)


def save(
    engine: Engine, campaign: Campaign, note: str = "", saved_at: datetime = MONDAY
) -> CampaignVersion:
    with writing(engine) as session:
        return save_version(session, campaign, note=note, saved_at=saved_at)


def all_versions(engine: Engine, name: str = "Cart recovery") -> list[CampaignVersion]:
    with reading(engine) as session:
        return versions(session, name)


def test_the_first_save_is_version_one(database: Engine) -> None:
    saved = save(database, cart(), "first")

    assert saved == CampaignVersion(campaign=cart(), number=1, note="first", saved_at=MONDAY)
    assert all_versions(database) == [saved]


def test_versions_are_listed_latest_first(database: Engine) -> None:
    first = save(database, cart(hours=24), "a day")
    second = save(database, cart(hours=48), "two days", TUESDAY)

    assert all_versions(database) == [second, first]
    assert (first.number, second.number) == (1, 2)


def test_the_latest_version_is_the_last_one_saved(database: Engine) -> None:
    save(database, cart(hours=24))
    second = save(database, cart(hours=48))

    with reading(database) as session:
        assert latest(session, "Cart recovery") == second


def test_saving_the_latest_content_again_gives_the_version_there_is(database: Engine) -> None:
    first = save(database, cart(), "first")

    again = save(database, cart(), "again", TUESDAY)

    assert again == first
    assert all_versions(database) == [first]


def test_going_back_to_an_older_content_is_a_new_version(database: Engine) -> None:
    for hours in (24, 48, 24):
        save(database, cart(hours=hours))

    assert [version.number for version in all_versions(database)] == [3, 2, 1]


def test_values_that_python_calls_equal_but_differ_are_different_content(
    database: Engine,
) -> None:
    for value in (1, True, "1"):
        save(database, cart(audience={"trait": "vip", "op": "eq", "value": value}))

    kept = [version.campaign.audience.value for version in reversed(all_versions(database))]

    assert [repr(value) for value in kept] == ["1", "True", "'1'"]


def test_a_time_of_another_zone_is_kept_as_its_instant_in_utc(database: Engine) -> None:
    tokyo = MONDAY.astimezone(timezone(timedelta(hours=9)))

    saved = save(database, cart(), saved_at=tokyo)

    assert saved.saved_at.utcoffset() == timedelta(0)
    assert [version.saved_at for version in all_versions(database)] == [MONDAY]


def test_a_version_keeps_its_defaults_in_the_database(database: Engine) -> None:
    save(database, cart())

    with reading(database) as session:
        document = session.exec(select(CampaignVersionRow.document)).one()

    assert '"stale_after": "24h"' in document
    assert '"anchor": "last"' in document


def test_every_character_of_a_campaign_and_its_note_survives(database: Engine) -> None:
    odd = cart(description="Größe 🎉 \u2028 ' \" \\ \0 \n", holdout_salt="a\tb")

    saved = save(database, odd, "note 🎉\nsecond line")

    assert all_versions(database) == [saved]
    assert saved.campaign == odd


@pytest.mark.parametrize("note", ["a\0b", "a\ud800"])
def test_a_note_that_is_no_text_is_refused_and_nothing_kept(database: Engine, note: str) -> None:
    with pytest.raises(UnusableInput, match="note"):
        save(database, cart(), note)

    assert all_versions(database) == []


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_value_that_no_file_can_hold_is_refused(database: Engine, value: float) -> None:
    step = {"id": "mark", "kind": "update_profile", "set": {"spent": value}}
    impossible = cart(steps=[step])

    with pytest.raises(UnusableInput, match="Cart recovery"):
        save(database, impossible)

    assert all_versions(database) == []


def test_campaigns_are_listed_with_their_latest_version_the_last_saved_first(
    database: Engine,
) -> None:
    save(database, cart(), "first", MONDAY)
    save(database, cart(name="Welcome"), "hello", TUESDAY)
    save(database, cart(hours=48), "second", TUESDAY + timedelta(hours=1))

    with reading(database) as session:
        listed = list_campaigns(session)

    assert listed == [
        CampaignSummary(
            name="Cart recovery",
            created_at=MONDAY,
            latest_number=2,
            latest_note="second",
            latest_saved_at=TUESDAY + timedelta(hours=1),
        ),
        CampaignSummary(
            name="Welcome",
            created_at=TUESDAY,
            latest_number=1,
            latest_note="hello",
            latest_saved_at=TUESDAY,
        ),
    ]


def test_an_unknown_campaign_has_no_version(database: Engine) -> None:
    with reading(database) as session:
        assert latest(session, "Nobody") is None
        assert versions(session, "Nobody") == []
        assert list_campaigns(session) == []


def test_a_deleted_campaign_is_gone_with_its_versions(database: Engine) -> None:
    save(database, cart())
    save(database, cart(name="Welcome"))

    with writing(database) as session:
        was_there = delete_campaign(session, "Cart recovery")

    with reading(database) as session:
        assert was_there
        assert [summary.name for summary in list_campaigns(session)] == ["Welcome"]
        assert session.exec(select(func.count()).select_from(CampaignVersionRow)).one() == 1


def test_deleting_an_unknown_campaign_says_so(database: Engine) -> None:
    with writing(database) as session:
        assert not delete_campaign(session, "Nobody")


def test_different_campaigns_saved_at_once_all_become_versions(database: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(lambda n: save(database, cart(hours=n + 1)), range(30)))

    assert sorted(version.number for version in saved) == list(range(1, 31))
    assert [version.number for version in all_versions(database)] == list(range(30, 0, -1))
    assert {v.campaign for v in all_versions(database)} == {v.campaign for v in saved}


def test_the_same_campaign_saved_at_once_is_one_version(database: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(lambda _: save(database, cart()), range(30)))

    assert {version.number for version in saved} == {1}
    assert len(all_versions(database)) == 1


def test_saving_while_another_deletes_loses_nothing(database: Engine) -> None:
    def save_or_delete(turn: int) -> None:
        if turn % 3:
            save(database, cart(hours=turn))
            return
        with writing(database) as session:
            delete_campaign(session, "Cart recovery")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save_or_delete, range(60)))
    last = save(database, cart(hours=1000))

    numbers = [version.number for version in all_versions(database)]
    assert numbers == list(range(last.number, 0, -1))


def test_a_version_this_release_cannot_read_is_named_in_one_line(database: Engine) -> None:
    save(database, cart())
    with writing(database) as session:
        session.connection().execute(
            text("UPDATE campaign_versions SET document = replace(document, 'absence', 'future')")
        )

    with pytest.raises(CampaignError, match="version 1 of the campaign 'Cart recovery'") as refusal:
        all_versions(database)

    assert "\n" not in str(refusal.value)
