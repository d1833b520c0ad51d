"""Hides Jinja in MJML behind signs of the same length, so that lines and places stay."""

import re
from bisect import bisect_left
from dataclasses import dataclass

_TEXT = r"\"[^\"]*+\"|'[^']*+'"
# What is never closed ends with the text, so that no text is looked through twice; what is looked
# ahead for and then named again is kept whole, as in `core.rendering.tags`.
JINJA = re.compile(
    r"\{%[-+]?\s*raw\s*[-+]?%\}(?P<raw>.*?)(?:\{%[-+]?\s*endraw\s*[-+]?%\}|\Z)"
    r"|\{#.*?(?:#\}|\Z)"
    rf"|\{{\{{(?=(?P<output>(?:{_TEXT}|(?!\}}\}}).)*))(?P=output)(?:\}}\}}|\Z)"
    r"|\{%[-+]?\s*(?P<word>\w*)"
    rf"(?=(?P<statement>(?:{_TEXT}|(?!%\}}).)*))(?P=statement)(?:%\}}|\Z)",
    re.DOTALL,
)
_LINE_END = re.compile(r"\n")
_NO_LINE_END = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class Statement:
    """A `{% … %}` of a template: where it begins, and its first word."""

    start: int
    word: str


@dataclass(frozen=True, slots=True)
class Masked:
    """Markup without Jinja, as long as the source, and the statements that were in it."""

    source: str
    markup: str
    statements: tuple[Statement, ...]
    line_ends: tuple[int, ...]

    def line_of(self, position: int) -> int:
        """Give the line of a place in the source."""
        return bisect_left(self.line_ends, position) + 1

    def has_jinja(self, start: int, end: int) -> bool:
        """Say whether a part of the source holds Jinja."""
        part = self.source[start:end]
        return "{{" in part or "{%" in part or "{#" in part


def mask(source: str) -> Masked:
    """Hide Jinja: outputs become words, statements and comments become space."""
    statements = tuple(
        Statement(found.start(), found["word"])
        for found in JINJA.finditer(source)
        if found["word"] is not None
    )
    line_ends = tuple(found.start() for found in _LINE_END.finditer(source))
    return Masked(source, JINJA.sub(_hidden, source), statements, line_ends)


def _hidden(found: re.Match[str]) -> str:
    if found["raw"] is not None:
        before, after = found.start("raw") - found.start(), found.end() - found.end("raw")
        return " " * before + found["raw"] + " " * after
    return _NO_LINE_END.sub(" " if found["output"] is None else "x", found[0])
