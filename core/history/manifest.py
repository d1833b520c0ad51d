"""What a dataset says about itself: the manifest, its only mutable file."""

import os
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.domain.errors import UnusableInput
from core.history import naming

MANIFEST_NAME = "manifest.json"
FORMAT = 1


class Encoding(StrEnum):
    """How a property column holds its values: the raw text, or each value as JSON text."""

    TEXT = "text"
    JSON = "json"


class FileKind(StrEnum):
    """What an imported file is about."""

    EVENTS = "events"
    PROFILES = "profiles"
    CATALOGUE = "catalogue"


class ImportMode(StrEnum):
    """Whether an import adds to what is stored or takes its place."""

    APPEND = "append"
    REPLACE = "replace"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PropertyColumn(_Stored):
    """A property (or trait), the Parquet column that holds it, and how."""

    name: str
    column: str
    encoding: Encoding


class ImportedFile(_Stored):
    """A file that was imported, and how its columns were read (the mapping as JSON)."""

    name: str
    preset: str | None = None
    mapping: Mapping[str, JsonValue] = Field(default_factory=dict)


class ImportRecord(_Stored):
    """One import as it happened. Counts are rows; out of order is meant per user and file."""

    imported_at: datetime
    kind: FileKind
    mode: ImportMode
    files: tuple[ImportedFile, ...]
    read_count: int
    added_count: int
    duplicate_count: int
    rejected_counts: Mapping[str, int]
    rejects_file: str | None = None
    out_of_order_count: int = 0
    future_count: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def rejected_count(self) -> int:
        """Count the rows that were rejected for any reason."""
        return sum(self.rejected_counts.values())


class TableRecord(_Stored):
    """The profiles or the catalogue of a dataset: how many rows, and their columns."""

    rows: int
    properties: tuple[PropertyColumn, ...]
    fingerprint: str


class Manifest(_Stored):
    """A dataset in numbers; `generation` names the folder that holds its files.

    `names[i]` is the event name with code i and `name_counts[i]` its number of events;
    `first_at` and `last_at` are None while there are no events.
    """

    format: int = FORMAT
    name: str
    generation: int
    rows: int = 0
    users: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    names: tuple[str, ...] = ()
    name_counts: tuple[int, ...] = ()
    properties: tuple[PropertyColumn, ...] = ()
    rest_column: str | None = None
    fingerprint: str = ""
    next_seq: int = 0
    profiles: TableRecord | None = None
    catalogue: TableRecord | None = None
    imports: tuple[ImportRecord, ...] = ()

    @property
    def counts_by_name(self) -> dict[str, int]:
        """Count the events of each name, the most frequent first."""
        pairs = [pair for pair in zip(self.names, self.name_counts, strict=True) if pair[1]]
        return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))

    def property_named(self, name: str) -> PropertyColumn | None:
        """Give the column of a property, or None where no column holds exactly that name."""
        return next((column for column in self.properties if column.name == name), None)


def load_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of the dataset in `folder`; None where there is no dataset."""
    path = folder / MANIFEST_NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise UnusableInput(
            f"The dataset {folder.name!r} cannot be read: its manifest.json is damaged or comes"
            " from another version; import its files again into a new dataset."
        ) from error


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest in place of the former one, in one step that a crash cannot halve."""
    draft = folder / f"{MANIFEST_NAME}.new"
    with draft.open("wb") as file:
        file.write(manifest.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / MANIFEST_NAME)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names of the files in `folder` survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def list_datasets(home: Path) -> list[Manifest]:
    """List the datasets under `home`, by name."""
    root = naming.datasets_folder(home)
    if not root.is_dir():
        return []
    found = [load_manifest(folder) for folder in sorted(root.iterdir()) if folder.is_dir()]
    return [manifest for manifest in found if manifest is not None]
