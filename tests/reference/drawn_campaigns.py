"""Campaigns with flows, read from bytes: what `flows` makes its cases of.

A flow is a DAG in which every step can be reached; conditions and references fit the vocabulary of
the history it is drawn with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from tests.reference.histories import MISSING
from tests.reference.sends import CLICKED, OPENED

T = TypeVar("T")

DEEDS = ("view", "view", "add", "buy")
MOST_STEPS = 7
ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
    *("Africa/Casablanca", "Asia/Tokyo"),
)

_TRIGGERS = (
    *("event", "event", "event", "event", "count", "sum", "absence", "absence", "inactivity"),
    "sequence",
)
# Some of them end, begin or lie wholly in the hour that is skipped or comes twice.
_QUIET = (
    *(("21:00", "08:00"), ("22:00", "02:30"), ("01:30", "02:30"), ("02:30", "03:30")),
    *(("20:00", "02:45"), ("02:30", "01:15"), ("21:00", "08:00"), ("02:00", "01:00")),
    *(("00:30", "02:00"), ("02:15", "01:45"), ("02:45", "02:15"), ("23:00", "06:00")),
    *(("09:00", "17:00"), ("12:00", "10:00"), ("00:00", "06:00"), ("18:00", "00:00")),
)
_CLOCKS = (
    *("09:00", "02:30", "02:15", "02:30", "02:00", "01:30", "01:45", "02:45", "03:00", "01:00"),
    *("21:00", "00:00"),
)
_DAYS = (
    *((), (), (), ("mon",), ("mon", "tue", "wed", "thu", "fri"), ("sat", "sun"), ("sun",)),
    *(("fri", "mon"), ("tue", "thu"), ("sun", "sat", "mon")),
)
_PATHS = ("p", "k", "n", "in.p", "absent")
_REFERENCES = ("$key", "$key", "$trigger.p", "$trigger.in.p", "$trigger.k", "$trigger.absent")
_REFERENCE_OPS = ("eq", "eq", "eq", "ne", "ne", "gte", "contains")
_SPLITS: tuple[tuple[tuple[str, float], ...], ...] = (
    (("a", 1), ("b", 1)),
    (("a", 1), ("b", 1), ("c", 1)),
    (("a", 0.1), ("b", 0.2), ("c", 0.7)),
    (("now", 3), ("later", 1.5)),
)
_KINDS = (
    *("send", "send", "send", "send", "send", "send", "wait_for", "wait_for", "wait_for"),
    *(
        "wait_for",
        "delay",
        "delay",
        "delay",
        "delay",
        "branch",
        "branch",
        "branch",
        "split",
        "split",
    ),
    *("exit", "update_profile", "webhook"),
)

# Mostly such that something can happen before a branch asks for it.
_FIRST_KINDS = ("send", "delay", "wait_for", "send", "split", "send", "send", *_KINDS[6:])

# A way out of a step that leads nowhere yet: the part of the flow, and the key of its target.
_Way = tuple[dict[str, Any], str]


class Tape:
    """Choices written down as bytes; where they end, everything is the first of its kind."""

    def __init__(self, choices: bytes) -> None:
        self._choices: Iterator[int] = iter(choices)

    def below(self, size: int) -> int:
        """Take a number from 0 to just below the size, at most 256."""
        return next(self._choices, 0) % size

    def pick(self, pool: Sequence[T]) -> T:
        """Take a member of a pool."""
        return pool[self.below(len(pool))]

    def one_in(self, size: int) -> bool:
        """Say yes once in so many times; never, where the choices have ended."""
        return self.below(size) == size - 1

    def neighbours(self, pool: Sequence[T], count: int) -> tuple[T, ...]:
        """Take so many members of a pool that stand together."""
        first = self.below(len(pool))
        return tuple((*pool[first:], *pool[:first])[:count])


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one example is made of; `windows` are multiples of the time grid's unit."""

    windows: tuple[str, ...]
    start: int
    zone: str
    values: tuple[Any, ...]
    keys: tuple[Any, ...]
    amounts: tuple[Any, ...]


def campaign(
    tape: Tape, step_tapes: list[Tape], words: Words, name: str, others: list[dict[str, Any]]
) -> dict[str, Any]:
    """Draw a campaign in the shape of its file, sometimes with another one's trigger and flow."""
    count = tape.pick((3, 4, 2, 5, 1, 6, 7, 4, 5, 6, 7, 5, 4, 5, 6, 0))
    trigger, steps = _trigger(tape, words), _flow(tape, words, step_tapes[:count])
    if others and tape.one_in(2):
        trigger = others[0]["trigger"]
        steps = others[0]["steps"] if tape.one_in(3) else steps
    return {
        "name": name,
        "trigger": trigger,
        **_admission(tape, words, has_key="key" in trigger),
        **_frame(tape, words),
        "steps": steps,
    }


