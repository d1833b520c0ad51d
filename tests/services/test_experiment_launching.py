"""Launching a campaign with the test of its split: both, or nothing of either."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import (
    ChangeKind,
    ExperimentSettings,
    ExperimentState,
    settings_for,
)
from core.services import campaigns
from core.services.experiment_launching import (
    LaunchedTest,
    campaign_of_test,
    launch_test,
    running_launch,
    running_test_of,
    stop_launch,
)
from core.services.experiments import (
    draft_experiment,
    end_experiment,
    experiment,
    experiments,
)
from core.services.live_launches import LaunchMode, LaunchState, launches

AT = datetime(2026, 9, 1, 9, tzinfo=UTC)
BY = "somebody"
CARTS: dict[str, Any] = {
    "name": "Carts",
    "trigger": {"kind": "event", "match": {"event": "cart_add"}},
    "holdout": 0.1,
    "goal": {"event": {"event": "purchase"}, "within": "7d"},
    "steps": [
        {
            "id": "timing",
            "kind": "split",
            "variants": [
                {"name": "now", "weight": 1, "next": "mail"},
                {"name": "later", "weight": 1, "next": "pause"},
                {"name": "offer", "weight": 2, "next": "discount"},
            ],
        },
        {"id": "pause", "kind": "delay", "for": "4h"},
        {"id": "mail", "kind": "send", "template": "hello", "next": "done"},
        {"id": "discount", "kind": "send", "template": "offer"},
        {"id": "done", "kind": "exit"},
    ],
}


@pytest.fixture
def carts() -> Campaign:
    return Campaign.model_validate(CARTS)


@pytest.fixture
def launched(database: Engine, carts: Campaign) -> Callable[..., LaunchedTest]:
    def launch(settings: ExperimentSettings | None = None) -> LaunchedTest:
        given = settings or settings_for(carts, "timing")
        return launch_test(
            database, carts, given, mode=LaunchMode.SANDBOX, history=None, by=BY, at=AT
        )

    return launch


def without(settings: ExperimentSettings, name: str) -> ExperimentSettings:
    kept = tuple(variant for variant in settings.variants if variant.name != name)
    return settings.model_copy(update={"variants": kept})


def test_a_launched_test_reads_the_campaign_that_was_launched_with_it(
    database: Engine, launched: Callable[..., LaunchedTest]
) -> None:
    found = launched()

    (begun,) = launches(database)
    kept = experiment(database, found.experiment.name)
    assert kept is not None
    assert (kept.state, kept.launch_id) == (ExperimentState.RUNNING, begun.id)
    assert (begun.mode, begun.launched_at, kept.launched_at) == (LaunchMode.SANDBOX, AT, AT)
    assert begun.campaign == campaigns.versions(database, "Carts")[0].campaign


def test_the_saved_version_is_launched_under_its_own_number(
    database: Engine, carts: Campaign
) -> None:
    for number, description in enumerate(["", "another text"], start=1):
        changed = carts.model_copy(update={"description": description})
        saved = campaigns.save_campaign(database, changed, name="Carts", note="", saved_at=AT)
        assert saved.number == number
    settings = settings_for(carts, "timing", version=1)

    found = launch_test(
        database, carts, settings, mode=LaunchMode.SANDBOX, history=None, by=BY, at=AT
    )

    assert found.launch.version_number == found.experiment.settings.version == 1
    assert len(campaigns.versions(database, "Carts")) == 2


def test_other_weights_make_a_new_version(
    database: Engine, carts: Campaign, launched: Callable[..., LaunchedTest]
) -> None:
    campaigns.save_campaign(database, carts, name="Carts", note="", saved_at=AT)
    settings = settings_for(carts, "timing", version=1).model_copy(update={"holdout": 0.0})

    found = launched(settings)

    assert found.launch.version_number == found.experiment.settings.version == 2
    assert found.launch.campaign.holdout == 0.0
    assert campaigns.versions(database, "Carts")[0].note == f"for the test {settings.name}"


def test_a_draft_that_is_launched_as_it_was_kept_is_not_planned_twice(
    database: Engine, carts: Campaign
) -> None:
    campaigns.save_campaign(database, carts, name="Carts", note="", saved_at=AT)
    settings = settings_for(carts, "timing", version=1)
    draft_experiment(database, settings, by=BY, at=AT)

    found = launch_test(
        database, carts, settings, mode=LaunchMode.SANDBOX, history=None, by=BY, at=AT
    )

    kinds = [change.kind for change in found.experiment.changes]
    assert kinds == [ChangeKind.DRAFTED, ChangeKind.LAUNCHED]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param({"window": None}, id="a test without a window"),
        pytest.param({"name": "taken"}, id="a name that a launched test has"),
    ],
)
def test_a_test_that_cannot_be_launched_leaves_neither_launch_nor_version(
    database: Engine, carts: Campaign, spoil: dict[str, Any]
) -> None:
    other = carts.model_copy(update={"name": "Others"})
    taken = settings_for(other, "timing", name="taken")
    launch_test(database, other, taken, mode=LaunchMode.SANDBOX, history=None, by=BY, at=AT)
    settings = settings_for(carts, "timing").model_copy(update=spoil)

    with pytest.raises(UnusableInput):
        launch_test(database, carts, settings, mode=LaunchMode.SANDBOX, history=None, by=BY, at=AT)

    assert [found.name for found in launches(database)] == ["Others"]
    assert campaigns.versions(database, "Carts") == []
    assert [found.name for found in experiments(database)] == ["taken"]


def test_a_campaign_that_runs_already_leaves_no_test(
    database: Engine, carts: Campaign, launched: Callable[..., LaunchedTest]
) -> None:
    launched()
    settings = settings_for(carts, "timing", name="again")

    with pytest.raises(UnusableInput, match="running already"):
        launched(settings)

    assert experiment(database, "again") is None
    assert len(launches(database)) == 1


def test_what_runs_in_the_sandbox_is_stopped_only_once_its_test_has_ended(
    database: Engine, launched: Callable[..., LaunchedTest]
) -> None:
    found = launched()
    running = running_launch(database, "Carts", LaunchMode.SANDBOX)
    assert running is not None
    assert running_test_of(database, running.id) == found.experiment

    with pytest.raises(UnusableInput, match="end it before"):
        stop_launch(database, running.id, at=AT)
    end_experiment(database, found.experiment.name, by=BY, at=AT)
    stopped = stop_launch(database, running.id, at=AT)

    assert stopped.state is LaunchState.STOPPED
    assert running_launch(database, "Carts", LaunchMode.SANDBOX) is None


def test_a_campaign_that_the_test_shares_out_alike_stays_as_it_is(carts: Campaign) -> None:
    assert campaign_of_test(carts, settings_for(carts, "timing")) is carts


def test_a_variant_less_takes_its_own_steps_with_it(carts: Campaign) -> None:
    settings = without(settings_for(carts, "timing"), "offer")

    changed = campaign_of_test(carts, settings)

    (split,) = (step for step in changed.steps if step.kind == "split")
    assert [variant.name for variant in split.variants] == ["now", "later"]
    assert {step.id for step in changed.steps} == {"timing", "pause", "mail", "done"}
    ways = {step.id: getattr(step, "next", None) for step in changed.steps}
    order = [step.id for step in changed.steps]
    assert (ways["pause"] or order[order.index("pause") + 1]) == "mail"


def test_a_test_of_another_split_is_refused_in_a_sentence(carts: Campaign) -> None:
    settings = settings_for(carts, "timing")

    with pytest.raises(UnusableInput, match="no split called 'subject'"):
        campaign_of_test(carts, settings.model_copy(update={"split": "subject"}))
