"""Erasing people from a dataset: a next generation without them, in place of the present one."""

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.domain.errors import UnusableInput
from core.history.drafts import Draft, drafted
from core.history.keyed import KEY_COLUMN
from core.history.keyed_storing import fingerprint_of_table
from core.history.layout import Layout
from core.history.manifest import ImportRecord, Manifest, TableRecord, load_manifest
from core.history.merging import Part, merged
from core.history.naming import (
    CATALOGUE_FILE,
    EVENTS_FILE,
    PROFILES_FILE,
    USERS_FILE,
    checked_name,
    dataset_folder,
    datasets_folder,
    rejects_path,
)
from core.history.parts import PART_ROWS, parts_of
from core.history.progress import CancelQuestion, ProgressCallback, Stage, Watch
from core.history.reading import Dataset, open_dataset
from core.history.stored import StoredEvents
from core.history.storing import instant
from core.history.writing import EventsWriter

Mentions = Callable[[str], bool]
_LONGEST_CELL = 1 << 30  # a rejected row may be long


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased from a dataset."""

    event_count: int
    profile_count: int
    rejected_row_count: int


NOTHING = Forgotten(event_count=0, profile_count=0, rejected_row_count=0)


def addresses_in(home: Path, name: str, user_ids: Collection[str]) -> set[str]:
    """Give the e-mail addresses that a dataset's profiles have of some people."""
    dataset = open_dataset(home, name)
    profiles = (dataset.profile(user_id) for user_id in user_ids)
    found = (profile.get("email") for profile in profiles if profile is not None)
    return {address for address in found if isinstance(address, str) and address}


def drop_leftovers(home: Path) -> None:
    """Remove what interrupted changes left beside datasets: nobody reads it, and it names anybody.

    Raises UnusableInput while a dataset is being changed.
    """
    root = datasets_folder(home)
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.is_dir() and _is_name(folder.name):
            with drafted(home, folder.name):
                pass  # beginning a change removes them


def _is_name(text: str) -> bool:
    try:
        return checked_name(text) == text
    except UnusableInput:
        return False


def holds(home: Path, name: str, user_ids: Collection[str], mentions: Mentions) -> bool:
    """Say whether a dataset knows anything of people."""
    manifest = load_manifest(dataset_folder(home, name))
    return manifest is not None and _Found(home, manifest, user_ids, mentions).forgotten != NOTHING


def forget_people(
    home: Path,
    name: str,
    user_ids: Collection[str],
    mentions: Mentions,
    *,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
) -> Forgotten:
    """Erase people from a dataset, and rejected rows that `mentions` finds them in.

    The former files are removed. Whoever is not in the dataset leaves it untouched; killed at any
    moment, it is as before or as after. Raises UnusableInput while an import changes the dataset.
    """
    if load_manifest(dataset_folder(home, name)) is None:
        return NOTHING
    watch = Watch(on_progress, is_cancelled)
    with drafted(home, name) as draft:
        found = _Found(home, draft.manifest, user_ids, mentions)
        if found.forgotten == NOTHING:
            return NOTHING
        manifest = draft.manifest
        if found.forgotten.event_count or found.forgotten.profile_count:
            manifest = _without(draft, found, watch)
        draft.publish(_with_rejects(draft, found, manifest))
    return found.forgotten


class _Found:
    """What a dataset holds of people."""

    def __init__(
        self, home: Path, manifest: Manifest, user_ids: Collection[str], mentions: Mentions
    ) -> None:
        self.user_ids, self.mentions = sorted(user_ids), mentions
        dataset = open_dataset(home, manifest.name)
        rejects = ((r, _rejects(home, manifest, r)) for r in manifest.imports)
        self.rejects = {
            record.rejects_file: path
            for record, path in rejects
            if path is not None and any(_mentioned(path, mentions))
        }
        self.forgotten = Forgotten(
            event_count=sum(len(dataset.user_events(user_id)) for user_id in self.user_ids),
            profile_count=_known_count(dataset, self.user_ids),
            rejected_row_count=sum(
                sum(_mentioned(path, mentions)) for path in self.rejects.values()
            ),
        )


def _known_count(dataset: Dataset, user_ids: Sequence[str]) -> int:
    return sum(dataset.profile(user_id) is not None for user_id in user_ids)


