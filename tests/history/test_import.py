"""Importing events: SEMANTICS 1.1 to 1.3, rejects, and the numbers in the manifest."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.history.importing import import_events, import_profiles
from core.history.manifest import Encoding, ImportMode, list_datasets
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.progress import Progress, Stage
from core.history.reading import open_dataset
from core.history.storing import ImportReport
from tests.history.datasets import IMPORTED_AT, START, event, import_csv, stories, write_events
from tests.history.written import GENERIC, opened


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    record = report.record
    return record.read_count, record.added_count, record.duplicate_count, record.rejected_count


# --- the whole against a plain reading of the rules ------------------------------------------

RAW_EVENTS = st.builds(
    event,
    st.sampled_from(["a", "ab", "b", "é", "10", "9"]),
    st.sampled_from(["view", "buy"]),
    st.integers(0, 3),
    event_id=st.sampled_from(["", "", "1", "2", "3"]),
    properties=st.sampled_from([{}, {"n": 1}, {"n": "1"}, {"t": "x"}]),
)
IMPORTS = st.lists(st.lists(st.lists(RAW_EVENTS, max_size=12), min_size=1, max_size=3), max_size=3)


def plainly_stored(imports: Sequence[Sequence[Sequence[Event]]]) -> list[tuple[Any, ...]]:
    """Read SEMANTICS 1.2 and 1.3 literally: give (user, time, arrival, name, properties)."""
    known: set[tuple[Any, ...]] = set()
    stored = []
    arrival = 0
    for files in imports:
        for file in files:
            seen: Counter[str] = Counter()
            for one in file:
                arrival += 1
                content = repr(
                    (one.event_id, one.event, one.timestamp, one.properties, one.user_id)
                )
                seen[content] += 1
                name = one.event_id or (content, seen[content])
                if (one.user_id, name) not in known:
                    known.add((one.user_id, name))
                    stored.append((one.user_id.encode(), one.timestamp, arrival, one))
    ordered = sorted(stored, key=lambda row: row[:3])
    return [(one.user_id, one.timestamp, one.event, dict(one.properties)) for *_, one in ordered]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(imports=IMPORTS, part_rows=st.sampled_from([1, 3, 1000]))
def test_any_imports_store_what_a_plain_reading_of_the_rules_stores(
    tmp_path_factory: pytest.TempPathFactory,
    imports: list[list[list[Event]]],
    part_rows: int,
) -> None:
    home = tmp_path_factory.mktemp("home")
    filled = [files for files in imports if any(files)]

    for files in filled:
        write_events(home, "d", *files, part_rows=part_rows)

    assert (stories(home, "d") if filled else []) == plainly_stored(filled)


# --- ids and duplicates ----------------------------------------------------------------------


def test_the_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    text = "user_id,event,timestamp,event_id\nu,view,2025-05-01,1\nu,view,2025-05-02,2\n"

    first, second = (import_csv(tmp_path, "d", text, event_id="event_id") for _ in range(2))

    assert counts(first) == (2, 2, 0, 0)
    assert counts(second) == (2, 0, 2, 0)
    assert second.manifest.fingerprint == first.manifest.fingerprint
    assert second.manifest.generation == first.manifest.generation


def test_the_same_file_without_ids_twice_adds_nothing_and_keeps_its_identical_rows(
    tmp_path: Path,
) -> None:
    text = "user_id,event,timestamp,page\n" + "u,view,2025-05-01,home\n" * 2

    first, second = (import_csv(tmp_path, "d", text) for _ in range(2))

    assert counts(first) == (2, 2, 0, 0)
    assert counts(second) == (2, 0, 2, 0)
    assert len({one.event_id for one in open_dataset(tmp_path, "d").user_events("u")}) == 2


def test_a_row_that_stands_in_two_files_of_one_import_counts_once(tmp_path: Path) -> None:
    row = event("u", "view", 1, event_id="")

    report = write_events(tmp_path, "d", [row], [row, row])

    assert counts(report) == (3, 2, 1, 0)


def test_one_id_under_two_users_counts_for_both(tmp_path: Path) -> None:
    both = [event("u", "view", 1, event_id="same"), event("v", "view", 1, event_id="same")]

    report = write_events(tmp_path, "d", both)

    assert counts(report) == (2, 2, 0, 0)


def test_of_a_redelivered_event_the_first_to_arrive_stays(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "late", 9, event_id="1")])

    report = write_events(tmp_path, "d", [event("u", "early", 1, event_id="1")])

    assert counts(report) == (1, 0, 1, 0)
    assert [one.event for one in open_dataset(tmp_path, "d").user_events("u")] == ["late"]


def test_events_of_one_instant_keep_the_order_in_which_they_arrived(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", name, 5) for name in "ba"])
    write_events(tmp_path, "d", [event("u", "c", 5), event("u", "first", 4)])

    found = open_dataset(tmp_path, "d").user_events("u")

    assert [one.event for one in found] == ["first", "b", "a", "c"]


@pytest.mark.parametrize(
    "text_id", ["00123", "123.456", "1515915625604828577", "1e5", "NULL", "é "]
)
def test_ids_are_text_and_stay_what_they_were(tmp_path: Path, text_id: str) -> None:
    text = f"user_id,event,timestamp,event_id,sku\n{text_id},view,2025-05-01,{text_id},{text_id}\n"

    import_csv(tmp_path, "d", text, event_id="event_id")

    (found,) = open_dataset(tmp_path, "d").user_events(text_id)
    assert (found.user_id, found.event_id, found.properties) == (text_id, text_id, {"sku": text_id})


def test_a_text_column_that_turns_into_json_still_recognises_its_old_rows(tmp_path: Path) -> None:
    odd = 'say ""hi"" \\ / \t é \x1f'
    text = f'user_id,event,timestamp,note\nu,view,2025-05-01,"{odd}"\nu,view,2025-05-02,5\n'
    import_csv(tmp_path, "d", text)
    before = open_dataset(tmp_path, "d").user_events("u")

    write_events(tmp_path, "d", [event("v", "view", 1, properties={"note": 5})])
    again = import_csv(tmp_path, "d", text)

    dataset = open_dataset(tmp_path, "d")
    assert dataset.manifest.properties[0].encoding is Encoding.JSON
    assert counts(again) == (2, 0, 2, 0)
    assert dataset.user_events("u") == before
    assert before[0].properties == {"note": odd.replace('""', '"')}
    assert dataset.user_events("v")[0].properties == {"note": 5}


# --- what is refused -------------------------------------------------------------------------

DIRTY = """user_id,event,timestamp,page
u,view,2025-05-01T00:00:00Z,home
,view,2025-05-01T00:00:00Z,nobody
u,,2025-05-01T00:00:00Z,nothing
u,view,,never
u,view,yesterday,unreadable
u,view,1950-01-01T00:00:00Z,old
u,view,2300-01-01T00:00:00Z,far
u,view,2027-06-01T00:00:00Z,ahead
u,view,2025-05-01T00:00:00Z
u,view,2025-05-01T00:00:00Z,too,many
u,view,2025-05-02T00:00:00Z,shop
"""


def test_every_rejected_row_is_listed_with_its_line_reason_and_text(tmp_path: Path) -> None:
    report = import_csv(tmp_path, "d", DIRTY)

    assert report.rejects_path is not None
    with report.rejects_path.open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert [(int(row["line"]), row["reason"]) for row in listed] == [
        (3, "no user_id"),
        (4, "no event name"),
        (5, "no time"),
        (6, "unreadable time"),
        (7, "time before 1970 or after 2199"),
        (8, "time before 1970 or after 2199"),
        (9, "time more than a year ahead"),
        (10, "3 columns instead of 4"),
        (11, "5 columns instead of 4"),
    ]
    assert listed[0] == {
        "file": "events.csv",
        "line": "3",
        "reason": "no user_id",
        "row": ",view,2025-05-01T00:00:00Z,nobody",
    }
    assert counts(report) == (11, 2, 0, 9)
    assert report.record.rejected_counts == dict(Counter(row["reason"] for row in listed))


def test_a_cell_of_properties_that_is_no_object_is_rejected(tmp_path: Path) -> None:
    cells = ['"{""n"": 1}"', "[1]", ""]
    rows = [f"u,{name},2025-05-01,{cell}\n" for name, cell in zip("abc", cells, strict=True)]

    report = import_csv(
        tmp_path, "d", "user_id,event,timestamp,p\n" + "".join(rows), properties="p"
    )

    assert counts(report) == (3, 2, 0, 1)
    found = open_dataset(tmp_path, "d").user_events("u")
    assert [(one.event, one.properties) for one in found] == [("a", {"n": 1}), ("c", {})]


@pytest.mark.parametrize("mode", list(ImportMode))
def test_a_file_without_one_usable_row_changes_nothing(tmp_path: Path, mode: ImportMode) -> None:
    before = write_events(tmp_path, "d", [event("u", "view", 1)]).manifest
    text = "user_id,event,timestamp\n,view,2025-05-01\n,view,2025-05-02\nu,view,\n"

    with pytest.raises(UnusableInput, match=r"None of the 3 rows .*'no user_id'.* line 2"):
        import_csv(tmp_path, "d", text, mode=mode)

    assert list_datasets(tmp_path) == [before]
    assert len(open_dataset(tmp_path, "d").user_events("u")) == 1


def test_a_header_without_rows_makes_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no rows"):
        import_csv(tmp_path, "d", "user_id,event,timestamp\n")

    assert list_datasets(tmp_path) == []
    assert not (tmp_path / "datasets" / "d").exists()


def test_a_column_of_countless_event_names_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"u,page {n},2025-05-01\n" for n in range(10_001))

    with pytest.raises(UnusableInput, match="more than 10,000 different event names"):
        import_csv(tmp_path, "d", "user_id,event,timestamp\n" + rows)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x.", "x ", "a..b", "x" * 81, "ü"])
def test_a_dataset_cannot_have_a_name_that_is_no_folder_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableInput, match="cannot be called"):
        write_events(tmp_path, name, [event("u", "view", 1)])

    assert list(tmp_path.iterdir()) == []


# --- append, replace -------------------------------------------------------------------------


def test_replace_puts_the_new_events_in_place_and_keeps_the_profiles(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "old", 1, properties={"old": 1})])
    with opened(tmp_path, "user_id,country\nu,DE\n", "profiles.csv") as source:
        import_profiles(
            tmp_path, "d", [(source, None)], mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )

    report = write_events(tmp_path, "d", [event("v", "new", 2)], mode=ImportMode.REPLACE)

    assert report.manifest.names == ("new",)
    assert report.manifest.properties == ()
    assert stories(tmp_path, "d") == [("v", START + timedelta(hours=2), "new", {})]
    assert open_dataset(tmp_path, "d").profile("u") == {"country": "DE"}
    assert [record.kind for record in report.manifest.imports] == ["profiles", "events"]


def test_a_replaced_dataset_equals_a_new_one(tmp_path: Path) -> None:
    events = [event("u", "a", 2), event("v", "b", 1, properties={"n": 1})]
    write_events(tmp_path, "old", [event("x", "y", 7, properties={"z": 1})])

    replaced = write_events(tmp_path, "old", events, mode=ImportMode.REPLACE).manifest
    fresh = write_events(tmp_path, "new", events).manifest

    assert replaced.fingerprint == fresh.fingerprint
    assert replaced.properties == fresh.properties


# --- the manifest ----------------------------------------------------------------------------


def test_the_manifest_tells_the_numbers_of_the_dataset(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 3), event("v", "buy", 1)])

    manifest = write_events(tmp_path, "d", [event("u", "view", 9)]).manifest

    assert (manifest.rows, manifest.users, manifest.generation) == (3, 2, 2)
    assert manifest.first_at == START + timedelta(hours=1)
    assert manifest.last_at == START + timedelta(hours=9)
    assert manifest.counts_by_name == {"view": 2, "buy": 1}
    assert [record.added_count for record in manifest.imports] == [2, 1]
    assert manifest.imports[0].imported_at == IMPORTED_AT


def test_an_import_records_how_the_columns_were_read(tmp_path: Path) -> None:
    report = import_csv(tmp_path, "d", "user_id,event,timestamp\nu,view,2025-05-01\n")

    (file,) = report.record.files
    assert file.name == "events.csv"
    assert file.mapping["user_id"] == ["user_id"]
    assert file.mapping["time"] == {"shape": "iso", "zone": "UTC"}


def test_rows_behind_a_later_row_of_their_user_and_future_rows_are_counted(tmp_path: Path) -> None:
    files = [
        [event("u", "view", 5), event("v", "view", 1), event("u", "view", 2)],
        [event("u", "view", 1), event("u", "ahead", 24 * 300)],
    ]

    record = write_events(tmp_path, "d", *files).record

    assert (record.out_of_order_count, record.future_count) == (1, 1)


def test_the_fingerprint_depends_on_the_events_and_not_on_how_they_came(tmp_path: Path) -> None:
    events = [
        event(f"u{n % 7}", "view" if n % 2 else "buy", n % 5, properties={"n": n})
        for n in range(50)
    ]
    half = [[*events[:20]], [*events[20:]]]

    whole = write_events(tmp_path, "whole", events)
    in_files = write_events(tmp_path, "files", *half, part_rows=3)
    write_events(tmp_path, "imports", half[0])
    in_imports = write_events(tmp_path, "imports", half[1], part_rows=7)
    other = write_events(tmp_path, "other", events[:-1])

    prints = {report.manifest.fingerprint for report in (whole, in_files, in_imports)}
    assert len(prints) == 1
    assert other.manifest.fingerprint not in prints


def test_two_events_of_one_instant_in_the_other_order_are_another_content(tmp_path: Path) -> None:
    pair = [event("u", "a", 1), event("u", "b", 1)]

    one, other = (
        write_events(tmp_path, name, order)
        for name, order in {"one": pair, "other": pair[::-1]}.items()
    )

    assert one.manifest.fingerprint != other.manifest.fingerprint


# --- properties ------------------------------------------------------------------------------


def test_more_than_400_properties_keep_all_their_values(tmp_path: Path) -> None:
    wide = {f"p{n}": n for n in range(450)} | {"nested.dot": "exact", "deep": {"a": [1, {"b": 2}]}}
    events = [event("u", "view", n, properties=wide | {"common": n}) for n in range(3)]

    first = write_events(tmp_path, "d", events)
    second = write_events(tmp_path, "d", events)

    dataset = open_dataset(tmp_path, "d")
    assert len(first.manifest.properties) == 400
    assert first.manifest.rest_column is not None
    assert counts(second) == (3, 0, 3, 0)
    assert dataset.user_events("u") == events
    columns = dataset.columns([*wide, "deep.a"])
    for name, value in wide.items():
        codes = columns.properties[name]
        assert [codes.values[code] for code in codes.codes] == [value] * 3
    assert columns.properties["deep.a"].values == [[1, {"b": 2}]]


def test_the_most_frequent_properties_get_the_columns(tmp_path: Path) -> None:
    rare = {f"r{n}": n for n in range(450)}
    events = [event("u", "view", 0, properties=rare)]
    events += [event("u", "view", n, properties={"often": n, "seldom": None}) for n in range(1, 4)]

    report = write_events(tmp_path, "d", events)

    assert report.manifest.property_named("often") is not None
    assert open_dataset(tmp_path, "d").user_events("u") == [
        event("u", "view", 0, properties=rare),
        *[event("u", "view", n, properties={"often": n}) for n in range(1, 4)],
    ]


def test_a_csv_with_more_than_400_columns_keeps_its_text(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(410)]
    values = [f"0{n}" for n in range(410)]
    header = "user_id,event,timestamp," + ",".join(names)
    text = f"{header}\nu,view,2025-05-01," + ",".join(values) + "\n"

    first, second = (import_csv(tmp_path, "d", text) for _ in range(2))

    (found,) = open_dataset(tmp_path, "d").user_events("u")
    assert found.properties == dict(zip(names, values, strict=True))
    assert (first.record.added_count, second.record.added_count) == (1, 0)


def test_columns_whose_values_hardly_repeat_are_stored_like_the_others(tmp_path: Path) -> None:
    lines = [f"u{n % 40},view,2025-05-01,page-{n},{n % 3}\n" for n in range(3000)]
    text = "user_id,event,timestamp,page,kind\n" + "".join(lines)

    first, second = (import_csv(tmp_path, "d", text) for _ in range(2))
    write_events(tmp_path, "d", [event("u0", "view", 9, properties={"page": 7})])

    dataset = open_dataset(tmp_path, "d")
    assert (counts(first), counts(second)) == ((3000, 3000, 0, 0), (3000, 0, 3000, 0))
    pages = [one.properties["page"] for one in dataset.user_events("u0")]
    assert pages == [*[f"page-{n}" for n in range(0, 3000, 40)], 7]
    codes = dataset.columns(["page"]).properties["page"]
    assert len(codes.values) == 3001


def test_an_empty_cell_is_a_missing_property(tmp_path: Path) -> None:
    import_csv(tmp_path, "d", 'user_id,event,timestamp,a,b\nu,view,2025-05-01,,""\n')

    (found,) = open_dataset(tmp_path, "d").user_events("u")
    assert "a" not in found.properties


def test_typed_values_come_back_as_they_were(tmp_path: Path) -> None:
    values = {"i": 2**60, "f": 0.1, "b": False, "s": "1", "l": [1, "x", None], "o": {"k": {"z": 1}}}
    written = [event("u", "view", 1, properties=values)]

    write_events(tmp_path, "d", written)

    assert open_dataset(tmp_path, "d").user_events("u") == written
    assert json.dumps(open_dataset(tmp_path, "d").user_events("u")[0].properties["i"]) == str(2**60)


# --- several files, progress -----------------------------------------------------------------


def test_files_with_other_columns_go_into_one_dataset(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("who",),
        event_name="order",
        timestamp=("at",),
        time=TimeFormat(shape=TimeShape.EPOCH_S),
    )
    with (
        opened(tmp_path, "user_id,event,timestamp,page\nu,view,2025-05-01,home\n", "a.csv") as one,
        opened(tmp_path, "who;at;total\nu;1746057601;9.50\n", "b.csv") as other,
    ):
        files = [(one, GENERIC), (other, mapping)]
        report = import_events(
            tmp_path, "d", files, mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )

    assert counts(report) == (2, 2, 0, 0)
    assert stories(tmp_path, "d") == [
        ("u", START, "view", {"page": "home"}),
        ("u", START + timedelta(seconds=1), "order", {"total": "9.50"}),
    ]


def test_progress_tells_the_stages_in_order_and_counts_all_rows(tmp_path: Path) -> None:
    seen: list[Progress] = []

    write_events(tmp_path, "d", [event("u", "view", n) for n in range(9)], on_progress=seen.append)

    assert list(dict.fromkeys(step.stage for step in seen)) == list(Stage)
    last = {step.stage: step for step in seen}
    assert (last[Stage.READING].rows, last[Stage.SORTING].rows) == (9, 9)
    assert last[Stage.SORTING].total_rows == 9
    assert last[Stage.SORTING].seconds_left == 0
