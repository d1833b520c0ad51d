"""Text of a YAML or JSON file to plain values, with the line of each: the reading half of a file.

YAML is read with the meaning of YAML 1.2, of which only what a campaign file needs is taken: no
anchors, no tags. One thing differs on purpose: digits with a leading zero stay text, they are ids.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from core.domain.errors import UnusableInput
from core.domain.keys import Place
from core.domain.problems import place_text

LARGEST_FILE = 1_000_000  # bytes
DEEPEST = 40

_EMPTY = "is empty; a campaign file begins with its `name`"
_NO_TEXT = "holds control characters; is it a text file?"
_TOO_DEEP = f"nested deeper than {DEEPEST} levels; a campaign needs a handful"

_YAML_TAG = "tag:yaml.org,2002:"
_YAML_FAULTS = {
    "'\\t' that cannot start": "a tab; indent with spaces",
    "that cannot start any token": "text that begins with this sign has to stand in quotes",
    "mapping values are not allowed": (
        "a second colon in the line, or wrong indentation; put text with a colon in quotes"
    ),
    "expected <block end>": (
        "the line does not fit those above; look for an open quote or wrong indentation"
    ),
    "expected ',' or": "a comma is missing, or a bracket above is not closed",
    "expected ':'": "a key without its colon, or text over several lines that needs quotes",
    "unexpected end of stream": "a quote is opened and never closed",
}

_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|(0|[1-9]\d*)(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_INTEGER = 400
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says: its keys and values, and on which line each stands."""

    file_name: str
    values: dict[str, Any]
    line_by_place: Mapping[Place, int]

    def line_of(self, place: Place) -> int:
        """Give the line of a place, or of the innermost part around it that is in the file."""
        while place and place not in self.line_by_place:
            place = place[:-1]
        return self.line_by_place.get(place, 1)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A file while it is read."""

    file_name: str
    line_by_place: dict[Place, int] = field(default_factory=dict)

    def fault(self, line: int | None, what: str) -> UnusableInput:
        where = self.file_name if line is None else f"{self.file_name}:{line}"
        return UnusableInput(f"{where}: {what}")

    def enter(self, place: Place, line: int) -> None:
        if len(place) > DEEPEST:
            raise self.fault(line, _TOO_DEEP)
        self.line_by_place.setdefault(place, line)

    def enter_key(self, place: Place, line: int) -> None:
        if place in self.line_by_place:
            first = self.line_by_place[place]
            raise self.fault(
                line, f"the key {place_text(place)!r} stands twice, first in line {first}; keep one"
            )
        self.enter(place, line)


def read_document(text: str, file_name: str) -> Document:
    """Read a file's text: as JSON if the name ends in `.json`, else as YAML.

    Raises UnusableInput with one line that names the file, the line in it, and what to change.
    """
    reading = _Reading(file_name=file_name)
    text = text.removeprefix("\ufeff")
    _check_text(text, reading)
    if file_name.lower().endswith(".json"):
        values = _json_value(text, reading)
    else:
        values = _yaml_value(text, reading)
    if not isinstance(values, dict):
        raise reading.fault(
            reading.line_by_place.get(()),
            f"holds {_kind(values)}; a campaign file has keys, as in `name: Cart recovery`",
        )
    return Document(file_name=file_name, values=values, line_by_place=reading.line_by_place)


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Give what unquoted YAML text means; a number that is infinite or none is a ValueError."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > _LONGEST_INTEGER:
            raise ValueError(f"a number of {len(text)} digits; put it in quotes if it is an id")
        return int(text)
    if _FLOAT.fullmatch(text) or _INFINITE.fullmatch(text):
        number = math.inf if _INFINITE.fullmatch(text) else float(text)
        if not math.isfinite(number):
            raise ValueError(
                f"{text[:40]!r} is not a finite number; put it in quotes if it is text"
            )
        return number
    return text


def _check_text(text: str, reading: _Reading) -> None:
    if len(text.encode(errors="replace")) > LARGEST_FILE:
        raise reading.fault(
            None, f"is larger than {LARGEST_FILE // 1_000_000} MB; is it a campaign file?"
        )
    for number, line in enumerate(text.split("\n"), start=1):
        if not _is_text(line):
            raise reading.fault(number, _NO_TEXT)
    if not text.strip():
        raise reading.fault(None, _EMPTY)


def _is_text(text: str) -> bool:
    """Say whether there are only characters that UTF-8 and every database can hold."""
    return not any((s < " " and s not in "\t\r\n") or "\ud800" <= s <= "\udfff" for s in text)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "a single value"


def _yaml_value(text: str, reading: _Reading) -> Any:
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    try:
        if not any(isinstance(event, yaml.DocumentStartEvent) for event in events):
            raise reading.fault(None, _EMPTY)
        value = _node(next(events), events, (), reading)
        _check_end(events, reading)
    except yaml.MarkedYAMLError as error:
        raise _yaml_fault(error, reading) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise reading.fault(line, _NO_TEXT) from error
    return value


def _check_end(events: Iterator[yaml.Event], reading: _Reading) -> None:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            raise reading.fault(
                _line(event), "a second document begins here; a file holds one campaign"
            )


def _node(event: yaml.Event, events: Iterator[yaml.Event], place: Place, reading: _Reading) -> Any:
    """Build the value that begins with `event`, taking from `events` what belongs to it."""
    _refuse_cleverness(event, reading)
    reading.enter(place, _line(event))
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, place, reading)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events, place, reading)
    return _scalar(event, reading)


def _mapping(events: Iterator[yaml.Event], place: Place, reading: _Reading) -> dict[str, Any]:
    values: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise reading.fault(_line(event), "a key has to be a word, not a list or a reference")
        key = _checked_text(str(event.value), _line(event), reading)
        reading.enter_key((*place, key), _line(event))
        values[key] = _node(next(events), events, (*place, key), reading)
    return values


def _sequence(events: Iterator[yaml.Event], place: Place, reading: _Reading) -> list[Any]:
    values: list[Any] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        values.append(_node(event, events, (*place, len(values)), reading))
    return values


def _scalar(event: Any, reading: _Reading) -> Any:
    if event.implicit[0]:
        return _plain(str(event.value), _line(event), reading)
    return _checked_text(str(event.value), _line(event), reading)


def _refuse_cleverness(event: Any, reading: _Reading) -> None:
    """Refuse anchors, aliases and tags: a file means what stands there."""
    if getattr(event, "anchor", None) is not None:
        sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
        raise reading.fault(
            _line(event),
            f"references such as {sign}{event.anchor[:40]} are not used in campaign files; "
            "write the value out, or put text in quotes",
        )
    if getattr(event, "tag", None) is not None:
        raise reading.fault(
            _line(event),
            f"a tag such as {event.tag.replace(_YAML_TAG, '!!')[:40]} is not used in campaign "
            "files; leave it out, or put text in quotes",
        )


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _yaml_fault(error: yaml.MarkedYAMLError, reading: _Reading) -> UnusableInput:
    """Say in one sentence what the YAML library says in several lines."""
    mark = error.problem_mark or error.context_mark
    said = " ".join(str(error.problem).split())
    meant = next((ours for theirs, ours in _YAML_FAULTS.items() if theirs in said), said)
    return reading.fault(None if mark is None else mark.line + 1, f"is no YAML here: {meant}")


def _json_value(text: str, reading: _Reading) -> Any:
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise reading.fault(
            error.lineno, f"is no JSON here: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from error
    except RecursionError as error:
        raise reading.fault(None, _TOO_DEEP) from error
    tokens = _json_tokens(text)
    return _json_node(*next(tokens), tokens, (), reading)


def _json_tokens(text: str) -> Iterator[tuple[str, int]]:
    """List strings, signs and scalars of JSON that is known to be sound, each with its line."""
    line, counted = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match.group() not in (",", ":"):
            yield match.group(), line


def _json_node(
    token: str, line: int, tokens: Iterator[tuple[str, int]], place: Place, reading: _Reading
) -> Any:
    reading.enter(place, line)
    if token == "{":
        return _json_object(tokens, place, reading)
    if token == "[":
        return _json_array(tokens, place, reading)
    if token.startswith('"'):
        return _json_text(token, line, reading)
    if token in ("NaN", "Infinity", "-Infinity"):
        raise reading.fault(line, f"{token} is not a finite number; put it in quotes if it is text")
    return _plain(token, line, reading)


def _json_object(
    tokens: Iterator[tuple[str, int]], place: Place, reading: _Reading
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for token, line in tokens:
        if token == "}":
            break
        key = _json_text(token, line, reading)
        reading.enter_key((*place, key), line)
        values[key] = _json_node(*next(tokens), tokens, (*place, key), reading)
    return values


def _json_array(tokens: Iterator[tuple[str, int]], place: Place, reading: _Reading) -> list[Any]:
    values: list[Any] = []
    for token, line in tokens:
        if token == "]":
            break
        values.append(_json_node(token, line, tokens, (*place, len(values)), reading))
    return values


def _json_text(token: str, line: int, reading: _Reading) -> str:
    return _checked_text(str(json.loads(token)), line, reading)


def _plain(text: str, line: int, reading: _Reading) -> Any:
    try:
        return plain_scalar(text)
    except ValueError as error:
        raise reading.fault(line, str(error)) from error


def _checked_text(text: str, line: int, reading: _Reading) -> str:
    if not _is_text(text):
        raise reading.fault(line, "an escape in this text stands for no character; leave it out")
    return text
