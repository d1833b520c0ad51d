"""One import of events, from open files to the next generation: all of it or nothing."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from core.domain.errors import UnusableInput
from core.history import layout as layouts
from core.history.columns import EPOCH
from core.history.drafts import Draft, drafted
from core.history.layout import REST_COLUMN, Layout, Offer
from core.history.manifest import FileKind, ImportMode, ImportRecord, Manifest
from core.history.merging import Part, merged
from core.history.naming import CATALOGUE_FILE, PROFILES_FILE
from core.history.parallel import mapped_in_order
from core.history.parts import PART_ROWS, parts_of
from core.history.progress import CancelQuestion, ProgressCallback, Stage, Watch
from core.history.rejects import RejectsFile
from core.history.staging import EventSource, Staged, Stager, told_if_unreadable
from core.history.stored import StoredEvents
from core.history.writing import EventsWriter

_MEMORY_LIMIT = "1GB"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class ImportReport:
    """What an import did; `rejects_path` lists the rejected rows, None if there were none."""

    manifest: Manifest
    record: ImportRecord
    rejects_path: Path | None


@dataclass(frozen=True)
class _Outcome:
    """What came of the rows that were read."""

    manifest: Manifest
    added_count: int
    duplicate_count: int
    out_of_order_count: int


def import_sources(
    home: Path,
    name: str,
    sources: Sequence[EventSource],
    *,
    mode: ImportMode,
    imported_at: datetime,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
    part_rows: int = PART_ROWS,
) -> ImportReport:
    """Import open files of events into the dataset `name`, which need not exist.

    `part_rows` are sorted in memory at a time; the result does not depend on it. Raises
    UnusableInput if nothing in the files can be used, and Cancelled; the dataset then is as it was.
    """
    watch = Watch(on_progress, is_cancelled)
    with drafted(home, name) as draft, connected(draft.scratch) as connection:
        base = _base(draft.manifest, mode)
        layout, expressions = _laid_out(connection, base, sources, watch)
        rejects = RejectsFile(draft.scratch / "rejects.csv")
        now = (imported_at - EPOCH) // _MICROSECOND
        stager = Stager(connection, draft.scratch, base.names, rejects, watch, now)
        watch.begin(Stage.READING, _estimated_rows(sources))
        for source, sql in zip(sources, expressions, strict=True):
            stager.read(source, sql)
        if not stager.staged.row_count:
            raise UnusableInput(nothing_usable(_names(sources), stager.staged.read_count, rejects))
        is_fresh = mode is ImportMode.REPLACE
        stored = StoredEvents(None if is_fresh else draft.current, base, layout)
        distinctive = frozenset(stager.staged.distinctive | stored.distinctive_columns())
        layout = replace(layout, distinctive=distinctive)
        parts = parts_of(stored, stager.staged.batches, draft.scratch, watch, part_rows)
        watch.begin(Stage.SORTING, stored.row_count + stager.staged.row_count)
        outcome = _stored(draft, base, layout, stager.staged, parts, watch)
        return _published(
            draft, outcome, _record(sources, mode, imported_at, stager, rejects, outcome), rejects
        )


@contextmanager
def connected(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory, bounded; it puts into the folder `scratch` what goes beyond."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "temp_directory": str(scratch / "duckdb"),
    }
    with duckdb.connect(":memory:", config=config) as connection:
        yield connection


def _base(manifest: Manifest, mode: ImportMode) -> Manifest:
    """Give the dataset as far as the import builds on it."""
    if mode is ImportMode.APPEND:
        return manifest
    return Manifest(
        name=manifest.name,
        generation=manifest.generation,
        profiles=manifest.profiles,
        catalogue=manifest.catalogue,
        imports=tuple(r for r in manifest.imports if r.kind is not FileKind.EVENTS),
    )


def _laid_out(
    connection: duckdb.DuckDBPyConnection,
    base: Manifest,
    sources: Sequence[EventSource],
    watch: Watch,
) -> tuple[Layout, list[dict[str, str]]]:
    """Lay out the property columns, and say in SQL how each file fills them."""
    watch.begin(Stage.LOOKING, None)
    stored = {column.name for column in base.properties}
    offers = []
    with watch.interrupting(connection):
        for source in sources:
            with told_if_unreadable(source.record.name, watch):
                offers.append(layouts.offers_of(connection, source.relation, stored))
        if layouts.is_crowded(base.properties, _flat(offers)):
            pairs = zip(sources, offers, strict=True)
            offers = [layouts.with_counts(connection, s.relation, found) for s, found in pairs]
    layout = layouts.laid_out(base.properties, base.rest_column is not None, _flat(offers))
    pairs = zip(sources, offers, strict=True)
    return layout, [layouts.expressions(layout, found, s.relation.spreads) for s, found in pairs]


def _flat(offers: Iterable[Sequence[Offer]]) -> list[Offer]:
    return [offer for found in offers for offer in found]


def _estimated_rows(sources: Sequence[EventSource]) -> int | None:
    estimates = [source.estimated_rows for source in sources]
    known = [rows for rows in estimates if rows is not None]
    return sum(known) if len(known) == len(estimates) else None


def _names(sources: Sequence[EventSource]) -> str:
    return ", ".join(source.record.name for source in sources)


def nothing_usable(files: str, read_count: int, rejects: RejectsFile) -> str:
    """Say why not one row could be used, and where to look first."""
    if not read_count:
        return f"There are no rows in {files}."
    reason = max(rejects.count_by_reason, key=lambda reason: rejects.count_by_reason[reason])
    return (
        f"None of the {read_count:,} rows of {files} can be used: most often the reason is"
        f" {str(reason)!r}, first in {rejects.first_with(reason)}. Check which column is which."
    )


def _stored(
    draft: Draft,
    base: Manifest,
    layout: Layout,
    staged: Staged,
    parts: Iterable[Part],
    watch: Watch,
) -> _Outcome:
    """Write the next generation."""
    with EventsWriter(draft.generation, layout, staged.names) as writer:
        merge = partial(merged, layout=layout, names=staged.names, next_seq=base.next_seq)
        for part in mapped_in_order(merge, parts):
            writer.write(part)
            watch.advance(part.table.num_rows + part.duplicate_count)
    return _Outcome(
        _next_manifest(base, layout, staged, writer),
        writer.added_count,
        writer.duplicate_count,
        writer.out_of_order_count,
    )


def _next_manifest(
    base: Manifest, layout: Layout, staged: Staged, writer: EventsWriter
) -> Manifest:
    return base.model_copy(
        update={
            "generation": base.generation + 1,
            "rows": writer.row_count,
            "users": writer.user_count,
            "first_at": instant(writer.first_timestamp),
            "last_at": instant(writer.last_timestamp),
            "names": tuple(staged.names),
            "name_counts": tuple(writer.name_counts.tolist()),
            "properties": layout.properties,
            "rest_column": REST_COLUMN if layout.has_rest else None,
            "fingerprint": writer.fingerprint,
            "next_seq": base.next_seq + staged.row_count,
        }
    )


def instant(microseconds: int | None) -> datetime | None:
    """Give the instant of a time in µs; None for none."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


