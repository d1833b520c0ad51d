"""The questions of the pages about a dataset and its people, and the verb that deletes one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.history import drafts, naming
from core.history.manifest import FileKind, ImportRecord, Manifest
from core.history.reading import Dataset

EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody a search found."""

    user_id: str
    email: str | None = None


def size_bytes(home: Path, name: str) -> int:
    """Add up the files of a dataset."""
    folder = naming.dataset_folder(home, name)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rejects_path(home: Path, name: str, record: ImportRecord) -> Path | None:
    """Give the file that lists the rows an import left out; None where there is none."""
    if record.rejects_file is None:
        return None
    path = naming.rejects_path(home, name, record.rejects_file)
    return path if path.is_file() else None


def delete(home: Path, name: str) -> None:
    """Delete a dataset for good; raises UnusableInput if there is none or it is being changed."""
    drafts.delete_dataset(home, name)


def left_out_rate(manifest: Manifest) -> float | None:
    """Give the share of the rows of event files that could not be used; None without any."""
    read_count = sum(record.read_count for record in _event_imports(manifest))
    return rejected_count(manifest) / read_count if read_count else None


def rejected_count(manifest: Manifest) -> int:
    """Count the rows of event files that could not be used."""
    return sum(record.rejected_count for record in _event_imports(manifest))


def find_people(dataset: Dataset, text: str, limit: int = 20) -> Sequence[Person]:
    """Find people whose id or e-mail begins with a text, those by id first; all for no text."""
    wanted = text.strip()
    found = [str(user_id) for user_id in _ids_with_prefix(dataset.user_ids(), wanted, limit)]
    if wanted and len(found) < limit:
        more = (user_id for user_id in _by_email(dataset, wanted, limit) if user_id not in found)
        found += list(more)[: limit - len(found)]
    if wanted and wanted not in found and dataset.profile(wanted) is not None:
        found.insert(0, wanted)
    return [Person(user_id=user_id, email=_email(dataset, user_id)) for user_id in found]


def people_without_profile(dataset: Dataset) -> int:
    """Count the people with events about whom the profiles say nothing; 0 without profiles."""
    if dataset.manifest.profiles is None:
        return 0
    is_known = np.zeros(dataset.manifest.users, dtype=np.bool_)
    for column in dataset.manifest.profiles.properties:
        is_known |= dataset.trait(column.name).codes >= 0
        if is_known.all():
            break
    return int((~is_known).sum())


def _event_imports(manifest: Manifest) -> list[ImportRecord]:
    return [record for record in manifest.imports if record.kind is FileKind.EVENTS]


def _ids_with_prefix(user_ids: pa.Array, prefix: str, limit: int) -> list[str]:
    """Slice the ids, which are sorted by their UTF-8 bytes, where they begin with the prefix."""
    first = _first_not_before(user_ids, prefix.encode())
    return [
        user_id
        for user_id in user_ids.slice(first, limit).to_pylist()
        if user_id.startswith(prefix)
    ]


def _first_not_before(user_ids: pa.Array, wanted: bytes) -> int:
    low, high = 0, len(user_ids)
    while low < high:
        middle = (low + high) // 2
        if user_ids[middle].as_py().encode() < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def _by_email(dataset: Dataset, text: str, limit: int) -> Iterator[str]:
    """Give the ids of people whose e-mail address begins with a text, whatever its case."""
    emails = dataset.trait(EMAIL)
    start = text.casefold()
    codes = [
        code for code, value in enumerate(emails.values) if str(value).casefold().startswith(start)
    ]
    users = np.flatnonzero(np.isin(emails.codes, np.array(codes, dtype=np.int32)))[:limit]
    yield from map(str, dataset.user_ids().take(pa.array(users)).to_pylist())


def _email(dataset: Dataset, user_id: str) -> str | None:
    profile = dataset.profile(user_id)
    email = None if profile is None else profile.get(EMAIL)
    return None if email is None else str(email)
