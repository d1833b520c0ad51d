"""The house stands as DESIGN.md says: what lies where, and who may import whom."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# What each room may import: other rooms of ours, and packages beside the standard library.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "domain": (set(), {"pydantic"}),
    "engine": ({"domain"}, {"numpy", "numba"}),
    "history": ({"domain"}, {"duckdb", "numba", "numpy", "pandas", "pyarrow", "pydantic"}),
    "rehearsal": ({"domain", "engine", "history"}, {"numpy"}),
    "stats": (set(), {"numpy", "scipy", "statsmodels", "tea_tasting"}),
    "store": ({"domain"}, {"alembic", "pydantic", "sqlalchemy", "sqlmodel"}),
    "rendering": ({"domain"}, {"babel", "jinja2", "mjml", "yaml"}),
    "live": (
        {"domain", "engine", "store", "rendering"},
        {"cryptography", "numpy", "sqlalchemy"},
    ),
    "services": (
        {"domain", "engine", "history", "live", "rehearsal", "rendering", "stats", "store"},
        {
            *("jsonpath", "numba", "numpy", "pandas", "pyarrow", "pydantic", "sqlalchemy"),
            "yaml",
        },
    ),
    "api": ({"domain"}, {"jinja2", "starlette"}),
    # The pages show datasets, so they read the values that describe one; SQL stays in `history`.
    "ui": (
        {
            *("bootstrap", "clock", "domain", "history", "rehearsal", "rendering"),
            *("services", "settings", "stats"),
        },
        {"numpy", "pandas", "plotly", "streamlit"},
    ),
}
PAGES = {"ui", "services", "domain", "rehearsal"}
TOP_LEVEL = {
    *("app.py", "pages", "core", "templates", "data", "tests", "benchmarks", "docs"),
    *("pyproject.toml", "README.md", "CHANGELOG.md", "Makefile", "requirements"),
}
# Lines of result files, written by compiled loops straight from arrays.
LINE_WRITERS = tuple(
    f"core/services/{name}.py" for name in ("csv_fields", "firing_lines", "ledger_lines")
)
LONGEST_MODULE = 400


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; import from the defining module"
            assert node.module is not None
            yield from (_full_name(node.module, alias.name) for alias in node.names)


def _full_name(module: str, name: str) -> str:
    """Name the module that `from module import name` reads."""
    as_path = REPOSITORY / Path(*module.split("."), name)
    return f"{module}.{name}" if as_path.with_suffix(".py").is_file() else module


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    rooms, packages = ROOMS[room]

    wrong = [
        f"{_shown(path)}: {name}"
        for path in modules(f"core/{room}")
        for name in imports(path)
        if not _is_allowed(name, {room} | rooms, packages)
    ]

    assert wrong == []


def _is_allowed(name: str, rooms: set[str], packages: set[str]) -> bool:
    head, *rest = name.split(".")
    if head == "core":
        return not rest or rest[0] in rooms
    return head in packages or _is_standard(head)


def _is_standard(package: str) -> bool:
    import sys

    return package in sys.stdlib_module_names


def test_pages_ask_the_services_and_draw_with_the_ui() -> None:
    allowed = PAGES | {"streamlit", "pandas"}

    wrong = [
        f"{_shown(path)}: {name}"
        for path in modules("pages")
        for name in imports(path)
        if not _is_allowed(name, PAGES, allowed)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("package", "homes"),
    [
        ("streamlit", ("app.py", "core/ui/", "pages/")),
        ("duckdb", ("core/history/",)),
        ("sqlmodel", ("core/store/",)),
        ("alembic", ("core/store/",)),
        ("numba", ("core/engine/", "core/history/", *LINE_WRITERS)),
        ("starlette", ("core/api/",)),
        (
            "typer",
            (
                *(
                    "core/cli.py",
                    "core/consume_command.py",
                    "core/email_commands.py",
                    "core/experiment_commands.py",
                    "core/live_commands.py",
                ),
                "core/write_key_commands.py",
            ),
        ),
    ],
)
def test_a_package_stays_in_its_room(package: str, homes: tuple[str, ...]) -> None:
    users = [
        _shown(path)
        for path in [REPOSITORY / "app.py", *modules("core", "pages")]
        if any(name.split(".")[0] == package for name in imports(path))
    ]

    assert [user for user in users if not user.startswith(homes)] == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    asking = {"now", "utcnow", "today", "time", "time_ns"}
    owners = {"datetime", "date", "time"}

    found = [
        f"{_shown(path)}:{node.lineno}"
        for path in modules("core", "pages")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in asking
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in owners
    ]

    assert [place for place in found if not place.startswith("core/clock.py")] == []


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    readers = {"core/settings.py", "core/cli.py"}

    found = {
        _shown(path)
        for path in modules("core", "pages")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }

    assert found <= readers


def test_there_is_no_import_cycle() -> None:
    graph = {
        _module_name(path): {name for name in imports(path) if name.startswith("core.")}
        for path in modules("core")
    }

    assert _cycle(graph) == []


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def _cycle(graph: dict[str, set[str]]) -> list[str]:
    """Take away modules that import nothing left in the graph; what stays imports in a circle."""
    left = {name: targets & graph.keys() for name, targets in graph.items()}
    while True:
        free = {name for name, targets in left.items() if not targets - {name}}
        if not free:
            return sorted(left)
        left = {name: targets - free for name, targets in left.items() if name not in free}


def test_package_files_stay_empty() -> None:
    assert [_shown(p) for p in modules("core") if p.name == "__init__.py" and p.read_text()] == []


def test_a_module_holds_one_idea() -> None:
    lengths = {_shown(p): len(p.read_text(encoding="utf-8").splitlines()) for p in modules("core")}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_pages_lie_in_sections_and_are_listed_once() -> None:
    navigation = (REPOSITORY / "core/ui/navigation.py").read_text(encoding="utf-8")

    for page in modules("pages"):
        assert page.parent.parent.name == "pages", f"{page}: pages lie in pages/<section>/"
        assert navigation.count(f'"{page.parent.name}" / "{page.name}"') == 1


def test_nothing_else_lies_at_the_top() -> None:
    found = {path.name for path in REPOSITORY.iterdir() if not path.name.startswith(".")}

    assert found - {"__pycache__"} <= TOP_LEVEL


def test_broad_catches_stand_only_at_the_outer_edges() -> None:
    edges = {
        *("core/api/hooks.py", "core/api/intake.py", "core/api/routes.py", "core/cli.py"),
        *("core/services/jobs.py", "core/ui/navigation.py"),
        # One person's poison never stops the batch.
        *("core/live/evaluator.py", "core/services/delivery_letters.py"),
        # The worker's loops: what fails once must not end them.
        *("core/services/live_ticks.py", "core/services/errands.py"),
    }

    found = {
        _shown(path)
        for path in modules("core", "pages")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    }

    assert found <= edges


def test_what_renews_itself_alone_asks_who_looks() -> None:
    """A fragment runs without the page that lets people in: `signed_in.fragment` asks each time."""
    found = {
        _shown(path)
        for path in modules("core", "pages")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "fragment"
        if isinstance(node.value, ast.Name) and node.value.id == "st"
    }

    # The second one is what keeps watch.
    assert found == {"core/ui/signed_in.py", "core/ui/sign_in.py"}
