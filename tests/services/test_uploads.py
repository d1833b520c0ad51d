"""Files that came through the browser: where they lie, and that they go again."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.services.uploads import (
    FORGOTTEN_AFTER,
    drop_forgotten_uploads,
    drop_upload,
    keep_upload,
    uploads_folder,
)


def test_an_upload_is_kept_as_it_came_and_told_about(tmp_path: Path) -> None:
    told: list[int] = []

    kept = keep_upload(tmp_path, io.BytesIO(b"a,b\n1,2\n"), "events.csv", on_progress=told.append)

    assert kept.read_bytes() == b"a,b\n1,2\n"
    assert kept.name == "events.csv"
    assert told == [8]


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\exports\\passwd", "passwd", "./passwd"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    kept = keep_upload(tmp_path, io.BytesIO(b"x"), name)

    assert kept.parent.parent == uploads_folder(tmp_path)
    assert kept.name == "passwd"


def test_two_uploads_of_one_name_do_not_meet(tmp_path: Path) -> None:
    first = keep_upload(tmp_path, io.BytesIO(b"1"), "events.csv")
    second = keep_upload(tmp_path, io.BytesIO(b"2"), "events.csv")

    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")


def test_a_dropped_upload_is_gone_and_a_file_of_the_person_stays(tmp_path: Path) -> None:
    kept = keep_upload(tmp_path, io.BytesIO(b"x"), "events.csv")
    own = tmp_path / "own.csv"
    own.write_bytes(b"x")

    drop_upload(tmp_path, kept)
    drop_upload(tmp_path, own)

    assert list(uploads_folder(tmp_path).iterdir()) == []
    assert own.exists()


def test_only_forgotten_uploads_are_cleared_away(tmp_path: Path) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    fresh = keep_upload(tmp_path, io.BytesIO(b"x"), "fresh.csv")
    old = keep_upload(tmp_path, io.BytesIO(b"x"), "old.csv")
    for path, age in ((fresh, timedelta(hours=1)), (old, FORGOTTEN_AFTER + timedelta(hours=1))):
        at = (now - age).timestamp()
        os.utime(path.parent, (at, at))

    drop_forgotten_uploads(tmp_path, now)

    assert fresh.exists()
    assert not old.exists()


def test_a_disk_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("in the way")

    with pytest.raises(UnusableInput, match=r"^Cannot keep 'events\.csv' in "):
        keep_upload(tmp_path, io.BytesIO(b"x"), "events.csv")
