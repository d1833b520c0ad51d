"""Hiding most of every e-mail address that is shown: `a…@example.org`."""

import re
from collections.abc import Mapping

from core.domain.values import JsonValue

_ADDRESS = re.compile(r"([^\s@<>\"'(),:;])[^\s@<>\"'(),:;]*@((?:[\w-]+\.)+[\w-]+)")
# As it stands in the address of a web page.
_ENCODED = re.compile(r"(\w)(?:[\w.+-]|%2B)*%40((?:[\w-]+\.)+[\w-]+)", re.IGNORECASE)


def masked(text: str) -> str:
    """Hide most of every e-mail address in a text; all else stays."""
    return _ADDRESS.sub(r"\1…@\2", _ENCODED.sub(r"\1…%40\2", text))


def masked_value(value: JsonValue) -> JsonValue:
    """Hide most of every e-mail address in a value, however deep it lies."""
    match value:
        case str():
            return masked(value)
        case Mapping():
            return {masked(name): masked_value(member) for name, member in value.items()}
        case list():
            return [masked_value(member) for member in value]
        case _:
            return value
