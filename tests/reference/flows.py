"""Hypothesis strategies: small campaigns with flows, histories and profiles that make them work.

As in `histories`, one example is made of few names and of times on a grid whose unit divides every
window; here the grid often lies across a change of the clocks. All choices are read from bytes,
which is many times faster than drawing them one by one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.reference.drawn_campaigns import DEEDS, MOST_STEPS, ZONES, Tape, Words, campaign
from tests.reference.histories import MISSING
from tests.reference.matching import Event, microseconds

_PART = 56  # choices of each part: a step, half of a campaign, half of a user's history
_MOST_USERS = 3
_NAMES = ("one", "two", "three")  # of campaigns
_USERS = ("u1", "00123", "ünal", "u7", "u4", "1234567890123456789")
_REACTIONS = ("email_opened", "email_clicked")
_ENDINGS = ("email_unsubscribed", "email_bounced", "email_complained")
_WINDOWS = (
    ("30m", "1h", "1h30m", "2h", "3h"),
    ("1h", "2h", "3h", "4h", "6h"),
    ("6h", "12h", "18h", "24h", "1d12h"),
    ("12h", "24h", "1d12h", "2d", "3d"),
    ("24h", "48h", "3d", "4d", "7d"),
)
_GRID_POINTS = 16
_UNITS_BEFORE = 6  # of the grid's points lie before the change of the clocks
_BESIDE = (0, 0, 0, 0, 0, 0, 0, 0, -1, 1)  # µs beside a point
# A moment with a zone, mostly one whose clocks change then: back or forward, an hour or half.
_CHANGES = (
    ("2025-06-02T06:00", "Europe/Berlin"),  # a Monday without any change
    ("2025-10-26T01:00", "Europe/Berlin"),
    ("2026-03-29T01:00", "Europe/Berlin"),
    ("2025-11-02T06:00", "America/New_York"),
    ("2026-03-08T07:00", "America/New_York"),
    ("2026-04-04T15:00", "Australia/Lord_Howe"),
    ("2025-10-04T15:30", "Australia/Lord_Howe"),
    ("2026-02-15T02:00", "Africa/Casablanca"),
    ("2026-03-22T02:00", "Africa/Casablanca"),
    ("2025-11-02T06:00", "Asia/Tokyo"),
)
_NO_ZONES = ("Nowhere/City", "", 5, None, "UTC")
_VALUES = ("a", "b", 1, "1", 1.0, True, MISSING, ["a"], "ab", {"p": "a"}, 2, "01", None)
_KEYS = ("x", "y", "z", 5, "5", 5.0, True, MISSING, "05", ["x"])
_AMOUNTS = (1, 2, 3, 0.1, "1", "0.2", MISSING, -1)
_YES = (True, "true", " Yes ", "1", 1, "TRUE")
_NOT_YES = (False, "no", 0, "", "false", MISSING, None, 2, "y")
_EVENT_COUNTS = (1, 4, 6, 8, 10, 12, 14, 15)  # per user
CHOICES = _PART * (3 + 2 * _MOST_USERS + len(_NAMES) * (MOST_STEPS + 2))


@dataclass(frozen=True, kw_only=True)
class FlowCase:
    """Campaigns of one run, a history, in order of arrival (`seq`), and profiles, or none.

    `cuts` are places at which the timeline may be cut into batches (7.5).
    """

    campaigns: list[dict[str, Any]]
    events: list[Event]
    profiles: dict[str, dict[str, Any]] | None
    watermark: int
    cuts: list[int]


def flow_cases(most_campaigns: int = 3) -> SearchStrategy[FlowCase]:
    """Draw the campaigns of one run with a history and profiles for them."""
    # In one piece: of several alike Hypothesis makes most examples by repeating one in another's
    # place.
    choices = st.binary(min_size=CHOICES, max_size=CHOICES)
    return choices.map(lambda drawn: case_of(drawn, most_campaigns))


def case_of(choices: bytes, most_campaigns: int = 3) -> FlowCase:
    """Read a case from bytes; each part has its own, so that one can change without the others."""
    reel = BytesIO(choices)
    frame, cuts, profile_tape = (Tape(reel.read(_PART)) for _ in range(3))
    words = _words(frame)
    users = frame.neighbours(_USERS, frame.pick((1, 2, _MOST_USERS, _MOST_USERS)))
    user_tapes = [Tape(reel.read(2 * _PART)) for _ in range(_MOST_USERS)]
    campaigns: list[dict[str, Any]] = []
    for name in _NAMES[: 1 + frame.below(most_campaigns)]:
        step_tapes = [Tape(reel.read(_PART)) for _ in range(MOST_STEPS)]
        drawn = campaign(Tape(reel.read(2 * _PART)), step_tapes, words, name, campaigns)
        campaigns.append(drawn)
    events = _timeline(frame, dict(zip(users, user_tapes, strict=False)), words, campaigns)
    return FlowCase(
        campaigns=campaigns,
        events=events,
        profiles=_profiles(profile_tape, words, users),
        watermark=_watermark(frame, words, events),
        cuts=sorted({cuts.below(len(events) + 1) for _ in range(cuts.below(9))}),
    )


def _words(tape: Tape) -> Words:
    windows = tape.pick(_WINDOWS)
    change, zone = tape.pick(_CHANGES)
    moment = datetime.fromisoformat(change).replace(tzinfo=UTC)
    at = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return Words(
        windows=windows,
        start=at - _UNITS_BEFORE * microseconds(windows[0]),
        zone=zone,
        values=tape.neighbours(_VALUES, 1 + tape.below(3)),
        keys=tape.neighbours(_KEYS, 1 + tape.below(3)),
        amounts=tape.neighbours(_AMOUNTS, 1 + tape.below(3)),
    )


# Histories


def _timeline(
    frame: Tape, user_tapes: dict[str, Tape], words: Words, campaigns: list[dict[str, Any]]
) -> list[Event]:
    """Draw up to 15 events for each user, in order of arrival, at times that often coincide."""
    names = frame.pick(
        (
            (*DEEDS, *_REACTIONS),
            (*DEEDS, *_REACTIONS, *_REACTIONS),
            (*DEEDS, *DEEDS, *DEEDS, *DEEDS, *DEEDS, *_REACTIONS, *_ENDINGS),
            DEEDS,
        )
    )
    sends = [(c["name"], s["id"]) for c in campaigns for s in c["steps"] if s["kind"] == "send"]
    mails = (*sends[:1] * 4, *sends, *sends, (campaigns[0]["name"], "s1"), (MISSING, MISSING))
    unit = microseconds(words.windows[0])
    events: list[Event] = []
    for user_id, tape in user_tapes.items():
        for number in range(tape.pick(_EVENT_COUNTS)):
            at = words.start + tape.below(_GRID_POINTS) * unit + tape.pick(_BESIDE)
            properties = _properties(tape, words, tape.pick(mails))
            name = tape.pick(names)
            events.append(Event(f"e{number}", user_id, name, at, len(events), properties))
    return events


def _properties(tape: Tape, words: Words, mail: tuple[Any, Any]) -> dict[str, Any]:
    value, key = tape.pick(words.values), tape.pick(words.keys)
    of_campaign, step = mail
    amount = tape.pick(words.amounts)
    drawn = {"p": value, "k": key, "n": amount, "campaign": of_campaign, "step": step}
    drawn["in"] = {} if value is MISSING else {"p": value}
    drawn["is_machine"] = tape.pick((MISSING, MISSING, MISSING, MISSING, False, True))
    return {name: held for name, held in drawn.items() if held is not MISSING}


def _watermark(tape: Tape, words: Words, events: list[Event]) -> int:
    """Draw the last timestamp, a time on the grid, or one after all windows."""
    unit = microseconds(words.windows[0])
    choice = tape.pick(("after", "after", "after", "last", "grid"))
    if choice == "last":
        return max(event.timestamp for event in events)
    if choice == "grid":
        return words.start + tape.below(_GRID_POINTS + 8) * unit + tape.pick(_BESIDE)
    return words.start + 100 * unit + 30 * microseconds("24h")


def _profiles(tape: Tape, words: Words, users: tuple[str, ...]) -> dict[str, dict[str, Any]] | None:
    """Draw the traits of most users, and sometimes of one who did nothing; or no profiles."""
    if tape.one_in(4):
        return None
    asks_consent = tape.one_in(3)
    known = [user_id for user_id in users if not tape.one_in(12)]
    everyone = [*known, "nobody"] if tape.one_in(4) else known
    return {user_id: _traits(tape, words, asks_consent) for user_id in everyone}


def _traits(tape: Tape, words: Words, asks_consent: bool) -> dict[str, Any]:
    zones = (*(words.zone,) * 8, *(MISSING,) * 4, *ZONES, *_NO_ZONES)
    drawn = {
        "email": tape.pick((*("ann@example.org",) * 16, MISSING, None)),
        "timezone": tape.pick(zones),
        "unsubscribed": tape.pick((*_NOT_YES * 4, *_YES[:3])),
        "suppressed": tape.pick((*_NOT_YES * 4, *_YES[3:])),
        "country": tape.pick(("DE", "AT", MISSING, 5)),
        "segments": tape.pick(("VIP", ["New", "VIP"], "VIP, New", MISSING, [])),
    }
    if asks_consent:
        drawn["consent"] = tape.pick((*_YES * 4, *_NOT_YES))
    return {name: held for name, held in drawn.items() if held is not MISSING}