def _record(
    sources: Sequence[EventSource],
    mode: ImportMode,
    imported_at: datetime,
    stager: Stager,
    rejects: RejectsFile,
    outcome: _Outcome,
) -> ImportRecord:
    return ImportRecord(
        imported_at=imported_at,
        kind=FileKind.EVENTS,
        mode=mode,
        files=tuple(source.record for source in sources),
        read_count=stager.staged.read_count,
        added_count=outcome.added_count,
        duplicate_count=outcome.duplicate_count,
        rejected_counts=rejects.count_by_reason,
        out_of_order_count=outcome.out_of_order_count,
        future_count=stager.staged.future_count,
    )


def _published(
    draft: Draft, outcome: _Outcome, record: ImportRecord, rejects: RejectsFile
) -> ImportReport:
    """Put the outcome in place; an import that adds nothing leaves the events file alone."""
    is_new = outcome.added_count > 0 or record.mode is ImportMode.REPLACE
    if is_new:
        for file_name in (PROFILES_FILE, CATALOGUE_FILE):
            draft.keep(file_name)
    return published(draft, outcome.manifest if is_new else draft.manifest, record, rejects)


def published(
    draft: Draft, manifest: Manifest, record: ImportRecord, rejects: RejectsFile
) -> ImportReport:
    """Put a prepared generation in place, with the record of its import and its rejects."""
    path = None
    if rejects.count:
        path = draft.keep_rejects(rejects.path, record.files[0].name)
        record = record.model_copy(update={"rejects_file": path.name})
    manifest = manifest.model_copy(update={"imports": (*manifest.imports, record)})
    draft.publish(manifest)
    return ImportReport(manifest, record, path)
