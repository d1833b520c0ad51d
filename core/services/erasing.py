"""Erasing a person: from every table, every dataset and every file of the installation.

It is noted first and carried out in steps, each of which may be repeated: killed at any moment, the
next run goes on. What remains is a receipt that names nobody, and digests of the addresses, so that
a later import of an old file is not mailed.
"""

import hashlib
import hmac
import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.values import JsonValue
from core.history.forgetting import (
    NOTHING,
    addresses_in,
    drop_leftovers,
    forget_people,
    holds,
)
from core.history.reading import list_datasets
from core.live.delivery.folder import WRITING, file_name
from core.services import stored_rehearsals
from core.services.delivery_letters import as_on_the_wire
from core.services.drift_replay import forget_copies
from core.services.mentions import (
    is_mentioned_in,
    is_mentioned_in_letter,
    mentions_of,
    mentions_of_long_names,
)
from core.services.signing import signing_key
from core.services.uploads import uploads_folder
from core.store import erasures, live_people, personal_rows
from core.store.compacting import compact
from core.store.database import reading, writing
from core.store.erasures import StoredErasure
from core.store.personal_rows import Names

logger = logging.getLogger(__name__)

OUTBOX = "outbox"
PATIENCE = timedelta(minutes=10)  # a page that began an erasure mostly completes it
_SENDERS_TRIES, _SENDERS_REST = 30, 0.5
_COMPACT_TRIES, _COMPACT_REST = 5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureStep:
    """Where an erasure is: what it does now, and which share of the whole is done (0 to 1)."""

    doing: str
    done_rate: float


Report = Callable[[ErasureStep], None]


def names_of(database: Engine, home: Path, user_id: str) -> Names:
    """Give all ids of a person, and the addresses that anything stored has of them.

    Those are in profiles, live or uploaded; those of before stand in what was sent there.
    """
    with reading(database) as session:
        ids = personal_rows.ids_of(session, user_id)
        profiles = live_people.profiles_of(session, ids).values()
        addresses = personal_rows.addresses_of(session, ids)
    addresses |= {profile.email for profile in profiles if profile.email}
    for manifest in list_datasets(home):
        addresses |= addresses_in(home, manifest.name, ids)
    known = {address.strip().lower() for address in addresses}
    # E-mails and reports name an international domain in ASCII.
    wired = {as_on_the_wire(address) for address in known}
    return Names(user_ids=ids, addresses=frozenset(known | wired))


def erase(
    database: Engine,
    home: Path,
    user_id: str,
    *,
    actor: str,
    at: datetime,
    report: Report = lambda step: None,
    rest: Callable[[float], None] = time.sleep,
) -> StoredErasure:
    """Erase a person for good and give the receipt; erasing a stranger finds nothing to do.

    Raises UnusableInput where a dataset is being changed: the erasure then stays noted, nothing is
    sent to the person any more, and `go_on` completes it.
    """
    erasure_id = ask_for_erasure(database, home, user_id, actor=actor, at=at)
    return go_on(database, home, erasure_id, at=at, report=report, rest=rest)


def ask_for_erasure(database: Engine, home: Path, user_id: str, *, actor: str, at: datetime) -> int:
    """Note that a person is to be erased, and send them nothing from now on; give its number."""
    if not user_id.strip():
        raise UnusableInput("Say who is to be erased: the id is empty.")
    names = names_of(database, home, user_id)
    key, now = signing_key(database, at), as_microseconds(at)
    with writing(database) as session:
        same = [e for e in erasures.erasures(session, only_open=True) if e.names == names]
        if same:
            return same[0].id
        held = personal_rows.withhold_queued(session, names, now)
        live_people.suppress_digests(
            session,
            names.addresses,
            salt=key.hex(),
            reason=personal_rows.ERASED,
            source="erasure",
            at=now,
        )
        number = erasures.add_erasure(session, names, _digest(key, user_id), actor, now)
        erasures.keep_receipt(session, number, {"messages_withheld": held})
    return number


def go_on(
    database: Engine,
    home: Path,
    erasure_id: int,
    *,
    at: datetime,
    report: Report = lambda step: None,
    rest: Callable[[float], None] = time.sleep,
) -> StoredErasure:
    """Carry an erasure out from where it stopped; one that is done stays as it is."""
    with reading(database) as session:
        found = erasures.erasure(session, erasure_id)
    if found is None:
        raise UnusableInput(f"There is no erasure number {erasure_id}.")
    if found.done_at is not None:
        return found
    task = _Erasing(database, home, found, report, rest)
    if found.names is not None:
        task.erase_files(found.names)
        task.erase_rows(found.names)
    task.complete(at)
    with reading(database) as session:
        done = erasures.erasure(session, erasure_id)
    assert done is not None
    return done


def go_on_with_all(
    database: Engine, home: Path, now: datetime, *, asked_for: timedelta = timedelta()
) -> int:
    """Carry out what was asked for so long ago and never completed: the errand; count the done."""
    with reading(database) as session:
        waiting = erasures.erasures(session, only_open=True)
    before = as_microseconds(now - asked_for)
    done_count = 0
    for one in reversed(waiting):
        if one.asked_at > before:
            continue
        try:
            done_count += go_on(database, home, one.id, at=now).done_at is not None
        except UnusableInput:
            logger.info("an erasure waits", extra={"erasure": one.id})
    return done_count


def erased_at(database: Engine, user_id: str, now: datetime) -> datetime | None:
    """Say when somebody of this id was erased last; None if nobody was."""
    digest = _digest(signing_key(database, now), user_id)
    with reading(database) as session:
        done_at = erasures.done_at(session, digest)
    return None if done_at is None else from_microseconds(done_at)