def _trigger(tape: Tape, words: Words) -> dict[str, Any]:
    kind = tape.pick(_TRIGGERS)
    within = tape.pick(words.windows)
    first, second = _matcher(tape, words, DEEDS), _matcher(tape, words, DEEDS)
    parts: dict[str, dict[str, Any]] = {
        "event": {"match": first},
        "count": {"match": first, "at_least": tape.pick((2, 1, 1, 2, 3)), "within": within},
        "sum": {
            "match": first,
            "property": "n",
            "at_least": tape.pick((1, 1, 0.3, 3)),
            "within": within,
        },
        "absence": {"start": first, "unless": second, "within": within},
        "inactivity": {"of": first, "for": within},
        "sequence": {"steps": [first, second], "within": within},
    }
    trigger = {"kind": kind, **parts[kind]}
    if kind == "absence" and tape.one_in(3):
        trigger["anchor"] = "first"
    key = tape.pick((None, None, None, "k", "k", "k", "in.p"))
    return trigger if key is None else {**trigger, "key": key}


def _admission(tape: Tape, words: Words, *, has_key: bool) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    cooldown = {"cooldown": tape.pick(words.windows)}
    reentry = tape.pick((None, None, "always", cooldown, "once"))
    if reentry is not None:
        parts["reentry"] = reentry
    if has_key and tape.one_in(2):
        parts["reentry_per"] = "key"
    if tape.one_in(8):
        parts["audience"] = _profile_condition(tape)
    if tape.one_in(3):
        parts["concurrent"] = True
    return parts


def _frame(tape: Tape, words: Words) -> dict[str, Any]:
    """Draw what holds for the whole flow: zone, holdout, goal, quiet hours and cap."""
    parts: dict[str, Any] = {"timezone": tape.pick((*(words.zone,) * 8, "UTC", *ZONES))}
    if tape.one_in(3):
        parts["holdout"] = tape.pick((0.5, 0.5, 1, 0.0, 0.4999))
    if tape.one_in(8):
        parts["holdout_salt"] = "salt"
    if tape.one_in(2):
        goal = _matcher(tape, words, DEEDS, refers=True)
        parts["goal"] = {"event": goal, "within": tape.pick(words.windows[1:])}
        parts["exit_on_goal"] = not tape.one_in(2)
    if tape.one_in(2):
        start, end = tape.pick(_QUIET)
        parts["quiet_hours"] = {"from": start, "to": end}
    if tape.one_in(2):
        parts["frequency_cap"] = {"max": tape.pick((1, 1, 2)), "per": tape.pick(words.windows)}
    return parts


# Questions


def _matcher(
    tape: Tape, words: Words, names: tuple[str, ...], *, refers: bool = False
) -> dict[str, Any]:
    """Draw a matcher, mostly of one name and without conditions."""
    one, other = tape.pick(names), tape.pick(names)
    several = [one] if one == other else [one, other]
    event = tape.pick((one, one, one, one, several, "*"))
    count = tape.pick((0, 0, 0, 0, 1, 1, 2) if refers else (0, 0, 0, 0, 0, 1))
    if not count:
        return {"event": event}
    return {"event": event, "where": [_comparison(tape, words, refers) for _ in range(count)]}


def _comparison(tape: Tape, words: Words, refers: bool) -> dict[str, Any]:
    path = tape.pick(_PATHS)
    if refers and not tape.one_in(3):
        reference = tape.pick(_REFERENCES)
        path = {"$key": "k"}.get(reference, path)
        return {"property": path, "op": tape.pick(_REFERENCE_OPS), "value": reference}
    op = tape.pick(("eq", "ne", "exists", "not_exists", "in", "not_in"))
    if op in ("exists", "not_exists"):
        return {"property": path, "op": op}
    operands = [value for value in words.values if value not in (MISSING, None)] or ["a"]
    return {"property": path, "op": op, "value": operands if op.endswith("in") else operands[0]}


def _profile_condition(tape: Tape) -> dict[str, Any]:
    return tape.pick(
        (
            {"trait": "country", "op": "eq", "value": "DE"},
            {"trait": "country", "op": "ne", "value": "DE"},
            {"trait": "country", "op": "not_in", "value": ["AT", 5]},
            {"segment": "VIP"},
            {"not": {"segment": "VIP"}},
            {"trait": "email", "op": "exists"},
        )
    )


def _case_condition(tape: Tape, words: Words, sends: list[str], depth: int = 2) -> dict[str, Any]:
    """Draw a branch's condition, at most so many levels above traits, deeds and reactions."""
    joints = ("all", "any", "not") if depth else ()
    kind = tape.pick(("did", "opened", "did", "clicked", "opened", "profile", *joints))
    if kind in ("opened", "clicked") and sends:
        return {kind: tape.pick((*sends[:1] * 3, *sends))}
    if kind == "profile":
        return _profile_condition(tape)
    if kind == "not":
        return {"not": _case_condition(tape, words, sends, depth - 1)}
    if kind in ("all", "any"):
        return {kind: [_case_condition(tape, words, sends, depth - 1) for _ in range(2)]}
    return {"did": _matcher(tape, words, (*DEEDS, OPENED, CLICKED), refers=True)}


