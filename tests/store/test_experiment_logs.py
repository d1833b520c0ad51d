from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.experiments import ChangeKind, ExperimentSettings, ExperimentState, settings_of
from core.services.experiments import (
    change_weights,
    delete_draft,
    draft_experiment,
    end_experiment,
    experiment,
    experiments,
    launch_experiment,
    note_experiment,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def settings(name: str = "Timing", **given: Any) -> ExperimentSettings:
    return settings_of(
        {
            "name": name,
            "variants": [{"name": "1 h", "weight": 1}, {"name": "4 h", "weight": 1}],
            "control": "1 h",
            "primary": {"name": "purchase", "event": {"event": "purchase"}, "value": "total"},
            "window": "7d",
            **given,
        }
    )


def launched(database: Engine) -> None:
    draft_experiment(database, settings(), by="Ada", at=AT)
    launch_experiment(database, "Timing", launch_id=3, by="Ada", at=AT + HOUR)


def test_everything_that_happens_to_a_test_is_a_row_of_its_log(database: Engine) -> None:
    launched(database)
    change_weights(database, "Timing", [1, 3], by="Bob", at=AT + 2 * HOUR, note="4 h costs less")
    end_experiment(database, "Timing", by="Bob", at=AT + 3 * HOUR)
    note_experiment(database, "Timing", "rolled out", by="Ada", at=AT + 4 * HOUR)

    found = experiment(database, "Timing")

    assert found is not None
    assert [(c.number, c.kind, c.by, c.at) for c in found.changes] == [
        (1, ChangeKind.DRAFTED, "Ada", AT),
        (2, ChangeKind.LAUNCHED, "Ada", AT + HOUR),
        (3, ChangeKind.WEIGHTS_CHANGED, "Bob", AT + 2 * HOUR),
        (4, ChangeKind.ENDED, "Bob", AT + 3 * HOUR),
        (5, ChangeKind.NOTED, "Ada", AT + 4 * HOUR),
    ]
    assert found.settings == settings()
    assert found.launch_id == 3
    assert [p.weights for p in found.weight_periods] == [(1, 1), (1, 3)]
    assert found.changes[2].note == "4 h costs less"
    assert experiments(database) == [found]


def test_settings_are_fixed_once_a_test_is_launched(database: Engine) -> None:
    launched(database)

    with pytest.raises(UnusableInput, match="launched already"):
        draft_experiment(database, settings(control="4 h"), by="Ada", at=AT + 2 * HOUR)

    found = experiment(database, "Timing")
    assert found is not None
    assert found.settings.control == "1 h"
    assert len(found.changes) == 2


def test_a_draft_may_change_until_its_launch(database: Engine) -> None:
    draft_experiment(database, settings(), by="Ada", at=AT)

    found = draft_experiment(database, settings(control="4 h"), by="Ada", at=AT + HOUR)

    assert found.settings.control == "4 h"
    assert found.state is ExperimentState.DRAFT


def test_what_the_state_forbids_is_refused_and_leaves_nothing(database: Engine) -> None:
    draft_experiment(database, settings(), by="Ada", at=AT)

    with pytest.raises(UnusableInput, match=r"is a draft; .* while it is running"):
        change_weights(database, "Timing", [1, 3], by="Ada", at=AT)
    with pytest.raises(UnusableInput, match="while it is running"):
        end_experiment(database, "Timing", by="Ada", at=AT)
    with pytest.raises(UnusableInput, match="no test called 'Other'"):
        launch_experiment(database, "Other", launch_id=None, by="Ada", at=AT)

    assert [found.name for found in experiments(database)] == ["Timing"]
    assert experiment(database, "Other") is None


@pytest.mark.parametrize("weights", [[1], [1, 0], [1, -1], [1, float("nan")]])
def test_weights_must_fit_the_variants(database: Engine, weights: list[float]) -> None:
    launched(database)

    with pytest.raises(UnusableInput, match="weight"):
        change_weights(database, "Timing", weights, by="Ada", at=AT + 2 * HOUR)


def test_weights_never_change_for_the_past(database: Engine) -> None:
    launched(database)

    with pytest.raises(UnusableInput, match="from now on"):
        change_weights(database, "Timing", [1, 3], by="Ada", at=AT)


def test_a_test_without_a_time_for_its_goals_cannot_be_launched(database: Engine) -> None:
    draft_experiment(database, settings(window=None), by="Ada", at=AT)

    with pytest.raises(UnusableInput, match="gives no time"):
        launch_experiment(database, "Timing", launch_id=1, by="Ada", at=AT)


def test_only_drafts_can_be_deleted(database: Engine) -> None:
    launched(database)
    draft_experiment(database, settings("Discount"), by="Ada", at=AT)

    assert delete_draft(database, "Discount")
    assert not delete_draft(database, "Discount")
    with pytest.raises(UnusableInput, match="is running"):
        delete_draft(database, "Timing")

    assert [found.name for found in experiments(database)] == ["Timing"]


def test_text_that_no_database_holds_is_refused(database: Engine) -> None:
    launched(database)

    with pytest.raises(UnusableInput, match="no text"):
        note_experiment(database, "Timing", "rolled\0out", by="Ada", at=AT + 2 * HOUR)
