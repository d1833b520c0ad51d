"""Launching a campaign, pausing and stopping it, and giving it a new version."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.engine.versions import UnderWay
from core.history.reading import Dataset
from core.live.evaluator import GRACE, catch_up
from core.live.people import profile_of
from core.live.versions import hand_over_all
from core.live.withdrawals import guarded
from core.live.worlds import planned, world_of
from core.services.live_memory import begin_memory
from core.services.public_calls import with_upload
from core.store import live_decisions, live_events, live_launches, live_people
from core.store.database import reading, writing
from core.store.launch_changes import LaunchChange, note_change
from core.store.live_launches import StoredLaunch

_PROFILES_AT_ONCE = 5_000


class LaunchMode(StrEnum):
    """Whether sends go to people, or to a seed list and into no statistic."""

    LIVE = "live"
    SANDBOX = "sandbox"


class LaunchState(StrEnum):
    """What a launch does at present."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Change(StrEnum):
    """What may be done to a launch."""

    LAUNCHED = "launched"
    PUBLISHED = "published"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A launched campaign with the version that lets people in now."""

    id: int
    name: str
    mode: LaunchMode
    state: LaunchState
    launched_at: datetime
    campaign: Campaign
    version_number: int
    version_id: int


def launch(
    database: Engine,
    campaign: Campaign,
    *,
    launched_at: datetime,
    mode: LaunchMode = LaunchMode.LIVE,
    history: Dataset | None = None,
    version_number: int = 1,
) -> Launch:
    """Let a campaign decide from an instant on; nobody enters before.

    Its trigger remembers the uploaded `history` and the events received so far, and the history's
    profiles count for people whom live does not know yet. Raises UnusableInput where a campaign of
    that name is running or paused in that mode.
    """
    at = as_microseconds(launched_at)
    with writing(database) as session:
        live_launches.lock_partitions(session)
        _check_free(session, campaign.name, mode)
        launch_id = live_launches.add_launch(session, campaign.name, mode, at)
        version_id = live_launches.add_version(session, launch_id, version_number, campaign, at)
        if history is not None:
            _add_profiles(session, history, at)
        _remember(session, version_id, mode, history, at)
        _note(session, (launch_id, version_id), Change.LAUNCHED, at, history=history)
        return _launch(_stored(session, launch_id))


def launches(database: Engine) -> list[Launch]:
    """List all launches in their order."""
    with reading(database) as session:
        return [_launch(stored) for stored in live_launches.stored_launches(session)]


def pause(database: Engine, launch_id: int, *, at: datetime) -> Launch:
    """Keep a launch's messages back; it goes on deciding, so that nothing is lost."""
    now = as_microseconds(at)
    with writing(database) as session:
        stored = _open(session, launch_id)
        live_launches.set_state(session, launch_id, LaunchState.PAUSED, now)
        _note(session, (launch_id, stored.versions[-1].id), Change.PAUSED, now)
        return _launch(_stored(session, launch_id))


def resume(database: Engine, launch_id: int, *, at: datetime) -> Launch:
    """Let a paused launch's messages go; those that are stale by now are withheld (8.3)."""
    with writing(database) as session:
        stored = _open(session, launch_id)
        campaign = planned(stored.versions[-1].document)
        now = as_microseconds(at)
        before = now - campaign.stale_after
        live_decisions.withhold_stale(session, launch_id, before, now, _kept_since(stored, now))
        live_launches.set_state(session, launch_id, LaunchState.RUNNING, now)
        _note(session, (launch_id, stored.versions[-1].id), Change.RESUMED, now)
        return _launch(_stored(session, launch_id))


def stop(database: Engine, launch_id: int, *, at: datetime) -> Launch:
    """End a launch: nobody enters, everybody leaves, and no message of it goes out any more."""
    now = as_microseconds(at)
    with writing(database) as session:
        live_launches.lock_partitions(session)
        stored = _open(session, launch_id)
        hand_over_all(session, stored, None, UnderWay.LEAVE, now)
        live_decisions.withdraw(session, launch_id, now, _kept_since(stored, now))
        live_launches.set_state(session, launch_id, LaunchState.STOPPED, now)
        if world_of(live_launches.stored_launches(session), stored.mode) is None:
            live_people.put_to_sleep(session, stored.mode)
        _note(session, (launch_id, stored.versions[-1].id), Change.STOPPED, now)
        return _launch(_stored(session, launch_id))


