"""Campaign files: reading what people wrote, and writing what the designer made (SEMANTICS 9)."""

import json
import re
from collections.abc import Collection
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.domain.base import FileModel
from core.domain.campaigns import Campaign
from core.domain.durations import format_duration
from core.domain.errors import UnusableInput
from core.domain.keys import Place
from core.domain.matchers import Matcher
from core.domain.problems import Problem, problems_of
from core.domain.steps import SendStep
from core.services.documents import LARGEST_FILE, Document, plain_scalar, read_document

WIDTH = 110
_MOST_PROBLEMS = 20

_PLACE_PART = re.compile(r"\.?([a-z_]+)|\[(\d+)\]")
_LEADING_PLACE = re.compile(r"((?:\.?[a-z_]+|\[\d+\])+): ")

_KEYS_FIRST = ("id", "kind", "property", "trait")
_KEYS_LAST = ("key",)

# Text may stand without quotes if it looks like a name, a path or a duration. What YAML 1.1 takes
# for a boolean is quoted for the sake of other programs.
_NAME = re.compile(r"[^\W\d][\w./-]*(?: [\w./-]+)*")
_DURATION = re.compile(r"(?:\d+[dhms])+", re.ASCII)
_BOOLEANS_ELSEWHERE = frozenset({"y", "n", "yes", "no", "on", "off"})


def load_campaign(path: Path) -> Campaign:
    """Read a campaign file. Raises UnusableInput, one line per problem, if it cannot be used."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnusableInput(f"{path}: is larger than 1 MB; is it a campaign file?")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableInput(
            f"{path}: is no text in UTF-8; save it as UTF-8, or give a campaign file"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableInput(f"{path}: cannot be read ({reason.lower()}); check the path") from error
    return read_campaign(text, str(path))


def read_campaign(text: str, file_name: str) -> Campaign:
    """Read a campaign from a file's text; `file_name` ends in `.json` for JSON, else it is YAML.

    Raises UnusableInput with one line per problem, such as `cart.yaml:14: steps[2].timeout: …`.
    """
    document = read_document(text, file_name)
    try:
        return Campaign.model_validate(document.values)
    except ValidationError as error:
        problems = problems_of(error, document.values)
        raise UnusableInput(_report(problems, document)) from error


def campaign_yaml(campaign: Campaign) -> str:
    """Write a campaign as YAML: `kind` always, defaults never, what fits in a line on one line."""
    return "\n".join(_block(_plain(campaign), 0, open_keys=("trigger", "steps"))) + "\n"


def campaign_json(campaign: Campaign) -> str:
    """Write a campaign as JSON, with the keys and in the order of `campaign_yaml`."""
    return json.dumps(_plain(campaign), ensure_ascii=False, indent=2) + "\n"


def check_templates(campaign: Campaign, known: Collection[str]) -> None:
    """Raise UnusableInput, one line per step, where a send names an e-mail that does not exist."""
    faults = [
        f"{campaign.name}: steps[{position}].template: the step {step.id!r} sends "
        f"{step.template!r}, but there is no such e-mail{_nearest(step.template, known)}"
        for position, step in enumerate(campaign.steps)
        if isinstance(step, SendStep) and step.template not in known
    ]
    if faults:
        raise UnusableInput("\n".join(faults))


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(sorted(known))}" if known else "; there is none yet"


def _report(problems: list[Problem], document: Document) -> str:
    """Write each problem on a line, in the order of the file.

    An unknown key comes before the key that is missing for it.
    """
    found = [
        (document.line_of(_place(problem)), problem.message.endswith("is missing"), str(problem))
        for problem in problems
    ]
    lines = [
        f"{document.file_name}:{line}: {_one_line(text)}"
        for line, _, text in sorted(found, key=lambda entry: entry[:2])
    ]
    more = len(lines) - _MOST_PROBLEMS
    if more > 0:
        lines[_MOST_PROBLEMS:] = [f"{document.file_name}: and {more} more problems"]
    return "\n".join(lines)


def _place(problem: Problem) -> Place:
    """Give the place of a problem; what concerns the whole campaign names it in its message."""
    named = _LEADING_PLACE.match(problem.message)
    if problem.place or named is None:
        return problem.place
    return tuple(key or int(position) for key, position in _PLACE_PART.findall(named.group(1)))


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _plain(value: Any) -> Any:
    """Give what the file says about a value: keys, lists and scalars."""
    if isinstance(value, FileModel):
        return _keys_and_values(value)
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, timedelta):
        return format_duration(value)
    return value.value if isinstance(value, Enum) else value


def _keys_and_values(model: FileModel) -> dict[str, Any]:
    fields = type(model).model_fields
    names = [n for n in _KEYS_FIRST if n in fields]
    names += [n for n in fields if n not in _KEYS_FIRST + _KEYS_LAST]
    names += [n for n in _KEYS_LAST if n in fields]
    written = {}
    for name in names:
        value = getattr(model, name)
        if name != "kind" and not fields[name].is_required() and value == fields[name].default:
            continue
        written[fields[name].alias or name] = _shortest(model, name, value)
    return written


def _shortest(model: FileModel, name: str, value: Any) -> Any:
    """Write one event name without its list, and 1.0 as 1 where the file may say either."""
    if isinstance(model, Matcher) and name == "event" and len(value) == 1:
        return value[0]
    if type(model).model_fields[name].annotation is float and value.is_integer():
        return int(value)
    return _plain(value)


def _block(value: Any, indent: int, open_keys: Collection[str] = ()) -> list[str]:
    """Write keys or list members each on a line of its own; `open_keys` never on one line."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, list):
        for member in value:
            inner = _member(member, indent + 2, is_open=False)
            lines += [f"{pad}- {inner[0].strip()}", *inner[1:]]
        return lines
    for key, member in value.items():
        start = f"{pad}{_text(key)}:"
        inner = _member(member, indent + 2, is_open=key in open_keys, used=len(start) + 1)
        is_one_line = len(inner) == 1 and not inner[0].startswith(" ")
        lines += [f"{start} {inner[0]}"] if is_one_line else [start, *inner]
    return lines


def _member(value: Any, indent: int, *, is_open: bool, used: int = 0) -> list[str]:
    flow = _flow(value)
    is_splittable = isinstance(value, dict | list) and len(value) > 0
    if is_splittable and (is_open or max(used, indent) + len(flow) > WIDTH):
        return _block(value, indent)
    return [flow]


def _flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        members = (f"{_text(key)}: {_flow(member)}" for key, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    if _DURATION.fullmatch(text):
        return text
    is_name = _NAME.fullmatch(text) and text.isprintable() and isinstance(plain_scalar(text), str)
    if is_name and text.lower() not in _BOOLEANS_ELSEWHERE:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in quoted)


def _escape(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
