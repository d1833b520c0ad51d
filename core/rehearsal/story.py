"""Why somebody was or was not caught: the engine, walked through one person's events one by one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.domain.events import Event
from core.domain.firings import Admission
from core.domain.instants import as_microseconds
from core.domain.triggers import CountTrigger, SumTrigger, properties_of
from core.domain.values import at_path
from core.engine.admission import admit, nobody_admitted
from core.engine.batches import MISSING, EventBatch, Firings, PropertyColumn
from core.engine.grouping import Selection
from core.engine.kernels import START, UNLESS
from core.engine.matching import MICRO, amounts
from core.engine.memory import NEVER, Chains, Deadlines, Memory, Window, no_memory
from core.engine.triggers import decide, in_order, selection_of

MOST_MOMENTS = 2_000


class Mark(StrEnum):
    """What a moment meant to the trigger."""

    COUNTED = "counted"  # one more in the window
    ARMED = "armed"
    MOVED = "moved"  # the deadline moved
    KEPT = "kept"  # a start that changed nothing
    DISARMED = "disarmed"
    ADVANCED = "advanced"  # a step of the sequence
    ENROLLED = "enrolled"
    REENTRY = "reentry"
    AUDIENCE = "audience"
    WAITING = "waiting"  # the history ends before the deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment of a person's history, as the trigger saw it; times in µs since 1970 UTC.

    `event` is None for a deadline; `cause` is then the start that had set it. `due_at` is the
    deadline an arming set. `count` says how many events or steps, or how large a sum, was reached.
    """

    at: int
    mark: Mark
    key: str | None
    event: Event | None
    cause: Event | None = None
    due_at: int | None = None
    count: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The moments that mattered, in order, and whether there were few enough to tell them all."""

    moments: Sequence[Moment]
    is_complete: bool


def tell(
    campaign: Campaign, events: Sequence[Event], *, watermark: int, in_audience: bool
) -> Story:
    """Walk the campaign's trigger through one person's events, in order, up to the watermark."""
    known = [event for event in events if as_microseconds(event.timestamp) <= watermark]
    whole = one_person(known, sorted(properties_of(campaign.trigger)))
    selection = selection_of(campaign.trigger, whole)
    in_order = np.argsort(selection.index, kind="stable")
    is_complete = len(in_order) <= MOST_MOMENTS
    walk = _Walk(campaign=campaign, events=known, batch=whole, selection=selection)
    for position in in_order[:MOST_MOMENTS]:
        walk.step(int(position))
    if is_complete:
        walk.finish(watermark)
    return Story(moments=walk.with_outcomes(in_audience=in_audience), is_complete=is_complete)


def one_person(events: Sequence[Event], properties: Sequence[str]) -> EventBatch:
    """Lay out one person's events, in order, as a batch; `row` is the place in the list."""
    count = len(events)
    names = list(dict.fromkeys(event.event for event in events))
    return EventBatch(
        user=np.zeros(count, dtype=np.int32),
        timestamp=np.array([as_microseconds(e.timestamp) for e in events], dtype=np.int64),
        row=np.arange(count, dtype=np.int64),
        name=np.array([names.index(e.event) for e in events], dtype=np.int32),
        names=names,
        properties={path: _column(path, events) for path in properties},
    )


def _column(path: str, events: Sequence[Event]) -> PropertyColumn:
    values = [at_path(event.properties, path) for event in events]
    code_by_text: dict[str, int] = {}
    codes = [
        MISSING if v is None else code_by_text.setdefault(json.dumps(v), len(code_by_text))
        for v in values
    ]
    return PropertyColumn(
        codes=np.array(codes, dtype=np.int32), values=[json.loads(text) for text in code_by_text]
    )


