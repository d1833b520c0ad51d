"""One import of profiles or of the catalogue: one row per key, in which the later value wins."""

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue
from core.history import kernels
from core.history import layout as layouts
from core.history.columns import decoded
from core.history.drafts import Draft, drafted
from core.history.keyed import KEY_COLUMN
from core.history.layout import MOST_COLUMNS, Layout, Offer
from core.history.manifest import (
    Encoding,
    FileKind,
    ImportedFile,
    ImportMode,
    ImportRecord,
    Manifest,
    PropertyColumn,
    TableRecord,
)
from core.history.naming import CATALOGUE_FILE, EVENTS_FILE, PROFILES_FILE, USERS_FILE
from core.history.progress import CancelQuestion, ProgressCallback, Stage, Watch
from core.history.rejects import RejectedRow, RejectReason, RejectsFile
from core.history.relations import RelationSql
from core.history.sources import identifier, literal
from core.history.staging import told_if_unreadable
from core.history.storing import ImportReport, connected, nothing_usable, published
from core.history.texts import hashes_of, joined
from core.history.writing import EventsWriter

# Gives what is meant by a value, None where that cannot be told.
Cleaner = Callable[[JsonValue], JsonValue]


@dataclass(frozen=True, kw_only=True)
class KeyedKind:
    """What differs between profiles and the catalogue.

    The values of the properties in `cleaners` are cleaned, those in `typed` stored as JSON. With
    `takes_first_column` the first column is the key if none bears its name.
    """

    kind: FileKind
    key: str
    file_name: str
    no_key: RejectReason
    takes_first_column: bool = False
    cleaners: Mapping[str, Cleaner]
    typed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class KeyedSource:
    """A table that is open; `key_column` holds the key if it is called otherwise than usual."""

    record: ImportedFile
    relation: RelationSql
    find_broken: Callable[[duckdb.DuckDBPyConnection], Sequence[RejectedRow]]
    exact_lines: Callable[[Sequence[int]], Sequence[int]]
    key_column: str | None = None


def import_keyed(
    home: Path,
    name: str,
    kind: KeyedKind,
    sources: Sequence[KeyedSource],
    *,
    mode: ImportMode,
    imported_at: datetime,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
) -> ImportReport:
    """Import tables with one row per key into the dataset `name`, which need not exist.

    In every column of a file the later row, and the later import, wins; a member that an object of
    a JSON line does not have stays as it was. A row whose key was known already counts as a
    duplicate. Raises UnusableInput if nothing can be used, and Cancelled.
    """
    watch = Watch(on_progress, is_cancelled)
    with drafted(home, name) as draft, connected(draft.scratch) as connection:
        rejects = RejectsFile(draft.scratch / "rejects.csv")
        stored = _stored_table(draft.manifest, kind) if mode is ImportMode.APPEND else None
        with watch.interrupting(connection):
            task = _Task(connection, kind, rejects, watch)
            task.open(draft.current, stored)
            for source in sources:
                with told_if_unreadable(source.record.name, watch):
                    task.read(source)
            if not task.row_count:
                files = ", ".join(source.record.name for source in sources)
                raise UnusableInput(nothing_usable(files, task.read_count, rejects))
            table = task.write(draft.generation / kind.file_name)
        record = ImportRecord(
            imported_at=imported_at,
            kind=kind.kind,
            mode=mode,
            files=tuple(source.record for source in sources),
            read_count=task.read_count,
            added_count=task.added_count,
            duplicate_count=task.row_count - task.added_count,
            rejected_counts=rejects.count_by_reason,
            warnings=tuple(task.warnings()),
        )
        _keep_the_rest(draft, kind)
        return published(draft, _next_manifest(draft, kind, table, mode), record, rejects)


