"""A person's state as plain data and back: what live keeps of everybody between two passes (7.5).

Plain data is what JSON can hold. It is bounded: windows and chains by their triggers, enrolments by
those that are active or whose goal is still open, messages by the longest frequency cap.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from core.domain.outcomes import EnrolmentState
from core.domain.triggers import AbsenceTrigger, InactivityTrigger, Trigger
from core.engine.batches import MISSING
from core.engine.enrolments import Enrolment, Operand, Person
from core.engine.memory import (
    NEVER,
    Chains,
    Deadlines,
    Groups,
    Memory,
    Nothing,
    Window,
    no_memory,
)
from core.engine.plans import Plan
from core.engine.profile_changes import change
from core.engine.recording import Book
from core.engine.walk import Course, Walk, let_go

Plain = dict[str, Any]
Entry = list[Any]  # key text or None, then what the kind of trigger remembers

# One encoder for all: making one takes longer than writing down a person.
plain_text = json.JSONEncoder(separators=(",", ":")).encode

_SENT, _HEEDED, _CLOSED, _ADMITTED, _FOLLOWED = "sent", "mail", "closed", "admitted", "followed"
_VARIANTS, _CHANGED = "variants", "changed"


def kept_memory(memory: Memory, key_texts: Sequence[str]) -> dict[int, list[Entry]]:
    """Write down a trigger's memory per user code: one entry per key."""
    kept: dict[int, list[Entry]] = {}
    users, keys = memory.groups.user.tolist(), memory.groups.key.tolist()
    for user, key, rest in zip(users, keys, _remembered(memory), strict=True):
        entry = [None if key == MISSING else key_texts[key], *rest]
        kept.setdefault(user, []).append(entry)
    return kept


def memory_of(
    trigger: Trigger,
    kept: Sequence[tuple[int, Sequence[Entry]]],
    key_code: Callable[[str], int],
) -> Memory:
    """Read memories written by `kept_memory`, given by user code in rising order.

    `key_code` gives each key's index in the texts that the next batch's key column begins with.
    """
    entries = [
        (user, MISSING if entry[0] is None else key_code(entry[0]), entry)
        for user, own in kept
        for entry in own
    ]
    if trigger.key is not None:
        entries.sort(key=lambda found: found[:2])
    groups = Groups(
        user=np.array([user for user, _, _ in entries], dtype=np.int32),
        key=np.array([key for _, key, _ in entries], dtype=np.int32),
    )
    return _recalled(no_memory(trigger), groups, [entry[1:] for _, _, entry in entries])


def next_deadline(trigger: Trigger, entries: Sequence[Entry]) -> int | None:
    """Give the first armed deadline (µs) among a person's entries; None if nothing is armed."""
    if not isinstance(trigger, AbsenceTrigger | InactivityTrigger):
        return None
    return min((entry[1] for entry in entries), default=None)


def kept_walk(
    walk: Walk, ids: Sequence[str], family_ids: Sequence[str], longest_cap: int
) -> tuple[Plain, int | None]:
    """Write down a person's walk and give when its next timer is due (µs).

    `ids` name the plans and `family_ids` their campaigns, for longer than this run;
    `longest_cap` (µs) is how long messages matter.
    """
    kept: Plain = {}
    horizon = walk.closed_at
    sent_at = [at for at in walk.person.sent_at if at > horizon - longest_cap]
    person = walk.person
    parts = {
        _SENT: sent_at,
        _HEEDED: walk.heeded,
        _VARIANTS: person.variants,
        _CHANGED: person.changed,
    }
    timers = walk.timers()
    created = {id(timer[4]): (rank, timer) for rank, timer in enumerate(timers)}
    followed: Plain = {}
    admitted: Plain = {}
    for course, own_id, family_id in zip(walk.courses(), ids, family_ids, strict=True):
        let_go(course, horizon)
        if course.followed:
            followed[own_id] = [_kept_enrolment(e, created.get(id(e))) for e in course.followed]
        if course.admitted_at:
            admitted[family_id] = [list(pair) for pair in course.admitted_at.items()]
    parts |= {_FOLLOWED: followed, _ADMITTED: admitted}
    kept = {name: part for name, part in parts.items() if part}
    if kept or horizon != NEVER:
        kept[_CLOSED] = horizon
    due_at = min((timer[4].due_at for timer in timers if timer[4] is not None), default=None)
    return kept, due_at


def has_open(kept: Plain) -> bool:
    """Say whether a kept walk follows any enrolment, so that events may mean something to it."""
    return _FOLLOWED in kept