@dataclass(kw_only=True)
class _Walk:
    """The engine on its way through one person's events, and what was noted so far."""

    campaign: Campaign
    events: Sequence[Event]
    batch: EventBatch
    selection: Selection
    moments: list[Moment] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)  # which moments are firings

    def __post_init__(self) -> None:
        self.trigger = self.campaign.trigger
        self.memory: Memory = no_memory(self.trigger)

    def step(self, position: int) -> None:
        """Let one selected event happen, and note what it did."""
        batch, selection = self._only(position)
        before = self.memory
        self.memory, firings = decide(self.trigger, before, batch, selection, NEVER)
        event = self.events[int(batch.row[0])]
        if isinstance(before, Deadlines):
            self._note_deadlines(in_order(firings))
            self._note_wait(before, event, selection, fired=firings)
        else:
            self._note_progress(before, event, batch, selection, is_firing=len(firings) > 0)

    def finish(self, watermark: int) -> None:
        """Let time pass until the end of the history."""
        batch, selection = self._none()
        self.memory, firings = decide(self.trigger, self.memory, batch, selection, watermark)
        self._note_deadlines(in_order(firings))
        if isinstance(self.memory, Deadlines):
            for n in np.argsort(self.memory.due_at, kind="stable"):
                cause = self.events[int(self.memory.row[n])]
                key = self._key(int(self.memory.groups.key[n]))
                due_at = int(self.memory.due_at[n])
                self._note(watermark, Mark.WAITING, key, None, cause=cause, due_at=due_at)

    def with_outcomes(self, *, in_audience: bool) -> list[Moment]:
        """Give the moments, with what became of each firing."""
        firings = self._firings()
        wanted = np.full(len(firings), in_audience, dtype=np.bool_)
        _, outcomes = admit(self.campaign, nobody_admitted(), firings, wanted)
        for place, outcome in zip(self.fired, outcomes, strict=True):
            mark = Mark(Admission(int(outcome)).word)
            self.moments[place] = replace(self.moments[place], mark=mark)
        return self.moments

    def _firings(self) -> Firings:
        told = [self.moments[place] for place in self.fired]
        keys = list(self.selection.key_texts)
        codes = [MISSING if m.key is None else keys.index(m.key) for m in told]
        return Firings(
            user=np.zeros(len(told), dtype=np.int32),
            fired_at=np.array([m.at for m in told], dtype=np.int64),
            row=np.zeros(len(told), dtype=np.int64),
            key=np.array(codes, dtype=np.int32),
            key_texts=keys,
        )

    def _only(self, position: int) -> tuple[EventBatch, Selection]:
        """Cut batch and selection down to one selected event."""
        place = int(self.selection.index[position])
        return self._cut(slice(place, place + 1), slice(position, position + 1))

    def _none(self) -> tuple[EventBatch, Selection]:
        return self._cut(slice(0, 0), slice(0, 0))

    def _cut(self, places: slice, positions: slice) -> tuple[EventBatch, Selection]:
        batch, selection = self.batch, self.selection
        part = EventBatch(
            user=batch.user[places],
            timestamp=batch.timestamp[places],
            row=batch.row[places],
            name=batch.name[places],
            names=batch.names,
            properties={name: _cut(c, places) for name, c in batch.properties.items()},
        )
        count = len(part)
        return part, replace(
            selection,
            index=np.arange(count, dtype=np.int64),
            user=selection.user[positions],
            key=selection.key[positions],
            times=selection.times[positions],
            bits=selection.bits[positions],
            bounds=np.arange(count + 1, dtype=np.int64),
        )

    def _note_deadlines(self, firings: Firings) -> None:
        for n in range(len(firings)):
            cause = self.events[int(firings.row[n])]
            self.fired.append(len(self.moments))
            key = self._key(int(firings.key[n]))
            self._note(int(firings.fired_at[n]), Mark.ENROLLED, key, None, cause=cause)

    def _note_wait(
        self, before: Deadlines, event: Event, selection: Selection, fired: Firings
    ) -> None:
        """Note what an event did to the deadline of its key."""
        assert isinstance(self.memory, Deadlines)
        key, bits = int(selection.key[0]), int(selection.bits[0])
        ended = {int(fired.row[n]) for n in range(len(fired))}
        was_due = [int(r) for r in before.row[before.groups.key == key] if int(r) not in ended]
        due_at = [int(due) for due in self.memory.due_at[self.memory.groups.key == key]]
        mark = _wait_mark(bits, was_armed=bool(was_due), moved=self._is_newest(key, event))
        if mark is not None:
            armed_until = due_at[0] if due_at and mark is not Mark.DISARMED else None
            at = as_microseconds(event.timestamp)
            self._note(at, mark, self._key(key), event, due_at=armed_until)

    def _is_newest(self, key: int, event: Event) -> bool:
        """Say whether the deadline of a key was set by this very event."""
        assert isinstance(self.memory, Deadlines)
        rows = self.memory.row[self.memory.groups.key == key]
        return any(self.events[int(row)] is event for row in rows)

    def _note_progress(
        self,
        before: Memory,
        event: Event,
        batch: EventBatch,
        selection: Selection,
        *,
        is_firing: bool,
    ) -> None:
        """Note how far an event brought a count, a sum or a sequence."""
        key = int(selection.key[0])
        count = self._reached(before, batch, key, is_firing=is_firing)
        mark = Mark.ADVANCED if isinstance(before, Chains) else Mark.COUNTED
        if is_firing:
            self.fired.append(len(self.moments))
        elif isinstance(before, Chains) and not self._advanced_to(before, key):
            return
        at = as_microseconds(event.timestamp)
        self._note(at, mark, self._key(key), event, count=count)

    def _reached(
        self, before: Memory, batch: EventBatch, key: int, *, is_firing: bool
    ) -> float | None:
        match self.trigger, before:
            case CountTrigger(), Window():
                return 1 + len(self._in_window(before, batch, key))
            case SumTrigger(), Window():
                _, whole, micro = amounts(batch.properties[self.trigger.property])
                inside = self._in_window(before, batch, key)
                units = int(whole[0]) + int(before.whole[inside].sum())
                parts = int(micro[0]) + int(before.micro[inside].sum())
                return units + parts / MICRO
            case _, Chains():
                return before.first_at.shape[1] + 1 if is_firing else self._advanced_to(before, key)
        return None

    def _in_window(self, window: Window, batch: EventBatch, key: int) -> list[int]:
        """List the remembered events of the key that lie in the window of the batch's event."""
        assert isinstance(self.trigger, CountTrigger | SumTrigger)
        edge = int(batch.timestamp[0]) - to_microseconds(self.trigger.within)
        groups = np.flatnonzero(window.groups.key == key)
        entries = [range(window.offsets[g], window.offsets[g + 1]) for g in groups]
        return [int(e) for entry in entries for e in entry if window.times[e] > edge]

    def _advanced_to(self, before: Chains, key: int) -> int:
        """Give the longest prefix that the event just moved; 0 if it moved none."""
        assert isinstance(self.memory, Chains)
        old = before.first_at[before.groups.key == key]
        new = self.memory.first_at[self.memory.groups.key == key]
        if not len(new):
            return 0
        changed = new[0] != (old[0] if len(old) else NEVER)
        return int(np.flatnonzero(changed)[-1]) + 1 if changed.any() else 0

    def _key(self, code: int) -> str | None:
        return None if code == MISSING else str(self.selection.key_texts[code])

    def _note(
        self,
        at: int,
        mark: Mark,
        key: str | None,
        event: Event | None,
        *,
        cause: Event | None = None,
        due_at: int | None = None,
        count: float | None = None,
    ) -> None:
        self.moments.append(
            Moment(at=at, mark=mark, key=key, event=event, cause=cause, due_at=due_at, count=count)
        )


def _cut(column: PropertyColumn, places: slice) -> PropertyColumn:
    """Keep a column's values at a few places only: what is decided per value stays cheap."""
    codes = column.codes[places]
    kept = [column.values[code] for code in codes if code != MISSING]
    return PropertyColumn(
        codes=np.where(codes == MISSING, MISSING, np.cumsum(codes != MISSING) - 1).astype(np.int32),
        values=kept,
    )


def _wait_mark(bits: int, *, was_armed: bool, moved: bool) -> Mark | None:
    """Name what an event did to a deadline; None for an `unless` with nothing to end."""
    if not bits & START:
        return Mark.DISARMED if was_armed and bits & UNLESS else None
    if not was_armed:
        return Mark.ARMED
    return Mark.MOVED if moved else Mark.KEPT
