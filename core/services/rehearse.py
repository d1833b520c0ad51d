"""The verb `rehearse`: replay campaigns over a stored dataset and write down what happened."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.errors import Cancelled, UnusableInput
from core.domain.firings import Admission
from core.domain.instants import as_microseconds, iso
from core.engine.batches import Bools, Int64s
from core.history.reading import Dataset, EventColumns
from core.rehearsal.replay import (
    ROWS_AT_ONCE,
    CampaignReplay,
    as_batch,
    audience_of,
    held_out,
    joined,
    map_in_order,
    needed_properties,
    replay_batch,
)
from core.services.firing_lines import Bytes, firing_lines, texts_of_array
from core.services.rehearsal_files import FiringsWriter, replaced_together, write_summary

T = TypeVar("T")

FIRINGS, SUMMARY = "firings.csv", "summary.json"

NO_PROFILES = "The dataset has no profiles: every user counts as reachable."


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalProgress:
    """How far a rehearsal has come, in events."""

    done_count: int
    total_count: int


Report = Callable[[RehearsalProgress], None]


class Rehearsal:
    """The outcome of a rehearsal in memory; `summary` is what `summary.json` holds."""

    def __init__(
        self,
        campaigns: Sequence[Campaign],
        parts: Sequence[Sequence[CampaignReplay]],
        summary: dict[str, Any],
    ) -> None:
        """Keep the replays of the chunks; they are put together when somebody asks."""
        self._campaigns = campaigns
        self._parts = parts
        self.summary = summary

    @cached_property
    def replays(self) -> Sequence[CampaignReplay]:
        """The replay of each campaign, in the order in which the campaigns were given."""
        return joined(self._campaigns, self._parts)


Take = Callable[[EventColumns, Sequence[CampaignReplay]], T]


def rehearse(
    campaigns: Sequence[Campaign],
    dataset: Dataset,
    *,
    until: datetime | None = None,
    seed: int = 0,
    rows_at_once: int = ROWS_AT_ONCE,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """Replay campaigns over a dataset up to `until`, by default the last event.

    `rows_at_once` bounds the memory and changes nothing else. Raises UnusableInput for a dataset
    without events or two campaigns of one name, and Cancelled.
    """
    run = _Run(campaigns=campaigns, dataset=dataset, until=until, rows_at_once=rows_at_once)
    parts = [
        part for part, _ in run.parts(lambda *_: None, _watched(dataset, on_progress, is_cancelled))
    ]
    return run.outcome(parts, seed)


def rehearse_to_files(
    campaigns: Sequence[Campaign],
    dataset: Dataset,
    out: Path,
    *,
    until: datetime | None = None,
    seed: int = 0,
    rows_at_once: int = ROWS_AT_ONCE,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """Rehearse (see `rehearse`) and write `firings.csv` and `summary.json` into the folder `out`.

    Either both files are new or none is. Raises UnusableInput where the folder cannot be written.
    """
    run = _Run(
        campaigns=campaigns,
        dataset=dataset,
        until=until,
        rows_at_once=rows_at_once,
        with_event_ids=True,
    )
    users = texts_of_array(dataset.user_ids())

    def lines(columns: EventColumns, replays: Sequence[CampaignReplay]) -> list[Bytes]:
        events = texts_of_array(columns.event_ids)
        places = [_places(columns.row, replayed.row) for replayed in replays]
        return [
            firing_lines(replayed, users, events, place)
            for replayed, place in zip(replays, places, strict=True)
        ]

    with replaced_together(out, [FIRINGS, SUMMARY]) as drafts, ExitStack() as stack:
        writer = FiringsWriter(drafts[FIRINGS], [c.name for c in campaigns], stack)
        parts = []
        for part, texts in run.parts(lines, _watched(dataset, on_progress, is_cancelled)):
            parts.append(part)
            for replayed, text in zip(part, texts, strict=True):
                writer.add(replayed.campaign.name, text.data)
        writer.finish()
        rehearsal = run.outcome(parts, seed)
        write_summary(drafts[SUMMARY], rehearsal.summary)
    return rehearsal


def _places(row: Int64s, wanted: Int64s) -> Int64s:
    """Find where in a chunk the wanted rows stand; without gaps that is a subtraction."""
    if len(row) and row[-1] - row[0] + 1 == len(row):
        return wanted - np.int64(row[0])
    return np.searchsorted(row, wanted).astype(np.int64, copy=False)


class _Run:
    """One rehearsal: who is meant, up to when, and the events chunk by chunk on all cores."""

    def __init__(
        self,
        *,
        campaigns: Sequence[Campaign],
        dataset: Dataset,
        until: datetime | None,
        rows_at_once: int,
        with_event_ids: bool = False,
    ) -> None:
        _check_names(campaigns)
        self._campaigns = campaigns
        self._dataset = dataset
        self._watermark = watermark_of(dataset, until)
        self._audiences = [audience_of(campaign, dataset) for campaign in campaigns]
        self._properties = sorted(needed_properties(campaigns))
        self._plan = dataset.chunk_plan(rows_at_once)
        self._with_event_ids = with_event_ids

    def parts(
        self, take: Take[T], watch: Callable[[EventColumns], None]
    ) -> Iterator[tuple[Sequence[CampaignReplay], T]]:
        """Read, decide and `take` each chunk on a thread; give the results in order."""

        def work(groups: list[int]) -> tuple[EventColumns, Sequence[CampaignReplay], T]:
            columns = self._dataset.read_chunk(
                groups, self._properties, self._watermark, with_event_ids=self._with_event_ids
            )
            replays = replay_batch(
                self._campaigns,
                as_batch(columns, self._dataset.manifest.names),
                watermark=self._watermark,
                audiences=self._audiences,
            )
            return columns, replays, take(columns, replays)

        for columns, replays, taken in map_in_order(work, self._plan):
            watch(columns)
            yield replays, taken

    def outcome(self, parts: Sequence[Sequence[CampaignReplay]], seed: int) -> Rehearsal:
        """Sum up the chunks."""
        by_name = sorted(range(len(self._campaigns)), key=lambda n: self._campaigns[n].name)
        summary = {
            "dataset": _dataset_summary(self._dataset),
            "until": iso(self._watermark),
            "seed": seed,
            "campaigns": [
                _campaign_summary(self._campaigns[n], [part[n] for part in parts], self._dataset)
                for n in by_name
            ],
            "notes": notes(self._campaigns, self._dataset),
        }
        return Rehearsal(self._campaigns, parts, summary)


def watermark_of(dataset: Dataset, until: datetime | None) -> int:
    """Give the time up to which a rehearsal decides, in µs since 1970 UTC (1.5)."""
    if dataset.manifest.last_at is None:
        raise UnusableInput(
            f"The dataset {dataset.manifest.name!r} holds no events yet; import a file first."
        )
    return as_microseconds(until or dataset.manifest.last_at)


def notes(campaigns: Sequence[Campaign], dataset: Dataset) -> list[str]:
    """Say in sentences what a reader of the figures must know about data and campaigns."""
    said = [] if dataset.has_profiles else [NO_PROFILES]
    for campaign in sorted(campaigns, key=lambda c: c.name):
        said += [
            f"{campaign.name}: no profile has the trait {trait!r} that its audience asks for; "
            "import profiles with that column, or change the audience."
            for trait in sorted(traits_of(campaign.audience))
            if not (dataset.trait(trait).codes >= 0).any()
        ]
    return said


def _check_names(campaigns: Sequence[Campaign]) -> None:
    if not campaigns:
        raise UnusableInput("There is no campaign to rehearse: give at least one.")
    names = [campaign.name for campaign in campaigns]
    for name in names:
        if names.count(name) > 1:
            raise UnusableInput(f"Two of the campaigns are called {name!r}; rename one of them.")


def _watched(
    dataset: Dataset, on_progress: Report, is_cancelled: Callable[[], bool]
) -> Callable[[EventColumns], None]:
    done = 0

    def watch(columns: EventColumns) -> None:
        nonlocal done
        if is_cancelled():
            raise Cancelled("The rehearsal was cancelled; nothing was written.")
        done += len(columns.user)
        on_progress(RehearsalProgress(done_count=done, total_count=dataset.manifest.rows))

    return watch


def _dataset_summary(dataset: Dataset) -> dict[str, Any]:
    manifest = dataset.manifest
    return {
        "name": manifest.name,
        "fingerprint": manifest.fingerprint,
        "events": manifest.rows,
        "users": manifest.users,
        "first_at": _utc(manifest.first_at),
        "last_at": _utc(manifest.last_at),
    }


def _campaign_summary(
    campaign: Campaign, parts: Sequence[CampaignReplay], dataset: Dataset
) -> dict[str, Any]:
    outcomes = np.zeros(len(Admission), dtype=np.int64)
    has_fired = np.zeros(dataset.manifest.users, dtype=np.bool_)
    is_enrolled = np.zeros(dataset.manifest.users, dtype=np.bool_)
    for part in parts:
        outcomes += np.bincount(part.outcome, minlength=len(Admission))
        has_fired[part.user] = True
        is_enrolled[part.user[part.is_enrolled]] = True
    counts = {reason.word: int(outcomes[reason]) for reason in Admission}
    people = np.flatnonzero(is_enrolled)
    return {
        "campaign": campaign.name,
        "firings": int(outcomes.sum()),
        "enrolled": counts.pop(Admission.ENROLLED.word),
        "refused": counts,
        "people_with_firings": int(has_fired.sum()),
        "people_enrolled": len(people),
        "people_held_out": int(_held_out(campaign, dataset, people).sum()),
    }


def _held_out(campaign: Campaign, dataset: Dataset, people: np.ndarray[Any, Any]) -> Bools:
    if not campaign.holdout:
        return np.zeros(len(people), dtype=np.bool_)
    return held_out(campaign, dataset.user_ids().take(people).to_pylist())


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else iso(as_microseconds(instant.astimezone(UTC)))