# Flows


def _flow(tape: Tape, words: Words, step_tapes: list[Tape]) -> list[dict[str, Any]]:
    """Draw one step from each tape, join them, and put all but the first and last in any order."""
    pools = (_FIRST_KINDS, *(_KINDS,) * len(step_tapes))
    kinds = [step_tape.pick(pool) for step_tape, pool in zip(step_tapes, pools, strict=False)]
    ids = [f"s{number}" for number in range(len(kinds))]
    sends = [step_id for step_id, kind in zip(ids, kinds, strict=True) if kind == "send"]
    steps = [
        {"id": step_id, "kind": kind, **_parts(kind, step_tape, words, sends)}
        for step_id, kind, step_tape in zip(ids, kinds, step_tapes, strict=True)
    ]
    _join(tape, steps)
    between = steps[1:-1]
    if tape.one_in(3):
        between = sorted(between, key=lambda _: tape.below(256))
    steps = [*steps[:1], *between, *steps[1:][-1:]]
    _leave_out_some_ways(tape, steps)
    return steps


def _parts(kind: str, tape: Tape, words: Words, sends: list[str]) -> dict[str, Any]:
    """Draw what makes a step of its kind, without its ways out."""
    if kind == "send":
        return {"template": tape.pick(("reminder", "discount"))}
    if kind == "delay":
        return _delay_parts(tape, words)
    if kind == "wait_for":
        event = _matcher(tape, words, (*DEEDS, OPENED, CLICKED), refers=True)
        since = tape.pick(({}, {"since": "arrival"}, {"since": "entry"}, {"since": "entry"}))
        return {"event": event, "timeout": tape.pick(words.windows), **since}
    if kind == "branch":
        count = tape.pick((1, 1, 2, 3))
        return {"cases": [{"if": _case_condition(tape, words, sends)} for _ in range(count)]}
    if kind == "split":
        arms = [{"name": name, "weight": weight} for name, weight in tape.pick(_SPLITS)]
        return {"variants": arms, **({"salt": "seed"} if tape.one_in(4) else {})}
    if kind == "update_profile":
        return {"set": _changes(tape)}
    return {"url": "https://example.org/hook"} if kind == "webhook" else {}


def _changes(tape: Tape) -> dict[str, Any]:
    """Draw what a flow sets, also what is not its to set."""
    value = {
        "country": ("AT", "DE", None),
        "segments": ("VIP", ["New"], []),
        "timezone": ("Asia/Kathmandu", "nowhere", None),
        "unsubscribed": (True, "yes", False),
        "suppressed": ("1", 0),
        "consent": (True, False),
        "email": (None, "other@example.org"),
    }
    likely = ("country",) * 6 + ("segments",) * 4
    names = {tape.pick((*likely, *value)) for _ in range(tape.pick((1, 1, 2)))}
    return {name: tape.pick(value[name]) for name in sorted(names)}


def _delay_parts(tape: Tape, words: Words) -> dict[str, Any]:
    if tape.one_in(3):
        return {"for": tape.pick(words.windows)}
    clock, days = tape.pick(_CLOCKS), tape.pick(_DAYS)
    return {"until": clock, **({"on": list(days)} if days else {})}


def _join(tape: Tape, steps: list[dict[str, Any]]) -> None:
    """Lead ways of earlier steps to each step; what is left at the end leads to the last one."""
    ways: list[_Way] = []
    for position, step in enumerate(steps):
        is_last = position == len(steps) - 1
        needed = tape.below(len(ways)) if ways else 0
        ahead: list[_Way] = []
        for number, (part, key) in enumerate(ways):
            if is_last or number == needed or tape.one_in(3):
                part[key] = step["id"]
            else:
                ahead.append((part, key))
        if step["kind"] == "exit" and not ahead and not is_last:
            # Nobody would get further: the exit becomes something that goes on.
            step.update(kind="send", template="survey")
        ways = [*ahead, *_ways_out(step)]


def _ways_out(step: dict[str, Any]) -> list[_Way]:
    match step["kind"]:
        case "exit":
            return []
        case "wait_for":
            return [(step, "then"), (step, "otherwise")]
        case "branch":
            return [*((case, "next") for case in step["cases"]), (step, "otherwise")]
        case "split":
            return [(variant, "next") for variant in step["variants"]]
        case _:
            return [(step, "next")]


def _leave_out_some_ways(tape: Tape, steps: list[dict[str, Any]]) -> None:
    """Leave out ways to the next step of the list, where they lead without being named."""
    for step, following in pairwise(steps):
        for part, key in _ways_out(step):
            if part[key] == following["id"] and tape.one_in(2):
                del part[key]
