"""The verb `rehearse`: walk campaigns over a stored dataset and write down what happened."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from core.domain.campaigns import Campaign
from core.domain.errors import Cancelled, UnusableInput
from core.domain.instants import as_microseconds, iso
from core.domain.outcomes import Reactions
from core.history.reading import Dataset, EventColumns
from core.rehearsal.joining import joined_ledgers, with_plain_enrolments
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import (
    ROWS_AT_ONCE,
    CampaignReplay,
    as_batch,
    joined,
    map_in_order,
)
from core.rehearsal.walks import BatchOutcome, Run, places_of
from core.services.csv_fields import Bytes, texts_of_array
from core.services.firing_lines import FIRINGS_HEADER, firing_lines
from core.services.ledger_lines import MESSAGES_HEADER, TRACE_HEADER, LedgerLines
from core.services.rehearsal_files import LinesWriter, replaced_together, write_summary
from core.services.rehearsal_summary import CampaignTally, dataset_summary, notes

T = TypeVar("T")

FIRINGS, MESSAGES, TRACE, SUMMARY = "firings.csv", "messages.csv", "trace.csv", "summary.json"
LONGEST_SILENCE = timedelta(days=10 * 365)
_RARELY = (50_000, 20, 100)  # against 700, 10, 10
HEADERS = {FIRINGS: FIRINGS_HEADER, MESSAGES: MESSAGES_HEADER, TRACE: TRACE_HEADER}


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalProgress:
    """How far a rehearsal has come, in events and in people."""

    done_count: int
    total_count: int
    people_count: int = 0


Report = Callable[[RehearsalProgress], None]


class Rehearsal:
    """The outcome of a rehearsal in memory; `summary` is what `summary.json` holds."""

    def __init__(
        self,
        run: Run,
        dataset: Dataset,
        seed: int,
        parts: Sequence[BatchOutcome],
        summary: dict[str, Any],
    ) -> None:
        """Keep the outcomes of the batches; they are put together when somebody asks."""
        self._run, self._dataset, self._seed = run, dataset, seed
        self._parts = parts
        self.summary = summary

    @cached_property
    def replays(self) -> Sequence[CampaignReplay]:
        """The replay of each campaign, in the order in which the campaigns were given."""
        return joined(self._run.campaigns, [part.replays for part in self._parts])

    @cached_property
    def outcome(self) -> Outcome:
        """All that triggers and flows did, as arrays."""
        first_at = self._dataset.manifest.first_at
        assert first_at is not None  # a dataset with a watermark has a first event
        campaigns = self._run.campaigns
        ledger = joined_ledgers([part.ledger for part in self._parts])
        ledger = with_plain_enrolments(ledger, campaigns, self.replays)
        return Outcome(
            campaigns=campaigns,
            user_count=self._dataset.manifest.users,
            first_at=as_microseconds(first_at),
            watermark=self._run.watermark,
            seed=self._seed,
            reactions=self._run.reactions,
            firings=self.replays,
            enrolments=ledger.enrolments,
            messages=ledger.messages,
            trace=ledger.trace,
        )


Take = Callable[[EventColumns, BatchOutcome], T]


def rehearse(
    campaigns: Sequence[Campaign],
    dataset: Dataset,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
    reactions: Reactions = Reactions.OBSERVED,
    rows_at_once: int = ROWS_AT_ONCE,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """Walk campaigns over a dataset up to `until`, by default the last event.

    Nobody enters before `since`, as if the campaigns had been switched on then; what happened
    before is known to them. `rows_at_once` bounds the memory and changes nothing else. Raises
    UnusableInput for a dataset without events or two campaigns of one name, and Cancelled.
    """
    work = _Work(campaigns, dataset, (since, until), seed, reactions, rows_at_once)
    watch = _watched(dataset, on_progress, is_cancelled)
    return work.rehearsal([part for part, _ in work.parts(lambda *_: None, watch)])


def rehearse_to_files(
    campaigns: Sequence[Campaign],
    dataset: Dataset,
    out: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
    rows_at_once: int = ROWS_AT_ONCE,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """Rehearse (see `rehearse`) and write the files of SEMANTICS 10 into the folder `out`.

    Either all files are new or none is. Raises UnusableInput where the folder cannot be written.
    """
    period, reactions = (since, until), Reactions.OBSERVED
    work = _Work(campaigns, dataset, period, seed, reactions, rows_at_once, with_event_ids=True)
    watch = _watched(dataset, on_progress, is_cancelled)
    lines_of = _lines_writer(campaigns, dataset)
    names = [campaign.name for campaign in campaigns]
    with replaced_together(out, [*HEADERS, SUMMARY]) as drafts, ExitStack() as stack:
        writers = {
            file: LinesWriter(drafts[file], header, names, stack)
            for file, header in HEADERS.items()
        }
        parts = []
        for part, lines in work.parts(lines_of, watch):
            parts.append(part)
            for file, by_campaign in lines.items():
                for name, text in zip(names, by_campaign, strict=True):
                    writers[file].add(name, text.data)
        for writer in writers.values():
            writer.finish()
        rehearsal = work.rehearsal(parts)
        write_summary(drafts[SUMMARY], rehearsal.summary)
    return rehearsal


def _lines_writer(campaigns: Sequence[Campaign], dataset: Dataset) -> Take[dict[str, list[Bytes]]]:
    """Give what writes the lines of a batch, per file and campaign."""
    users = texts_of_array(dataset.user_ids())
    ledger_lines = LedgerLines(campaigns, dataset.user_ids())

    def write(columns: EventColumns, outcome: BatchOutcome) -> dict[str, list[Bytes]]:
        events = texts_of_array(columns.event_ids)
        flows = ledger_lines.of(outcome.ledger)
        return {
            FIRINGS: [
                firing_lines(replayed, users, events, places_of(columns.row, replayed.row))
                for replayed in outcome.replays
            ],
            MESSAGES: [lines.messages for lines in flows],
            TRACE: [lines.trace for lines in flows],
        }

    return write


class _Work:
    """One rehearsal: who is meant, up to when, and the events batch by batch on all cores."""

    def __init__(
        self,
        campaigns: Sequence[Campaign],
        dataset: Dataset,
        period: tuple[datetime | None, datetime | None],
        seed: int,
        reactions: Reactions,
        rows_at_once: int,
        *,
        with_event_ids: bool = False,
    ) -> None:
        _check_names(campaigns)
        self._dataset = dataset
        self._seed = seed
        since, until = period
        self._since = None if since is None else as_microseconds(since)
        watermark = watermark_of(dataset, until)
        _check_period(since, watermark)
        self._run = Run(campaigns, dataset, watermark, reactions, since=self._since)
        self._plan = dataset.chunk_plan(rows_at_once)
        self._with_event_ids = with_event_ids

    def parts(
        self, take: Take[T], watch: Callable[[EventColumns], None]
    ) -> Iterator[tuple[BatchOutcome, T]]:
        """Read, decide and `take` each batch on a thread; give the results in order."""
        names, properties = self._dataset.manifest.names, self._run.properties()

        def work(groups: list[int]) -> tuple[EventColumns, BatchOutcome, T]:
            columns = self._dataset.read_chunk(
                groups, properties, self._run.watermark, with_event_ids=self._with_event_ids
            )
            outcome = self._run.decide(as_batch(columns, names))
            return columns, outcome, take(columns, outcome)

        with _rare_collections():
            for columns, outcome, taken in map_in_order(work, self._plan):
                watch(columns)
                yield outcome, taken

    def rehearsal(self, parts: Sequence[BatchOutcome]) -> Rehearsal:
        """Sum up the batches."""
        campaigns, dataset = self._run.campaigns, self._dataset
        by_name = sorted(range(len(campaigns)), key=lambda place: campaigns[place].name)
        summary = {
            "dataset": dataset_summary(dataset),
            "since": None if self._since is None else iso(self._since),
            "until": iso(self._run.watermark),
            "seed": self._seed,
            "campaigns": [self._counted(place, parts) for place in by_name],
            "notes": notes(campaigns, dataset, self._run.watermark),
        }
        return Rehearsal(self._run, dataset, self._seed, parts, summary)

    def _counted(self, place: int, parts: Sequence[BatchOutcome]) -> dict[str, Any]:
        campaign = self._run.campaigns[place]
        tally = CampaignTally(campaign, place, self._dataset, self._run.watermark)
        for part in parts:
            tally.add(part)
        return tally.summary()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the collector of cycles look less often: walks make many objects and no cycles.

    Looking at them all again and again takes a quarter of the time of a rehearsal.
    """
    former = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*former)


