"""Gives a missing field of an e-mail something to say instead."""

import re

_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def with_default(source: str, name: str, instead: str, line: int = 1) -> str | None:
    """Put `| default(…)` behind a field, where it stands from a line on; None if it does not.

    A field that has a default already is left as it is.
    """
    start = _start_of(source, line)
    found = _place_of(source, name, start)
    if found is None and start > 0:
        found = _place_of(source, name, 0)
    if found is None:
        return None
    return f"{source[:found]} | default({_quoted(instead)}, true){source[found:]}"


def _place_of(source: str, name: str, start: int) -> int | None:
    """Find the end of the first bare mention of a field in Jinja."""
    mention = re.compile(rf"(?<![\w'\"]){re.escape(name)}(?![\w.\[(])(?!\s*\|\s*default\b)")
    for expression in _EXPRESSION.finditer(source, start):
        found = mention.search(source, expression.start(), expression.end())
        if found is not None:
            return found.end()
    return None


def _start_of(source: str, line: int) -> int:
    """Give where a line begins, counted from 1."""
    place = 0
    for _ in range(line - 1):
        place = source.find("\n", place) + 1
        if place == 0:
            break
    return place


def _quoted(text: str) -> str:
    """Write a text in single quotes: it may stand within an attribute in double ones."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