class _Task:
    """The work of one import in DuckDB: the table `kept` holds what is known so far."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        kind: KeyedKind,
        rejects: RejectsFile,
        watch: Watch,
    ) -> None:
        self.read_count = 0
        self.row_count = 0
        self._connection = connection
        self._kind = kind
        self._rejects = rejects
        self._watch = watch
        self._layout = Layout((), has_rest=False)
        self._stored_count = 0
        self._not_understood: Counter[str] = Counter()
        self._example: dict[str, JsonValue] = {}

    @property
    def added_count(self) -> int:
        """Count the keys that were not known before."""
        return self._count("kept") - self._stored_count

    def warnings(self) -> list[str]:
        """Say which values were not understood and therefore left out."""
        return [
            f"Values of {name} that were not understood and count as missing: {count:,}, such as"
            f" {json.dumps(self._example[name], ensure_ascii=False)}."
            for name, count in self._not_understood.items()
        ]

    def open(self, folder: Path | None, stored: TableRecord | None) -> None:
        """Begin with what the dataset has."""
        if stored is None or folder is None:
            self._connection.execute(f"CREATE TABLE kept ({KEY_COLUMN} VARCHAR)")
            return
        path = literal(str(folder / self._kind.file_name))
        self._connection.execute(f"CREATE TABLE kept AS FROM read_parquet({path})")
        self._layout = Layout(stored.properties, has_rest=False)
        self._stored_count = stored.rows

    def read(self, source: KeyedSource) -> None:
        """Read one file and let its rows win."""
        self._watch.begin(Stage.READING, None)
        names = [column.name for column in self._layout.properties]
        offers = layouts.offers_of(self._connection, source.relation, names)
        key = self._key_offer(source, offers)
        offers = [offer for offer in offers if offer is not key]
        self._lay_out(offers, source)
        self._load(source, key, layouts.expressions(self._layout, offers, ()))
        self._list_rejects(source)
        for column in self._layout.properties:
            if column.name in self._kind.cleaners and column.name in {o.name for o in offers}:
                self._clean(column, self._kind.cleaners[column.name])
        self._merge(offers)
        self._watch.advance(self._count("fresh"))

    def write(self, path: Path) -> TableRecord:
        """Write everything known, sorted by key."""
        columns = ", ".join([KEY_COLUMN, *self._layout.columns])
        self._connection.execute(
            f"COPY (SELECT {columns} FROM kept ORDER BY {KEY_COLUMN})"
            f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION lz4)"
        )
        return TableRecord(
            rows=self._count("kept"),
            properties=self._layout.properties,
            fingerprint=fingerprint_of_table(path, self._layout.properties),
        )

    def _key_offer(self, source: KeyedSource, offers: Sequence[Offer]) -> Offer:
        wanted = source.key_column or self._kind.key
        for offer in offers:
            if offer.name == wanted:
                return offer
        if self._kind.takes_first_column and source.key_column is None and offers:
            return offers[0]
        known = ", ".join(offer.name for offer in offers[:20]) or "none"
        raise UnusableInput(
            f"{source.record.name} has no column {wanted!r}, which says whom or what each row is"
            f" about; its columns are: {known}."
        )

    def _lay_out(self, offers: Sequence[Offer], source: KeyedSource) -> None:
        before = {column.column: column for column in self._layout.properties}
        layout = layouts.laid_out(self._layout.properties, False, offers)
        if layout.has_rest:
            raise UnusableInput(
                f"{source.record.name} would give more than {MOST_COLUMNS} different columns:"
                " leave out those that are not needed."
            )
        properties = tuple(
            layouts.replaced_encoding(column) if column.name in self._kind.typed else column
            for column in layout.properties
        )
        self._layout = Layout(properties, has_rest=False)
        for column in properties:
            self._extend(column, before.get(column.column))

    def _extend(self, column: PropertyColumn, before: PropertyColumn | None) -> None:
        if before is None:
            self._connection.execute(f"ALTER TABLE kept ADD COLUMN {column.column} VARCHAR")
        elif before.encoding is not column.encoding:
            self._connection.execute(
                f"UPDATE kept SET {column.column} = to_json({column.column})::VARCHAR"
            )

    def _load(self, source: KeyedSource, key: Offer, expressions: Mapping[str, str]) -> None:
        key_sql = _key_sql(key)
        refused = f"problem IS NOT NULL OR ({key_sql}) IS NULL"
        columns = "".join(f", {sql} AS {column}" for column, sql in expressions.items())
        self._connection.execute(
            "CREATE OR REPLACE TABLE fresh AS"
            f" SELECT line, {key_sql} AS {KEY_COLUMN}, problem{columns},"
            f" CASE WHEN {refused} THEN {source.relation.raw_row} END AS raw_text"
            f" FROM ({source.relation.sql})"
        )

    def _list_rejects(self, source: KeyedSource) -> None:
        broken = source.find_broken(self._connection)
        self.read_count += self._count("fresh") + len(broken)
        found = self._connection.execute(
            "SELECT line, coalesce(problem, ?), coalesce(raw_text, '') FROM fresh"
            f" WHERE problem IS NOT NULL OR {KEY_COLUMN} IS NULL ORDER BY line",
            [str(self._kind.no_key)],
        ).fetchall()
        lines = source.exact_lines([line for line, _, _ in found])
        unusable = [
            RejectedRow(line, reason, text)
            for line, (_, reason, text) in zip(lines, found, strict=True)
        ]
        rows = heapq.merge(sorted(broken, key=_line), unusable, key=_line)
        self._rejects.add(source.record.name, rows)
        self._connection.execute(
            f"DELETE FROM fresh WHERE problem IS NOT NULL OR {KEY_COLUMN} IS NULL"
        )
        self.row_count += self._count("fresh")

    def _clean(self, column: PropertyColumn, cleaner: Cleaner) -> None:
        """Put what is meant in place of what was written, and note what was not understood."""
        found = self._connection.execute(
            f"SELECT {column.column}, count(*) FROM fresh"
            f" WHERE {column.column} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        meant = []
        for text, count in found:
            value = decoded(text, column.encoding)
            cleaned = cleaner(value)
            if cleaned is None:
                self._not_understood[column.name] += count
                self._example.setdefault(column.name, value)
            meant.append((text, _encoded(cleaned, column.encoding)))
        self._connection.execute("CREATE OR REPLACE TABLE meant (written VARCHAR, value VARCHAR)")
        if meant:
            self._connection.executemany("INSERT INTO meant VALUES (?, ?)", meant)
        self._connection.execute(
            f"UPDATE fresh SET {column.column} = meant.value FROM meant"
            f" WHERE fresh.{column.column} = meant.written"
        )

    def _merge(self, offers: Sequence[Offer]) -> None:
        own = {offer.name for offer in offers if offer.key is None}
        members = {offer.name for offer in offers} - own
        latest, merged = [], []
        for column in self._layout.properties:
            place = column.column
            if column.name in own:
                latest.append(f"last({place} ORDER BY line) AS {place}")
                merged.append(f"CASE WHEN is_fresh THEN latest.{place} ELSE kept.{place} END")
            elif column.name in members:
                latest.append(
                    f"last({place} ORDER BY line) FILTER ({place} IS NOT NULL) AS {place}"
                )
                merged.append(f"coalesce(latest.{place}, kept.{place})")
            else:
                merged.append(f"kept.{place}")
            merged[-1] += f" AS {place}"
        self._connection.execute(
            f"CREATE OR REPLACE TABLE latest AS SELECT {', '.join([KEY_COLUMN, *latest])},"
            f" true AS is_fresh FROM fresh GROUP BY {KEY_COLUMN}"
        )
        self._connection.execute(
            f"CREATE TABLE merged AS SELECT {', '.join([KEY_COLUMN, *merged])}"
            f" FROM kept FULL JOIN latest USING ({KEY_COLUMN})"
        )
        self._connection.execute("DROP TABLE kept")
        self._connection.execute("ALTER TABLE merged RENAME TO kept")

    def _count(self, table: str) -> int:
        found = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(found[0][0])


def _line(row: RejectedRow) -> int:
    return row.line


def _key_sql(key: Offer) -> str:
    """Give the key as text: a JSON text without its quotes, a number as it is written."""
    alias = identifier(key.alias)
    if key.key is None:
        text = alias if key.encoding is Encoding.TEXT else f"json_extract_string({alias}, '$')"
    else:
        pointer = layouts.pointer(key.key)
        text = f"json_extract_string({alias}, {literal(pointer)})"
    return f"nullif({text}, '')"


def _encoded(value: JsonValue, encoding: Encoding) -> str | None:
    if value is None:
        return None
    return json.dumps(value) if encoding is Encoding.JSON else str(value)


def fingerprint_of_table(path: Path, properties: Sequence[PropertyColumn]) -> str:
    """Hash what every key has, in the order of keys."""
    total, first = 0, 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            rows = hashes_of(joined(batch.column(KEY_COLUMN)))
            for column in properties:
                texts = joined(batch.column(column.column))
                rows += hashes_of(texts, seed=column.name, encoding=column.encoding)
            total = (total + int(kernels.sequence_hash(rows, first))) % 2**64
            first += batch.num_rows
    return f"{total:016x}"


def _stored_table(manifest: Manifest, kind: KeyedKind) -> TableRecord | None:
    return manifest.profiles if kind.kind is FileKind.PROFILES else manifest.catalogue


def _keep_the_rest(draft: Draft, kind: KeyedKind) -> None:
    """Give the new generation all other files of the present one, or a history without events."""
    for file_name in {EVENTS_FILE, USERS_FILE, PROFILES_FILE, CATALOGUE_FILE} - {kind.file_name}:
        draft.keep(file_name)
    if draft.current is None:
        with EventsWriter(draft.generation, Layout((), has_rest=False), ()):
            pass


def _next_manifest(draft: Draft, kind: KeyedKind, table: TableRecord, mode: ImportMode) -> Manifest:
    imports = draft.manifest.imports
    if mode is ImportMode.REPLACE:
        imports = tuple(record for record in imports if record.kind is not kind.kind)
    update = {str(kind.kind): table, "imports": imports, "generation": draft.next_generation}
    return draft.manifest.model_copy(update=update)
