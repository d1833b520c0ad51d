"""Decides what live decided once more, in a database of its own, as if nothing had come late."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.errors import Cancelled, UnusableInput
from core.engine.versions import UnderWay
from core.history.reading import Dataset, open_dataset
from core.live.evaluator import GRACE
from core.live.versions import hand_over_all
from core.live.worlds import planned
from core.services.live_launches import Change
from core.services.live_memory import begin_memory
from core.services.live_ticks import LEASE, decide_share
from core.store import live_copies, live_events, live_launches, live_people
from core.store.database import migrate, open_database, reading, writing
from core.store.launch_changes import LaunchChange, launch_changes
from core.store.live_launches import StoredLaunch, StoredVersion

_WORKER = "drift"
_NEVER_STALE = timedelta(days=3_650)  # all is decided at one moment here, long after it was due
_COPIES = "checks"  # of the home: whoever is erased is looked for there


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftProgress:
    """How far a check has come: `done_rate` is 0 to 1."""

    done_rate: float
    event_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What looks after a check: it is told how far the check is, and may stop it."""

    report: Callable[[DriftProgress], None] = lambda progress: None
    is_cancelled: Callable[[], bool] = lambda: False

    def tell(self, progress: DriftProgress) -> None:
        """Report, unless the check is to stop: then raise Cancelled."""
        if self.is_cancelled():
            raise Cancelled("The check was cancelled.")
        self.report(progress)


def forget_copies(home: Path) -> None:
    """Remove copies of live data that checks made, also those that were cut off."""
    shutil.rmtree(home / _COPIES, ignore_errors=True)


@contextmanager
def decided_again(
    database: Engine, home: Path, mode: str, until: int, watch: Watch
) -> Iterator[tuple[Engine, list[str]]]:
    """Decide all launches of a mode once more up to an instant (µs); give where, and what to know.

    All events stand there at their own time, however late they came; people are as they are known
    now. Numbers of launches, versions and events are those of live, so that both can be compared.
    """
    with reading(database) as session:
        launches = [s for s in live_launches.stored_launches(session) if s.mode == mode]
        changes = _timeline(launches, launch_changes(session), until)
    histories, notes = _histories(home, changes)
    copies = home / _COPIES
    copies.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copies) as folder:
        scratch = open_database(f"sqlite:///{folder}/decided.sqlite")
        try:
            migrate(scratch)
            _copy(database, scratch, until, watch)
            _Redoing(scratch, launches, histories, watch).run(changes, until)
            yield scratch, notes
        finally:
            scratch.dispose()


def _copy(database: Engine, scratch: Engine, until: int, watch: Watch) -> None:
    with reading(database) as source, writing(scratch) as target:
        live_copies.copy_people(source, target, until)
        live_copies.copy_events(
            source,
            target,
            until,
            lambda count: watch.tell(DriftProgress(done_rate=0.0, event_count=count)),
        )
        live_launches.prepare_partitions(target)


def _timeline(
    launches: Sequence[StoredLaunch], noted: Sequence[LaunchChange], until: int
) -> list[LaunchChange]:
    """Put what was done to launches in order; what was not written down is read from their rows."""
    known = {launch.id for launch in launches}
    changes = [change for change in noted if change.launch_id in known]
    written = {change.launch_id for change in changes if change.what == Change.LAUNCHED}
    for launch in launches:
        if launch.id not in written:
            changes += _supposed(launch)
    return sorted((c for c in changes if c.at <= until), key=lambda change: change.at)


def _supposed(launch: StoredLaunch) -> list[LaunchChange]:
    first, *others = launch.versions
    found = [LaunchChange(launch.id, first.id, Change.LAUNCHED, launch.launched_at)]
    for version in others:
        choice = UnderWay.STAY if first.is_open else UnderWay.MOVE
        found.append(
            LaunchChange(launch.id, version.id, Change.PUBLISHED, version.published_at, choice)
        )
    if launch.state == Change.STOPPED:
        last = launch.versions[-1]
        found.append(LaunchChange(launch.id, last.id, Change.STOPPED, launch.changed_at))
    return found


