"""An import that is stopped, fails or is killed leaves the dataset as it was."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.domain.errors import Cancelled, UnusableInput
from core.history.drafts import delete_dataset
from core.history.manifest import ImportMode, list_datasets
from core.history.naming import dataset_folder
from core.history.progress import Progress, Stage
from core.history.reading import open_dataset
from core.history.storing import import_sources
from tests.history.datasets import IMPORTED_AT, event, source_of, stories, write_events

REPOSITORY = Path(__file__).parents[2]

# Imports more events, and stands still for ever in the stage it is told.
STUCK_IMPORT = """
import sys, time
from pathlib import Path
from core.history.progress import Stage
from tests.history.datasets import event, write_events

def stand_still(progress):
    if progress.stage == Stage[sys.argv[2]] and progress.rows:
        print("stuck", flush=True)
        time.sleep(600)

events = [event(f"u{n % 9}", "more", n) for n in range(100)]
write_events(Path(sys.argv[1]), "d", events, part_rows=10, on_progress=stand_still)
"""


def files_of(home: Path) -> dict[str, bytes]:
    """Give every file of the dataset but its lock."""
    folder = dataset_folder(home, "d")
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@contextmanager
def stuck_import(home: Path, stage: Stage) -> Iterator[subprocess.Popen[str]]:
    """Run an import in another process until it stands still; kill it in the end."""
    command = [sys.executable, "-c", STUCK_IMPORT, str(home), stage.name]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "stuck\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stage", [Stage.READING, Stage.SORTING])
def test_a_killed_import_leaves_the_dataset_as_it_was_and_the_next_one_cleans_up(
    tmp_path: Path, stage: Stage
) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    before = files_of(tmp_path)

    with stuck_import(tmp_path, stage) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    after = files_of(tmp_path)
    assert {name: after[name] for name in before} == before
    assert any(name.startswith("import.tmp/") for name in after)
    assert stories(tmp_path, "d") == [("u", event("u", "view", 1).timestamp, "view", {})]
    write_events(tmp_path, "d", [event("u", "view", 2)])
    assert sorted(files_of(tmp_path)) == [
        "g000002/events.parquet",
        "g000002/users.parquet",
        "manifest.json",
    ]


def test_a_second_import_at_the_same_time_is_told_to_wait(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])

    with stuck_import(tmp_path, Stage.READING):
        with pytest.raises(UnusableInput, match="'d' is being changed by another import"):
            write_events(tmp_path, "d", [event("u", "view", 2)])
        with pytest.raises(UnusableInput, match="'d' is being changed by another import"):
            delete_dataset(tmp_path, "d")

    assert write_events(tmp_path, "d", [event("u", "view", 2)]).manifest.rows == 2


def test_what_a_crash_between_the_swap_and_the_manifest_left_is_removed(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    folder = dataset_folder(tmp_path, "d")
    (folder / "g000002").mkdir()
    (folder / "g000002" / "events.parquet").write_bytes(b"half")
    (folder / "manifest.json.new").write_bytes(b"{")
    (folder / "rejects").mkdir()
    (folder / "rejects" / "9-lost.csv").write_bytes(b"")

    assert len(stories(tmp_path, "d")) == 1
    write_events(tmp_path, "d", [event("u", "view", 2)])

    assert sorted(files_of(tmp_path)) == [
        "g000002/events.parquet",
        "g000002/users.parquet",
        "manifest.json",
    ]
    assert len(stories(tmp_path, "d")) == 2


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("mode", list(ImportMode))
def test_a_cancelled_import_changes_nothing(tmp_path: Path, stage: Stage, mode: ImportMode) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    before = files_of(tmp_path)
    reached: list[Stage] = []

    def note(progress: Progress) -> None:
        reached.append(progress.stage)

    with pytest.raises(Cancelled, match="nothing was changed"):
        write_events(
            tmp_path,
            "d",
            [event(f"u{n}", "more", n) for n in range(50)],
            mode=mode,
            part_rows=5,
            on_progress=note,
            is_cancelled=lambda: stage in reached,
        )

    assert files_of(tmp_path) == before


def test_cancelling_also_ends_a_query_that_would_run_for_days(tmp_path: Path) -> None:
    table = pa.table({"user_id": ["u"], "properties": ['{"a": 1}']})
    pq.write_table(table, tmp_path / "one.parquet")
    source = source_of(tmp_path / "one.parquet")
    endless = f"SELECT * FROM (FROM '{tmp_path}/one.parquet'), range(1000000000000)"
    relation = replace(source.relation, sql=endless)
    asked = iter([False] * 3)

    with pytest.raises(Cancelled):
        import_sources(
            tmp_path,
            "d",
            [replace(source, relation=relation)],
            mode=ImportMode.APPEND,
            imported_at=IMPORTED_AT,
            is_cancelled=lambda: next(asked, True),
        )

    assert list_datasets(tmp_path) == []


def test_a_full_disk_is_told_in_one_sentence(tmp_path: Path) -> None:
    def fill(_: Progress) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UnusableInput, match="disk is full"):
        write_events(tmp_path, "d", [event("u", "view", 1)], on_progress=fill)

    assert list_datasets(tmp_path) == []


def test_a_failing_import_changes_nothing(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    before = files_of(tmp_path)

    def fail(progress: Progress) -> None:
        if progress.stage is Stage.SORTING:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_events(tmp_path, "d", [event("u", "more", 2)], on_progress=fail)

    assert files_of(tmp_path) == before


def test_an_open_dataset_stays_readable_while_another_takes_its_place(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    opened = open_dataset(tmp_path, "d")

    write_events(tmp_path, "d", [event("v", "buy", 2)], mode=ImportMode.REPLACE)

    assert [one.event for one in opened.user_events("u")] == ["view"]
    assert opened.columns([]).user.tolist() == [0]
    assert stories(tmp_path, "d")[0][0] == "v"


def test_a_deleted_dataset_is_gone(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])

    delete_dataset(tmp_path, "d")

    assert list_datasets(tmp_path) == []
    assert list((tmp_path / "datasets").iterdir()) == []
    with pytest.raises(UnusableInput, match="no dataset called 'd' to delete"):
        delete_dataset(tmp_path, "d")
