"""What the documents say is so: commands exist, links lead somewhere, figures were measured."""

import re
import subprocess
from pathlib import Path

import pytest

from core.cli import app
from core.settings import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
COMMANDS = {
    *(command.name or command.callback.__name__ for command in app.registered_commands),
    *(group.name for group in app.registered_groups),
}


def tracked_texts() -> list[Path]:
    """List the text files of the repository, from git where there is one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    binary = {".gz", ".png", ".parquet"}
    return [REPOSITORY / name for name in listed if Path(name).suffix not in binary]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("http")]

    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"python -m core (\w[\w-]*)", document.read_text(encoding="utf-8")))

    assert named <= COMMANDS


def test_the_guide_names_every_command() -> None:
    guide = (REPOSITORY / "docs" / "guide.md").read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"python -m core {name}" not in guide] == []


def test_make_targets_that_are_named_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    words = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)

    assert set(re.findall(r"(?:`|^)make ([a-z]+)", words, re.MULTILINE)) <= targets


def test_figures_in_the_readme_come_from_the_benchmarks() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    measured = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    speed = readme.split("## Speed")[1].split("\n## ")[0]
    rows = [line for line in speed.splitlines() if line.startswith("| ")]

    assert len(rows) >= 3
    assert [row for row in rows if row not in measured] == []


def test_no_registry_and_no_path_of_a_machine_is_told() -> None:
    addresses = re.compile(r"--(?:extra-)?index-url|https?://\S*/simple\b|https?://registry\.")
    paths = re.compile(r"(?<![\w.])/(?:work|home|Users|farm)/[a-z]")
    own = Path(__file__)

    wrong = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()[:100]}"
        for path in tracked_texts()
        if path != own
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if addresses.search(line) or paths.search(line)
    ]

    assert [line for line in wrong if not line.startswith("Makefile")] == []