def watermark_of(dataset: Dataset, until: datetime | None) -> int:
    """Give the time up to which a rehearsal decides, in µs since 1970 UTC (1.5).

    Raises UnusableInput for a dataset without events, and for a time far after its last one.
    """
    last_at = dataset.manifest.last_at
    if last_at is None:
        raise UnusableInput(
            f"The dataset {dataset.manifest.name!r} holds no events yet; import a file first."
        )
    if until is not None and until > last_at + LONGEST_SILENCE:
        raise UnusableInput(
            f"--until lies more than {LONGEST_SILENCE.days // 365} years after the last event "
            f"({last_at:%Y-%m-%d}); give an earlier time."
        )
    return as_microseconds(until or last_at)


def _check_period(since: datetime | None, until: int) -> None:
    if since is not None and as_microseconds(since) > until:
        raise UnusableInput(
            "--since lies after the end of the rehearsal, so that nobody could enter; give an "
            "earlier time, or a later --until."
        )


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
    progress = RehearsalProgress(done_count=0, total_count=dataset.manifest.rows)

    def watch(columns: EventColumns) -> None:
        nonlocal progress
        if is_cancelled():
            raise Cancelled("The rehearsal was cancelled; nothing was written.")
        progress = replace(
            progress,
            done_count=progress.done_count + len(columns.user),
            people_count=int(columns.user[-1]) + 1 if len(columns.user) else 0,
        )
        on_progress(progress)

    return watch
