"""A test that runs live: from its launch over events to the people that are compared."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, settings_for
from core.engine.assignment import in_holdout
from core.services.experiment_live import live_holdout, live_people
from core.services.experiment_people import Exclusion, ExposedPeople
from core.services.experiment_results import experiment_results
from core.services.experiments import draft_experiment, launch_experiment
from core.services.live_launches import LaunchMode
from core.store.database import migrate, open_database
from tests.live.launched import CART, Shop, at

PEOPLE = [f"p{n}" for n in range(40)]
SPLIT: dict[str, Any] = {
    "holdout": 0.25,
    "exit_on_goal": False,
    "steps": [
        {
            "id": "test",
            "kind": "split",
            "variants": [
                {"name": "now", "weight": 1, "next": "first"},
                {"name": "later", "weight": 1, "next": "pause"},
            ],
        },
        {"id": "first", "kind": "send", "template": "cart_recovery", "next": "end"},
        {"id": "pause", "kind": "delay", "for": "4h"},
        {"id": "second", "kind": "send", "template": "cart_recovery"},
        {"id": "end", "kind": "exit"},
    ],
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/shop.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


def running(database: Engine, *, name: str = "Cart", test: str = "Timing") -> Experiment:
    """Launch a campaign and the test of its split at the start."""
    shop = Shop(database, *PEOPLE)
    launched = shop.launch(mode=LaunchMode.SANDBOX, name=name, **SPLIT)
    campaign = Campaign.model_validate({**CART, **SPLIT, "name": name})
    draft = settings_for(campaign, "test", name=test)
    draft = draft.model_copy(
        update={"primary": draft.primary.model_copy(update={"value": "total"})}
    )
    draft_experiment(database, draft, by="Ada", at=at(-1))
    return launch_experiment(database, test, launch_id=launched.id, by="Ada", at=at(0))


def story(database: Engine) -> tuple[Experiment, ExposedPeople]:
    """Let everybody leave a cart; tell some purchases, clicks and openings; read after 30 days."""
    shop = Shop(database, *PEOPLE)
    experiment = running(database)
    for n, user in enumerate(PEOPLE):
        shop.happen(user, "add", 1 + n / 100)
    shop.happen("p0", "buy", 1.5, total=99)  # comes before the split: no cart was left
    shop.tick(3)
    shop.tick(8)
    for user in PEOPLE[1:9]:
        shop.happen(user, "buy", 26, total=20)
    shop.happen("p9", "buy", 24 * 9, total=500)  # after the window
    shop.happen("p10", "email_clicked", 25, campaign="Cart", is_machine=True)
    shop.happen("p11", "email_clicked", 25, campaign="Cart")
    shop.happen("p12", "email_unsubscribed", 25)
    shop.tick(24 * 30)
    return experiment, live_people(database, experiment, until=at(24 * 30))


def test_a_live_test_has_everybody_who_came_to_the_split(database: Engine) -> None:
    experiment, people = story(database)

    held_out = {
        user
        for user, is_out in zip(PEOPLE, in_holdout("holdout:Cart", 0.25, PEOPLE), strict=True)
        if is_out and user != "p0"
    }
    came = set(PEOPLE) - {"p0"}
    buyers = {*PEOPLE[1:9]} - held_out
    goal = people.goals[0]
    assert len(people) == len(came - held_out)
    assert people.excluded == {Exclusion.HELD_OUT: len(held_out)}
    assert goal.is_reached.sum() == len(buyers)
    assert goal.value is not None
    assert goal.value.sum() == 20 * len(buyers)
    week = timedelta(days=7) // timedelta(microseconds=1)
    assert (people.window_ends_at - people.exposed_at == week).all()
    results = experiment_results(
        people, experiment.settings, now=at(24 * 30), experiment=experiment
    )
    assert sum(v.sent_count or 0 for v in results.variants) == len(people)
    assert sum(v.exposed_count for v in results.variants) == len(people)
    assert results.verdict.winner is None


def test_clicks_of_scanners_are_flagged(database: Engine) -> None:
    _, people = story(database)

    mails = people.mails
    assert mails is not None
    assert mails.clicked is not None
    assert mails.clicked_by_machine_only is not None
    held_out = dict(zip(PEOPLE, in_holdout("holdout:Cart", 0.25, PEOPLE), strict=True))
    assert mails.clicked.sum() == 2 - held_out["p10"] - held_out["p11"]
    assert mails.clicked_by_machine_only.sum() == 1 - held_out["p10"]


def test_money_from_before_the_split_is_known_for_cuped(database: Engine) -> None:
    shop = Shop(database, *PEOPLE)
    experiment = running(database)
    shop.happen("p1", "buy", 0.5, total=70)
    for user in PEOPLE:
        shop.happen(user, "add", 1)
    shop.tick(24 * 30)

    before = live_people(database, experiment, until=at(24 * 30)).value_before

    held_out = bool(in_holdout("holdout:Cart", 0.25, ["p1"])[0])
    assert (0.0 if before is None else before.sum()) == (0 if held_out else 70)


def test_people_are_grouped_by_traits_with_few_values(database: Engine) -> None:
    shop = Shop(database)
    experiment = running(database)
    for n, user in enumerate(PEOPLE):
        shop.know({user: {"country": ["AT", "DE"][n % 2], "orders": n % 2, "nick": f"n{n}"}})
        shop.happen(user, "add", 1)
    shop.tick(3)

    segments = live_people(database, experiment, until=at(3)).segments

    assert [(s.name, s.labels) for s in segments] == [("country", ("AT", "DE"))]
    assert set(segments[0].code.tolist()) == {0, 1}


def test_people_of_another_running_test_are_marked(database: Engine) -> None:
    shop = Shop(database, *PEOPLE)
    experiment = running(database)
    running(database, name="Other", test="Second")
    for user in PEOPLE:
        shop.happen(user, "add", 1)
    shop.tick(24 * 30)

    others = live_people(database, experiment, until=at(24 * 30)).is_in_other_tests

    assert others is not None
    assert others.all()


def test_the_holdout_of_a_live_campaign_is_compared_from_the_entry(database: Engine) -> None:
    experiment, _ = story(database)

    people = live_holdout(database, experiment, until=at(24 * 30))

    assert people is not None
    assert len(people.is_held_out) == len(PEOPLE) - 1
    assert people.goal.is_reached.sum() == 8
    assert people.share == 0.25


def test_what_comes_after_the_reading_is_not_known_to_it(database: Engine) -> None:
    experiment, _ = story(database)

    people = live_people(database, experiment, until=at(20))

    assert people.goals[0].is_reached.sum() == 0
    assert len(people) > 0


def test_a_draft_has_no_people(database: Engine) -> None:
    campaign = Campaign.model_validate({**CART, **SPLIT})
    draft = draft_experiment(database, settings_for(campaign, "test"), by="Ada", at=at(0))

    with pytest.raises(UnusableInput, match="No campaign runs the test"):
        live_people(database, draft, until=at(1))
