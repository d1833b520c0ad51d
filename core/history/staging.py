"""First half of an import: read the files, set rejected rows aside, keep the rest on disk."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from core.domain.errors import UnusableInput
from core.history.columns import Int32s
from core.history.manifest import ImportedFile
from core.history.progress import Watch
from core.history.rejects import RejectedRow, RejectReason, RejectsFile
from core.history.relations import RelationSql
from core.history.spools import Spool
from core.history.texts import is_distinctive, joined

BATCH_ROWS = 250_000
MOST_NAMES = 10_000
_SAMPLES_PER_BATCH = 2_048
_END_OF_TIME = 7_258_118_400_000_000  # 2200-01-01 in µs
_FAR_AHEAD = 366 * 86_400 * 1_000_000
_FINE = 255
_UNREADABLE = (duckdb.OperationalError, duckdb.DataError, duckdb.InvalidInputException, OSError)


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """A file of events that is open: how it reads, and what DuckDB could not read of it."""

    record: ImportedFile
    relation: RelationSql
    first_line: int
    find_broken: Callable[[duckdb.DuckDBPyConnection], Sequence[RejectedRow]]
    exact_lines: Callable[[Sequence[int]], Sequence[int]]
    estimated_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class StagedBatch:
    """Rows of one file on disk, in order of arrival; `first` is the arrival number of the first.

    `sample` are the users of some of the rows, taken at even distances.
    """

    source: int
    first: int
    row_count: int
    sample: pa.Array
    spool: Spool
    place: int


@dataclass
class Staged:
    """Everything that was read: the usable rows, the event names in order of first arrival.

    `distinctive` are the property columns whose values seem to repeat little.
    """

    names: list[str]
    batches: list[StagedBatch] = field(default_factory=list)
    distinctive: set[str] = field(default_factory=set)
    source_count: int = 0
    read_count: int = 0
    row_count: int = 0
    future_count: int = 0


class Stager:
    """Reads files one after the other into a folder for temporary files."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        names: Sequence[str],
        rejects: RejectsFile,
        watch: Watch,
        now: int,
    ) -> None:
        """Start with the event names that the dataset knows; `now` (µs) tells future times."""
        self.staged = Staged(names=list(names))
        self._connection = connection
        self._folder = folder
        self._rejects = rejects
        self._watch = watch
        self._now = now
        self._reasons = _reasons(now)
        self._name_codes = {name: code for code, name in enumerate(names)}

    def read(self, source: EventSource, expressions: Mapping[str, str]) -> None:
        """Read one file; `expressions` gives the SQL of each property column it can fill.

        Raises UnusableInput where the file cannot be read to its end or has countless event names.
        """
        number = self.staged.source_count
        self.staged.source_count += 1
        refused = Spool(self._folder / f"refused-{number}.arrow")
        usable = Spool(self._folder / f"rows-{number}.arrow")
        first = self.staged.read_count
        with usable, refused, self._watch.interrupting(self._connection):
            for batch in self._batches(source, expressions):
                self._set_aside(batch, self.staged.read_count - first, refused)
                self._keep(batch, number, usable)
                self.staged.read_count += batch.num_rows
                self._watch.advance(batch.num_rows)
        self._list_rejects(source, refused)
        refused.remove()

    def _batches(
        self, source: EventSource, expressions: Mapping[str, str]
    ) -> Iterator[pa.RecordBatch]:
        with told_if_unreadable(source.record.name, self._watch):
            reader = self._connection.sql(_query(source.relation, expressions, self._reasons))
            yield from reader.to_arrow_reader(BATCH_ROWS)

    def _set_aside(self, batch: pa.RecordBatch, first: int, refused: Spool) -> None:
        rows = np.flatnonzero(batch.column("reason").to_numpy() != _FINE)
        if not len(rows):
            return
        columns = {"row": pa.array(rows + first)}
        for name in ("reason", "problem", "raw_text"):
            columns[name] = batch.column(name).take(pa.array(rows))
        refused.write(pa.RecordBatch.from_pydict(columns))

    def _keep(self, batch: pa.RecordBatch, source: int, usable: Spool) -> None:
        is_fine = batch.column("reason").to_numpy() == _FINE
        if not is_fine.all():
            batch = batch.filter(pa.array(is_fine))
        if not batch.num_rows:
            return
        timestamps = batch.column("timestamp").to_numpy()
        self.staged.future_count += int((timestamps > self._now).sum())
        names = pa.array(self._codes(batch.column("event")))
        kept = batch.drop_columns(["reason", "problem", "raw_text", "event"])
        if not usable.batch_count:
            self.staged.distinctive |= _distinctive_columns(kept)
        self.staged.batches.append(
            StagedBatch(
                source=source,
                first=self.staged.row_count,
                row_count=batch.num_rows,
                sample=_sampled(batch.column("user_id")),
                spool=usable,
                place=usable.write(kept.append_column("name", names)),
            )
        )
        self.staged.row_count += batch.num_rows

    def _codes(self, names: pa.Array) -> Int32s:
        """Give the code of each event name, new codes in order of first arrival."""
        encoded = names.dictionary_encode()
        codes = []
        for name in encoded.dictionary.to_pylist():
            if name not in self._name_codes:
                self._name_codes[name] = len(self.staged.names)
                self.staged.names.append(name)
            codes.append(self._name_codes[name])
        if len(self.staged.names) > MOST_NAMES:
            raise UnusableInput(
                f"There are more than {MOST_NAMES:,} different event names, such as"
                f" {self.staged.names[-1][:60]!r}: choose the column that says what people did."
            )
        found: Int32s = np.array(codes, dtype=np.int32)[encoded.indices.to_numpy()]
        return found

    def _list_rejects(self, source: EventSource, refused: Spool) -> None:
        broken = sorted(source.find_broken(self._connection), key=lambda row: row.line)
        self.staged.read_count += len(broken)
        if broken or refused.batch_count:
            both = heapq.merge(
                broken, _refused_rows(source, refused, self._reasons), key=lambda row: row.line
            )
            self._rejects.add(source.record.name, both)


