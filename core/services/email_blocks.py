"""Finds the lists that an e-mail shows, and those in which there is nothing for somebody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.domain.email_context import EmailContext
from core.rendering.emails import EmailTemplate
from core.rendering.masking import JINJA
from core.services.email_findings import line_of, parts_of

_LOOP = re.compile(r"\s*[\w\s,]+\sin\s+(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_PARTS = frozenset(part.name for part in fields(EmailContext))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of an e-mail that repeats for each member of a list, and where it begins."""

    path: str
    file: str
    line: int


def loops_of(template: EmailTemplate) -> list[Block]:
    """List the loops of an e-mail that nothing guards: neither an `{% else %}` nor an `{% if %}`.

    A guard is an `{% if %}` around the loop that asks for the same list.
    """
    return [block for file, source in parts_of(template).items() for block in _loops(source, file)]


def empty_blocks(loops: Sequence[Block], context: Mapping[str, Any]) -> Iterator[Block]:
    """Name the loops for which somebody has no members."""
    for block in loops:
        value: Any = context
        for part in block.path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if not value:
            yield block


@dataclass(slots=True)
class _Open:
    word: str
    test: str
    block: Block | None = None


def _loops(source: str, file: str) -> Iterator[Block]:
    opened: list[_Open] = []
    bound: set[str] = set()
    for found in JINJA.finditer(source):
        word = found["word"]
        if word in ("if", "for"):
            block = None
            if word == "for":
                block = _block(found, opened, bound, file, source)
                bound |= _targets(found["statement"])
            opened.append(_Open(word, found["statement"] or "", block))
        elif word == "else" and opened:
            opened[-1].block = None
        elif word in ("endif", "endfor") and opened:
            ended = opened.pop()
            if ended.block is not None:
                yield ended.block


def _block(
    found: re.Match[str], opened: Sequence[_Open], bound: set[str], file: str, source: str
) -> Block | None:
    """Give the block of a loop over a list of the person, unless an `if` around it asks for it."""
    loop = _LOOP.match(found["statement"])
    if loop is None:
        return None
    path = loop["path"]
    root = path.partition(".")[0]
    if root in bound or root not in _PARTS:
        return None
    owners = {path, *(path[: dot.start()] for dot in re.finditer(r"\.", path))}
    asked = "|".join(map(re.escape, owners))
    guard = re.compile(rf"(?<![\w.])(?:{asked})(?![\w])")
    if any(outer.word == "if" and guard.search(outer.test) for outer in opened):
        return None
    return Block(path=path, file=file, line=line_of(source, found.start()))


def _targets(statement: str) -> set[str]:
    return set(re.findall(r"\w+", statement.partition(" in ")[0]))
