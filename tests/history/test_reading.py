"""Reading a dataset as arrays and as events: both must say the same."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.values import JsonValue, at_path
from core.history.columns import EventColumns
from core.history.naming import dataset_folder
from core.history.reading import Dataset, list_datasets, open_dataset
from tests.history.datasets import START, event, import_csv, write_events

USERS = ["a", "a ", "ab", "b", "Z", "é", "z", "10", "9", "😀"]


def timeline(count: int = 60) -> list[Event]:
    return [
        event(
            USERS[n * 7 % len(USERS)],
            "view" if n % 3 else "buy",
            n * 11 % 24,
            event_id=f"e{n}",
            properties={"n": n % 5, "cart": {"id": f"c{n % 4}", "size": n % 2}},
        )
        for n in range(count)
    ]


def as_events(dataset: Dataset, columns: EventColumns, paths: Iterable[str]) -> list[object]:
    """Turn arrays back into what they say, row by row."""
    users, names = dataset.user_ids().to_pylist(), dataset.manifest.names
    ids = dataset.event_ids(columns.row).to_pylist()
    values = {path: columns.properties[path] for path in paths}
    found: list[object] = []
    for place in range(len(columns.row)):
        properties = {
            path: codes.values[codes.codes[place]] if codes.codes[place] >= 0 else None
            for path, codes in values.items()
        }
        hour = (columns.timestamp[place] / 1_000_000 - START.timestamp()) / 3600
        found.append(
            (users[columns.user[place]], names[columns.name[place]], hour, ids[place], properties)
        )
    return found


def as_read_one_by_one(dataset: Dataset, paths: Iterable[str]) -> list[object]:
    return [
        (
            one.user_id,
            one.event,
            (one.timestamp - START) / timedelta(hours=1),
            one.event_id,
            {path: at_path(one.properties, path) for path in paths},
        )
        for user in dataset.user_ids().to_pylist()
        for one in dataset.user_events(user)
    ]


def test_arrays_and_events_say_the_same(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    dataset = open_dataset(tmp_path, "d")
    paths = ["n", "cart", "cart.id", "cart.size", "cart.none", "n.x", "nothing"]

    found = as_events(dataset, dataset.columns(paths), paths)

    assert found == as_read_one_by_one(dataset, paths)
    assert len(found) == 60


VALUES = st.sampled_from([None, 1, "1", "x", {"b": 1}, {"b": {"c": [1]}}, {"b.c": 5}])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "a.b", "a.b.c", "b"]), VALUES), min_size=1, max_size=5
    )
)
def test_a_dotted_path_means_in_arrays_what_it_means_in_an_event(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, JsonValue]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    write_events(home, "d", [event("u", "view", n, properties=p) for n, p in enumerate(rows)])
    dataset = open_dataset(home, "d")
    paths = ["a", "a.b", "a.b.c", "b", "b.b"]

    found = as_events(dataset, dataset.columns(paths), paths)

    assert found == as_read_one_by_one(dataset, paths)


@pytest.mark.parametrize("target_rows", [1, 7, 30, 1000])
def test_chunks_hold_whole_users_and_together_everything(tmp_path: Path, target_rows: int) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    dataset = open_dataset(tmp_path, "d")
    whole = dataset.columns(["n"])

    chunks = list(dataset.chunks(["n"], target_rows=target_rows))

    last_users = [int(chunk.user[-1]) for chunk in chunks[:-1]]
    first_users = [int(chunk.user[0]) for chunk in chunks[1:]]
    assert all(last < first for last, first in zip(last_users, first_users, strict=True))
    for name in ("user", "timestamp", "row", "name"):
        joined = np.concatenate([getattr(chunk, name) for chunk in chunks])
        assert joined.tolist() == getattr(whole, name).tolist()
        assert joined.dtype == getattr(whole, name).dtype


def test_rows_are_sorted_by_user_and_time_and_numbered(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)

    columns = open_dataset(tmp_path, "d").columns([])

    keys = list(zip(columns.user.tolist(), columns.timestamp.tolist(), strict=True))
    assert keys == sorted(keys)
    assert columns.row.tolist() == list(range(60))
    assert (columns.user.dtype, columns.timestamp.dtype) == (np.int32, np.int64)
    assert (columns.name.dtype, columns.row.dtype) == (np.int32, np.int64)


def test_until_leaves_later_events_out_and_keeps_the_row_numbers(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    dataset = open_dataset(tmp_path, "d")
    whole = dataset.columns(["n"])
    limit = int(np.median(whole.timestamp))

    part = dataset.columns(["n"], until=limit)

    keep = whole.timestamp <= limit
    assert part.row.tolist() == whole.row[keep].tolist()
    assert part.properties["n"].codes.tolist() == whole.properties["n"].codes[keep].tolist()
    assert 0 < len(part.row) < 60


def test_event_ids_come_in_the_order_asked_for(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    dataset = open_dataset(tmp_path, "d")
    in_order = dataset.event_ids(np.arange(60)).to_pylist()
    rows = np.array([59, 0, 31, 31, 4], dtype=np.int64)

    found = dataset.event_ids(rows)

    assert found.to_pylist() == [in_order[row] for row in rows]
    assert dataset.event_ids(np.array([], dtype=np.int64)).to_pylist() == []
    assert sorted(in_order) == sorted(f"e{n}" for n in range(60))


def test_users_are_in_byte_order_and_found_by_their_id(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    dataset = open_dataset(tmp_path, "d")

    users = dataset.user_ids().to_pylist()

    assert users == sorted(USERS, key=str.encode)
    assert [dataset.user_code(user) for user in users] == list(range(len(USERS)))
    assert dataset.user_code("nobody") is None
    assert dataset.user_events("nobody") == []


def test_the_stored_row_groups_hold_whole_users(tmp_path: Path) -> None:
    write_events(tmp_path, "d", timeline(), part_rows=9)
    file = pq.ParquetFile(dataset_folder(tmp_path, "d") / "g000001" / "events.parquet")

    users = [
        set(file.read_row_group(group, columns=["user"])["user"].to_pylist())
        for group in range(file.num_row_groups)
    ]

    assert len(users) > 1
    assert sum(len(found) for found in users) == len(set.union(*users))


def test_a_large_part_is_stored_in_several_row_groups_of_whole_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.history.writing.MOST_GROUP_ROWS", 10)
    events = [event("busy", "view", n) for n in range(25)] + timeline()

    write_events(tmp_path, "d", events)

    dataset = open_dataset(tmp_path, "d")
    users = [set(table["user"].to_pylist()) for table in dataset.groups(["user"])]
    assert len(users) > 3
    assert sum(len(found) for found in users) == len(USERS) + 1
    assert len(dataset.user_events("busy")) == 25


def test_codes_of_a_text_column_hold_the_text_as_it_was(tmp_path: Path) -> None:
    import_csv(tmp_path, "d", "user_id,event,timestamp,sku\nu,a,2025-05-01,007\nu,a,2025-05-02,\n")

    sku = open_dataset(tmp_path, "d").columns(["sku"]).properties["sku"]

    assert (sku.values, sku.codes.tolist()) == (["007"], [0, -1])


def test_an_unknown_dataset_is_refused_with_the_names_of_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="none yet"):
        open_dataset(tmp_path, "shop")
    write_events(tmp_path, "other", [event("u", "view", 1)])
    write_events(tmp_path, "more", [event("u", "view", 1)])

    with pytest.raises(UnusableInput, match=r"'shop'. There are: more, other\."):
        open_dataset(tmp_path, "shop")

    assert [manifest.name for manifest in list_datasets(tmp_path)] == ["more", "other"]


def test_a_damaged_manifest_is_told_in_one_sentence(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])
    (dataset_folder(tmp_path, "d") / "manifest.json").write_text("{")

    with pytest.raises(UnusableInput, match=r"'d' cannot be read: its manifest\.json is damaged"):
        open_dataset(tmp_path, "d")


def test_a_dataset_without_profiles_has_no_traits(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event("u", "view", 1)])

    dataset = open_dataset(tmp_path, "d")

    assert not dataset.has_profiles
    assert dataset.trait("country").codes.tolist() == [-1]
    assert dataset.profile("u") is None


def test_json_that_is_nested_too_deep_to_be_read_stays_text(tmp_path: Path) -> None:
    deep = '{"a":' * 3_000 + "1" + "}" * 3_000
    quoted = deep.replace('"', '""')
    import_csv(
        tmp_path,
        "shop",
        f'user_id,event,timestamp,properties\nann,view,2026-01-01T00:00:00Z,"{quoted}"\n',
        properties="properties",
    )

    column = open_dataset(tmp_path, "shop").columns(["a", "a.a"]).properties

    assert isinstance(column["a"].values[0], str)
    assert column["a.a"].codes.tolist() == [-1]