@contextmanager
def told_if_unreadable(file_name: str, watch: Watch) -> Iterator[None]:
    """Raise UnusableInput where DuckDB cannot read a file, and Cancelled if it was interrupted."""
    try:
        yield
    except _UNREADABLE as error:
        # DuckDB fails as OSError once it streams, also when it was interrupted.
        watch.check()
        reason = str(error).splitlines()[0]
        raise UnusableInput(f"{file_name} cannot be read to its end: {reason}") from error


Reasons = Sequence[tuple[str, str]]


def _reasons(now: int) -> Reasons:
    """List each reason to refuse a row with its condition, in the order in which they count.

    The first one stands for the `problem` that a row's relation tells in words.
    """
    return (
        ("", "problem IS NOT NULL"),
        (RejectReason.NO_USER, "user_id IS NULL"),
        (RejectReason.NO_EVENT, "event IS NULL"),
        (RejectReason.NO_TIME, "timestamp_us IS NULL AND timestamp_text IS NULL"),
        (RejectReason.UNREADABLE_TIME, "timestamp_us IS NULL"),
        (RejectReason.TIME_OUT_OF_RANGE, f"timestamp_us NOT BETWEEN 0 AND {_END_OF_TIME - 1}"),
        # A broken clock: the last time of a dataset says until when nothing more happened.
        (RejectReason.TIME_FAR_AHEAD, f"timestamp_us > {now + _FAR_AHEAD}"),
    )


def _query(relation: RelationSql, expressions: Mapping[str, str], reasons: Reasons) -> str:
    cases = " ".join(f"WHEN {sql} THEN {code}" for code, (_, sql) in enumerate(reasons))
    properties = "".join(f", {sql} AS {column}" for column, sql in expressions.items())
    return (
        "SELECT user_id, event, timestamp_us AS timestamp, event_id, reason, problem,"
        f" CASE WHEN reason < {_FINE} THEN {relation.raw_row} END AS raw_text{properties}"
        f" FROM (SELECT *, (CASE {cases} ELSE {_FINE} END)::UTINYINT AS reason"
        f" FROM ({relation.sql}))"
    )


def _refused_rows(source: EventSource, refused: Spool, reasons: Reasons) -> Iterator[RejectedRow]:
    numbers = range(refused.batch_count)
    places = [refused.read(number).column("row").to_numpy() for number in numbers]
    if not places:
        return
    lines = iter(source.exact_lines((np.concatenate(places) + source.first_line).tolist()))
    for number in numbers:
        batch = refused.read(number)
        codes, problems, texts = (
            batch.column(name).to_pylist() for name in ("reason", "problem", "raw_text")
        )
        for code, problem, text in zip(codes, problems, texts, strict=True):
            yield RejectedRow(next(lines), problem or reasons[code][0], text or "")


def _sampled(users: pa.Array) -> pa.Array:
    step = -(-len(users) // _SAMPLES_PER_BATCH)
    return joined(users.take(pa.array(np.arange(step // 2, len(users), step))))


def _distinctive_columns(batch: pa.RecordBatch) -> set[str]:
    """Find the property columns in which less than half of the values occurred before."""
    properties = set(batch.schema.names) - {"user_id", "timestamp", "event_id"}
    return {name for name in properties if is_distinctive(batch.column(name))}
