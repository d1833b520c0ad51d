"""Hands the people under way in a launch over to its new version, or lets them leave (5.9)."""

import json

from sqlalchemy.orm import Session

from core.domain.live_reasons import LiveReason
from core.domain.outcomes import EnrolmentState
from core.engine.keeping import kept_walk, next_deadline, plain_text, resumed
from core.engine.versions import UnderWay, hand_over, leave
from core.engine.walk import Walk
from core.live.asking import asking_in
from core.live.people import persons
from core.live.recorder import LiveBook
from core.live.worlds import World, world_of
from core.store import live_decisions, live_launches, live_people
from core.store.live_launches import StoredLaunch
from core.store.live_people import State

_PEOPLE_AT_ONCE = 2_000


def hand_over_all(
    session: Session, launch: StoredLaunch, version_id: int | None, choice: UnderWay, now: int
) -> None:
    """Move everybody under way to a version, or (with None as well) let them leave, at `now`."""
    world = world_of(live_launches.stored_launches(session), launch.mode)
    assert world is not None  # the launch itself is not stopped yet
    users = live_decisions.active_users(session, launch.id)
    for first in range(0, len(users), _PEOPLE_AT_ONCE):
        part = users[first : first + _PEOPLE_AT_ONCE]
        _hand_over_some(session, world, launch.id, version_id, choice, part, now)


def _hand_over_some(
    session: Session,
    world: World,
    launch_id: int,
    version_id: int | None,
    choice: UnderWay,
    user_ids: list[str],
    now: int,
) -> None:
    states = live_people.states_in(session, world.mode, user_ids)
    book = LiveBook(world, user_ids, now)
    people = persons(user_ids, asking_in(session).reach_of(user_ids), world.salts, now)
    changed = []
    for code, person in enumerate(people):
        state = states[person.user_id]
        kept = json.loads(state.state)
        book.turn_to(code)
        names = (world.ids, world.family_ids)
        walk = resumed(kept.get("walk", {}), world.plans, world.families, person, book, names)
        _hand_over(world, walk, launch_id, version_id, choice, now, book)
        changed.append(_kept(world, walk, state, kept))
    live_people.save_states(session, None, changed)
    live_decisions.save_decided(session, book.close())


def _hand_over(
    world: World,
    walk: Walk,
    launch_id: int,
    version_id: int | None,
    choice: UnderWay,
    now: int,
    book: LiveBook,
) -> None:
    courses = walk.courses()
    target = None if version_id is None else world.ids.index(str(version_id))
    for place, course in enumerate(courses):
        if world.families[place] != launch_id or place == target:
            continue
        for enrolment in [e for e in course.followed if e.state is EnrolmentState.ACTIVE]:
            if target is None:
                leave(enrolment, now, LiveReason.STOPPED, book)
                continue
            present = courses[target].plan
            plan = hand_over(enrolment, course.plan, present, choice, now, walk.person, book)
            if plan is present:
                course.followed.remove(enrolment)
                courses[target].followed.append(enrolment)
                enrolment.campaign = target
                walk.take_up([(now, 0, enrolment)])


def _kept(world: World, walk: Walk, state: State, kept: dict[str, object]) -> State:
    written, due_at = kept_walk(walk, world.ids, world.family_ids, world.longest_cap)
    memories = kept.get("memories", {})
    assert isinstance(memories, dict)
    dues = [
        due_at,
        *(
            next_deadline(plan.campaign.trigger, memories[own_id])
            for plan, own_id in zip(world.plans, world.ids, strict=True)
            if own_id in memories
        ),
    ]
    due = min((at for at in dues if at is not None), default=None)
    whole = {**kept, "walk": written}
    return State(state.user_id, state.mode, plain_text(whole), due)
