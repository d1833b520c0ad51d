"""Results from elsewhere, kept in the home folder so that their page can be opened again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentSettings, settings_of
from core.services.experiment_files import read_results
from core.services.experiment_people import (
    Exclusion,
    ExposedPeople,
    GoalColumn,
    Origin,
    SegmentColumn,
)
from core.services.rehearsal_files import replaced_together

FOLDER, RECORD, PEOPLE = "experiments", "record.json", "people.parquet"
_FORMAT = 1
_ID_LENGTH = 12
CHANGEABLE = frozenset({"control", "planned_people_count", "smallest_lift"})
_FACTS = b"facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResults:
    """What is known of kept results without opening them; nothing is known after `known_until`."""

    results_id: str
    name: str
    kept_at: datetime
    known_until: datetime
    settings: ExperimentSettings


def keep_results(
    home: Path,
    name: str,
    path: Path,
    *,
    kept_at: datetime,
    control: str | None = None,
    window: timedelta | None = None,
    weights: Mapping[str, float] | None = None,
    planned_people_count: int | None = None,
) -> KeptResults:
    """Read a file of results and keep its people under the home folder; the same file, the same id.

    Raises UnusableInput for a file that cannot be used (see `read_results`), or without room.
    """
    found = read_results(
        path,
        control=control,
        window=window,
        weights=weights,
        planned_people_count=planned_people_count,
        name=name,
    )
    digest = sha256(path.read_bytes())
    digest.update(json.dumps([name, None if window is None else str(window)]).encode())
    kept = KeptResults(
        results_id=digest.hexdigest()[:_ID_LENGTH],
        name=found.settings.name,
        kept_at=kept_at,
        known_until=found.known_until,
        settings=found.settings,
    )
    with replaced_together(home / FOLDER / kept.results_id, [PEOPLE, RECORD]) as drafts:
        _write(drafts[PEOPLE], found.people)
        _write_record(drafts[RECORD], kept)
    return kept


def kept_results(home: Path) -> list[KeptResults]:
    """List kept results, newest first; what cannot be read is left out."""
    found = [_record(path) for path in (home / FOLDER).glob(f"*/{RECORD}")]
    known = [kept for kept in found if kept is not None]
    return sorted(known, key=lambda kept: (kept.kept_at, kept.results_id), reverse=True)


def open_results(home: Path, results_id: str) -> tuple[KeptResults, ExposedPeople]:
    """Open kept results. Raises UnusableInput where there are none of that id, or damaged ones."""
    kept = _kept(home, results_id)
    try:
        return kept, _read(home / FOLDER / results_id / PEOPLE)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise UnusableInput(
            f"The kept results {kept.name!r} are damaged; upload their file again."
        ) from error


def change_kept(home: Path, results_id: str, **changed: Any) -> KeptResults:
    """Change how kept results are read: `control`, `planned_people_count`, `smallest_lift`.

    Raises UnusableInput for settings that do not fit together, and for what was read from the file
    with others (its window, its goal): that takes the file.
    """
    kept = _kept(home, results_id)
    fixed = next((name for name in changed if name not in CHANGEABLE), None)
    if fixed is not None:
        raise UnusableInput(f"{fixed!r} was settled when the file was read; upload it again.")
    values = {**kept.settings.model_dump(mode="json", by_alias=True), **changed}
    changed_kept = replace(kept, settings=settings_of(values))
    with replaced_together(home / FOLDER / results_id, [RECORD]) as drafts:
        _write_record(drafts[RECORD], changed_kept)
    return changed_kept


def forget_results(home: Path, results_id: str) -> None:
    """Delete kept results. Raises UnusableInput where there are none of that id."""
    _kept(home, results_id)
    rmtree(home / FOLDER / results_id)


def _kept(home: Path, results_id: str) -> KeptResults:
    found = None
    if results_id.isalnum():  # never a path out of the folder
        found = _record(home / FOLDER / results_id / RECORD)
    if found is None:
        raise UnusableInput("There are no results under this link any more; upload them again.")
    return found


def _write_record(path: Path, kept: KeptResults) -> None:
    document = {
        "format": _FORMAT,
        "id": kept.results_id,
        "name": kept.name,
        "kept_at": kept.kept_at.isoformat(),
        "known_until": kept.known_until.isoformat(),
        "settings": kept.settings.model_dump(mode="json", by_alias=True),
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _record(path: Path) -> KeptResults | None:
    """Read a record; None for one that is gone or damaged, or that another release wrote."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != _FORMAT or said["id"] != path.parent.name:
            return None
        return KeptResults(
            results_id=said["id"],
            name=said["name"],
            kept_at=datetime.fromisoformat(said["kept_at"]),
            known_until=datetime.fromisoformat(said["known_until"]),
            settings=settings_of(said["settings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, UnusableInput):
        return None


def _write(path: Path, people: ExposedPeople) -> None:
    """Write arrays as columns, one per person; everything else goes beside them as JSON."""
    goal = people.goals[0]
    columns = {
        "variant": people.variant,
        "exposed_at": people.exposed_at,
        "window_ends_at": people.window_ends_at,
        "is_reached": goal.is_reached,
        "reached_at": goal.reached_at,
        "value": goal.value,
        "value_before": people.value_before,
        "source": None if people.source is None else people.source.code,
        **{f"segment {n}": segment.code for n, segment in enumerate(people.segments)},
    }
    facts = {
        "variants": people.variants,
        "goal": goal.name,
        "source": None if people.source is None else _described(people.source),
        "segments": [_described(segment) for segment in people.segments],
        "excluded": people.excluded,
        "row_count": people.row_count,
        "notes": people.notes,
    }
    table = pa.table({name: pa.array(c) for name, c in columns.items() if c is not None})
    pq.write_table(
        table.replace_schema_metadata({_FACTS: json.dumps(facts)}), path, compression="zstd"
    )


def _described(segment: SegmentColumn) -> list[Any]:
    return [segment.name, segment.labels]


def _read(path: Path) -> ExposedPeople:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[_FACTS])
    columns: dict[str, Any] = {
        name: table[name].combine_chunks().to_numpy(zero_copy_only=False)
        for name in table.column_names
    }
    goal = GoalColumn(
        name=facts["goal"],
        is_reached=columns["is_reached"],
        reached_at=columns.get("reached_at"),
        value=columns.get("value"),
    )
    source = facts["source"]
    return ExposedPeople(
        origin=Origin.FILE,
        variants=tuple(facts["variants"]),
        variant=columns["variant"],
        exposed_at=columns["exposed_at"],
        window_ends_at=columns["window_ends_at"],
        goals=(goal,),
        value_before=columns.get("value_before"),
        source=None if source is None else _segment(source, columns["source"]),
        segments=tuple(
            _segment(said, columns[f"segment {n}"]) for n, said in enumerate(facts["segments"])
        ),
        excluded={Exclusion(why): count for why, count in facts["excluded"].items()},
        row_count=facts["row_count"],
        notes=tuple(facts["notes"]),
    )


def _segment(said: list[Any], code: np.ndarray[Any, Any]) -> SegmentColumn:
    return SegmentColumn(name=said[0], labels=tuple(said[1]), code=code)
