"""Nothing is changed from a page by somebody who may not: each way to a writing verb is guarded."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from core.settings import REPOSITORY

# Verbs that change files, and one that sends; those that write into the database are found.
OF_FILES = {
    ("datasets", "delete"),
    ("experiment_uploads", "change_kept"),
    ("experiment_uploads", "forget_results"),
    ("experiment_uploads", "keep_results"),
    ("imports", "import_files"),
    ("imports", "load_sample"),
    ("stored_rehearsals", "forget"),
    ("trial_sends", "send_test"),
    ("uploads", "keep_upload"),
}
# What even a viewer causes: the key that signs links is drawn when it is first asked for, and the
# log of changes is written by what has been changed. A day is decided once more in a copy.
BY_EVERYBODY = {("signing", "signing_key"), ("audit", "note"), ("drift", "check_drift")}
# Where the guard stands elsewhere.
KNOWN = {"core/ui/connect/hook_calls_out.py: show": "shows what an admin's press asked for"}
GUARDS = {"only", "check", "require"}

Verb = tuple[str, str]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in tree(path).body if isinstance(node, ast.FunctionDef))


def calls(node: ast.AST) -> Iterator[ast.expr]:
    yield from (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))


def names(node: ast.AST) -> set[str]:
    """Name all that is spoken of in a piece of code, called or handed on."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def imported(path: Path, room: str) -> Mapping[str, Verb | str]:
    """Give what a module calls functions (as verbs) and modules (by their name) of a room."""
    found: dict[str, Verb | str] = {}
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            called = alias.asname or alias.name
            if node.module == room:
                found[called] = alias.name
            elif node.module.startswith(f"{room}."):
                found[called] = (node.module.removeprefix(f"{room}."), alias.name)
    return found


def verbs_in(node: ast.AST, known: Mapping[str, Verb | str]) -> set[Verb]:
    """Give the verbs of a room that a piece of code calls or hands on."""
    direct = {known[name] for name in names(node) & known.keys()}
    of_modules = {
        (module, inner.attr)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute)
        and isinstance(inner.value, ast.Name)
        and isinstance(module := known.get(inner.value.id), str)
    }
    return {verb for verb in direct if isinstance(verb, tuple)} | of_modules


def writing_verbs() -> set[Verb]:
    """Give the functions of the services that write, be it through one another."""
    uses: dict[Verb, set[Verb]] = {}
    found = set(OF_FILES)
    for path in (REPOSITORY / "core/services").glob("*.py"):
        known = imported(path, "core.services")
        own = {function.name for function in functions(path)}
        for function in functions(path):
            verb = (path.stem, function.name)
            called = {(path.stem, name) for name in names(function) & own}
            uses[verb] = called | verbs_in(function, known)
            if names(function) & {"writing", "one_transaction"}:
                found.add(verb)
    found -= BY_EVERYBODY
    while more := {v for v, used in uses.items() if used & found} - found - BY_EVERYBODY:
        found |= more
    return found


def is_guard(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "signed_in"
        and called.attr in GUARDS
    )


def is_guarded(function: ast.FunctionDef) -> bool:
    return any(is_guard(called) for called in calls(function))


def unguarded(path: Path, writers: set[Verb]) -> set[str]:
    """Name the functions of a module that write and are reached past no guard.

    One that is called by guarded functions of its module alone is guarded by them, and so is one
    that hands the verb on to a guarded function.
    """
    known = imported(path, "core.services")
    own = {function.name: function for function in functions(path)}
    open_ones = {
        name: function
        for name, function in own.items()
        if not is_guarded(function)
        and verbs_in(function, known) & writers
        and not _is_handed_on(function, own, known, writers)
    }
    callers = {
        name: {other.name for other in own.values() if name in names(other) and other.name != name}
        for name in open_ones
    }
    return {
        name for name, by in callers.items() if not by or not all(is_guarded(own[b]) for b in by)
    }


def _is_handed_on(
    function: ast.FunctionDef,
    own: Mapping[str, ast.FunctionDef],
    known: Mapping[str, Verb | str],
    writers: set[Verb],
) -> bool:
    """Say whether a function only gives its verbs to guarded ones: `on_click=guarded, args=…`."""
    guarded = {name for name, other in own.items() if is_guarded(other)}
    handing = [
        inner
        for inner in ast.walk(function)
        if isinstance(inner, ast.Call) and {n.id for n in _given(inner)} & guarded
    ]
    handed = set().union(*(verbs_in(inner, known) for inner in handing))
    called = set().union(*(verbs_in(target, known) for target in calls(function)))
    return (verbs_in(function, known) & writers) <= handed and not called & writers


def _given(call: ast.Call) -> Iterator[ast.Name]:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    yield from (part for part in given if isinstance(part, ast.Name))


def test_this_test_finds_who_writes() -> None:
    found = writing_verbs()

    assert {
        ("campaigns", "save_campaign"),
        ("company", "keep_company"),
        ("write_keys", "create_key"),
        ("experiment_launching", "launch_test"),
        ("datasets", "delete"),
    } <= found
    assert ("campaigns", "saved_campaign") not in found
    assert ("stored_rehearsals", "records") not in found


def test_every_deed_of_a_page_asks_who_is_signed_in() -> None:
    writers = writing_verbs()

    found = {
        f"{path.relative_to(REPOSITORY)}: {name}"
        for folder in ("core/ui", "pages")
        for path in (REPOSITORY / folder).rglob("*.py")
        for name in unguarded(path, writers)
    }

    assert found - KNOWN.keys() == set()
    assert KNOWN.keys() <= found
