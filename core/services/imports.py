"""The verb `import`: files of a person become events, profiles or products of a dataset."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.domain.errors import Cancelled, UnusableInput
from core.history import naming
from core.history.files import open_source
from core.history.importing import import_catalogue, import_events, import_profiles
from core.history.manifest import FileKind, ImportMode, Manifest, load_manifest
from core.history.progress import CancelQuestion, ProgressCallback
from core.history.settling import Answers, MapField, settle
from core.history.sources import SourceFile
from core.history.storing import ImportReport
from core.services.uploads import uploads_folder

SAMPLE_NAME = "Sample shop"
IMPORT_JOB = "import"  # one at a time: each may take a gigabyte of memory
_SAMPLE_FILES = {
    FileKind.EVENTS: "events.csv.gz",
    FileKind.PROFILES: "profiles.csv",
    FileKind.CATALOGUE: "catalogue.csv",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Whom an import tells how far it is, and whom it asks whether to stop; all may be nobody.

    `on_unpacked` gets the bytes of a packed file that were unpacked so far.
    """

    on_progress: ProgressCallback | None = None
    is_cancelled: CancelQuestion | None = None
    on_unpacked: Callable[[int], None] | None = None


def import_files(
    home: Path,
    dataset: str,
    files: Sequence[Path],
    *,
    imported_at: datetime,
    kind: FileKind = FileKind.EVENTS,
    answers: Answers | None = None,
    mode: ImportMode | None = None,
    watching: Watching | None = None,
) -> ImportReport:
    """Import files of one kind together or not at all; what `answers` leave open is guessed.

    `mode` may be left out only where nothing of the kind is there yet. Raises UnusableInput, one
    sentence, for a file that cannot be used or a question that has to be answered first, and
    Cancelled; the dataset then is as it was.
    """
    if not files:
        raise UnusableInput("There is no file to import: name at least one.")
    task = _Import(
        home=home,
        dataset=dataset,
        kind=kind,
        answers=answers or Answers(),
        mode=mode or _mode_for_new(home, dataset, kind),
        imported_at=imported_at,
        watching=watching or Watching(),
    )
    with ExitStack() as stack:
        return task.run([stack.enter_context(task.opened(path)) for path in files])


def load_sample(
    home: Path, folder: Path, *, imported_at: datetime, watching: Watching | None = None
) -> list[ImportReport]:
    """Import the sample shop from its folder; what of it is there already stays as it is."""
    manifest = load_manifest(naming.dataset_folder(home, SAMPLE_NAME))
    return [
        import_files(
            home,
            SAMPLE_NAME,
            [folder / file_name],
            kind=kind,
            imported_at=imported_at,
            watching=watching,
        )
        for kind, file_name in _SAMPLE_FILES.items()
        if not holds(manifest, kind)
    ]


def check_name(dataset: str) -> None:
    """Raise UnusableInput, saying how to mend it, for a name no dataset can have."""
    naming.checked_name(dataset)


def holds(manifest: Manifest | None, kind: FileKind) -> bool:
    """Say whether a dataset has something of a kind, so that adding or replacing is a question."""
    if manifest is None:
        return False
    match kind:
        case FileKind.EVENTS:
            return manifest.rows > 0
        case FileKind.PROFILES:
            return manifest.profiles is not None
        case FileKind.CATALOGUE:
            return manifest.catalogue is not None


def _mode_for_new(home: Path, dataset: str, kind: FileKind) -> ImportMode:
    if holds(load_manifest(naming.dataset_folder(home, dataset)), kind):
        raise UnusableInput(
            f"The dataset {dataset!r} has {kind.value} already: say whether to append to them"
            " (--mode append) or to replace them (--mode replace)."
        )
    return ImportMode.APPEND


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """One import: what was asked for."""

    home: Path
    dataset: str
    kind: FileKind
    answers: Answers
    mode: ImportMode
    imported_at: datetime
    watching: Watching

    def opened(self, path: Path) -> AbstractContextManager[SourceFile]:
        """Open a file; its copies lie with the uploads, where forgotten ones are cleared away."""
        scratch = uploads_folder(self.home)
        scratch.mkdir(parents=True, exist_ok=True)
        return open_source(path, scratch=scratch, on_read=self._tell_unpacked)

    def run(self, sources: Sequence[SourceFile]) -> ImportReport:
        """Import the open files."""
        match self.kind:
            case FileKind.EVENTS:
                settled = [(source, settle(source, self.answers)) for source in sources]
                return import_events(self.home, self.dataset, settled, **self._options())
            case FileKind.PROFILES:
                keyed = self._with_key(sources, MapField.USER_ID)
                return import_profiles(self.home, self.dataset, keyed, **self._options())
            case FileKind.CATALOGUE:
                keyed = self._with_key(sources, MapField.PRODUCT_ID)
                return import_catalogue(self.home, self.dataset, keyed, **self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "imported_at": self.imported_at,
            "on_progress": self.watching.on_progress,
            "is_cancelled": self.watching.is_cancelled,
        }

    def _with_key(
        self, sources: Sequence[SourceFile], field: MapField
    ) -> list[tuple[SourceFile, str | None]]:
        key = next(iter(self.answers.columns.get(field, ())), None)
        return [(source, key) for source in sources]

    def _tell_unpacked(self, byte_count: int) -> None:
        if self.watching.is_cancelled is not None and self.watching.is_cancelled():
            raise Cancelled("The import was stopped; nothing was changed.")
        if self.watching.on_unpacked is not None:
            self.watching.on_unpacked(byte_count)
