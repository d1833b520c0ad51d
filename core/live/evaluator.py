"""One pass of the evaluator over one share of the people, in one transaction (DESIGN 4)."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from core.live.asking import asking_in
from core.live.changes import apply_changes
from core.live.deciding import Outcome, Work, closed_at, decide
from core.live.worlds import MODES, World, world_of
from core.store import live_decisions, live_events, live_launches, live_people
from core.store.live_events import ReceivedEvent
from core.store.live_launches import Share
from core.store.live_people import State

logger = logging.getLogger(__name__)

GRACE = 5_000_000  # µs that events may take on their way (1.5)
EVENTS_AT_ONCE = 10_000
TIMERS_AT_ONCE = 10_000
# What a database says of rows, not of itself; the last is a driver's, of what is no text.
_REFUSED = (DataError, IntegrityError, UnicodeEncodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """What one pass did; `is_done` says that nothing is left to do up to the watermark."""

    event_count: int = 0
    late_count: int = 0
    people_count: int = 0
    firing_count: int = 0
    message_count: int = 0
    dead_count: int = 0
    is_done: bool = True

    def __add__(self, other: "PassReport") -> "PassReport":
        """Sum up two passes."""
        return PassReport(
            event_count=self.event_count + other.event_count,
            late_count=self.late_count + other.late_count,
            people_count=self.people_count + other.people_count,
            firing_count=self.firing_count + other.firing_count,
            message_count=self.message_count + other.message_count,
            dead_count=self.dead_count + other.dead_count,
            is_done=self.is_done and other.is_done,
        )


def pass_over(
    session: Session,
    partition: int,
    owner: str,
    now: int,
    *,
    events_at_once: int = EVENTS_AT_ONCE,
    timers_at_once: int = TIMERS_AT_ONCE,
) -> PassReport | None:
    """Decide what is due in a partition; None if the worker does not hold it any more.

    `session` is a writing one; nothing counts until it commits.
    """
    share = live_launches.hold(session, partition, owner, now)
    if share is None:
        return None
    return _passed(session, share, now, events_at_once, timers_at_once)


def catch_up(session: Session, now: int) -> None:
    """Decide what is due for everybody before something changes; the caller locks all partitions.

    Whatever happened before a new version is published is the former one's to decide.
    """
    for number in sorted(live_launches.busy_partitions(session, now - GRACE)):
        is_done = False
        while not is_done:
            share = next(s for s in live_launches.shares(session) if s.partition == number)
            is_done = _passed(session, share, now, EVENTS_AT_ONCE, TIMERS_AT_ONCE).is_done


def _passed(
    session: Session, share: Share, now: int, events_at_once: int, timers_at_once: int
) -> PassReport:
    partition, before = share.partition, share.watermark
    wanted = now - GRACE if before is None else max(before, now - GRACE)
    events = live_events.read_waiting(session, partition, wanted, events_at_once)
    is_cut = len(events) == events_at_once
    watermark = wanted if not is_cut else events[-1].at - 1
    watermark = watermark if before is None else max(before, watermark)
    due = live_people.due_states(session, partition, watermark, timers_at_once)
    if is_cut and before is not None and events[-1].at <= before:
        events = _with_all_past(session, events, due, before)
    part = _Part(session, partition, watermark, now)
    report = part.decided(events, due, before)
    live_launches.move_on(session, partition, watermark, len(events), report.late_count)
    return replace(report, is_done=not is_cut and len(due) < timers_at_once)


def _with_all_past(
    session: Session, events: Sequence[ReceivedEvent], due: Sequence[State], before: int
) -> list[ReceivedEvent]:
    """Add what the same people did up to an instant (µs) until which time is known already.

    For them time goes on until then now: a deadline would be reached although what disarms it
    waits for the next pass.
    """
    users = {*(event.user_id for event in events), *(state.user_id for state in due)}
    known = {event.seq for event in events}
    others = live_events.waiting_of_users(session, users, before)
    both = [*events, *(event for event in others if event.seq not in known)]
    return sorted(both, key=lambda event: (event.at, event.seq))


class _Part:
    """The people of a partition who have something to be decided."""

    def __init__(self, session: Session, partition: int, watermark: int, now: int) -> None:
        self._session, self._partition = session, partition
        self._watermark, self._now = watermark, now
        self._asking = asking_in(session)

    def decided(
        self, events: Sequence[ReceivedEvent], due: Sequence[State], before: int | None
    ) -> PassReport:
        """Decide and write; where rows are refused, halve the people until whose they are is known.

        Otherwise the same pass would fail for ever, and nobody of the partition be decided.
        """
        user_ids = list(dict.fromkeys([*(e.user_id for e in events), *(s.user_id for s in due)]))
        if not user_ids:
            return PassReport()
        try:
            with self._session.begin_nested():
                return self._written(user_ids, events, due, before)
        except _REFUSED as error:
            if len(user_ids) == 1:
                return self._buried(user_ids[0], events, f"{type(error).__name__}: {error}")
        report = PassReport()
        half = len(user_ids) // 2
        for own in (set(user_ids[:half]), set(user_ids[half:])):
            mine = [event for event in events if event.user_id in own]
            report += self.decided(mine, [s for s in due if s.user_id in own], before)
        return report

    def _buried(self, user_id: str, events: Sequence[ReceivedEvent], reason: str) -> PassReport:
        logger.error("what was decided for a person was refused", extra={"reason": reason})
        states = live_people.states_of(self._session, [user_id])
        self._write(events, set(), states, [], {user_id: reason})
        return PassReport(event_count=len(events), people_count=1, dead_count=1)

    def _written(
        self,
        user_ids: Sequence[str],
        events: Sequence[ReceivedEvent],
        due: Sequence[State],
        before: int | None,
    ) -> PassReport:
        states = live_people.states_of(self._session, user_ids)
        late = self._late(events, states, before)
        launches = live_launches.stored_launches(self._session)
        dead: dict[str, str] = {}
        outcomes: list[Outcome] = []
        worlds = {mode: world_of(launches, mode) for mode in MODES}
        for mode, world in worlds.items():
            if world is not None:
                own = {s.user_id: s for s in states if s.mode == mode}
                work = Work(
                    user_ids=user_ids,
                    events=[e for e in events if e.seq not in late],
                    late=[e for e in events if e.seq in late],
                    states=own,
                    watermark=self._watermark,
                    now=self._now,
                )
                outcomes += self._tried(world, work, dead)
        # Who failed in one mode is decided in none: their events are tried again for all of them.
        outcomes = [_without(dead, outcome) for outcome in outcomes] if dead else outcomes
        # What was to come where nothing is launched any more would be due again in each pass.
        idle = [state for state in due if worlds[state.mode] is None]
        self._put_to_sleep(idle)
        self._write(events, late, states, outcomes, dead)
        return PassReport(
            event_count=len(events),
            late_count=len(late),
            people_count=len(user_ids),
            firing_count=sum(len(o.decided.decisions) for o in outcomes),
            message_count=sum(len(o.decided.messages) for o in outcomes),
            dead_count=len(dead),
        )

    def _late(
        self, events: Sequence[ReceivedEvent], states: Sequence[State], before: int | None
    ) -> set[int]:
        """Name the events (by seq) that are older than what was decided for their person (8.1)."""
        behind = [event for event in events if before is not None and event.at <= before]
        if not behind:
            return set()
        users = {event.user_id for event in behind}
        closed = {
            user: at - 1 for user, at in live_events.last_decided(self._session, users).items()
        }
        for state in states:
            timers_closed = closed_at(state) if state.user_id in users else None
            if timers_closed is not None:
                closed[state.user_id] = max(closed.get(state.user_id, timers_closed), timers_closed)
        return {e.seq for e in behind if e.user_id in closed and e.at <= closed[e.user_id]}

    def _tried(self, world: World, work: Work, dead: dict[str, str]) -> list[Outcome]:
        """Decide; where that fails, halve the people until those who fail stand alone."""
        asking = self._asking
        try:
            return [decide(world, work, asking)]
        except SQLAlchemyError:
            raise  # the database failed, not a person: all of it is decided in another pass
        except Exception as error:
            if len(work.user_ids) == 1:
                dead[work.user_ids[0]] = f"{type(error).__name__}: {error}"
                logger.exception("a person could not be decided", extra={"mode": world.mode})
                return []
        half = len(work.user_ids) // 2
        parts = (work.user_ids[:half], work.user_ids[half:])
        return [o for part in parts for o in self._tried(world, _of_users(work, part), dead)]

    def _write(
        self,
        events: Sequence[ReceivedEvent],
        late: set[int],
        states: Sequence[State],
        outcomes: Sequence[Outcome],
        dead: Mapping[str, str],
    ) -> None:
        session = self._session
        live_events.mark_decided(session, [event.seq for event in events], sorted(late))
        for outcome in outcomes:
            live_people.save_states(session, self._partition, outcome.states)
            apply_changes(session, outcome.decided.effects, self._now)
            live_decisions.save_decided(session, outcome.decided)
        for user_id, reason in dead.items():
            seqs = [event.seq for event in events if event.user_id == user_id]
            live_events.bury(session, user_id, seqs, reason, self._now)
        # Whoever failed is not woken again, or each pass would fail for them.
        self._put_to_sleep([state for state in states if state.user_id in dead])

    def _put_to_sleep(self, states: Sequence[State]) -> None:
        asleep = [state._replace(next_due_at=None) for state in states]
        live_people.save_states(self._session, self._partition, asleep)


def _without(user_ids: Collection[str], outcome: Outcome) -> Outcome:
    """Leave out what was decided for some people."""
    left = [state for state in outcome.states if state.user_id not in user_ids]
    return Outcome(decided=outcome.decided.without(user_ids), states=left)


def _of_users(work: Work, user_ids: Sequence[str]) -> Work:
    """Give the part of the work that concerns some of the people."""
    own = set(user_ids)
    return Work(
        user_ids=user_ids,
        events=[e for e in work.events if e.user_id in own],
        late=[e for e in work.late if e.user_id in own],
        states={user: state for user, state in work.states.items() if user in own},
        watermark=work.watermark,
        now=work.now,
    )
