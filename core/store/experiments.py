"""Experiments and their logs: rows are added, and never changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete
from sqlmodel import Session, col, select

from core.domain.errors import CampaignError, UnusableInput
from core.domain.experiments import Change, ChangeKind, Experiment, ExperimentSettings
from core.domain.values import JsonValue
from core.store.claiming import check_text, claim
from core.store.experiment_tables import ExperimentChangeRow, ExperimentRow
from core.store.live_tables import EnrolmentRow, ExposureRow, MessageRow, ProfileRow

_USERS_AT_ONCE = 5_000


def claimed(session: Session, name: str, created_at: datetime) -> Experiment:
    """Give the experiment of that name, made without a log if need be; nobody else changes it now.

    `session` comes from `database.writing`. An update that changes nothing locks the row.
    """
    check_text(name, "name")
    found = claim(session, ExperimentRow, name, created_at)
    return _experiment(found, _rows(session, [found]))


def claimed_known(session: Session, name: str, at: datetime) -> Experiment:
    """Give an experiment as `claimed` does; raises UnusableInput where there is none.

    What was made by the lock alone goes again with the transaction.
    """
    found = claimed(session, name, at)
    if not found.changes:
        raise UnusableInput(f"There is no test called {name!r}.")
    return found


def append(session: Session, experiment: Experiment, change: Change) -> Experiment:
    """Add a row to the log of a claimed experiment; its number is the next."""
    check_text(change.by, "name of who did it")
    check_text(change.note, "note")
    session.add(
        ExperimentChangeRow(
            experiment_id=experiment.experiment_id,
            number=change.number,
            changed_at=change.at,
            changed_by=change.by,
            kind=change.kind.value,
            document=_document(change),
        )
    )
    session.flush()
    return Experiment(experiment_id=experiment.experiment_id, changes=(*experiment.changes, change))


def experiment(session: Session, name: str) -> Experiment | None:
    """Give the experiment of that name; None if there is none."""
    found = session.exec(select(ExperimentRow.id).where(ExperimentRow.name == name)).first()
    return None if found is None else _experiment(found, _rows(session, [found]))


def experiments(session: Session) -> list[Experiment]:
    """List all experiments, the one changed last first."""
    ids = [found for found in session.exec(select(ExperimentRow.id)) if found is not None]
    rows = _rows(session, ids)
    found = [_experiment(n, [row for row in rows if row.experiment_id == n]) for n in ids]
    known = [experiment for experiment in found if experiment.changes]
    return sorted(known, key=lambda e: (e.changes[-1].at, e.experiment_id), reverse=True)


def delete_experiment(session: Session, name: str) -> None:
    """Forget an experiment with its log."""
    session.exec(delete(ExperimentRow).where(col(ExperimentRow.name) == name))


def entries(session: Session, launch_id: int) -> list[tuple[str, int, bool]]:
    """List who entered a launched campaign: user id, first entry (µs), held out; by user id."""
    rows = session.exec(
        select(EnrolmentRow.user_id, EnrolmentRow.entered_at, EnrolmentRow.is_held_out)
        .where(EnrolmentRow.launch_id == launch_id)
        .order_by(col(EnrolmentRow.user_id), col(EnrolmentRow.entered_at), col(EnrolmentRow.id))
    )
    found: dict[str, tuple[str, int, bool]] = {}
    for user_id, entered_at, is_held_out in rows:
        found.setdefault(user_id, (user_id, entered_at, is_held_out))
    return list(found.values())


def mailed(session: Session, launch_id: int) -> list[tuple[str, int, str, bool]]:
    """List a launch's messages: user id, when due (µs), state, whether of the sandbox."""
    rows = session.exec(
        select(MessageRow.user_id, MessageRow.due_at, MessageRow.state, MessageRow.is_sandbox)
        .where(MessageRow.launch_id == launch_id)
        .order_by(col(MessageRow.user_id), col(MessageRow.due_at), col(MessageRow.key))
    )
    return list(rows)


def traits(session: Session, user_ids: Sequence[str]) -> dict[str, Mapping[str, JsonValue]]:
    """Give what is known of some people now, by user id; those nobody knows are left out."""
    found: dict[str, Mapping[str, JsonValue]] = {}
    for first in range(0, len(user_ids), _USERS_AT_ONCE):
        rows = session.exec(
            select(ProfileRow.user_id, ProfileRow.traits).where(
                col(ProfileRow.user_id).in_(user_ids[first : first + _USERS_AT_ONCE])
            )
        )
        found.update((user_id, json.loads(said)) for user_id, said in rows)
    return found


def exposed_to(session: Session, splits: Iterable[tuple[int, str]]) -> set[str]:
    """Name everybody who came to one of some splits (launch, step)."""
    found: set[str] = set()
    for launch_id, step in splits:
        found.update(
            session.exec(
                select(ExposureRow.user_id).where(
                    ExposureRow.launch_id == launch_id, ExposureRow.step == step
                )
            )
        )
    return found


def _rows(session: Session, ids: Sequence[int]) -> Sequence[ExperimentChangeRow]:
    return session.exec(
        select(ExperimentChangeRow)
        .where(col(ExperimentChangeRow.experiment_id).in_(ids))
        .order_by(col(ExperimentChangeRow.experiment_id), col(ExperimentChangeRow.number))
    ).all()


def _experiment(experiment_id: int, rows: Sequence[ExperimentChangeRow]) -> Experiment:
    try:
        changes = tuple(_change(row) for row in rows)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise CampaignError(
            f"The log of experiment {experiment_id} cannot be read by this release; update "
            "Rehearsal."
        ) from error
    return Experiment(experiment_id=experiment_id, changes=changes)


def _document(change: Change) -> str:
    """Write what a row says besides who, when and which kind as JSON without special characters."""
    settings = change.settings
    said: dict[str, Any] = {
        "settings": None if settings is None else settings.model_dump(mode="json", by_alias=True),
        "weights": change.weights,
        "launch_id": change.launch_id,
        "note": change.note,
    }
    return json.dumps(said, allow_nan=False, ensure_ascii=True)


def _change(row: ExperimentChangeRow) -> Change:
    said = json.loads(row.document)
    settings, weights = said["settings"], said["weights"]
    return Change(
        number=row.number,
        at=row.changed_at.astimezone(UTC),
        by=row.changed_by,
        kind=ChangeKind(row.kind),
        settings=None if settings is None else ExperimentSettings.model_validate(settings),
        weights=None if weights is None else tuple(weights),
        launch_id=said["launch_id"],
        note=said["note"],
    )
