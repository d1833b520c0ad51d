"""Why live decided otherwise than the rehearsal of the same time does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Engine

from core.domain.live_reasons import LiveReason
from core.live.evaluator import GRACE
from core.services.live_launches import Change
from core.store import drift_rows
from core.store.database import reading
from core.store.drift_rows import SlowEvent
from core.store.launch_changes import LaunchChange, launch_changes

_NEAR = 60_000_000  # µs before a change of the launch in which something may be left undecided


class Cause(StrEnum):
    """What may lead to a difference."""

    LATE_EVENT = "late_event"
    OUTAGE = "outage"
    UNDECIDED = "undecided"
    PROFILE = "profile_changed"
    SUPPRESSED = "suppressed_later"
    CHANGED = "launch_changed"
    FOLLOWS = "follows_another"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that live and the rehearsal decided differently; times in µs.

    `step` is empty where it is about an entry. `live` and `again` are what each decided (`enrolled`
    or `sent`, or why not) and None where it decided nothing; `decided_at` is when live did. The
    cause may be an event (`cause_event`), with its time, and with the time it became known.
    """

    user_id: str
    step: str
    live: str | None
    live_at: int | None
    decided_at: int | None
    again: str | None
    again_at: int | None
    cause: Cause
    cause_event: str = ""
    cause_at: int | None = None
    known_at: int | None = None

    @property
    def at(self) -> int:
        """Give the time it is about, as live decided it if it did."""
        at = self.again_at if self.live_at is None else self.live_at
        assert at is not None  # one of both decided something
        return at

    @property
    def latest_at(self) -> int:
        """Give the later of both times."""
        return max(at for at in (self.live_at, self.again_at) if at is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Looks up what may explain the differences of a launch up to an instant (µs)."""

    database: Engine
    changes: Sequence[LaunchChange]
    until: int

    def known(self, user_ids: Sequence[str]) -> "Known":
        """Read what may explain the differences of some people."""
        with reading(self.database) as session:
            slow = drift_rows.slow_events(session, user_ids, self.until, GRACE)
            profiles = drift_rows.profile_changes(session, user_ids)
            addresses = {(email or "").strip().lower() for _, email in profiles.values()} - {""}
            suppressed = drift_rows.suppressed_at(session, addresses)
            undecided = drift_rows.undecided_at(session, user_ids)
        by_user: dict[str, list[SlowEvent]] = {}
        for event in slow:
            by_user.setdefault(event.user_id, []).append(event)
        return Known(
            slow=by_user,
            profile_changed={user: at for user, (at, _) in profiles.items()},
            suppressed={
                user: suppressed[address]
                for user, (_, email) in profiles.items()
                if (address := (email or "").strip().lower()) in suppressed
            },
            undecided=undecided,
            changed=[change.at for change in self.changes if change.what != Change.LAUNCHED],
        )


def cause_finder(database: Engine, launch_id: int, until: int) -> Causes:
    """Prepare to explain the differences of a launch up to an instant (µs)."""
    with reading(database) as session:
        changes = launch_changes(session, launch_id)
    return Causes(database=database, changes=changes, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of some people: events that came late, changes, and failures, by user id."""

    slow: Mapping[str, Sequence[SlowEvent]]
    profile_changed: Mapping[str, int]
    suppressed: Mapping[str, int]
    undecided: Mapping[str, int]
    changed: Sequence[int]

    def explained(self, difference: Difference, *, is_later: bool) -> Difference:
        """Name the likeliest cause; `is_later` says that the person differed before."""
        user, known_at = difference.user_id, _known_at(difference)
        if difference.live == LiveReason.STALE:
            return replace(difference, cause=Cause.OUTAGE, known_at=difference.decided_at)
        event = self._late(difference, known_at)
        if event is not None:
            return replace(
                difference,
                cause=Cause.LATE_EVENT,
                cause_event=event.event,
                cause_at=event.at,
                known_at=event.received_at,
            )
        for cause, times in (
            (Cause.UNDECIDED, self.undecided),
            (Cause.SUPPRESSED, self.suppressed),
            (Cause.PROFILE, self.profile_changed),
        ):
            if times.get(user, known_at) > known_at:
                return replace(difference, cause=cause, known_at=times[user])
        if is_later:
            return replace(difference, cause=Cause.FOLLOWS)
        near = [at for at in self.changed if difference.at <= at <= difference.latest_at + _NEAR]
        if near:
            return replace(difference, cause=Cause.CHANGED, known_at=near[0])
        return difference

    def _late(self, difference: Difference, known_at: int) -> SlowEvent | None:
        """Find the latest event before the difference that was not known when it was decided."""
        found = [
            event
            for event in self.slow.get(difference.user_id, ())
            if event.at <= difference.latest_at and (event.is_late or event.received_at > known_at)
        ]
        return found[-1] if found else None


def _known_at(difference: Difference) -> int:
    """Give when live decided, or would have had to."""
    return difference.decided_at or difference.at + GRACE
