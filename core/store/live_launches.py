"""Launched campaigns with their versions, and who decides for which share of the people."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.store.live_events import PARTITION_COUNT
from core.store.live_sets import insert_into, is_sqlite, table_of
from core.store.live_tables import (
    LaunchRow,
    LaunchVersionRow,
    PartitionRow,
    StateRow,
    WaitingRow,
    WorkerRow,
)

_LAUNCHES, _VERSIONS = table_of(LaunchRow), table_of(LaunchVersionRow)
_PARTITIONS, _WORKERS = table_of(PartitionRow), table_of(WorkerRow)
_WAITING, _STATES = table_of(WaitingRow), table_of(StateRow)

STOPPED = "stopped"
STILL_FOR = 12_000  # ms between two statements of a pass; none takes as long, and a lease no longer


class StoredVersion(NamedTuple):
    """One version of a launch; `document` is the campaign file as JSON, times are µs."""

    id: int
    launch_id: int
    number: int
    document: str
    published_at: int
    is_open: bool


class StoredLaunch(NamedTuple):
    """A launch and its versions, the present one last; times are µs.

    `changed_at` is since when it has its state.
    """

    id: int
    name: str
    mode: str
    state: str
    launched_at: int
    changed_at: int
    versions: Sequence[StoredVersion]


class Share(NamedTuple):
    """One partition: who holds it since when was last seen, and how far it is decided (µs)."""

    partition: int
    owner: str | None
    heartbeat_at: int | None
    watermark: int | None
    decided_count: int
    late_count: int


def add_launch(session: Session, name: str, mode: str, launched_at: int) -> int:
    """Begin a launch; give its id. It has no version yet."""
    statement = insert(_LAUNCHES).values(
        name=name, mode=mode, state="running", launched_at=launched_at, changed_at=launched_at
    )
    return int(session.connection().execute(statement.returning(_LAUNCHES.c.id)).scalar_one())


def add_version(
    session: Session, launch_id: int, number: int, campaign: Campaign, published_at: int
) -> int:
    """Give a launch its next version; the id."""
    document = json.dumps(campaign.model_dump(mode="json", by_alias=True))
    statement = insert(_VERSIONS).values(
        launch_id=launch_id,
        number=number,
        document=document,
        published_at=published_at,
        is_open=True,
    )
    return int(session.connection().execute(statement.returning(_VERSIONS.c.id)).scalar_one())


def close_versions(session: Session, launch_id: int, but: int) -> None:
    """Note that nobody is under way in a launch's versions but one.

    A version stays open for as long as goals of those who entered with it may be reached (5.7):
    nobody enters once the next one is published.
    """
    columns = [_VERSIONS.c[name] for name in StoredVersion._fields]
    rows = session.connection().execute(
        select(*columns).where(_VERSIONS.c.launch_id == launch_id).order_by(_VERSIONS.c.id)
    )
    versions = [StoredVersion._make(row) for row in rows]
    now = next(version.published_at for version in versions if version.id == but)
    done = [
        former.id
        for former, following in pairwise(versions)
        if following.published_at + _goal_within(former) < now or not _goal_within(former)
    ]
    session.connection().execute(
        update(_VERSIONS).where(_VERSIONS.c.id.in_(done)).values(is_open=False)
    )


def _goal_within(version: StoredVersion) -> int:
    """Give how long (µs) a version's goal is looked for after an entry; 0 without one."""
    goal = Campaign.model_validate(json.loads(version.document)).goal
    return 0 if goal is None else to_microseconds(goal.within)


def set_state(session: Session, launch_id: int, state: str, changed_at: int) -> None:
    """Run, pause or stop a launch."""
    session.connection().execute(
        update(_LAUNCHES)
        .where(_LAUNCHES.c.id == launch_id)
        .values(state=state, changed_at=changed_at)
    )


def has_open_launch(session: Session) -> bool:
    """Say whether any launch runs or is paused."""
    found = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state != STOPPED).limit(1)
    return session.connection().execute(found).first() is not None


def stored_launches(session: Session) -> list[StoredLaunch]:
    """List all launches in the order of their launch (SEMANTICS 5.8)."""
    versions: dict[int, list[StoredVersion]] = {}
    columns = [_VERSIONS.c[name] for name in StoredVersion._fields]
    for row in session.connection().execute(select(*columns).order_by(_VERSIONS.c.id)):
        found = StoredVersion._make(row)
        versions.setdefault(found.launch_id, []).append(found)
    launches = session.connection().execute(
        select(*(_LAUNCHES.c[name] for name in StoredLaunch._fields[:-1])).order_by(
            _LAUNCHES.c.launched_at, _LAUNCHES.c.id
        )
    )
    return [StoredLaunch._make([*row, versions.get(row[0], [])]) for row in launches]


def prepare_partitions(session: Session) -> None:
    """Make the rows of the partitions, where they are missing."""
    rows = [
        {"partition": number, "decided_count": 0, "late_count": 0}
        for number in range(PARTITION_COUNT)
    ]
    statement = insert_into(session, _PARTITIONS).on_conflict_do_nothing()
    session.connection().execute(statement, rows)


def lock_partitions(session: Session) -> None:
    """Let nobody decide anything until this transaction ends."""
    prepare_partitions(session)
    _lock_in_order(session)
    session.connection().execute(
        update(_PARTITIONS).values(decided_count=_PARTITIONS.c.decided_count)
    )


def document_of(session: Session, version_id: int) -> str:
    """Give the campaign file of a version."""
    asked = select(_VERSIONS.c.document).where(_VERSIONS.c.id == version_id)
    return str(session.connection().execute(asked).scalar_one())