def publish_version(
    database: Engine,
    launch_id: int,
    campaign: Campaign,
    *,
    under_way: UnderWay,
    at: datetime,
    version_number: int,
    history: Dataset | None = None,
) -> Launch:
    """Give a launch its next version; people under way stay, move or leave (5.9).

    What is due by then is decided by the former version. A trigger that is the same goes on with
    what it remembers; another one begins with `history` and the events received so far.
    """
    now = as_microseconds(at)
    with writing(database) as session:
        live_launches.lock_partitions(session)
        stored = _open(session, launch_id)
        if campaign.name != stored.name:
            raise UnusableInput(
                f"the launch is of {stored.name!r}; a version of it cannot be called "
                f"{campaign.name!r}"
            )
        catch_up(session, now)
        version_id = live_launches.add_version(session, launch_id, version_number, campaign, now)
        former = planned(stored.versions[-1].document).campaign
        if former.trigger == campaign.trigger:
            live_people.rename_memory(session, stored.versions[-1].id, version_id, stored.mode)
        else:
            # Time is known up to the grace only (1.5): deadlines since then are still to come.
            _remember(session, version_id, LaunchMode(stored.mode), history, now - GRACE)
        if under_way is not UnderWay.STAY:
            hand_over_all(session, stored, version_id, under_way, now)
            live_launches.close_versions(session, launch_id, version_id)
        _note(
            session,
            (launch_id, version_id),
            Change.PUBLISHED,
            now,
            history=history,
            under_way=under_way,
        )
        return _launch(_stored(session, launch_id))


def _note(
    session: Session,
    ids: tuple[int, int],
    what: Change,
    at: int,
    *,
    history: Dataset | None = None,
    under_way: UnderWay | None = None,
) -> None:
    """Write down what is done to a launch (its id, and its version's), so that it can be redone."""
    note_change(
        session,
        LaunchChange(
            *ids,
            what,
            at,
            under_way=under_way,
            dataset=None if history is None else history.manifest.name,
            fingerprint=None if history is None else history.manifest.fingerprint,
        ),
    )


def _remember(
    session: Session, version_id: int, mode: LaunchMode, history: Dataset | None, at: int
) -> None:
    """Begin a version's memory; what waits to be decided is not part of it."""
    _, oldest = live_events.waiting_since(session)
    watermark = at - 1 if oldest is None else min(at, oldest) - 1
    plan = planned(live_launches.document_of(session, version_id))
    begin_memory(session, version_id, mode, plan, history, watermark)


def _add_profiles(session: Session, history: Dataset, at: int) -> None:
    """Let live know what the upload says of people, beside what it knows of them already."""
    told = list(guarded(session, history.profiles(), saved_at=at).items())
    for first in range(0, len(told), _PROFILES_AT_ONCE):
        part = dict(told[first : first + _PROFILES_AT_ONCE])
        known = live_people.profiles_of(session, part)
        whole = {
            user_id: with_upload(known[user_id].traits, traits) if user_id in known else traits
            for user_id, traits in part.items()
        }
        changed = [
            profile_of(user_id, traits)
            for user_id, traits in whole.items()
            if user_id not in known or traits != known[user_id].traits
        ]
        live_people.save_profiles(session, changed, changed_at=at)


def _kept_since(stored: StoredLaunch, now: int) -> int:
    """Give since when a launch's messages have not left (µs).

    In a sandbox none leaves, but all count as gone that were due while it was not paused: they
    would have been sent, whatever is done to the launch later.
    """
    if stored.mode != LaunchMode.SANDBOX:
        return 0
    return stored.changed_at if stored.state == LaunchState.PAUSED else now


def _check_free(session: Session, name: str, mode: LaunchMode) -> None:
    for stored in live_launches.stored_launches(session):
        is_same = stored.name == name and stored.mode == mode
        if is_same and stored.state != LaunchState.STOPPED:
            raise UnusableInput(
                f"the campaign {name!r} is {stored.state} already; publish a new version of it, "
                "or stop it first"
            )


def _stored(session: Session, launch_id: int) -> StoredLaunch:
    for stored in live_launches.stored_launches(session):
        if stored.id == launch_id:
            return stored
    raise UnusableInput(f"there is no launch number {launch_id}")


def _open(session: Session, launch_id: int) -> StoredLaunch:
    stored = _stored(session, launch_id)
    if stored.state == LaunchState.STOPPED:
        raise UnusableInput(f"the launch of {stored.name!r} was stopped; launch it anew")
    return stored


def _launch(stored: StoredLaunch) -> Launch:
    present = stored.versions[-1]
    return Launch(
        id=stored.id,
        name=stored.name,
        mode=LaunchMode(stored.mode),
        state=LaunchState(stored.state),
        launched_at=from_microseconds(stored.launched_at),
        campaign=planned(present.document).campaign,
        version_number=present.number,
        version_id=present.id,
    )