def all_erasures(database: Engine) -> list[StoredErasure]:
    """List the erasures, the latest first."""
    with reading(database) as session:
        return erasures.erasures(session)


def _digest(key: bytes, user_id: str) -> str:
    return hmac.new(key, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _as_written(names: Names) -> Names:
    """Give names also as JSON writes them, which is how much of what came in is kept."""
    forms = (names.user_ids, names.addresses)
    ids, addresses = (group | {json.dumps(name)[1:-1] for name in group} for group in forms)
    return Names(user_ids=ids, addresses=addresses)


class _Erasing:
    """One erasure under way; what it counted goes into the receipt."""

    def __init__(
        self,
        database: Engine,
        home: Path,
        found: StoredErasure,
        report: Report,
        rest: Callable[[float], None],
    ) -> None:
        self._database, self._home, self._id = database, home, found.id
        self._receipt: dict[str, JsonValue] = dict(found.receipt)
        self._report, self._rest = report, rest

    def erase_files(self, names: Names) -> None:
        """Erase from datasets, rehearsals, uploads and e-mails in files."""
        self._wait_for_senders(names)
        drop_leftovers(self._home)
        forget_copies(self._home)
        mentions = mentions_of(_as_written(names))
        manifests = list_datasets(self._home)
        for place, manifest in enumerate(manifests):
            self._tell(f"The dataset {manifest.name}", 0.05 + 0.6 * place / len(manifests))
            if not holds(self._home, manifest.name, names.user_ids, mentions):
                continue
            self._drop_rehearsals(manifest.name)
            forgotten = forget_people(self._home, manifest.name, names.user_ids, mentions)
            if forgotten != NOTHING:
                self._add("dataset_events", forgotten.event_count)
                self._add("dataset_profiles", forgotten.profile_count)
                self._add("rejected_rows", forgotten.rejected_row_count)
                self._keep()
        self._tell("Uploaded files and kept e-mails", 0.7)
        self._drop_uploads(names)
        self._drop_letters(names)
        self._keep()

    def erase_rows(self, names: Names) -> None:
        """Erase from all tables, and the names from the erasure itself, in one transaction."""
        self._tell("Everything received and decided live", 0.8)
        with writing(self._database) as session:
            mentioned = mentions_of_long_names(_as_written(names))
            counts = personal_rows.delete_rows(session, names, mentioned)
            stand_in = f"an erased person (erasure {self._id})"
            exact = {*names.user_ids, *names.addresses}
            personal_rows.redact_audit(
                session, lambda text: text in exact or mentioned(text), stand_in
            )
            rows = self._receipt.get("rows")
            known: dict[str, JsonValue] = dict(rows) if isinstance(rows, dict) else {}
            self._receipt["rows"] = {**known, **counts}
            erasures.keep_receipt(session, self._id, self._receipt, forget_names=True)

    def complete(self, at: datetime) -> None:
        """Make what was deleted unreadable; done once nobody reads the former state any more."""
        self._tell("Clearing the database's files", 0.9)
        rows = self._receipt.get("rows")
        tables = [*rows, "erasures", "audit_log"] if isinstance(rows, dict) else ["erasures"]
        for _ in range(_COMPACT_TRIES):
            if compact(self._database, tables):
                with writing(self._database) as session:
                    erasures.finish(session, self._id, as_microseconds(at))
                return
            self._rest(_COMPACT_REST)

    def _wait_for_senders(self, names: Names) -> None:
        """Let what is on the wire arrive; it is written down before its rows are gone."""
        self._tell("Waiting for e-mails that are being sent", 0.0)
        for _ in range(_SENDERS_TRIES):
            with reading(self._database) as session:
                if not personal_rows.sending_count(session, names):
                    return
            self._rest(_SENDERS_REST)

    def _drop_rehearsals(self, dataset: str) -> None:
        for record in stored_rehearsals.records(self._home):
            if record.dataset == dataset:
                stored_rehearsals.forget(self._home, record.rehearsal_id)
                self._add("rehearsals", 1)

    def _drop_uploads(self, names: Names) -> None:
        mentions, folder = mentions_of(_as_written(names)), uploads_folder(self._home)
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file() and is_mentioned_in(path, mentions):
                shutil.rmtree(path.parent if path.parent != folder else path, ignore_errors=True)
                path.unlink(missing_ok=True)
                self._add("uploaded_files", 1)

    def _drop_letters(self, names: Names) -> None:
        mentions, folder = mentions_of_long_names(names), self._home / OUTBOX
        with reading(self._database) as session:
            keys = personal_rows.message_keys_of(session, names.user_ids)
        # A sandbox's letter is to somebody else, and says what is known of the person.
        own = {file_name(key) for key in keys}
        # A letter that was being written when the program was killed has another ending.
        kinds = ("*.eml", f".*{WRITING}")
        for path in [p for kind in kinds for p in sorted(folder.rglob(kind))]:
            if path.name in own or is_mentioned_in_letter(path, mentions):
                path.unlink(missing_ok=True)
                self._add("e-mail_files", 1)

    def _add(self, name: str, count: int) -> None:
        known = self._receipt.get(name)
        self._receipt[name] = (known if isinstance(known, int) else 0) + count

    def _keep(self) -> None:
        with writing(self._database) as session:
            erasures.keep_receipt(session, self._id, self._receipt)

    def _tell(self, doing: str, done_rate: float) -> None:
        self._report(ErasureStep(doing=doing, done_rate=done_rate))