def resumed(
    kept: Plain,
    plans: Sequence[Plan],
    families: Sequence[int],
    person: Person,
    book: Book,
    names: tuple[Sequence[str], Sequence[str]],
) -> Walk:
    """Let a person walk on from what `kept_walk` wrote down; `names` are its ids and family ids.

    What is kept of plans that are no longer among the ids is forgotten.
    """
    walk = Walk(plans, person, book, families)
    walk.closed_at = kept.get(_CLOSED, NEVER)
    walk.heed(kept.get(_HEEDED, 0))
    person.sent_at[:] = kept.get(_SENT, [])
    person.variants.update(kept.get(_VARIANTS, {}))
    change(person, kept.get(_CHANGED, {}))
    timers: list[tuple[int, int, int, Enrolment]] = []
    for course, own_id, family_id in zip(walk.courses(), *names, strict=True):
        course.admitted_at.update(
            (key, at) for key, at in kept.get(_ADMITTED, {}).get(family_id, [])
        )
        for written in kept.get(_FOLLOWED, {}).get(own_id, []):
            enrolment = _enrolment(written, course, book)
            course.followed.append(enrolment)
            if written[0] is not None:
                timers.append((*written[0], enrolment))
    timers.sort(key=lambda timer: timer[0])
    walk.take_up([(at, row, enrolment) for _, at, row, enrolment in timers])
    return walk


def _remembered(memory: Memory) -> list[Entry]:
    match memory:
        case Nothing():
            return []
        case Window():
            cuts = memory.offsets.tolist()
            columns = [memory.times.tolist(), memory.whole.tolist(), memory.micro.tolist()]
            return [[column[low:high] for column in columns] for low, high in pairwise(cuts)]
        case Deadlines():
            return [
                list(pair) for pair in zip(memory.due_at.tolist(), memory.row.tolist(), strict=True)
            ]
        case Chains():
            return [
                [[None if at == NEVER else at for at in chain]]
                for chain in memory.first_at.tolist()
            ]


def _recalled(empty: Memory, groups: Groups, entries: Sequence[Entry]) -> Memory:
    match empty:
        case Nothing():
            return empty
        case Window():
            counts = [0, *(len(entry[0]) for entry in entries)]
            return Window(
                groups=groups,
                offsets=np.cumsum(np.array(counts, dtype=np.int64)),
                times=_flat(entry[0] for entry in entries),
                whole=_flat(entry[1] for entry in entries),
                micro=_flat(entry[2] for entry in entries),
            )
        case Deadlines():
            return Deadlines(
                groups=groups,
                due_at=np.array([entry[0] for entry in entries], dtype=np.int64),
                row=np.array([entry[1] for entry in entries], dtype=np.int64),
            )
        case Chains():
            chains = [[NEVER if at is None else at for at in entry[0]] for entry in entries]
            shape = (len(chains), empty.first_at.shape[1])
            return Chains(groups=groups, first_at=np.array(chains, dtype=np.int64).reshape(shape))


def _flat(lists: Any) -> Any:
    return np.array([value for values in lists for value in values], dtype=np.int64)


def _kept_enrolment(enrolment: Enrolment, timer: Any) -> Entry:
    e = enrolment
    created = None if timer is None else [timer[0], timer[1][1], timer[1][2]]
    operands = [[bit, [value for _, value in pairs]] for bit, pairs in e.operands.items()]
    times = [None if at == NEVER else at for at in (e.arrived_at, e.due_at, e.ended_at, e.goal_at)]
    return [
        created,
        e.entered_at,
        e.is_held_out,
        e.row,
        e.key,
        operands,
        e.seen,
        e.sent,
        e.place,
        times,
        e.variant,
        int(e.state),
    ]


def _enrolment(written: Entry, course: Course, book: Book) -> Enrolment:
    _, entered_at, is_held_out, row, key, operands, seen, sent, place, times, variant, state = (
        written
    )
    arrived_at, due_at, ended_at, goal_at = (NEVER if at is None else at for at in times)
    enrolment = Enrolment(
        number=book.next_number,
        campaign=course.place,
        entered_at=entered_at,
        is_held_out=is_held_out,
        row=row,
        key=key,
        operands=_operands(operands, course.plan),
        seen=seen,
        sent=sent,
        place=place,
        arrived_at=arrived_at,
        due_at=due_at,
        variant=variant,
        state=EnrolmentState(state),
        ended_at=ended_at,
        goal_at=goal_at,
    )
    book.enrolled(enrolment, row, MISSING)
    return enrolment


def _operands(kept: Sequence[Entry], plan: Plan) -> Mapping[int, Sequence[Operand]]:
    """Pair kept values with the conditions that refer to them."""
    return {
        bit: list(zip(plan.awaited[bit.bit_length() - 1].references, values, strict=True))
        for bit, values in kept
    }
