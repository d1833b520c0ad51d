"""Planning, launching, changing and ending experiments: each of these is a row of their log."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.experiments import (
    Change,
    ChangeKind,
    Experiment,
    ExperimentSettings,
    ExperimentState,
    check_weights,
)
from core.store import experiments as store
from core.store.database import reading, writing


def draft_experiment(
    database: Engine, settings: ExperimentSettings, *, by: str, at: datetime, note: str = ""
) -> Experiment:
    """Keep settings as a draft, in place of those of an earlier draft of that name.

    Raises UnusableInput once the test was launched: what decides its result is fixed then.
    """
    with writing(database) as session:
        found = store.claimed(session, settings.name, at)
        if found.changes and found.state is not ExperimentState.DRAFT:
            raise UnusableInput(
                f"The test {settings.name!r} was launched already, so its settings are fixed; plan "
                "another one under a new name."
            )
        change = _next(found, ChangeKind.DRAFTED, by=by, at=at, note=note, settings=settings)
        return store.append(session, found, change)


def launch_experiment(
    database: Engine, name: str, *, launch_id: int | None, by: str, at: datetime
) -> Experiment:
    """Fix the settings of a draft; from now on people are counted.

    Raises UnusableInput for a test that is no draft, or that gives no time for its goals.
    """
    with writing(database) as session:
        found = store.claimed_known(session, name, at)
        _check_state(found, ExperimentState.DRAFT)
        settings = found.settings
        if settings.window is None:
            raise UnusableInput(
                f"The test {name!r} gives no time within which its goals count; choose one, such "
                "as 7d."
            )
        change = _next(
            found, ChangeKind.LAUNCHED, by=by, at=at, settings=settings, launch_id=launch_id
        )
        return store.append(session, found, change)


def change_weights(
    database: Engine,
    name: str,
    weights: Sequence[float],
    *,
    by: str,
    at: datetime,
    note: str = "",
) -> Experiment:
    """Note that people who come from now on are shared out differently.

    Whoever came before keeps the variant that was recorded at the split. Raises UnusableInput for a
    test that does not run, and for weights that do not fit its variants.
    """
    with writing(database) as session:
        found = store.claimed_known(session, name, at)
        _check_state(found, ExperimentState.RUNNING)
        fitting = check_weights(found.settings, weights)
        if at < found.changes[-1].at:
            raise UnusableInput(
                "Weights change from now on; what people got before cannot be changed."
            )
        change = _next(found, ChangeKind.WEIGHTS_CHANGED, by=by, at=at, note=note, weights=fitting)
        return store.append(session, found, change)


def end_experiment(
    database: Engine, name: str, *, by: str, at: datetime, note: str = ""
) -> Experiment:
    """End a running test: people who come to the split later do not belong to it."""
    with writing(database) as session:
        found = store.claimed_known(session, name, at)
        _check_state(found, ExperimentState.RUNNING)
        change = _next(found, ChangeKind.ENDED, by=by, at=at, note=note)
        return store.append(session, found, change)


def note_experiment(database: Engine, name: str, note: str, *, by: str, at: datetime) -> Experiment:
    """Write something into a test's log, such as what was done with its result."""
    with writing(database) as session:
        found = store.claimed_known(session, name, at)
        return store.append(session, found, _next(found, ChangeKind.NOTED, by=by, at=at, note=note))


def experiments(database: Engine) -> list[Experiment]:
    """List all experiments, the one changed last first."""
    with reading(database) as session:
        return store.experiments(session)


def experiment(database: Engine, name: str) -> Experiment | None:
    """Give the experiment of that name; None if there is none."""
    with reading(database) as session:
        return store.experiment(session, name)


def delete_draft(database: Engine, name: str) -> bool:
    """Forget a draft, if there is one. Raises UnusableInput for a test that was launched."""
    with writing(database) as session:
        found = store.experiment(session, name)
        if found is None:
            return False
        _check_state(found, ExperimentState.DRAFT)
        store.delete_experiment(session, name)
        return True


def _next(
    experiment: Experiment,
    kind: ChangeKind,
    *,
    by: str,
    at: datetime,
    note: str = "",
    settings: ExperimentSettings | None = None,
    weights: tuple[float, ...] | None = None,
    launch_id: int | None = None,
) -> Change:
    return Change(
        number=len(experiment.changes) + 1,
        at=at,
        by=by,
        kind=kind,
        settings=settings,
        weights=weights,
        launch_id=launch_id,
        note=note,
    )


def _check_state(found: Experiment, state: ExperimentState) -> None:
    if found.state is not state:
        raise UnusableInput(
            f"The test {found.name!r} is {_STATE_WORDS[found.state]}; this is possible only while "
            f"it is {_STATE_WORDS[state]}."
        )


_STATE_WORDS = {
    ExperimentState.DRAFT: "a draft",
    ExperimentState.RUNNING: "running",
    ExperimentState.ENDED: "over",
}
