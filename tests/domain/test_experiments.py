from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import (
    Change,
    ChangeKind,
    Experiment,
    ExperimentState,
    settings_for,
    settings_of,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAIN: Mapping[str, Any] = {
    "name": "Timing",
    "variants": [{"name": "1 h", "weight": 1}, {"name": "4 h", "weight": 1}],
    "control": "1 h",
    "primary": {"name": "purchase", "event": {"event": "purchase"}},
    "window": "7d",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"primary": {"name": "opens", "event": {"event": "email_opened"}}}, "mail programs"),
        ({"primary": {"name": "x", "event": {"event": ["Opened Email"]}}}, "mail programs"),
        ({"primary": {"name": "x", "event": {"event": "*"}}}, "any event cannot be a goal"),
        (
            {"primary": {"name": "x", "event": {"event": "email_clicked"}, "per": "email_opened"}},
            "counted per person",
        ),
        (
            {"secondary": [{"name": "Click-to-open rate", "event": {"event": "email_clicked"}}]},
            "counted per person",
        ),
        ({"control": "2 h"}, "the control '2 h' is no variant; there are: 1 h, 4 h"),
        ({"variants": [{"name": "1 h", "weight": 1}]}, "variants"),
        ({"variants": [{"name": "1 h", "weight": 1}] * 2}, "two variants are called '1 h'"),
        ({"window": "soon"}, "is not a duration"),
        (
            {
                "primary": {
                    "name": "x",
                    "event": {
                        "event": "p",
                        "where": [{"property": "id", "op": "eq", "value": "$key"}],
                    },
                }
            },
            "cannot refer",
        ),
        ({"holdout": 1.0}, "holdout"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_mean_nothing_are_refused_in_one_sentence(
    changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnusableInput) as refusal:
        settings_of({**PLAIN, **changed})

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_settings_survive_being_written_and_read() -> None:
    settings = settings_of({**PLAIN, "planned_end_at": AT, "smallest_lift": 0.05})

    assert settings_of(settings.model_dump(mode="json", by_alias=True)) == settings


def test_a_draft_takes_variants_goal_and_window_from_the_campaign() -> None:
    campaign = Campaign.model_validate(_campaign())

    settings = settings_for(campaign, "test")

    assert settings.variant_names == ("now", "later")
    assert settings.weights == (3, 1)
    assert settings.control == "now"
    assert settings.window == timedelta(days=7)
    assert settings.holdout == 0.1
    assert [g.name for g in settings.guardrails] == ["unsubscribe", "complaint", "refund"]


@pytest.mark.parametrize(
    ("changed", "split", "said"),
    [({}, "other", "no split called 'other'"), ({"goal": None}, "test", "has no goal")],
)
def test_a_campaign_without_split_or_goal_cannot_be_tested(
    changed: dict[str, Any], split: str, said: str
) -> None:
    campaign = Campaign.model_validate({**_campaign(), **changed})

    with pytest.raises(UnusableInput, match=said):
        settings_for(campaign, split)


def test_an_experiment_is_what_its_log_says() -> None:
    settings = settings_of(PLAIN)
    log = (
        Change(number=1, at=AT, by="Ada", kind=ChangeKind.DRAFTED, settings=settings),
        Change(
            number=2,
            at=AT + timedelta(1),
            by="Ada",
            kind=ChangeKind.LAUNCHED,
            settings=settings,
            launch_id=7,
        ),
        Change(
            number=3,
            at=AT + timedelta(2),
            by="Ada",
            kind=ChangeKind.WEIGHTS_CHANGED,
            weights=(9.0, 1.0),
        ),
        Change(number=4, at=AT + timedelta(3), by="Ada", kind=ChangeKind.ENDED),
    )

    states = [Experiment(experiment_id=1, changes=log[:n]).state for n in (1, 2, 3, 4)]
    ended = Experiment(experiment_id=1, changes=log)

    running = ExperimentState.RUNNING
    assert states == [ExperimentState.DRAFT, running, running, ExperimentState.ENDED]
    assert [p.weights for p in ended.weight_periods] == [(1, 1), (9, 1)]
    assert ended.launch_id == 7
    assert ended.ended_at == AT + timedelta(3)


def _campaign() -> dict[str, Any]:
    return {
        "name": "Cart",
        "trigger": {"kind": "event", "match": {"event": "cart_add"}},
        "goal": {"event": {"event": "purchase"}, "within": "7d"},
        "holdout": 0.1,
        "steps": [
            {
                "id": "test",
                "kind": "split",
                "variants": [
                    {"name": "now", "weight": 3.0, "next": "mail"},
                    {"name": "later", "weight": 1.0, "next": "pause"},
                ],
            },
            {"id": "pause", "kind": "delay", "for": "4h"},
            {"id": "mail", "kind": "send", "template": "cart_recovery"},
        ],
    }
