"""Results of a test from elsewhere: a CSV `user,variant,exposed_at,goal,value` as people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.durations import to_microseconds
from core.domain.errors import UnusableInput
from core.domain.experiments import MOST_VARIANTS, ExperimentSettings, settings_of
from core.domain.instants import from_microseconds
from core.domain.meanings import plain_name
from core.engine.batches import Bools, Int32s, Int64s
from core.engine.memory import NEVER
from core.services.experiment_people import (
    Exclusion,
    ExposedPeople,
    FirstExposures,
    GoalColumn,
    Int8s,
    Origin,
    SegmentColumn,
    first_exposures,
)
from core.services.experiment_table import (
    Floats,
    GoalCells,
    TextTable,
    codes,
    goals,
    numbers,
    read_text_table,
    refuse_empty,
    texts,
    times,
)
from core.services.phrases import duration

MOST_LABELS = 20  # of a column that is taken for a segment
MOST_SEGMENTS = 8
SOURCE = "source"
_CONTROLS = frozenset(
    {"control", "controlgroup", "original", "baseline", "none", "noemail", "nomail", "holdout"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResults:
    """The people of a file, the settings that follow from it, and its last instant.

    Nothing later than `known_until` is known: windows that end after it are not over.
    """

    people: ExposedPeople
    settings: ExperimentSettings
    known_until: datetime


def read_results(
    path: Path,
    *,
    control: str | None = None,
    window: timedelta | None = None,
    weights: Mapping[str, float] | None = None,
    planned_people_count: int | None = None,
    name: str | None = None,
) -> FileResults:
    """Read a test from a CSV; see `people_of_table` for what counts.

    `weights` are the sizes by design (default: equal), `window` the time for the goal from the
    exposure on (default: the file has only goals that count). Raises UnusableInput with one
    sentence for what cannot be used, naming its line.
    """
    table = read_text_table(path)
    for needed in ("user", "variant"):
        refuse_empty(table, needed)
    variants, variant = _variants(table, control)
    people = people_of_table(table, variants, variant, window)
    settings = settings_of(
        {
            "name": (name or path.name)[:200].strip(),
            "variants": _weighted(variants, weights or {}),
            "control": variants[0],
            "primary": {"name": "goal", "event": {"event": "goal"}, "value": "value"},
            "window": window,
            "planned_people_count": planned_people_count,
        }
    )
    return FileResults(
        people=people, settings=settings, known_until=from_microseconds(_last_instant(people))
    )


def people_of_table(
    table: TextTable, variants: Sequence[str], variant: Int8s, window: timedelta | None
) -> ExposedPeople:
    """Reduce the rows of a file to people.

    Somebody in several rows (one per send, say) counts once, from the first exposure; they reached
    the goal if any row says so in time, and their money is that of all rows, where rows that repeat
    both goal and value count once, for they tell of the same order.
    """
    _, person = codes(table.columns["user"])
    first = first_exposures(person.astype(np.int64), variant, times(table, "exposed_at"))
    window_ends_at = first.exposed_at + (0 if window is None else to_microseconds(window))
    cells = goals(table)
    rows = _counted_rows(first, person, cells, None if window is None else window_ends_at)
    reached_at = None if cells.reached_at is None else _earliest(cells.reached_at, rows)
    goal = GoalColumn(
        name="goal",
        is_reached=rows.any_of(cells.is_reached[rows.row]),
        reached_at=reached_at,
        value=_money(table, cells, rows),
    )
    return ExposedPeople(
        origin=Origin.FILE,
        variants=tuple(variants),
        variant=first.variant,
        exposed_at=first.exposed_at,
        window_ends_at=window_ends_at,
        goals=(goal,),
        value_before=_value_before(table, first),
        source=_source(table, first),
        segments=_segments(table, first),
        excluded=_excluded(first),
        row_count=len(table),
        notes=_notes(cells, rows, window),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """The rows that say something about somebody who is compared: which, and whose (place).

    Rows whose goal was reached before the first exposure, or after the window, are not among them.
    """

    row: NDArray[np.intp]
    owner: Int32s
    people_count: int
    early_count: int

    def any_of(self, is_so: Bools) -> Bools:
        """Say of each person whether one of their rows is so (shape: people)."""
        found = np.zeros(self.people_count, dtype=np.bool_)
        found[self.owner[is_so]] = True
        return found


def _counted_rows(
    first: FirstExposures, person: Int32s, cells: GoalCells, window_ends_at: Int64s | None
) -> _Rows:
    place = np.full(int(person.max()) + 1, -1, dtype=np.int32)
    place[first.person] = np.arange(len(first.person), dtype=np.int32)
    row = np.flatnonzero(place[person] >= 0)
    owner = place[person[row]]
    early_count = 0
    if cells.reached_at is not None:
        at = cells.reached_at[row]
        is_early = (at != NEVER) & (at < first.exposed_at[owner])
        early_count = len(np.unique(owner[is_early]))
        is_out = is_early if window_ends_at is None else is_early | (at > window_ends_at[owner])
        row, owner = row[~is_out], owner[~is_out]
    return _Rows(row=row, owner=owner, people_count=len(first.person), early_count=early_count)


def _earliest(reached_at: Int64s, rows: _Rows) -> Int64s:
    at = reached_at[rows.row]
    is_time = at != NEVER
    last = np.iinfo(np.int64).max
    found = np.full(rows.people_count, last, dtype=np.int64)
    np.minimum.at(found, rows.owner[is_time], at[is_time])
    return np.where(found == last, NEVER, found)


def _money(table: TextTable, cells: GoalCells, rows: _Rows) -> Floats | None:
    """Add up each person's values; of rows that repeat goal and value only the first."""
    if "value" not in table.columns:
        return None
    value = numbers(table, "value")[rows.row]
    goal = (cells.is_reached if cells.reached_at is None else cells.reached_at)[rows.row]
    owner = rows.owner
    if len(owner) > rows.people_count:
        order = np.lexsort((value, goal, owner))
        is_new = np.ones(len(order), dtype=np.bool_)
        for column in (owner, goal, value):
            is_new[1:] &= column[order][1:] == column[order][:-1]
        is_new[1:] = ~is_new[1:]
        owner, value = owner[order][is_new], value[order][is_new]
    money = np.bincount(owner, weights=value, minlength=rows.people_count)
    return money.astype(np.float64, copy=False)


