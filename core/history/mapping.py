"""How the columns of a file become events: which one is the person, the time, the name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TimeShape(StrEnum):
    """The ways in which a column of times is written."""

    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"
    EPOCH_US = "epoch_us"
    EPOCH_NS = "epoch_ns"
    ISO = "iso"  # year first, '-' or '/', 'T' or space, clock, fraction and zone all optional
    DMY = "dmy"  # numeric, day first
    MDY = "mdy"  # numeric, month first
    YMD = "ymd"  # numeric, year first, also with two digits
    COMPACT = "compact"  # 19970101, 199701010826, 19970101082659
    WORDS = "words"  # the month is an English word or its first three letters


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How to read a column of times; `zone` (IANA) is for the times that name none themselves."""

    shape: TimeShape
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameByPrefix:
    """Name the event `name` where the text of `column` starts with `prefix`."""

    column: str
    prefix: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameByJson:
    """Name the event by the text under `key` of the JSON object in `column`, where there is one."""

    column: str
    key: str


NameRule = NameByPrefix | NameByJson


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuedRows:
    """Rows with an equal value in `column` belong together (the lines of one order).

    All but the first are called `event_name`, and take its user and time where theirs are empty.
    """

    column: str
    event_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which column becomes which part of an event.

    Of several columns for the user or the time the first that is not empty counts. The name of an
    event comes from the first of `name_rules` that applies, else from the column `event`, else it
    is `event_name`. Every column that is not used, ignored or spread becomes a property under its
    own or its new name. In JSON lines a column may be a dotted path ("properties.distinct_id").
    """

    user_id: tuple[str, ...]
    timestamp: tuple[str, ...]
    time: TimeFormat
    event: str | None = None
    event_name: str | None = None
    name_rules: tuple[NameRule, ...] = ()
    event_id: str | None = None
    joins_id: bool = False  # an id is one event's only together with its name and time
    properties: str | None = None  # holds a JSON object whose members become properties
    continued: ContinuedRows | None = None
    unnest: str | None = None  # holds a list of objects, each of which is one event
    json_columns: frozenset[str] = frozenset()  # hold JSON that becomes one nested property each
    ignored: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    preset: str | None = None

    def places(self) -> tuple[str, ...]:
        """List the columns that are read as a part of the event, each once."""
        single = (self.event, self.event_id, self.properties, self.unnest)
        named = [column for column in single if column is not None]
        return tuple(dict.fromkeys([*self.user_id, *self.timestamp, *named]))

    def columns(self) -> tuple[str, ...]:
        """List every column that is mentioned, each once."""
        rules = [rule.column for rule in self.name_rules]
        continued = [] if self.continued is None else [self.continued.column]
        others = [*self.json_columns, *self.ignored, *self.renamed]
        return tuple(dict.fromkeys([*self.places(), *rules, *continued, *others]))
