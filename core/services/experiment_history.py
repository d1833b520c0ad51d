"""What a kept rehearsal says about a split, for the plan of its test."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentGoal, ExperimentSettings
from core.domain.instants import as_microseconds
from core.domain.steps import SplitStep
from core.history.reading import Dataset, open_dataset
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import as_batch
from core.rehearsal.reports.split_traffic import ExposedHistory, exposed_history
from core.services.stored_rehearsals import (
    RehearsalRecord,
    fingerprint_of,
    open_rehearsal,
    record_of,
    records,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitChoice:
    """A split of a kept rehearsal; `place` is that of its campaign in the run."""

    rehearsal_id: str
    place: int
    campaign: str
    split: str
    variants: tuple[str, ...]
    made_at: datetime
    dataset: str
    version: int | None


def split_choices(home: Path) -> list[SplitChoice]:
    """List every split of every kept rehearsal, newest first."""
    return [choice for record in records(home) for choice in _choices(record)]


def history_for(
    home: Path, rehearsal_id: str, place: int, split: str, settings: ExperimentSettings
) -> ExposedHistory:
    """Follow the people of a split of a kept rehearsal to the primary goal.

    Raises UnusableInput where the rehearsal or its dataset is gone or has changed, where there is
    no such split or nobody came to it, and without a window for the goal.
    """
    if settings.window is None:
        raise UnusableInput(
            "The plan needs to know by when a goal counts: give the test a window, such as 7d."
        )
    record, outcome = open_rehearsal(home, rehearsal_id)
    if not 0 <= place < len(outcome.campaigns):
        raise UnusableInput("This rehearsal has fewer campaigns than that; choose the split again.")
    since = None if record.since is None else as_microseconds(record.since)
    dataset = dataset_of(home, rehearsal_id)
    return followed(
        outcome, dataset, place, split, settings.primary, window=settings.window, since=since
    )


def followed(
    outcome: Outcome,
    dataset: Dataset,
    place: int,
    split: str,
    goal: ExperimentGoal,
    *,
    window: timedelta,
    since: int | None = None,
) -> ExposedHistory:
    """Follow the people of a split through a dataset; see `history_for` for what it raises."""
    names = dataset.manifest.names
    paths = {condition.property for condition in goal.event.where}
    paths |= set() if goal.value is None else {goal.value}
    chunks = dataset.chunks(sorted(paths), outcome.watermark)
    history = exposed_history(
        outcome,
        place,
        split,
        (as_batch(chunk, names) for chunk in chunks),
        goal.event,
        window=window,
        value=goal.value,
        since=since,
    )
    if len(history) == 0:
        raise UnusableInput(
            f"Nobody came to the split {split!r} in this rehearsal, so there is nothing to plan "
            "from; rehearse the flow over a longer history."
        )
    return history


def dataset_of(home: Path, rehearsal_id: str) -> Dataset:
    """Open the dataset of a rehearsal; raises UnusableInput where it has changed since."""
    record = record_of(home, rehearsal_id)
    dataset = open_dataset(home, record.dataset)
    if fingerprint_of(dataset) != record.fingerprint:
        raise UnusableInput(
            f"The dataset {record.dataset!r} has changed since this rehearsal; rehearse the flow "
            "again and plan from that."
        )
    return dataset


def _choices(record: RehearsalRecord) -> Sequence[SplitChoice]:
    return [
        SplitChoice(
            rehearsal_id=record.rehearsal_id,
            place=place,
            campaign=named.campaign.name,
            split=step.id,
            variants=tuple(variant.name for variant in step.variants),
            made_at=record.made_at,
            dataset=record.dataset,
            version=named.version,
        )
        for place, named in enumerate(record.campaigns)
        for step in named.campaign.steps
        if isinstance(step, SplitStep)
    ]
