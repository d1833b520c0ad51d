"""What a dataset looks like: its days, its events and what they carry, and what seems wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from core.domain.values import JsonValue, as_number
from core.history.columns import EPOCH, Int32s, Int64s, PropertyCodes, columns_for, property_codes
from core.history.manifest import FileKind, Manifest
from core.history.reading import Dataset

_LOOK_AT_ROWS = 200_000
_MOST_DISTINCT = 500_000
_MICROSECOND = timedelta(microseconds=1)
_QUIET_RATE = 0.2
_WEEKS_TO_JUDGE = 3


class ValueType(StrEnum):
    """What a value is; a number may be spelled as text."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "true/false"
    LIST = "list"
    OBJECT = "object"


class ValueCount(NamedTuple):
    """A value and the number of events that have it."""

    value: JsonValue
    event_count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyCounts:
    """Events by name and day: `counts[name code, place of the day]`, days without events too."""

    days: tuple[date, ...]
    counts: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietDay:
    """A day inside the period with no or unusually few events; `usual_count` is its weekday's."""

    day: date
    count: int
    usual_count: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockProblems:
    """Rows whose times seem wrong, added up over the imports that make up the dataset."""

    future_count: int
    out_of_order_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyFacts:
    """A property of the events of one name.

    `filled_count` of the `event_count` events have it. `types` and `examples`, the most frequent
    first, are counted among `looked_at_count` of these events, which are all in a small dataset.
    """

    name: str
    event_count: int
    filled_count: int
    types: dict[ValueType, int]
    examples: tuple[ValueCount, ...]
    looked_at_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The most frequent values of a property; `is_whole` unless there were too many to count all.

    Of lists the members are counted, which is what `contains` asks for.
    """

    values: tuple[ValueCount, ...]
    is_whole: bool


def daily_counts(dataset: Dataset, zone: tzinfo = UTC) -> DailyCounts:
    """Count the events of each name on each day of the period, as days are in `zone`."""
    manifest = dataset.manifest
    if manifest.first_at is None or manifest.last_at is None:
        return DailyCounts(days=(), counts=np.zeros((len(manifest.names), 0), dtype=np.int64))
    first, last = (
        manifest.first_at.astimezone(zone).date(),
        manifest.last_at.astimezone(zone).date(),
    )
    days = tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
    starts = np.array([_start_of(day, zone) for day in days], dtype=np.int64)
    counts = np.zeros(len(manifest.names) * len(days), dtype=np.int64)
    for table in dataset.groups(["timestamp", "name"]):
        day = np.searchsorted(starts, table["timestamp"].to_numpy(), side="right") - 1
        place = table["name"].to_numpy().astype(np.int64) * len(days) + day
        counts += np.bincount(place, minlength=len(counts))
    return DailyCounts(days=days, counts=counts.reshape(len(manifest.names), len(days)))


def users_by_name(dataset: Dataset) -> dict[str, int]:
    """Count the users who did each event at least once."""
    names = dataset.manifest.names
    counts = np.zeros(len(names), dtype=np.int64)
    for table in dataset.groups(["user", "name"]):
        user = table["user"].to_numpy().astype(np.int64)
        pairs = np.unique(user * len(names) + table["name"].to_numpy())
        counts += np.bincount(pairs % len(names), minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def quiet_days(daily: DailyCounts) -> list[QuietDay]:
    """List the days, the first and last aside, without events or with far fewer than usual.

    Usual is the median of the same weekday, judged from three such days on; few is below a fifth.
    """
    totals = daily.counts.sum(axis=0)
    found = []
    for place in range(1, len(daily.days) - 1):
        same_weekday = totals[place % 7 :: 7]
        usual = float(np.median(same_weekday))
        is_judged = len(same_weekday) >= _WEEKS_TO_JUDGE
        if totals[place] == 0 or (is_judged and totals[place] < _QUIET_RATE * usual):
            count = int(totals[place])
            found.append(QuietDay(day=daily.days[place], count=count, usual_count=usual))
    return found


def clock_problems(manifest: Manifest) -> ClockProblems:
    """Add up the rows later than their import, and those behind a later one of the same user."""
    records = [record for record in manifest.imports if record.kind is FileKind.EVENTS]
    return ClockProblems(
        future_count=sum(record.future_count for record in records),
        out_of_order_count=sum(record.out_of_order_count for record in records),
    )


def property_facts(dataset: Dataset, example_count: int = 5) -> dict[str, list[PropertyFacts]]:
    """Say for each event name which properties its events have, the most filled first.

    Properties that have no column of their own, beyond the 400 most frequent, are left out.
    """
    manifest = dataset.manifest
    if not manifest.rows:
        return {}
    filled, sample = _filled_counts(dataset)
    found: dict[str, list[PropertyFacts]] = {name: [] for name in manifest.counts_by_name}
    looked_at = np.bincount(sample["name"].to_numpy(), minlength=len(manifest.names))
    for column in manifest.properties:
        values = property_codes(sample, [column], column.name)
        tops = dict(_counted(sample["name"].to_numpy(), values))
        for code in np.flatnonzero(filled[column.column]).tolist():
            types, examples = _summary(values, tops.get(code), example_count)
            found[manifest.names[code]].append(
                PropertyFacts(
                    name=column.name,
                    event_count=manifest.name_counts[code],
                    filled_count=int(filled[column.column][code]),
                    types=types,
                    examples=examples,
                    looked_at_count=int(looked_at[code]),
                )
            )
    for facts in found.values():
        facts.sort(key=lambda fact: -fact.filled_count)
    return found


def suggestions(dataset: Dataset, event: str | None, path: str, limit: int = 50) -> Suggestions:
    """Count the most frequent values of a property, or dotted path, of one event (None: of all)."""
    manifest = dataset.manifest
    holders = columns_for(manifest, path)
    wanted = None if event is None else _code_of(manifest, event)
    counter: Counter[tuple[str, JsonValue]] = Counter()
    is_whole = True
    for table in dataset.groups(["name", *(column.column for column in holders)]):
        if len(counter) > _MOST_DISTINCT:
            is_whole = False
            break
        codes = property_codes(table, holders, path)
        chosen = codes.codes if wanted is None else codes.codes[table["name"].to_numpy() == wanted]
        counts = np.bincount(chosen[chosen >= 0], minlength=len(codes.values))
        for place in np.flatnonzero(counts).tolist():
            for member in _members(codes.values[place]):
                counter[type(member).__name__, member] += int(counts[place])
    tops = sorted(counter.items(), key=lambda pair: (-pair[1], str(pair[0][1])))[:limit]
    return Suggestions(
        values=tuple(ValueCount(member, count) for (_, member), count in tops),
        is_whole=is_whole,
    )


def type_of(value: JsonValue) -> ValueType:
    """Say what a value is; text that spells a number is a number."""
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, Mapping):
        return ValueType.OBJECT
    if as_number(value) is not None:
        return ValueType.NUMBER
    return ValueType.TEXT if isinstance(value, str | float) else ValueType.LIST


def _start_of(day: date, zone: tzinfo) -> int:
    """Give the first instant of a local day in µs."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (start.astimezone(UTC) - EPOCH) // _MICROSECOND


