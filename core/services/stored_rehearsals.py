"""Finished rehearsals, kept in the home folder so that they can be reopened and shared by link.

The id of a rehearsal is a hash of all that decides its outcome: rehearsing the same again gives
the same link.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.outcomes import Reactions
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.ranges import depends_on_reactions
from core.services.drafts import document_of
from core.services.outcome_files import read_outcome, write_outcome
from core.services.rehearse import Report, rehearse

FOLDER, RECORD = "rehearsals", "rehearsal.json"
_ID_LENGTH = 12
_FORMAT = 1
_ATTEMPTS = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVersion:
    """A campaign as rehearsed: a saved version by its number, or an unsaved draft (None)."""

    campaign: Campaign
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRecord:
    """What is known of a kept rehearsal without opening it.

    `since` is None where everybody counts from the start of the history; `until` is the time up to
    which it decides. `has_range` says whether it was also made with everybody reacting to their
    e-mails (`Reactions.EVERYBODY`), because a flow depends on that.
    """

    rehearsal_id: str
    made_at: datetime
    dataset: str
    fingerprint: str
    campaigns: Sequence[NamedVersion]
    since: datetime | None
    until: datetime
    seed: int
    has_range: bool
    summary: Mapping[str, Any]


def rehearse_and_keep(
    home: Path,
    dataset: Dataset,
    campaigns: Sequence[NamedVersion],
    *,
    made_at: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> RehearsalRecord:
    """Rehearse campaigns over a dataset and keep the outcome; see `rehearse` for what it raises.

    Where a flow depends on reactions, the rehearsal is made twice: as recorded, and as if everybody
    reacted. Nothing is kept of one that was cancelled. Raises UnusableInput where there is no room.
    """
    given = [named.campaign for named in campaigns]
    has_range = any(map(depends_on_reactions, given))
    ways = [Reactions.OBSERVED, *([Reactions.EVERYBODY] if has_range else [])]
    runs = {
        reactions: rehearse(
            given,
            dataset,
            since=since,
            until=until,
            seed=seed,
            reactions=reactions,
            on_progress=on_progress,
            is_cancelled=is_cancelled,
        )
        for reactions in ways
    }
    observed = runs[Reactions.OBSERVED]
    record = RehearsalRecord(
        rehearsal_id=_id(dataset, campaigns, since, observed.outcome),
        made_at=made_at,
        dataset=dataset.manifest.name,
        fingerprint=fingerprint_of(dataset),
        campaigns=campaigns,
        since=since,
        until=from_microseconds(observed.outcome.watermark),
        seed=seed,
        has_range=has_range,
        summary=observed.summary,
    )
    _keep(home, record, {reactions: run.outcome for reactions, run in runs.items()})
    return record


def records(home: Path) -> list[RehearsalRecord]:
    """List the kept rehearsals, newest first; what cannot be read is left out."""
    found = [_record(path) for path in (home / FOLDER).glob(f"[!.]*/{RECORD}")]
    known = [record for record in found if record is not None]
    return sorted(known, key=lambda record: (record.made_at, record.rehearsal_id), reverse=True)


def record_of(home: Path, rehearsal_id: str) -> RehearsalRecord:
    """Give what is known of a rehearsal. Raises UnusableInput where none has that id."""
    record = None
    if rehearsal_id.isalnum():  # never a path out of the folder
        record = _record(home / FOLDER / rehearsal_id / RECORD)
    if record is None:
        raise UnusableInput(
            "There is no rehearsal under this link any more; choose another one, or rehearse again."
        )
    return record


def open_rehearsal(
    home: Path, rehearsal_id: str, reactions: Reactions = Reactions.OBSERVED
) -> tuple[RehearsalRecord, Outcome]:
    """Open a kept rehearsal. Raises UnusableInput where there is none (see `record_of`)."""
    record = record_of(home, rehearsal_id)
    campaigns = [named.campaign for named in record.campaigns]
    return record, read_outcome(_folder(home, rehearsal_id), campaigns, reactions)


def forget(home: Path, rehearsal_id: str) -> None:
    """Delete a kept rehearsal, if there is one."""
    record_of(home, rehearsal_id)
    with _set_aside(_folder(home, rehearsal_id)):
        pass


def fingerprint_of(dataset: Dataset) -> str:
    """Give a text that changes with the events or the profiles of a dataset."""
    profiles = dataset.manifest.profiles
    return f"{dataset.manifest.fingerprint}:{'' if profiles is None else profiles.fingerprint}"


def _folder(home: Path, rehearsal_id: str) -> Path:
    return home / FOLDER / rehearsal_id


def _id(
    dataset: Dataset, campaigns: Sequence[NamedVersion], since: datetime | None, outcome: Outcome
) -> str:
    decisive = [
        dataset.manifest.name,
        fingerprint_of(dataset),
        [[document_of(named.campaign), named.version] for named in campaigns],
        None if since is None else as_microseconds(since),
        outcome.watermark,
        outcome.seed,
    ]
    return sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:_ID_LENGTH]


def _keep(home: Path, record: RehearsalRecord, outcomes: Mapping[Reactions, Outcome]) -> None:
    """Write all into a folder of its own, which appears under its name when it is whole."""
    place = _folder(home, record.rehearsal_id)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent, record.made_at)
        with _draft(place.parent) as draft:
            for outcome in outcomes.values():
                write_outcome(draft, outcome)
            sizes = {path.name: path.stat().st_size for path in sorted(draft.iterdir())}
            text = json.dumps(_document(record, sizes), ensure_ascii=False, indent=1)
            (draft / RECORD).write_text(text, encoding="utf-8")
            _put_in_place(draft, place)
    except OSError as error:
        raise UnusableInput(
            f"The rehearsal could not be kept in {place.parent}: {error.strerror or error}; make "
            "room there, then rehearse again."
        ) from error


def _sweep(parent: Path, at: datetime) -> None:
    """Delete the drafts of processes that were killed a day ago or earlier."""
    for draft in parent.glob(".*"):
        with suppress(FileNotFoundError):  # whoever made it ended just now
            if draft.stat().st_mtime < (at - _DAY).timestamp():
                shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _draft(parent: Path) -> Iterator[Path]:
    """Give a hidden folder that is gone in the end, unless it was put in place."""
    draft = Path(mkdtemp(prefix=".", dir=parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_in_place(draft: Path, place: Path) -> None:
    """Let a folder take the place of an earlier one; another process may be doing the same."""
    for _ in range(_ATTEMPTS):
        with _set_aside(place):
            try:
                draft.replace(place)
            except OSError:
                if not place.exists():
                    raise
            else:
                return
    # The others have the same id, and so the same content.


@contextmanager
def _set_aside(place: Path) -> Iterator[None]:
    """Move a folder out of sight, at once and whole, if it is there; delete it in the end."""
    with _draft(place.parent) as aside:
        with suppress(FileNotFoundError):
            place.replace(aside / place.name)
        yield


def _document(record: RehearsalRecord, sizes: Mapping[str, int]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "id": record.rehearsal_id,
        "made_at": record.made_at.isoformat(),
        "dataset": record.dataset,
        "fingerprint": record.fingerprint,
        "campaigns": [
            {"version": named.version, "file": document_of(named.campaign)}
            for named in record.campaigns
        ],
        "since": None if record.since is None else record.since.isoformat(),
        "until": record.until.isoformat(),
        "seed": record.seed,
        "has_range": record.has_range,
        "files": dict(sizes),
        "summary": record.summary,
    }


def _record(path: Path) -> RehearsalRecord | None:
    """Read a record; None for one that is gone or damaged, or that another release wrote."""
    try:
        record, sizes = _parsed(path, path.stat().st_mtime_ns)
        if any((path.parent / name).stat().st_size != size for name, size in sizes.items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if record.rehearsal_id == path.parent.name else None


@lru_cache(maxsize=1_024)
def _parsed(path: Path, changed_at: int) -> tuple[RehearsalRecord, dict[str, int]]:
    """Read a record, and the sizes of the files beside it; `changed_at` tells whether it is new."""
    said = json.loads(path.read_text(encoding="utf-8"))
    if said["format"] != _FORMAT:
        raise ValueError("another release wrote this")
    record = RehearsalRecord(
        rehearsal_id=said["id"],
        made_at=datetime.fromisoformat(said["made_at"]),
        dataset=said["dataset"],
        fingerprint=said["fingerprint"],
        campaigns=[
            NamedVersion(campaign=Campaign.model_validate(named["file"]), version=named["version"])
            for named in said["campaigns"]
        ],
        since=None if said["since"] is None else datetime.fromisoformat(said["since"]),
        until=datetime.fromisoformat(said["until"]),
        seed=said["seed"],
        has_range=said["has_range"],
        summary=said["summary"],
    )
    return record, dict(said.get("files", {}))
