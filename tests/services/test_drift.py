"""A past day is decided again: nothing differs where nothing came late, and each cause is named."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, text

from core.domain.errors import Cancelled, UnusableInput
from core.domain.firings import Admission
from core.engine.versions import UnderWay
from core.services.drift import DriftReport, Same, check_drift, differences_csv
from core.services.drift_causes import Cause, Difference
from core.services.drift_replay import DriftProgress, Watch
from core.services.live_events import save_profiles, suppress
from core.services.live_launches import launch, publish_version, stop
from core.store.database import migrate, open_database
from tests.live.feeding import feed
from tests.live.launched import CART, START, Shop, at
from tests.live.sample import Sample, sample


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def shop(database: Engine) -> Shop:
    return Shop(database, "ann", "bob")


@pytest.fixture(scope="module")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("shop"), share=160)


def checked(
    shop: Shop, home: Path, launch_id: int = 1, *, hours: float = 0, until: float = 24
) -> DriftReport:
    return check_drift(
        shop.database, home, launch_id, at(hours), at(until), now=at(max(until, 24) + 1)
    )


def told(each: Difference) -> tuple[str, str, str | None, str | None, Cause]:
    return (each.user_id, each.step, each.live, each.again, each.cause)


def test_nothing_differs_on_the_sample_shop_where_nothing_came_late(
    database: Engine, sample_shop: Sample
) -> None:
    shop = sample_shop
    ids = [
        launch(database, campaign, launched_at=shop.since, history=shop.before).id
        for campaign in shop.campaigns
    ]
    feed(database, shop.events, shop.until, Random(5), since=shop.since)

    reports = [
        check_drift(
            database,
            shop.home,
            launch_id,
            shop.since,
            shop.until,
            now=shop.until + timedelta(hours=1),
        )
        for launch_id in (ids[0], ids[3])
    ]

    assert [list(map(told, report.differences)) for report in reports] == [[], []]
    assert [report.same for report in reports] == [Same.EQUAL, Same.EQUAL]
    assert all(report.decision_count > 0 and report.mail_count > 0 for report in reports)
    assert all(report.notes == [] for report in reports)


def test_a_purchase_that_came_late_explains_a_mail_that_should_not_have_been(
    shop: Shop, tmp_path: Path
) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.happen("ann", "buy", 1.5, arriving=4)
    shop.tick(10)

    report = checked(shop, tmp_path)

    assert [told(each) for each in report.differences] == [
        ("ann", "", "enrolled", None, Cause.LATE_EVENT),
        ("ann", "reminder", "sent", None, Cause.LATE_EVENT),
    ]
    first = report.differences[0]
    assert (first.cause_event, first.cause_at, first.known_at) == ("buy", us(1.5), us(4))


def test_a_cart_that_came_late_explains_a_mail_at_another_time(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(2.1)
    shop.happen("ann", "add", 1.5, arriving=2.2)  # would have moved the deadline, was it known
    shop.tick(10)

    report = checked(shop, tmp_path)

    assert [(d.step, d.live_at, d.again_at, d.cause) for d in report.differences] == [
        ("", us(2), us(2.5), Cause.LATE_EVENT),
        ("reminder", us(2), us(2.5), Cause.LATE_EVENT),
    ]


def test_an_outage_explains_a_mail_that_was_too_late_to_be_sent(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(40)

    report = checked(shop, tmp_path)

    assert [told(each) for each in report.differences] == [
        ("ann", "reminder", "stale", "sent", Cause.OUTAGE)
    ]
    assert report.differences[0].known_at == us(40) + 5_000_000


def test_a_profile_that_changed_later_explains_who_would_be_let_in_now(
    shop: Shop, tmp_path: Path
) -> None:
    shop.know({"ann": {"country": "DE"}, "bob": {"country": "DE"}})
    shop.launch(audience={"trait": "country", "op": "eq", "value": "DE"}, steps=CART["steps"][:1])
    for person in ("ann", "bob"):
        shop.happen(person, "add", 1)
    shop.tick(10)
    change_profile(shop, "bob", country="AT", hours=12)

    report = checked(shop, tmp_path)

    assert [told(each) for each in report.differences] == [
        ("bob", "", "enrolled", Admission.AUDIENCE.word, Cause.PROFILE),
        ("bob", "reminder", "sent", None, Cause.PROFILE),
    ]
    assert report.differences[0].known_at == us(12)


def test_somebody_who_could_not_be_decided_is_named(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(1.2)
    with shop.database.begin() as connection:
        connection.execute(text("UPDATE live_states SET state = '{broken'"))
    shop.tick(3)

    report = checked(shop, tmp_path)

    assert {told(each)[2:] for each in report.differences} == {
        (None, "enrolled", Cause.UNDECIDED),
        (None, "sent", Cause.UNDECIDED),
    }


def test_an_address_that_is_suppressed_later_is_no_difference(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(10)
    suppress(shop.database, ["ann@example.org"], reason="bounce", source="test", at=at(30))

    report = checked(shop, tmp_path)

    assert report.same is Same.EQUAL


def test_new_versions_and_stops_are_done_again_as_they_were(shop: Shop, tmp_path: Path) -> None:
    launched = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    campaign = launched.campaign.model_copy(update={"steps": launched.campaign.steps[:1]})
    for choice, hours in ((UnderWay.STAY, 3.5), (UnderWay.MOVE, 5)):
        publish_version(
            shop.database,
            launched.id,
            campaign,
            under_way=choice,
            at=at(hours),
            version_number=2,
        )
    shop.happen("bob", "add", 6)
    shop.tick(8)
    stop(shop.database, launched.id, at=at(9))
    shop.happen("bob", "add", 10)
    shop.tick(20)

    report = checked(shop, tmp_path, until=20)

    assert [told(each) for each in report.differences] == []
    assert (report.decision_count, report.mail_count) == (2, 2)


def test_only_the_time_asked_for_is_told_of(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.happen("ann", "buy", 1.5, arriving=4)
    shop.happen("bob", "add", 30)
    shop.tick(40)

    report = checked(shop, tmp_path, hours=24, until=48)

    assert report.same is Same.EQUAL
    assert (report.decision_count, report.mail_count, report.people_count) == (1, 1, 1)


def test_what_is_not_decided_yet_is_left_out(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.happen("bob", "add", 5)

    report = checked(shop, tmp_path)

    assert report.until == at(5)
    assert report.same is Same.EQUAL


def test_the_differences_are_written_as_a_file(shop: Shop, tmp_path: Path) -> None:
    shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(40)

    lines = differences_csv(checked(shop, tmp_path)).splitlines()

    assert lines[0].startswith("user_id,what,live_at,live,again_at,again,cause")
    assert lines[1] == (
        "ann,reminder,2026-05-01T02:00:00.000000Z,stale,2026-05-01T02:00:00.000000Z,sent,outage,"
        ",,2026-05-02T16:00:05.000000Z"
    )


def test_a_time_before_the_launch_is_refused(shop: Shop, tmp_path: Path) -> None:
    shop.launch(hours=30)

    with pytest.raises(UnusableInput, match="choose a day after its launch"):
        checked(shop, tmp_path)


def test_a_check_that_is_cancelled_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    seen: list[DriftProgress] = []
    watch = Watch(report=seen.append, is_cancelled=lambda: bool(seen))

    with pytest.raises(Cancelled):
        check_drift(shop.database, tmp_path, 1, START, at(24), now=at(25), watch=watch)


def us(hours: float) -> int:
    moment: datetime = at(hours)
    return int(moment.timestamp() * 1_000_000)


def change_profile(shop: Shop, person: str, *, hours: float, **traits: str) -> None:
    save_profiles(shop.database, {person: traits}, saved_at=at(hours))
