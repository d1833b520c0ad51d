"""Which column may be which part of an event, told by its name and by what is in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.history.mapping import TimeShape
from core.history.sources import SourceFile
from core.history.time_shapes import EPOCHS, TimeGuess

# Names in small letters without signs, the best first. A sure name leaves no doubt if it is alone.
_SURE_USERS = (
    "userid customerid visitorid personid profileid memberid shopperid subscriberid contactid"
    " distinctid useridentifier customernumber"
)
_USERS = (
    "user customer visitor person member client uid clientid userpseudoid email emailaddress mail"
    " useremail customeremail accountid cookieid"
)
_LAST_USERS = "anonymousid deviceid sessionid session"

_SURE_TIMES = (
    "timestamp eventtime eventtimestamp time datetime occurredat happenedat ts eventdate"
    " eventdatetime"
)
_TIMES = (
    "date orderdate purchasedate purchasedat invoicedate transactiondate createdat created"
    " clienttime receivedat senttime"
)
_TIME_IN_NAME = re.compile(r"time|date|stamp|day|when|(^|_)(ts|at|on)$|created|sent", re.IGNORECASE)

_SURE_EVENTS = "event eventname eventtype action activity activitytype eventaction"
_EVENTS = "behaviour behavior behaviourtype behaviortype interaction metric type name verb"

_EVENT_IDS = "eventid messageid insertid eventuuid"
_OBJECTS = "properties props eventproperties eventparams params payload attributes metadata data"

_FEW_NAMES = 40
_LONGEST_NAME = 60
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """The columns that may be a part of an event, the likeliest first, and whether it is sure."""

    columns: tuple[str, ...] = ()
    is_sure: bool = False


def user_clue(source: SourceFile) -> Clue:
    """Look for the column that says who."""
    filled = [column for column in source.columns if source.texts(column)]
    clue = _by_name(filled, sure=_SURE_USERS, likely=_USERS, unlikely=_LAST_USERS)
    endings = tuple(_SURE_USERS.split())
    others = [column for column in filled if _plain(column).endswith(endings)]
    return replace(clue, columns=tuple(dict.fromkeys([*clue.columns, *others])))


def time_clue(times: Mapping[str, TimeGuess]) -> Clue:
    """Look for the column that says when; numbers are times only under a name that says so."""
    timed = [column for column, guess in times.items() if _is_time(column, guess)]
    if len(timed) == 1:
        return Clue(columns=tuple(timed), is_sure=True)
    clue = _by_name(timed, sure=_SURE_TIMES, likely="", unlikely=_TIMES)
    others = tuple(column for column in timed if column not in clue.columns)
    return Clue(columns=clue.columns + others, is_sure=clue.is_sure)


def event_clue(source: SourceFile, taken: Sequence[str]) -> Clue:
    """Look for the column that says what: few different names, which are no numbers."""
    named = [
        column
        for column in source.columns
        if column not in taken and _holds_names(source.texts(column))
    ]
    return _by_name(named, sure=_SURE_EVENTS, likely="", unlikely=_EVENTS)


def event_id_column(source: SourceFile) -> str | None:
    """Look for a column of ids of events: well named, never empty, never the same twice."""
    for column in _in_order(source.columns, _EVENT_IDS):
        texts = source.texts(column)
        if len(texts) == len(source.sample) == len(set(texts)):
            return column
    return None


def object_column(source: SourceFile) -> str | None:
    """Look for a column that holds properties as JSON objects."""
    for column in _in_order(source.columns, _OBJECTS):
        texts = source.texts(column)
        if texts and all(_is_object(text) for text in texts):
            return column
    return None


def index_columns(source: SourceFile) -> frozenset[str]:
    """Find a column without a name that only numbers the rows."""
    first = source.columns[0]
    if first != "column 1" or len(source.sample) < 2:
        return frozenset()
    numbers = [int(text) for text in source.texts(first) if text.isdecimal()]
    counted = [number - numbers[0] for number in numbers]
    return frozenset({first}) if counted == list(range(len(source.sample))) else frozenset()


def _by_name(columns: Sequence[str], *, sure: str, likely: str, unlikely: str) -> Clue:
    """Rank columns by name: sure if one has a sure name, or else one has a likely name."""
    best, good, rest = (_in_order(columns, names) for names in (sure, likely, unlikely))
    is_sure = len(best) == 1 or (not best and len(good) == 1)
    return Clue(columns=(*best, *good, *rest), is_sure=is_sure)


def _in_order(columns: Sequence[str], names: str) -> list[str]:
    return [column for name in names.split() for column in columns if _plain(column) == name]


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _is_time(column: str, guess: TimeGuess) -> bool:
    if not guess.shapes:
        return False
    if guess.shapes[0] in {*EPOCHS, TimeShape.COMPACT}:
        return _TIME_IN_NAME.search(column) is not None
    return True


def _holds_names(texts: Sequence[str]) -> bool:
    distinct = set(texts)
    return (
        0 < len(distinct) <= min(_FEW_NAMES, max(len(texts) // 2, 5))
        and all(len(text) <= _LONGEST_NAME for text in distinct)
        and not all(_NUMBER.fullmatch(text) for text in distinct)
    )


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