def _histories(
    home: Path, changes: Sequence[LaunchChange]
) -> tuple[Mapping[str, Dataset], list[str]]:
    """Open the uploads that launches began with; say which are not as they were."""
    found: dict[str, Dataset] = {}
    notes = []
    for name, fingerprint in sorted(
        {(c.dataset, c.fingerprint or "") for c in changes if c.dataset is not None}
    ):
        try:
            found[name] = open_dataset(home, name)
        except UnusableInput:
            notes.append(f"The upload “{name}”, which a launch began with, is gone.")
            continue
        if found[name].manifest.fingerprint != fingerprint:
            notes.append(f"The upload “{name}”, which a launch began with, has changed since.")
    return found, notes


class _Redoing:
    """Does to the copy what was done to the launches, and lets time pass between."""

    def __init__(
        self,
        scratch: Engine,
        launches: Sequence[StoredLaunch],
        histories: Mapping[str, Dataset],
        watch: Watch,
    ) -> None:
        self._scratch, self._histories, self._watch = scratch, histories, watch
        self._launches = {launch.id: launch for launch in launches}
        self._versions = {v.id: v for launch in launches for v in launch.versions}

    def run(self, changes: Sequence[LaunchChange], until: int) -> None:
        """Redo the changes in order, then let time pass until the end."""
        for number, change in enumerate(changes):
            self._decide(change.at - 1, number, len(changes) + 1)
            with writing(self._scratch) as session:
                self._redo(session, change)
        self._decide(until, len(changes), len(changes) + 1)

    def _decide(self, until: int, number: int, count: int) -> None:
        """Decide everything up to an instant (µs), as a single worker does."""
        now = until + GRACE
        with writing(self._scratch) as session:
            live_launches.claim_shares(session, _WORKER, now, LEASE, live_events.PARTITION_COUNT)
            busy = sorted(live_launches.busy_partitions(session, until))
        for place, partition in enumerate(busy):
            done = (number + place / len(busy)) / count
            self._watch.tell(DriftProgress(done_rate=done))
            decide_share(self._scratch, partition, _WORKER, now)

    def _redo(self, session: Session, change: LaunchChange) -> None:
        match change.what:
            case Change.LAUNCHED:
                live_copies.copy_launch(session, self._launches[change.launch_id])
                self._add_version(session, change)
                self._remember(session, change)
            case Change.PUBLISHED:
                self._publish(session, change)
            case Change.STOPPED:
                hand_over_all(
                    session, self._stored(session, change), None, UnderWay.LEAVE, change.at
                )
                live_launches.set_state(session, change.launch_id, Change.STOPPED, change.at)

    def _publish(self, session: Session, change: LaunchChange) -> None:
        former = self._stored(session, change)
        version = self._add_version(session, change)
        before = planned(former.versions[-1].document).campaign.trigger
        if planned(version.document).campaign.trigger == before:
            live_people.rename_memory(session, former.versions[-1].id, version.id, former.mode)
        else:
            self._remember(session, change)
        choice = UnderWay(change.under_way or UnderWay.STAY)
        if choice is not UnderWay.STAY:
            hand_over_all(session, former, version.id, choice, change.at)
            live_launches.close_versions(session, change.launch_id, version.id)

    def _add_version(self, session: Session, change: LaunchChange) -> StoredVersion:
        version = self._versions[change.version_id]
        campaign = planned(version.document).campaign
        patient = campaign.model_copy(update={"stale_after": _NEVER_STALE})
        document = json.dumps(patient.model_dump(mode="json", by_alias=True))
        live_copies.copy_version(session, version, document)
        return version

    def _remember(self, session: Session, change: LaunchChange) -> None:
        history = self._histories.get(change.dataset or "")
        mode = self._launches[change.launch_id].mode
        plan = planned(live_launches.document_of(session, change.version_id))
        begin_memory(session, change.version_id, mode, plan, history, change.at - 1)

    def _stored(self, session: Session, change: LaunchChange) -> StoredLaunch:
        found = live_launches.stored_launches(session)
        return next(stored for stored in found if stored.id == change.launch_id)
