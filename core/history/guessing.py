"""A first reading of a file: the preset or the guessed mapping, and what has to be asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from core.domain.errors import UnusableInput
from core.history.clues import (
    event_clue,
    event_id_column,
    index_columns,
    object_column,
    time_clue,
    user_clue,
)
from core.history.manifest import FileKind
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.presets import (
    Preset,
    find_preset,
    preset_mapping,
    preset_named,
    repeated_column,
)
from core.history.sources import FileFormat, SourceFile
from core.history.time_shapes import (
    ORDER_WORDS,
    TimeGuess,
    chosen_column,
    time_columns,
    weigh_orders,
)

_COLUMNS_SHOWN = 8


class QuestionKind(StrEnum):
    """What a person must say before a file can be read."""

    USER_ID = "user_id"
    EVENT = "event"
    TIMESTAMP = "timestamp"
    DATE_ORDER = "date_order"
    ZONE = "zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something the file does not tell: a sentence without its full stop, and what may be chosen.

    `remedy` completes the sentence for the command line. `suggested` is preselected and never used
    unasked, except for the zone.
    """

    kind: QuestionKind
    text: str
    remedy: str
    choices: tuple[str, ...] = ()
    suggested: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """How a file probably reads. A part of the mapping that has a question is only a suggestion.

    `times` is None without a time column; `mapping.time` counts if `times` has one shape.
    """

    mapping: ColumnMapping
    times: TimeGuess | None
    questions: tuple[Question, ...]
    preset: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mapping before its times were looked at; `unsure` are parts that need a confirmation."""

    mapping: ColumnMapping
    unsure: frozenset[QuestionKind] = frozenset()
    preset: Preset | None = None


def guess(source: SourceFile, *, preset: str | None = None) -> Guess:
    """Recognise the export or guess its mapping; raise UnusableInput for a wrong `preset`."""
    return complete(source, draft(source, preset=preset))


def draft(source: SourceFile, *, preset: str | None = None) -> Draft:
    """Take the mapping of the preset, or the guessed one of an unknown file."""
    found = preset_named(preset, source.columns) if preset else find_preset(source.columns)
    if found is None:
        return guessed_draft(source)
    repeated = repeated_column(found, source.columns)
    if repeated is not None and source.file_format is not FileFormat.JSON_LINES:
        raise UnusableInput(
            f"{source.name} has a row for each parameter of an event (column {repeated!r}), which"
            " would count every event many times: export one row per event."
        )
    mapping = _with_readable_properties(source, preset_mapping(found, source.columns))
    return Draft(mapping=mapping, preset=found)


def complete(source: SourceFile, draft: Draft, *, weigh: bool = True) -> Guess:
    """Look how the times of a draft are written, and collect what has to be asked.

    `weigh` looks through the whole file for dates that tell the order of day and month.
    """
    mapping = draft.mapping
    times = _times(source, mapping, weigh=weigh)
    if times is not None and len(times.shapes) == 1:
        mapping = replace(mapping, time=replace(mapping.time, shape=times.shapes[0]))
    return Guess(
        mapping=mapping,
        times=times,
        questions=tuple(_questions(source, draft, times)),
        preset=None if draft.preset is None else draft.preset.name,
        label=None if draft.preset is None else draft.preset.label,
    )


def guess_kind(source: SourceFile) -> FileKind:
    """Tell from the header whether the rows are events, profiles or products."""
    names = [column.lower() for column in source.columns]
    if find_preset(source.columns) is not None or "event" in names:
        return FileKind.EVENTS
    if "user_id" in names and not {"email", "consent", "unsubscribed", "timezone"}.isdisjoint(
        names
    ):
        return FileKind.PROFILES
    if names[0] == "product_id" and "user_id" not in names:
        return FileKind.CATALOGUE
    return FileKind.EVENTS


def guessed_draft(source: SourceFile) -> Draft:
    """Take the columns that names and contents speak for."""
    who, when = user_clue(source), time_clue(time_columns(source))
    what = event_clue(source, [*who.columns[:1], *when.columns[:1]])
    mapping = ColumnMapping(
        user_id=who.columns[:1],
        timestamp=when.columns[:1],
        time=TimeFormat(shape=TimeShape.ISO),
        event=next(iter(what.columns), None),
        event_id=event_id_column(source),
        properties=object_column(source),
        ignored=index_columns(source),
    )
    clues = {
        QuestionKind.USER_ID: who,
        QuestionKind.TIMESTAMP: when,
        QuestionKind.EVENT: what,
    }
    unsure = frozenset(kind for kind, clue in clues.items() if not clue.is_sure)
    return Draft(mapping=mapping, unsure=unsure)


def _with_readable_properties(source: SourceFile, mapping: ColumnMapping) -> ColumnMapping:
    """Keep a column called `properties` an ordinary one if its cells are not JSON at all."""
    texts = [] if mapping.properties is None else source.texts(mapping.properties)
    if not texts or any(text.lstrip().startswith(("{", "[")) for text in texts):
        return mapping
    return replace(mapping, properties=None)


def _times(source: SourceFile, mapping: ColumnMapping, *, weigh: bool) -> TimeGuess | None:
    for column in mapping.timestamp:
        if source.texts(column):
            found = chosen_column(source, column)
            needs_order = weigh and len(found.shapes) > 1
            return weigh_orders(source, column, found) if needs_order else found
    return None


def _questions(source: SourceFile, draft: Draft, times: TimeGuess | None) -> Iterator[Question]:
    mapping, unsure = draft.mapping, draft.unsure
    if times is None or not times.shapes or QuestionKind.TIMESTAMP in unsure:
        yield _time_question(source, mapping, times)
    if not mapping.user_id or QuestionKind.USER_ID in unsure:
        yield _user_question(source, mapping)
    if not (mapping.event or mapping.event_name) or QuestionKind.EVENT in unsure:
        yield _event_question(source, mapping)
    if times is not None and len(times.shapes) > 1:
        yield _order_question(source, mapping, times)
    is_utc = draft.preset is not None and draft.preset.in_utc
    if times is not None and times.shapes and not times.has_zone and not is_utc:
        yield Question(
            kind=QuestionKind.ZONE,
            text=f"The times in column {mapping.timestamp[0]!r} name no time zone",
            remedy="say which with --timezone, such as Europe/Berlin",
            suggested="UTC",
            evidence=times.evidence,
        )


def _user_question(source: SourceFile, mapping: ColumnMapping) -> Question:
    return Question(
        kind=QuestionKind.USER_ID,
        text=f"{source.name} does not tell which column says who the customer is",
        remedy=f"say it with --map user_id=COLUMN, the columns being {_shown(source)}",
        choices=source.columns,
        suggested=next(iter(mapping.user_id), None),
    )


def _event_question(source: SourceFile, mapping: ColumnMapping) -> Question:
    return Question(
        kind=QuestionKind.EVENT,
        text=f"{source.name} does not tell which column says what the customer did",
        remedy=(
            "say it with --map event=COLUMN, or name all rows with --event NAME, such as purchase"
        ),
        choices=source.columns,
        suggested=mapping.event,
    )


def _time_question(source: SourceFile, mapping: ColumnMapping, times: TimeGuess | None) -> Question:
    text = f"{source.name} does not tell which column says when something happened"
    remedy = f"say it with --map timestamp=COLUMN, the columns being {_shown(source)}"
    if mapping.timestamp and (times is None or not times.shapes):
        text = (
            f"The column {mapping.timestamp[0]!r} of {source.name} holds no times that can be read"
        )
        examples = "" if times is None else ", ".join(repr(text) for text in times.evidence)
        remedy = (
            f"name another column with --map timestamp=COLUMN (it holds {examples or 'nothing'})"
        )
    elif not mapping.timestamp:
        text = f"{source.name} has no column with times"
        remedy = f"every event needs a time, and the columns are {_shown(source)}"
    return Question(
        kind=QuestionKind.TIMESTAMP,
        text=text,
        remedy=remedy,
        choices=source.columns,
        suggested=next(iter(mapping.timestamp), None),
    )


def _order_question(source: SourceFile, mapping: ColumnMapping, times: TimeGuess) -> Question:
    words = [ORDER_WORDS[shape] for shape in times.shapes]
    example = source.texts(mapping.timestamp[0])[0]
    told = (
        "" if times.suggested is None else f" ({times.evidence[0]}: --date-order {times.suggested})"
    )
    return Question(
        kind=QuestionKind.DATE_ORDER,
        text=(
            f"The dates in column {mapping.timestamp[0]!r} of {source.name}, such as {example!r},"
            f" can be {' or '.join(words)}"
        ),
        remedy=f"say which with --date-order {' or '.join(times.shapes)}{told}",
        choices=tuple(times.shapes),
        suggested=times.suggested,
        evidence=times.evidence,
    )


def _shown(source: SourceFile) -> str:
    names = ", ".join(repr(column) for column in source.columns[:_COLUMNS_SHOWN])
    return names + (", …" if len(source.columns) > _COLUMNS_SHOWN else "")