def _value_before(table: TextTable, first: FirstExposures) -> Floats | None:
    return numbers(table, "value_before")[first.row] if "value_before" in table.columns else None


def _source(table: TextTable, first: FirstExposures) -> SegmentColumn | None:
    named = next((n for n in table.other_names if plain_name(n) == SOURCE), None)
    return None if named is None else _segment(table, named, first)


def _segments(table: TextTable, first: FirstExposures) -> tuple[SegmentColumn, ...]:
    """Take other columns with few different texts for segments; ids and dates have many."""
    names = [name for name in table.other_names if plain_name(name) != SOURCE]
    found = (_segment(table, name, first) for name in names)
    return tuple(segment for segment in found if segment is not None)[:MOST_SEGMENTS]


def _segment(table: TextTable, name: str, first: FirstExposures) -> SegmentColumn | None:
    distinct, code = codes(table.columns[name])
    if not 1 < len(distinct) <= MOST_LABELS:
        return None
    labels: list[str] = distinct.to_pylist()
    order = sorted(range(len(labels)), key=lambda place: labels[place])
    place_of = np.empty(len(labels), dtype=np.int32)
    place_of[order] = np.arange(len(labels), dtype=np.int32)
    shown = tuple(labels[place] or "(empty)" for place in order)
    return SegmentColumn(name=name, labels=shown, code=place_of[code[first.row]])


def _excluded(first: FirstExposures) -> dict[Exclusion, int]:
    counts = {
        Exclusion.REPEATED_ROWS: first.repeated_count,
        Exclusion.SEVERAL_VARIANTS: first.several_count,
    }
    return {why: count for why, count in counts.items() if count}


def _notes(cells: GoalCells, rows: _Rows, window: timedelta | None) -> tuple[str, ...]:
    notes = []
    if window is not None and cells.reached_at is None:
        notes.append(
            "The file says who reached the goal and not when: that it was within "
            f"{duration(window)} is taken from the file."
        )
    if rows.early_count:
        people = "person" if rows.early_count == 1 else "people"
        notes.append(
            f"{rows.early_count:,} {people} reached the goal before they came to the split; that "
            "does not count as reached."
        )
    return tuple(notes)


def _variants(table: TextTable, control: str | None) -> tuple[list[str], Int8s]:
    """Name the variants, the control first and the others by name, and give each row's."""
    names, code = texts(table.columns["variant"])
    if len(names) < 2:
        raise UnusableInput(
            f"{table.path.name} has only the variant {names[0]!r}; a comparison needs two."
        )
    if len(names) > MOST_VARIANTS:
        raise UnusableInput(
            f"{table.path.name} has {len(names):,} variants, such as {names[0]!r}; at most "
            f"{MOST_VARIANTS} can be compared. Is {table.titles['variant']!r} the right column?"
        )
    chosen = control if control is not None else _likely_control(names)
    if chosen not in names:
        raise UnusableInput(
            f"{table.path.name} has no variant {chosen!r}; there are: {', '.join(sorted(names))}."
        )
    ordered = [chosen, *sorted(name for name in names if name != chosen)]
    place_of = np.array([ordered.index(name) for name in names], dtype=np.int8)
    return ordered, place_of[code]


def _likely_control(names: Sequence[str]) -> str:
    """Choose what is called a control, else the first by name: never what happens to come first."""
    return min(names, key=lambda name: (plain_name(name) not in _CONTROLS, name))


def _weighted(variants: Sequence[str], weights: Mapping[str, float]) -> list[dict[str, object]]:
    unknown = next((name for name in weights if name not in variants), None)
    if unknown is not None:
        raise UnusableInput(
            f"There is a weight for {unknown!r}, which is no variant; there are: "
            f"{', '.join(variants)}."
        )
    missing = next((name for name in variants if weights and name not in weights), None)
    if missing is not None:
        raise UnusableInput(f"There is no weight for the variant {missing!r}; give all or none.")
    return [{"name": name, "weight": weights.get(name, 1.0)} for name in variants]


def _last_instant(people: ExposedPeople) -> int:
    latest = [int(people.exposed_at[-1])] if len(people) else [0]
    reached_at = people.goals[0].reached_at
    if reached_at is not None and len(reached_at):
        latest.append(int(reached_at.max()))
    return max(latest)
