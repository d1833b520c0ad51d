"""From a guess and a person's answers to a mapping that can be used."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum

from core.domain.errors import UnusableInput
from core.history.guessing import Draft, Guess, QuestionKind, complete, draft, guessed_draft
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.relations import missing_column
from core.history.sources import SourceFile
from core.history.time_shapes import ORDER_WORDS
from core.history.zones import check_zone


class MapField(StrEnum):
    """The parts of an event to which `--map` gives a column."""

    USER_ID = "user_id"
    EVENT = "event"
    TIMESTAMP = "timestamp"
    EVENT_ID = "event_id"
    PROPERTIES = "properties"
    PRODUCT_ID = "product_id"  # of a catalogue; events have none


NO_PRESET = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person said about a file.

    Of several columns the first that is not empty counts; none at all means that there is no such
    column. `date_order` may be any way of writing times. `preset` "none" takes the file as unknown.
    """

    columns: Mapping[MapField, tuple[str, ...]] = field(default_factory=dict)
    event_name: str | None = None
    date_order: TimeShape | None = None
    zone: str | None = None
    preset: str | None = None


def parse_map_options(options: Iterable[str]) -> Mapping[MapField, tuple[str, ...]]:
    """Read `user_id=COLUMN timestamp=COLUMN`, several in one text or one in each.

    A field takes several columns divided by commas, or none. Raises UnusableInput for a field that
    does not exist.
    """
    columns: dict[MapField, tuple[str, ...]] = {}
    for option in options:
        for part in _parts(option):
            name, equals, value = part.partition("=")
            if not equals:
                raise UnusableInput(f"--map {part} is incomplete: write --map user_id=COLUMN.")
            named = [column.strip() for column in value.split(",")]
            columns[_field(name.strip())] = tuple(column for column in named if column)
    return columns


def settle(source: SourceFile, answers: Answers) -> ColumnMapping:
    """Give the mapping of a file; raise UnusableInput with the first question that is open.

    A zone that is not given is UTC.
    """
    found = considered(source, answers)
    for question in found.questions:
        if question.kind is not QuestionKind.ZONE:
            raise UnusableInput(f"{question.text}: {question.remedy}.")
    return found.mapping


def considered(source: SourceFile, answers: Answers) -> Guess:
    """Apply the answers to the guess: what is left of its questions is still open."""
    preset = answers.preset
    drafted = guessed_draft(source) if preset == NO_PRESET else draft(source, preset=preset)
    answered = _answered(source, drafted, answers)
    found = complete(source, answered, weigh=answers.date_order is None)
    shape = _chosen_shape(found, answers.date_order)
    time = TimeFormat(
        shape=found.mapping.time.shape if shape is None else shape,
        zone=check_zone(answers.zone or "UTC"),
    )
    done = set() if answers.zone is None else {QuestionKind.ZONE}
    if shape is not None:
        done |= {QuestionKind.DATE_ORDER, QuestionKind.TIMESTAMP}
    return replace(
        found,
        mapping=replace(found.mapping, time=time),
        questions=tuple(question for question in found.questions if question.kind not in done),
    )


def _chosen_shape(found: Guess, chosen: TimeShape | None) -> TimeShape | None:
    """Take a chosen way of writing times, unless it orders day and month that are in no doubt."""
    if chosen is None or found.times is None:
        return None
    is_decided = len(found.times.shapes) == 1
    return None if is_decided and chosen in ORDER_WORDS else chosen


def _answered(source: SourceFile, drafted: Draft, answers: Answers) -> Draft:
    for column in (column for columns in answers.columns.values() for column in columns):
        if column not in source.columns:
            raise UnusableInput(missing_column(source, column))
    given = {part: answers.columns[part] for part in MapField if part in answers.columns}
    if answers.event_name and given.get(MapField.EVENT):
        raise UnusableInput(
            "The events are named twice: give either --event NAME or --map event=COLUMN."
        )
    mapping = replace(
        drafted.mapping,
        user_id=given.get(MapField.USER_ID, drafted.mapping.user_id),
        timestamp=given.get(MapField.TIMESTAMP, drafted.mapping.timestamp),
        event_id=_single(given, MapField.EVENT_ID, drafted.mapping.event_id),
        properties=_single(given, MapField.PROPERTIES, drafted.mapping.properties),
    )
    if MapField.EVENT_ID in given:
        mapping = replace(mapping, joins_id=False)
    if answers.event_name or MapField.EVENT in given:
        event = _single(given, MapField.EVENT, None)
        mapping = replace(mapping, event=event, event_name=answers.event_name, name_rules=())
    return replace(drafted, mapping=mapping, unsure=drafted.unsure - _settled(given, answers))


def _settled(
    given: Mapping[MapField, tuple[str, ...]], answers: Answers
) -> frozenset[QuestionKind]:
    kinds = {
        MapField.USER_ID: QuestionKind.USER_ID,
        MapField.TIMESTAMP: QuestionKind.TIMESTAMP,
        MapField.EVENT: QuestionKind.EVENT,
    }
    settled = {kinds[part] for part in given if part in kinds}
    return frozenset(settled | ({QuestionKind.EVENT} if answers.event_name else set()))


def _single(
    given: Mapping[MapField, tuple[str, ...]], part: MapField, otherwise: str | None
) -> str | None:
    columns = given.get(part)
    if columns is None:
        return otherwise
    if len(columns) > 1:
        raise UnusableInput(f"--map {part}={','.join(columns)} names several columns: give one.")
    return columns[0] if columns else None


def _parts(option: str) -> list[str]:
    # Columns may have spaces in their names; a field has none.
    return re.split(r"\s+(?=\w+=)", option.strip())


def _field(name: str) -> MapField:
    if name in set(MapField):
        return MapField(name)
    near = get_close_matches(name, list(MapField), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"use {', '.join(MapField)}."
    raise UnusableInput(f"--map knows no field {name!r}: {hint}")
