"""Checks the markup of a template: what the compiler refuses without a line, or takes in silence.

What it refuses is an error, what it takes in silence a warning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.rendering.masking import Masked, Statement, mask
from core.rendering.mjml_tags import ATTRIBUTES, CHILDREN, EVERY_ATTRIBUTE, STRICT_TAGS, TEXT_TAGS
from core.rendering.problems import Level, Problem, did_you_mean
from core.rendering.tags import ATTRIBUTE, TAG, VOID_TAGS

DEEPEST = 100
MOST_PROBLEMS = 100

_BLOCKS = frozenset({"for", "macro", "call", "filter", "block"})
_SHORTEST_NAME = re.compile(r"</?([\w:.-]*)")


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    line: int


@dataclass(slots=True)
class _Branching:
    """An `{% if %}` or a block: the tags that were open before it, and after its first branch."""

    word: str
    line: int
    before: tuple[_Open, ...]
    after: tuple[_Open, ...] | None = None
    is_complete: bool = False


def markup_errors(source: str, file: str) -> list[Problem]:
    """List what the compiler would refuse in a template or a partial."""
    return [problem for problem in check_markup(source, file) if problem.level is Level.ERROR]


def check_markup(source: str, file: str) -> list[Problem]:
    """List what is wrong with the markup of a template or a partial, in the order of lines."""
    checking = _Checking(file, mask(source))
    checking.run()
    return sorted(checking.problems, key=lambda problem: problem.line)[:MOST_PROBLEMS]


@dataclass(slots=True)
class _Checking:
    file: str
    masked: Masked
    problems: list[Problem] = field(default_factory=list)
    open: tuple[_Open, ...] = ()
    branchings: list[_Branching] = field(default_factory=list)

    def run(self) -> None:
        position = 0
        statements = iter(self.masked.statements)
        statement = next(statements, None)
        for tag in self.tags():
            while statement is not None and statement.start < tag.start():
                self.statement(statement)
                statement = next(statements, None)
            self.words(position, tag.start())
            position = tag.end()
            if not self.tag(tag) or len(self.problems) >= MOST_PROBLEMS:
                return
        while statement is not None:
            self.statement(statement)
            statement = next(statements, None)
        self.words(position, len(self.masked.markup))
        for branching in self.branchings:
            word = branching.word
            self.error(branching.line, f"{{% {word} %}} is never closed; add {{% end{word} %}}")
        for left in self.open:
            self.error(left.line, f"<{left.name}> is never closed; add </{left.name}>")

    def tags(self) -> Iterator[re.Match[str]]:
        """List tags up to the first "<" that begins none."""
        markup = self.masked.markup
        position = 0
        while (start := markup.find("<", position)) >= 0:
            tag = TAG.match(markup, start)
            if tag is None:
                self.error(self.masked.line_of(start), self.no_tag(start))
                self.open = ()
                return
            position = tag.end()
            yield tag

    def no_tag(self, start: int) -> str:
        if self.masked.markup.startswith("<!--", start):
            return "a comment is never closed; add -->"
        named = _SHORTEST_NAME.match(self.masked.markup, start)
        if named is None or not named[1]:
            return "a bare < begins no tag; write &lt; for the sign itself"
        return f"the tag <{named[1]} does not end; look for a missing > or an open quote"

    def tag(self, tag: re.Match[str]) -> bool:
        """Check a tag and keep the list of open ones; False ends the check."""
        name = tag["name"]
        if name is None:
            return True
        line = self.masked.line_of(tag.start())
        if tag["end"]:
            return self.end_tag(name, line)
        self.place(name, line)
        self.attributes(tag, line)
        is_closed = tag["attributes"].endswith("/")
        if not is_closed and name.lower() not in VOID_TAGS:
            self.open = (*self.open, _Open(name, line))
        if len(self.open) > DEEPEST:
            self.error(line, f"tags are nested more than {DEEPEST} deep; no mailbox shows that")
        return len(self.open) <= DEEPEST

    def end_tag(self, name: str, line: int) -> bool:
        if self.open and self.open[-1].name == name:
            self.open = self.open[:-1]
            return True
        if name.lower() in VOID_TAGS:
            self.error(line, f"</{name}> closes nothing; <{name}> stands alone, so leave it out")
            return True
        if not self.open:
            self.error(line, f"</{name}> closes nothing; it was never opened, or was closed before")
            return False
        last = self.open[-1]
        self.error(
            line,
            f"</{name}> stands where </{last.name}> is due, "
            f"for <{last.name}> of line {last.line} is not closed",
        )
        return False

    def place(self, name: str, line: int) -> None:
        """Check that a tag is known and stands where it may."""
        outer = self.open[-1].name if self.open else None
        is_inside_text = any(one.name in TEXT_TAGS for one in self.open)
        if name == "mj-include":
            self.warn(line, 'mj-include is not used here; write {% include "partials/…" %}')
        elif outer == "mj-attributes":
            if name not in ATTRIBUTES and name not in ("mj-all", "mj-class"):
                self.warn(line, f"there is no tag <{name}>{did_you_mean(name, ATTRIBUTES)}")
        elif name.startswith("mj") and name not in ATTRIBUTES:
            problem = self.error if outer in STRICT_TAGS else self.warn
            problem(line, f"there is no tag <{name}>{did_you_mean(name, ATTRIBUTES)}")
        elif is_inside_text:
            if name in ATTRIBUTES:
                self.warn(line, f"<{name}> inside <{outer}> means nothing; close <{outer}> first")
        elif outer is not None and outer in CHILDREN and name not in CHILDREN[outer]:
            self.misplaced(name, outer, line)

    def misplaced(self, name: str, outer: str, line: int) -> None:
        problem = self.error if outer in STRICT_TAGS else self.warn
        homes = sorted(tag for tag, inner in CHILDREN.items() if name in inner)
        if name not in ATTRIBUTES:
            way_out = "put HTML into <mj-text> or <mj-raw>"
        else:
            way_out = f"it stands in {' or '.join(f'<{home}>' for home in homes)}"
        problem(line, f"<{name}> has no place in <{outer}>; {way_out}")

    def attributes(self, tag: re.Match[str], line: int) -> None:
        name, raw, start = tag["name"], tag["attributes"], tag.start("attributes")
        outer = self.open[-1].name if self.open else None
        known = EVERY_ATTRIBUTE if outer == "mj-attributes" else ATTRIBUTES.get(name)
        if name == "mj-class" and outer == "mj-attributes":
            known = EVERY_ATTRIBUTE | {"name"}
        seen: set[str] = set()
        position = 0
        for attribute in ATTRIBUTE.finditer(raw):
            gap = raw[position : attribute.start()]
            position = attribute.end()
            here = self.masked.line_of(start + attribute.start("name"))
            if "=" in gap or raw.startswith("=", position):
                self.error(here, f"a value in <{name}> needs quotes around it")
                return
            if not self.masked.has_jinja(start + attribute.start(), start + attribute.end("name")):
                self.attribute(attribute, name, known, seen, here)

    def attribute(
        self,
        attribute: re.Match[str],
        tag: str,
        known: frozenset[str] | None,
        seen: set[str],
        line: int,
    ) -> None:
        name = attribute["name"]
        if known is None or name == "/":
            return
        if name not in known:
            self.warn(line, f"<{tag}> has no attribute {name}{did_you_mean(name, known)}")
        elif name in seen:
            self.warn(line, f"{name} stands twice in <{tag}>; keep one")
        elif attribute["equals"] is None:
            self.warn(line, f'{name} in <{tag}> has no value; write {name}="…"')
        seen.add(name)

    def words(self, start: int, end: int) -> None:
        """Check the text between two tags: between MJML's own tags there may be none."""
        outer = self.open[-1].name if self.open else None
        text = self.masked.markup[start:end]
        if outer not in CHILDREN or not text.strip() or self.masked.has_jinja(start, end):
            return
        line = self.masked.line_of(start + len(text) - len(text.lstrip()))
        problem = self.error if outer in STRICT_TAGS else self.warn
        problem(line, f"text directly in <{outer}> is left out; put it into <mj-text>")

    def statement(self, statement: Statement) -> None:
        """Follow branches: each begins with the tags that were open before the first."""
        word = statement.word
        line = self.masked.line_of(statement.start)
        if word == "if" or word in _BLOCKS:
            self.branchings.append(_Branching(word, line, self.open))
        elif self.branchings and word in ("elif", "else"):
            self.next_branch(self.branchings[-1], is_last=word == "else")
        elif self.branchings and word == f"end{self.branchings[-1].word}":
            self.last_branch(self.branchings.pop())

    def next_branch(self, branching: _Branching, *, is_last: bool) -> None:
        self.compare(branching, branching.after)
        branching.after = branching.after or self.open
        branching.is_complete = is_last
        self.open = branching.before

    def last_branch(self, branching: _Branching) -> None:
        self.compare(branching, branching.after)
        if branching.word != "if" or not branching.is_complete:
            self.compare(branching, branching.before)
        self.open = branching.after or self.open

    def compare(self, branching: _Branching, expected: tuple[_Open, ...] | None) -> None:
        """Compare what a branch leaves open with what it should."""
        if expected is None or [one.name for one in self.open] == [one.name for one in expected]:
            return
        self.warn(
            branching.line,
            f"the tags opened and closed inside {{% {branching.word} %}} do not match, "
            "so the e-mail breaks for some people",
        )

    def error(self, line: int, message: str) -> None:
        self.report(line, Level.ERROR, message)

    def warn(self, line: int, message: str) -> None:
        self.report(line, Level.WARNING, message)

    def report(self, line: int, level: Level, message: str) -> None:
        self.problems.append(Problem(file=self.file, line=line, level=level, message=message))
