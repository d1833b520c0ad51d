"""Checks the Jinja of a template: syntax, filters, files to include, and names that nobody has."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from jinja2 import TemplateSyntaxError, nodes

from core.rendering.environment import EmailEnvironment, text_environment
from core.rendering.expressions import outermost_paths
from core.rendering.faults import fault_sentence
from core.rendering.problems import Level, Problem, did_you_mean

# Given to every template, beside what its person has.
OWN_NAMES = (
    *("subject", "preheader", "company"),
    *("links.unsubscribe", "links.preferences", "links.browser"),
)

MOST_PROBLEMS = 100

_GIVEN_BY_JINJA = frozenset(
    (
        *("loop", "caller", "varargs", "kwargs", "self", "super", "range", "dict", "cycler"),
        *("joiner", "namespace", "require", "true", "false", "none"),
    )
)
_METHODS_OF_DICTS = frozenset({"items", "keys", "values", "get"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JinjaChecks:
    """What expressions may use: names of fields (None: any) and files to include (None: any)."""

    known: Collection[str] | None = None
    files: Collection[str] | None = None

    def check(self, source: str, file: str, first_line: int = 1) -> list[Problem]:
        """List what is wrong with the expressions of a source that begins in `first_line`."""
        environment = text_environment({})
        try:
            tree = environment.parse(source)
            problems = list(islice(self._problems(tree, environment), MOST_PROBLEMS))
        except TemplateSyntaxError as error:
            return [_problem(file, first_line + error.lineno - 1, fault_sentence(error, ()))]
        except RecursionError:
            return [_problem(file, first_line, "an expression is nested too deep")]
        found = [
            _problem(file, first_line + line - 1, what, level) for level, line, what in problems
        ]
        return sorted(found, key=lambda problem: problem.line)

    def _problems(
        self, tree: nodes.Template, environment: EmailEnvironment
    ) -> Iterator[tuple[Level, int, str]]:
        errors = (_unknown_filters(tree, environment), self._includes(tree), _methods(tree))
        yield from ((Level.ERROR, line, what) for found in errors for line, what in found)
        yield from ((Level.WARNING, line, what) for line, what in self._unknown_names(tree))

    def _includes(self, tree: nodes.Template) -> Iterator[tuple[int, str]]:
        if self.files is None:
            return
        for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            named = getattr(node, "template", None)
            if isinstance(named, nodes.Const) and named.value not in self.files:
                near = did_you_mean(str(named.value), self.files)
                there = f"; there are: {', '.join(sorted(self.files)) or 'none'}"
                yield node.lineno, f"there is no file {named.value!r} to include{near or there}"

    def _unknown_names(self, tree: nodes.Template) -> Iterator[tuple[int, str]]:
        if self.known is None:
            return
        known = _with_owners([*self.known, *OWN_NAMES])
        own = _own_names(tree)
        guarded = {id(node) for node in _guarded(tree)}
        told: set[tuple[int, str]] = set()
        for root, path, line in outermost_paths(tree):
            if root.name in own or id(root) in guarded or (line, path) in told:
                continue
            told.add((line, path))
            lacking = _lacking(path, known)
            if lacking is not None:
                yield line, f"nobody has {lacking}{did_you_mean(lacking, _named_like(known, path))}"


def _own_names(tree: nodes.Template) -> frozenset[str]:
    """List what a template names itself, and what Jinja gives it.

    `jinja2.meta` would compile the template for that, and compute what is constant in it.
    """
    names = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    names |= {macro.name for macro in tree.find_all(nodes.Macro)}
    names |= {imported.target for imported in tree.find_all(nodes.Import)}
    for imported in tree.find_all(nodes.FromImport):
        names |= {one if isinstance(one, str) else one[1] for one in imported.names}
    return frozenset(names | _GIVEN_BY_JINJA)


def _problem(file: str, line: int, message: str, level: Level = Level.ERROR) -> Problem:
    return Problem(file=file, line=line, level=level, message=message)


def _unknown_filters(
    tree: nodes.Template, environment: EmailEnvironment
) -> Iterator[tuple[int, str]]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        kind, known = (
            ("filter", environment.filters)
            if isinstance(node, nodes.Filter)
            else ("test", environment.tests)
        )
        if node.name not in known:
            yield node.lineno, f"there is no {kind} {node.name}{did_you_mean(node.name, known)}"


def _methods(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Find calls of Python's methods of dictionaries, which e-mails do not have."""
    for call in tree.find_all(nodes.Call):
        asked = call.node
        if isinstance(asked, nodes.Getattr) and asked.attr in _METHODS_OF_DICTS:
            hint = "write `| items`" if asked.attr != "get" else "write the name of the field"
            yield call.lineno, f"there is no method {asked.attr}() in e-mails; {hint}"


def _guarded(tree: nodes.Template) -> Iterator[nodes.Name]:
    """List the names whose absence is expected: `x is defined` asks for nothing."""
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined"):
            yield from test.find_all(nodes.Name)


def _with_owners(known: Collection[str]) -> Mapping[str, bool]:
    """Give every name and its owners, each with whether its fields are known."""
    found: dict[str, bool] = {}
    for path in known:
        name = path.partition("[")[0]
        parts = name.split(".")
        for length in range(1, len(parts)):
            found[".".join(parts[:length])] = True
        found.setdefault(name, False)
    return found


def _lacking(path: str, known: Mapping[str, bool]) -> str | None:
    """Give the first part of a path that nobody has, or None."""
    parts = path.partition("[")[0].split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        if name not in known:
            return name
        if not known.get(name):
            return None
    return None


def _named_like(known: Mapping[str, bool], path: str) -> Collection[str]:
    owner = path.rpartition(".")[0].partition("[")[0]
    return [name for name in known if name.startswith(f"{owner}.")] or list(known)
