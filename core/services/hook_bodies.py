"""From the body of a call to plain JSON values, bounded at every step."""

import json
import math
import re
from typing import Any
from xml.parsers import expat

from core.domain.values import JsonValue

DEEPEST = 32
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_SUBSTITUTE = "\N{REPLACEMENT CHARACTER}"
_MOST_ELEMENTS = 20_000


class UnreadableBody(Exception):
    """A body that is not what it should be; the text is a sentence."""


def read_json(body: bytes) -> Any:
    """Read an object or a list; raises UnreadableBody.

    Numbers that are infinite or none become null, characters that are none are replaced.
    """
    try:
        found = json.loads(
            body.decode("utf-8-sig"), parse_constant=lambda _name: None, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise UnreadableBody("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise UnreadableBody(f"The body is no JSON: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(
            "The body holds a number that is too long, or is nested too deeply."
        ) from error
    if not isinstance(found, dict | list):
        raise UnreadableBody("The body is neither a JSON object nor a list.")
    return _tidy(found, DEEPEST)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _tidy(value: Any, left: int) -> Any:
    if not left:
        raise UnreadableBody("The body is nested too deeply.")
    if isinstance(value, str):
        return _NO_TEXT.sub(_SUBSTITUTE, value)
    if isinstance(value, dict):
        return {_NO_TEXT.sub(_SUBSTITUTE, k): _tidy(v, left - 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_tidy(member, left - 1) for member in value]
    return value


def read_outbound_message(body: bytes) -> dict[str, JsonValue]:
    """Read an outbound message of Salesforce: organization and notifications, as JSON values.

    Each notification has `id`, the `type` of its object, and the `object` by field names. Nothing
    is read that a document declares itself (DTD, entities). Raises UnreadableBody.
    """
    root = _Tree().read(body)
    notifications = _one(_one(root, "Body"), "notifications")
    return {
        "organization": _text(_one(notifications, "OrganizationId")),
        "items": [_notification(one) for one in _all(notifications, "Notification")],
    }


class _Element:
    """An element of a document: its name without prefix, its attributes, text and children."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = _local(name)
        self.attributes = {_local(key): value for key, value in attributes.items()}
        self.text: list[str] = []
        self.children: list[_Element] = []


class _Tree:
    """Builds the tree of a small document, and refuses what could make it a large one."""

    def __init__(self) -> None:
        self._open = [_Element("", {})]
        self._count = 0

    def read(self, body: bytes) -> _Element:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = lambda text: self._open[-1].text.append(text)
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise UnreadableBody(f"The body is no XML: {error}.") from error
        return self._open[0].children[0]

    def _refuse(self, *_declared: object) -> None:
        raise UnreadableBody("The body declares a document type, which no outbound message does.")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > DEEPEST or self._count > _MOST_ELEMENTS:
            raise UnreadableBody("The body is nested too deeply, or too long.")
        element = _Element(name, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()


def _notification(element: _Element) -> dict[str, JsonValue]:
    found = _one(element, "sObject")
    fields: dict[str, JsonValue] = {child.name: _value(child) for child in found.children}
    return {
        "id": _text(_one(element, "Id")),
        "type": _local(found.attributes.get("type", "")),
        "object": fields,
    }


def _value(element: _Element) -> JsonValue:
    if element.attributes.get("nil") in ("true", "1"):
        return None
    text = _text(element)
    return {"true": True, "false": False}.get(text, text)


def _text(element: _Element) -> str:
    return _NO_TEXT.sub(_SUBSTITUTE, "".join(element.text)).strip()


def _all(element: _Element, name: str) -> list[_Element]:
    return [child for child in element.children if child.name == name]


def _one(element: _Element, name: str) -> _Element:
    found = _all(element, name)
    if not found:
        raise UnreadableBody(f"The body is no outbound message: it has no {name}.")
    return found[0]


def _local(name: str) -> str:
    return name.rpartition(":")[2]
