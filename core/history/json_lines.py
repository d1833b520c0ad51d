"""JSON lines as columns: which names a mapping may use, and how SQL finds their values."""

import json
from collections.abc import Iterable, Mapping, Sequence

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue

_LINES_LOOKED_AT = 500
_MOSTLY = 0.5


def first_objects(name: str, first_lines: str) -> list[Mapping[str, JsonValue]]:
    """Parse the objects of the first lines; raise UnusableInput if most lines hold none."""
    if first_lines.lstrip().startswith("["):
        raise UnusableInput(
            f"{name} is one JSON list: write one object per line, without brackets around them and"
            " commas between them."
        )
    lines = [line for line in first_lines.split("\n") if line.strip()][:_LINES_LOOKED_AT]
    objects = [parsed for line in lines if (parsed := _object(line)) is not None]
    if len(objects) < _MOSTLY * len(lines):
        raise UnusableInput(
            f"{name} starts like JSON, but most lines are no complete object: write one object per"
            " line."
        )
    return objects


def object_columns(objects: Iterable[Mapping[str, JsonValue]]) -> tuple[str, ...]:
    """List the keys in order of appearance; those of nested objects as "outer.inner"."""
    found: dict[str, None] = {}
    for item in objects:
        for key, value in item.items():
            found[key] = None
            found.update(dict.fromkeys(f"{key}.{inner}" for inner in _nested(value)))
    return tuple(found)


def object_texts(item: Mapping[str, JsonValue], columns: Sequence[str]) -> tuple[str | None, ...]:
    """Give the values of an object under the columns, as text."""
    return tuple(_text(_value(item, *split_column(column, columns))) for column in columns)


def split_column(column: str, columns: Sequence[str]) -> tuple[str, str | None]:
    """Split "outer.inner" into its two keys; a key that is there by itself stays one."""
    outer, dot, inner = column.partition(".")
    return (outer, inner) if dot and outer in columns else (column, None)


def pointer(keys: Sequence[str | None]) -> str:
    """Write keys as a JSON pointer."""
    escaped = (key.replace("~", "~0").replace("/", "~1") for key in keys if key is not None)
    return "".join(f"/{key}" for key in escaped)


def _object(line: str) -> Mapping[str, JsonValue] | None:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _nested(value: JsonValue) -> Iterable[str]:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return [key for item in value if isinstance(item, Mapping) for key in item]
    return ()


def _value(item: Mapping[str, JsonValue], outer: str, inner: str | None) -> JsonValue:
    value = item.get(outer)
    if inner is None:
        return value
    if isinstance(value, list):
        value = next((entry for entry in value if isinstance(entry, Mapping)), None)
    return value.get(inner) if isinstance(value, Mapping) else None


def _text(value: JsonValue) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