def _code_of(manifest: Manifest, event: str) -> int:
    return manifest.names.index(event) if event in manifest.names else -1


def _members(value: JsonValue) -> Iterator[JsonValue]:
    """Give the values that a condition could compare with: of a list its members."""
    if isinstance(value, Mapping):
        return
    if isinstance(value, Sequence) and not isinstance(value, str):
        for member in value:
            if member is not None and not isinstance(member, Mapping | list):
                yield member
    else:
        yield value


def _filled_counts(dataset: Dataset) -> tuple[dict[str, Int64s], pa.Table]:
    """Count for each column the events of each name that have it, and keep a sample of rows."""
    names = dataset.manifest.names
    columns = [column.column for column in dataset.manifest.properties]
    filled = {column: np.zeros(len(names), dtype=np.int64) for column in columns}
    share = _LOOK_AT_ROWS / max(dataset.manifest.rows, 1)
    samples = []
    for table in dataset.groups(["name", *columns]):
        name = table["name"].to_numpy()
        for column in columns:
            is_filled = table[column].is_valid().to_numpy()
            filled[column] += np.bincount(name[is_filled], minlength=len(names))
        keep = min(table.num_rows, int(table.num_rows * share) + 1)
        # Taken, not sliced: a slice would keep the whole row group in memory.
        samples.append(table.take(pa.array(np.arange(keep))))
    return filled, pa.concat_tables(samples)


def _counted(name: Int32s, values: PropertyCodes) -> Iterator[tuple[int, tuple[Int64s, Int64s]]]:
    """Give for each event name the codes of its values and how often each occurs."""
    is_filled = values.codes >= 0
    width = max(len(values.values), 1)
    pairs = name[is_filled].astype(np.int64) * width + values.codes[is_filled]
    distinct, counts = np.unique(pairs, return_counts=True)
    names = distinct // width
    for code in np.unique(names).tolist():
        first, last = np.searchsorted(names, [code, code + 1])
        yield code, (distinct[first:last] % width, counts[first:last])


def _summary(
    values: PropertyCodes, counted: tuple[Int64s, Int64s] | None, example_count: int
) -> tuple[dict[ValueType, int], tuple[ValueCount, ...]]:
    if counted is None:
        return {}, ()
    codes, counts = counted
    types: Counter[ValueType] = Counter()
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        types[type_of(values.values[code])] += count
    tops = np.argsort(-counts, kind="stable")[:example_count]
    examples = [ValueCount(values.values[codes[top]], int(counts[top])) for top in tops]
    return dict(types.most_common()), tuple(examples)