def _rejects(home: Path, manifest: Manifest, record: ImportRecord) -> Path | None:
    if record.rejects_file is None:
        return None
    path = rejects_path(home, manifest.name, record.rejects_file)
    return path if path.is_file() else None


def _mentioned(path: Path, mentions: Mentions) -> Iterator[bool]:
    return (mentions("\n".join(row)) for row in _rows(path)[1:])


def _rows(path: Path) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _without(draft: Draft, found: _Found, watch: Watch) -> Manifest:
    """Write the next generation."""
    if found.forgotten.event_count:
        manifest = _write_events(draft, found.user_ids, watch)
    else:
        draft.keep(EVENTS_FILE)
        draft.keep(USERS_FILE)
        manifest = draft.manifest
    draft.keep(CATALOGUE_FILE)
    profiles = _write_profiles(draft, found.user_ids)
    return manifest.model_copy(update={"profiles": profiles, "generation": draft.next_generation})


def _write_events(draft: Draft, user_ids: Sequence[str], watch: Watch) -> Manifest:
    manifest = draft.manifest
    layout = Layout(manifest.properties, manifest.rest_column is not None)
    stored = StoredEvents(draft.current, manifest, layout)
    layout = Layout(manifest.properties, layout.has_rest, frozenset(stored.distinctive_columns()))
    merge = partial(merged, layout=layout, names=manifest.names, next_seq=manifest.next_seq)
    watch.begin(Stage.SORTING, stored.row_count)
    with EventsWriter(draft.generation, layout, manifest.names) as writer:
        for part in parts_of(stored, [], draft.scratch, watch, PART_ROWS):
            left = _others(part, user_ids)
            if len(left.stored_users):
                writer.write(merge(left))
            watch.advance(part.stored.num_rows)
    return manifest.model_copy(
        update={
            "rows": writer.row_count,
            "users": writer.user_count,
            "first_at": instant(writer.first_timestamp),
            "last_at": instant(writer.last_timestamp),
            "name_counts": tuple(writer.name_counts.tolist()),
            "fingerprint": writer.fingerprint,
        }
    )


def _others(part: Part, user_ids: Sequence[str]) -> Part:
    """Give the part without people, the others numbered anew."""
    gone = pc.is_in(part.stored_users, value_set=pa.array(user_ids, part.stored_users.type))
    is_left = ~gone.to_numpy(zero_copy_only=False)
    if is_left.all():
        return part
    code = part.stored["user"].to_numpy()
    rows = part.stored.filter(pa.array(is_left[code]))
    number = (np.cumsum(is_left) - 1).astype(np.int32)[rows["user"].to_numpy()]
    return Part(
        rows.set_column(0, "user", pa.array(number)),
        part.stored_users.filter(pa.array(is_left)),
        (),
    )


def _write_profiles(draft: Draft, user_ids: Sequence[str]) -> TableRecord | None:
    record = draft.manifest.profiles
    if record is None or draft.current is None:
        return record
    table = pq.read_table(draft.current / PROFILES_FILE)
    keys = table[KEY_COLUMN]
    left = table.filter(pc.invert(pc.is_in(keys, value_set=pa.array(user_ids, keys.type))))
    if left.num_rows == table.num_rows:
        draft.keep(PROFILES_FILE)
        return record
    path = draft.generation / PROFILES_FILE
    pq.write_table(left, path, compression="lz4")
    fingerprint = fingerprint_of_table(path, record.properties)
    return record.model_copy(update={"rows": left.num_rows, "fingerprint": fingerprint})


def _with_rejects(draft: Draft, found: _Found, manifest: Manifest) -> Manifest:
    """Name new rejects files in place of those that mention somebody."""
    new = {name: _rewritten(draft, path, found.mentions) for name, path in found.rejects.items()}
    imports = [
        record.model_copy(update={"rejects_file": new[record.rejects_file]})
        if record.rejects_file in new
        else record
        for record in manifest.imports
    ]
    return manifest.model_copy(update={"imports": tuple(imports)})


def _rewritten(draft: Draft, path: Path, mentions: Mentions) -> str | None:
    """Write a rejects file anew without the rows that mention somebody; None if none is left."""
    head, *rows = _rows(path)
    left = [row for row in rows if not mentions("\n".join(row))]
    if not left:
        return None
    draft_path = draft.scratch / "rejects.csv"
    with draft_path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *left])
    return draft.keep_rejects(draft_path, path.name.partition("-")[2]).name
