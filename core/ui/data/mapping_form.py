"""How the columns of a file are read: the guess as editable fields, and what has to be asked."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import available_timezones

import streamlit as st

from core.history.guessing import Guess, Question, QuestionKind
from core.history.manifest import FileKind
from core.history.mapping import ColumnMapping, NameByPrefix, TimeShape
from core.history.settling import Answers, MapField
from core.services.file_looks import FileLook
from core.ui import (
    formats,
    readers,
    time_words,
)

Columns = tuple[str, ...]

_AS_RECOGNISED: Columns = ("\0as recognised",)
EVERY_ROW: Columns = ("\0always",)
_NONE: Columns = ()
_KEY_FIELDS = {FileKind.PROFILES: MapField.USER_ID, FileKind.CATALOGUE: MapField.PRODUCT_ID}
_KEY_LABELS = {
    FileKind.PROFILES: "Column with the person's id, as in the events",
    FileKind.CATALOGUE: "Column with the product's id, as in the events",
}


def edit(key: str, path: Path, kind: FileKind, look: FileLook) -> Answers | None:
    """Show the fields and give the answers; None while something is still to be answered."""
    if kind is FileKind.EVENTS:
        return _edit_events(key, path, look)
    return _edit_key(key, kind, look)


def _edit_key(key: str, kind: FileKind, look: FileLook) -> Answers:
    field = _KEY_FIELDS[kind]
    usual = [column for column in look.columns if column.lower() == field.value]
    chosen = st.selectbox(
        _KEY_LABELS[kind],
        look.columns,
        index=look.columns.index(usual[0]) if usual else 0,
        format_func=lambda column: _column_label((column,), look),
        key=f"{key}_key",
        persist_state="session",
        width=420,
    )
    return Answers(columns={field: (chosen,)})


def _edit_events(key: str, path: Path, look: FileLook) -> Answers | None:
    label = look.guess.label
    known = "" if label is None else f":green[:material/check_circle:] Recognised: **{label}**. "
    st.markdown(f"{known}Check how the columns are read, and change what is wrong.")
    with st.grid(3, min_column_width=240):
        columns, event_name = _edit_parts(key, look)
    with st.expander("More: numbers of rows, further details"):
        columns |= _edit_more(key, look)
    answers = _edit_times(key, path, Answers(columns=columns, event_name=event_name))
    return _without_questions(path, answers)


def _edit_parts(key: str, look: FileLook) -> tuple[dict[MapField, Columns], str | None]:
    """Show who, what and when."""
    mapping = look.guess.mapping
    asked = {question.kind for question in look.guess.questions}
    who = _choose(
        "Who", f"{key}_who", mapping.user_id, look, hint="The column that names the person."
    )
    what, event_name = _choose_event(key, look, is_asked=QuestionKind.EVENT in asked)
    when = _choose("When", f"{key}_when", mapping.timestamp, look, hint="The column with the time.")
    columns: dict[MapField, Columns] = {}
    if who and (who != mapping.user_id or QuestionKind.USER_ID in asked):
        columns[MapField.USER_ID] = who
    if when and (when != mapping.timestamp or QuestionKind.TIMESTAMP in asked):
        columns[MapField.TIMESTAMP] = when
    if what:
        columns[MapField.EVENT] = what
    return columns, event_name


def _choose(label: str, key: str, guessed: Columns, look: FileLook, *, hint: str) -> Columns | None:
    options: list[Columns] = [(column,) for column in look.columns]
    if guessed and guessed not in options:
        options.insert(0, guessed)
    return st.selectbox(
        label,
        options,
        index=options.index(guessed) if guessed else None,
        format_func=lambda columns: _column_label(columns, look),
        placeholder="Choose a column",
        key=key,
        persist_state="session",
        help=hint,
    )


def _choose_event(key: str, look: FileLook, *, is_asked: bool) -> tuple[Columns | None, str | None]:
    """Show what happened: a column, one name for all rows, or as the recognised export has it."""
    mapping = look.guess.mapping
    default = _default_event(mapping)
    options: list[Columns] = [EVERY_ROW, *((column,) for column in look.columns)]
    if default == _AS_RECOGNISED:
        options.insert(0, _AS_RECOGNISED)
    with st.container():
        chosen = st.selectbox(
            "What",
            options,
            index=None if default is None else options.index(default),
            format_func=lambda columns: _event_label(columns, look),
            placeholder="Choose a column, or name all rows",
            key=f"{key}_what",
            persist_state="session",
            help="The column that says what the person did, such as view or purchase.",
        )
        name = _ask_event_name(key, mapping.event_name) if chosen == EVERY_ROW else None
    if chosen in (None, EVERY_ROW, _AS_RECOGNISED) or (chosen == default and not is_asked):
        return None, name
    return chosen, None


def _default_event(mapping: ColumnMapping) -> Columns | None:
    if mapping.name_rules or mapping.continued is not None:
        return _AS_RECOGNISED
    if mapping.event is not None:
        return (mapping.event,)
    return None if mapping.event_name is None else EVERY_ROW


def _ask_event_name(key: str, guessed: str | None) -> str | None:
    name = st.text_input(
        "Name of every row",
        value=guessed or "",
        placeholder="purchase",
        key=f"{key}_name",
        persist_state="session",
    )
    return (name or "").strip() or None


def _edit_more(key: str, look: FileLook) -> dict[MapField, Columns]:
    """Show the parts that most files do without."""
    mapping = look.guess.mapping
    guessed = {MapField.EVENT_ID: mapping.event_id, MapField.PROPERTIES: mapping.properties}
    options: list[Columns] = [_NONE, *((column,) for column in look.columns)]
    found: dict[MapField, Columns] = {}
    for field, (label, hint) in _MORE.items():
        column = guessed[field]
        default = _NONE if column is None else (column,)
        chosen = st.selectbox(
            label,
            options,
            index=options.index(default),
            format_func=lambda columns: _column_label(columns, look) if columns else "None",
            key=f"{key}_{field}",
            persist_state="session",
            help=hint,
            width=420,
        )
        if chosen != default:
            found[field] = chosen
    return found


_MORE = {
    MapField.EVENT_ID: (
        "Number of the row",
        "Different for every row: a row whose number is there already is not added again. Without "
        "one, rows are compared as a whole.",
    ),
    MapField.PROPERTIES: (
        "Column with further details",
        "Holds several details in one cell, in curly brackets. Most files have none.",
    ),
}


def _edit_times(key: str, path: Path, answers: Answers) -> Answers:
    """Ask for the order of day and month and for the zone, where the times do not tell."""
    guess = readers.file_look(path, answers).guess
    if guess.times is None or not guess.times.shapes:
        return answers
    by_kind = {question.kind: question for question in guess.questions}
    order = by_kind.get(QuestionKind.DATE_ORDER)
    column = "_".join(guess.mapping.timestamp)
    if order is not None:
        answers = replace(answers, date_order=_ask_order(f"{key}_{column}_order", order))
    if QuestionKind.ZONE in by_kind:
        answers = replace(answers, zone=_ask_zone(f"{key}_zone"))
    return answers


def _ask_order(key: str, question: Question) -> TimeShape | None:
    """Ask which number is the day; nothing is preselected, for nobody would look twice."""
    with st.container(border=True):
        st.markdown("**Which number is the day?** The dates can be read in more than one way.")
        for line in question.evidence:
            st.caption(formats.plain(line))
        example = time_words.example(question.evidence)
        chosen: TimeShape | None = st.pills(
            "Order of day and month",
            [TimeShape(choice) for choice in question.choices],
            format_func=lambda shape: time_words.order(shape, example),
            default=None,
            key=key,
            label_visibility="collapsed",
            persist_state="session",
        )
        if question.suggested is not None:
            suggested = time_words.order(TimeShape(question.suggested), None)
            st.caption(f"What stands in the file speaks for: {suggested}.")
    return chosen


def _ask_zone(key: str) -> str:
    return st.selectbox(
        "The times name no time zone. They are in",
        ["UTC", *sorted(available_timezones() - {"UTC"})],
        key=key,
        persist_state="session",
        help="The clock that the export was written by. If in doubt, keep UTC.",
        width=420,
    )


def _without_questions(path: Path, answers: Answers) -> Answers | None:
    """Give the answers if they are all that is needed, else say what is missing."""
    open_questions = [
        question
        for question in readers.file_look(path, answers).guess.questions
        if question.kind is not QuestionKind.ZONE
        and not (question.kind is QuestionKind.DATE_ORDER and answers.date_order is not None)
    ]
    if not open_questions:
        return answers
    st.warning("  \n".join(map(_request, open_questions)), title="Still needed")
    return None


def _request(question: Question) -> str:
    """Ask for what is missing, naming the field of the form."""
    match question.kind:
        case QuestionKind.USER_ID:
            return "Choose under **Who** the column that names the person."
        case QuestionKind.EVENT:
            return "Choose under **What** the column that says what they did, or name all rows."
        case QuestionKind.TIMESTAMP:
            return f"{formats.plain(question.text)}: choose another column under **When**."
        case QuestionKind.DATE_ORDER:
            return "Say which number of the dates is the day."
        case QuestionKind.ZONE:
            return "Choose the time zone."


def _column_label(columns: Columns, look: FileLook) -> str:
    named = ", else ".join(columns)
    example = look.examples.get(columns[0], "") if len(columns) == 1 else ""
    return f"{named} (such as {example})" if example else named


def _event_label(columns: Columns, look: FileLook) -> str:
    if columns == EVERY_ROW:
        return "Every row is the same thing"
    if columns == _AS_RECOGNISED:
        return _recognised_names(look.guess)
    return _column_label(columns, look)


def _recognised_names(guess: Guess) -> str:
    """Say how a recognised export names its events, as far as that is quickly said."""
    mapping = guess.mapping
    named = mapping.event or mapping.event_name
    for rule in mapping.name_rules:
        if isinstance(rule, NameByPrefix):
            return f"{named}; {rule.name} where {rule.column} begins with {rule.prefix}"
    if mapping.continued is not None:
        continued = mapping.continued
        return f"{named}; {continued.event_name} for further rows of a {continued.column}"
    return f"As {guess.label} name it"
