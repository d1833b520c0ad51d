"""Lines of firings.csv, quoted and dated right, and files that are put in place together."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.firings import Admission
from core.rehearsal.replay import CampaignReplay
from core.services.csv_fields import texts_of
from core.services.firing_lines import firing_lines
from core.services.rehearsal_files import replaced_together, write_summary

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = st.text('",\n\r aü😀', max_size=8) | st.text(max_size=6)
NAMES = TEXTS.map(lambda text: f"c{text}c").filter(lambda text: min(text) >= " ")
TIMES = st.integers(0, 7_258_118_399_999_999)  # 1970 to 2199
FIRINGS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(-1, 2),
        TIMES,
        st.integers(0, 4),
        st.sampled_from(Admission),
    ),
    max_size=6,
)


def lines_of(
    name: str,
    users: list[str],
    keys: list[str],
    event_ids: list[str],
    firings: list[tuple[int, int, int, int, Admission]],
) -> bytes:
    """Write firings given as (user, key or -1, time, event, outcome)."""
    columns = np.array(firings, dtype=np.int64).reshape(-1, 5).T
    user, key, fired_at, event, outcome = (np.ascontiguousarray(column) for column in columns)
    replayed = CampaignReplay(
        campaign=Campaign.model_validate(
            {"name": name, "trigger": {"kind": "event", "match": {"event": "view"}}}
        ),
        user=user.astype(np.int32),
        fired_at=fired_at,
        row=event,
        key=key.astype(np.int32),
        key_texts=keys,
        outcome=outcome,
    )
    return firing_lines(replayed, texts_of(users), texts_of(event_ids), event).tobytes()


@settings(max_examples=200, deadline=None)
@given(
    name=NAMES,
    users=st.lists(TEXTS, min_size=4, max_size=4),
    keys=st.lists(TEXTS, min_size=3, max_size=3),
    event_ids=st.lists(TEXTS, min_size=5, max_size=5),
    firings=FIRINGS,
)
@example(
    name='"' * 200,
    users=['"' * 300] * 4,
    keys=['"' * 300] * 3,
    event_ids=['"' * 300] * 5,
    firings=[(0, 0, 0, 0, Admission.ENROLLED)] * 5,
)
def test_any_text_is_read_back_as_it_was(
    name: str,
    users: list[str],
    keys: list[str],
    event_ids: list[str],
    firings: list[tuple[int, int, int, int, Admission]],
) -> None:
    written = lines_of(name, users, keys, event_ids, firings).decode()

    rows = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert rows == [
        [
            name,
            users[user],
            "" if key < 0 else keys[key],
            (EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            event_ids[event],
            outcome.word,
        ]
        for user, key, at, event, outcome in firings
    ]


def test_only_fields_that_need_quotes_have_them() -> None:
    written = lines_of("a", ["b c", "d,e"], [], ["x"], [(0, -1, 0, 0, Admission.REENTRY)])

    assert written == b"a,b c,,1970-01-01T00:00:00.000000Z,x,reentry\n"


@settings(max_examples=200, deadline=None)
@given(at=TIMES)
@example(at=951_782_400_000_000)  # 29 February 2000
@example(at=951_868_799_999_999)
@example(at=4_107_542_400_000_000)  # 1 March 2100, which has no 29 February before it
@example(at=4_107_542_399_999_999)
@example(at=1_709_251_199_999_999)  # 29 February 2024
@example(at=1_735_689_599_999_999)  # the end of 2024
def test_a_time_is_written_as_the_calendar_says(at: int) -> None:
    written = lines_of("a", ["b"], [], ["x"], [(0, -1, at, 0, Admission.ENROLLED)]).decode()

    stamp = written.split(",")[3]
    assert datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) == (
        EPOCH + timedelta(microseconds=at)
    )
    assert len(stamp) == len("2025-01-01T00:00:00.000000Z")


def test_no_firings_are_no_lines() -> None:
    assert lines_of("a", [], [], [], []) == b""


def test_both_files_are_put_in_place_at_the_end(tmp_path: Path) -> None:
    with replaced_together(tmp_path / "new" / "out", ["one", "two"]) as drafts:
        for name, draft in drafts.items():
            draft.write_text(name)
        assert not (tmp_path / "new" / "out" / "one").exists()

    assert contents(tmp_path / "new" / "out") == {"one": "one", "two": "two"}


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_an_error_before_the_end_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("former")

    with pytest.raises(KeyError):
        write_one_of_two(tmp_path)

    assert contents(tmp_path) == {"one": "former"}


def write_one_of_two(folder: Path) -> None:
    with replaced_together(folder, ["one", "two"]) as drafts:
        drafts["one"].write_text("new")
        raise KeyError("two")


def test_two_who_write_the_same_files_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    names = ["one", "two"]

    with replaced_together(tmp_path, names) as first, replaced_together(tmp_path, names) as second:
        for name in names:
            with first[name].open("w") as one, second[name].open("w") as other:
                one.write("first, longer")
                other.write("second")

    assert set(contents(tmp_path).values()) in ({"first, longer"}, {"second"})


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")

    with (
        pytest.raises(UnusableInput, match="give another --out folder"),
        replaced_together(tmp_path / "file" / "out", ["one"]),
    ):
        pass

    assert contents(tmp_path) == {"file": "a file, no folder"}


def test_a_summary_has_its_keys_in_order_and_its_text_as_it_is(tmp_path: Path) -> None:
    summary: dict[str, Any] = {"b": [{"ü": "😀", "a": None}], "a": 0.1}

    write_summary(tmp_path / "summary.json", summary)

    text = (tmp_path / "summary.json").read_text("utf-8")
    assert json.loads(text) == summary
    assert text.index('"a": 0.1') < text.index('"b"')
    assert "ü" in text
    assert text.endswith("}\n")