def shares(session: Session) -> list[Share]:
    """List the partitions."""
    columns = [_PARTITIONS.c[name] for name in Share._fields]
    rows = session.connection().execute(select(*columns).order_by(_PARTITIONS.c.partition))
    return [Share._make(row) for row in rows.all()]


def claim_shares(session: Session, owner: str, now: int, stale_after: int, most: int) -> list[int]:
    """Take up to `most` partitions that nobody holds, or whose holder is silent; list all held."""
    held = _PARTITIONS.c.owner == owner
    free = or_(_PARTITIONS.c.owner.is_(None), _PARTITIONS.c.heartbeat_at < now - stale_after)
    own = [
        row[0] for row in session.connection().execute(select(_PARTITIONS.c.partition).where(held))
    ]
    wanted = most - len(own)
    if wanted > 0:
        candidates = (
            select(_PARTITIONS.c.partition)
            .where(free)
            .order_by(_PARTITIONS.c.partition)
            .limit(wanted)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(_PARTITIONS)
            .where(_PARTITIONS.c.partition.in_(candidates.scalar_subquery()))
            .values(owner=owner, heartbeat_at=now)
            .returning(_PARTITIONS.c.partition)
        )
        own += [row[0] for row in session.connection().execute(taken)]
    return sorted(own)


def report_in(session: Session, worker: str, now: int, stale_after: int) -> int:
    """Show that a worker is alive; count those that are, this one included."""
    gone = delete(_WORKERS).where(_WORKERS.c.heartbeat_at < now - stale_after)
    session.connection().execute(gone)
    row = {"name": worker, "started_at": now, "heartbeat_at": now}
    statement = insert_into(session, _WORKERS).on_conflict_do_update(
        index_elements=["name"], set_={"heartbeat_at": now}
    )
    session.connection().execute(statement, [row])
    _lock_in_order(session, _PARTITIONS.c.owner == worker)
    session.connection().execute(
        update(_PARTITIONS).where(_PARTITIONS.c.owner == worker).values(heartbeat_at=now)
    )
    return int(
        session.connection().execute(select(func.count()).select_from(_WORKERS)).scalar_one()
    )


def sign_off(session: Session, worker: str) -> None:
    """Note that a worker ends, and give its partitions back."""
    session.connection().execute(delete(_WORKERS).where(_WORKERS.c.name == worker))
    release(session, worker)


def workers(session: Session) -> list[tuple[str, int, int]]:
    """List the workers heard of: name, since when, and when last (µs)."""
    rows = session.connection().execute(select(_WORKERS).order_by(_WORKERS.c.name))
    return [(row.name, row.started_at, row.heartbeat_at) for row in rows.all()]


def release(session: Session, owner: str, partitions: Sequence[int] | None = None) -> None:
    """Give partitions back: some, or all that a worker holds."""
    _lock_in_order(session, _PARTITIONS.c.owner == owner)
    statement = update(_PARTITIONS).where(_PARTITIONS.c.owner == owner)
    if partitions is not None:
        statement = statement.where(_PARTITIONS.c.partition.in_(partitions))
    session.connection().execute(statement.values(owner=None))


def busy_partitions(session: Session, until: int) -> set[int]:
    """Name the partitions in which events wait or times come by an instant (µs)."""
    number = _PARTITIONS.c.partition
    waits = select(_WAITING.c.seq).where(_WAITING.c.partition == number, _WAITING.c.at <= until)
    is_due = select(_STATES.c.user_id).where(
        _STATES.c.partition == number, _STATES.c.next_due_at <= until
    )
    rows = session.connection().execute(
        select(number).where(
            or_(waits.correlate(_PARTITIONS).exists(), is_due.correlate(_PARTITIONS).exists())
        )
    )
    return {row[0] for row in rows.all()}


def hold(session: Session, partition: int, owner: str, now: int) -> Share | None:
    """Lock a partition for this transaction; None if somebody else holds it by now.

    A worker that stands still with the lock loses it: PostgreSQL ends its transaction. Otherwise
    nobody could take its people over for as long as its connection lives.
    """
    if not is_sqlite(session):
        limit = f"SET LOCAL idle_in_transaction_session_timeout = {STILL_FOR}"
        session.connection().execute(text(limit))
    statement = (
        update(_PARTITIONS)
        .where(_PARTITIONS.c.partition == partition, _PARTITIONS.c.owner == owner)
        .values(heartbeat_at=now)
        .returning(*(_PARTITIONS.c[name] for name in Share._fields))
    )
    row = session.connection().execute(statement).first()
    return None if row is None else Share._make(row)


def _lock_in_order(session: Session, *which: ColumnElement[bool]) -> None:
    """Lock partitions one after the other: who locks several does it in this order, or in a circle.

    On SQLite a writing transaction is alone in any case.
    """
    number = _PARTITIONS.c.partition
    session.connection().execute(select(number).where(*which).order_by(number).with_for_update())


def move_on(session: Session, partition: int, watermark: int, decided: int, late: int) -> None:
    """Note how far a partition is decided (µs), and how many events that took."""
    session.connection().execute(
        update(_PARTITIONS)
        .where(_PARTITIONS.c.partition == partition)
        .values(
            watermark=watermark,
            decided_count=_PARTITIONS.c.decided_count + decided,
            late_count=_PARTITIONS.c.late_count + late,
        )
    )


def know_time(session: Session, watermark: int, partition: int | None = None) -> None:
    """Note that time is known at least up to an instant (µs): in one partition, or in all."""
    is_behind = or_(_PARTITIONS.c.watermark.is_(None), _PARTITIONS.c.watermark < watermark)
    statement = update(_PARTITIONS).where(is_behind).values(watermark=watermark)
    if partition is not None:
        statement = statement.where(_PARTITIONS.c.partition == partition)
    session.connection().execute(statement)
