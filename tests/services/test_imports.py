"""Importing files of a person: what is guessed, what is asked, and that it is all or nothing."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import bootstrap
from core.domain.errors import Cancelled, UnusableInput
from core.history.manifest import FileKind, ImportMode
from core.history.mapping import TimeShape
from core.history.reading import list_datasets, open_dataset
from core.history.settling import Answers, MapField
from core.services.imports import SAMPLE_NAME, Watching, check_name, import_files, load_sample

AT = datetime(2026, 1, 1, tzinfo=UTC)
JANUARY = "user_id,event,timestamp\nann,view,2025-01-05T10:00:00Z\nbob,buy,2025-01-06T11:00:00Z\n"
FEBRUARY = "user_id,event,timestamp\nann,buy,2025-02-05T10:00:00Z\n"
SLASHES = "user_id,event,timestamp\nann,view,3/4/25\nbob,buy,5/6/25\n"
ORDERS = "customer_id,date,amount\nann,2025-01-05,3\nbob,2025-01-06,4\n"
PEOPLE = "user_id,email,country\nann,ann@example.org,DE\n"


def written(folder: Path, text: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_files_of_one_call_make_one_history(tmp_path: Path) -> None:
    files = [written(tmp_path, JANUARY, "jan.csv"), written(tmp_path, FEBRUARY, "feb.csv")]

    report = import_files(tmp_path, "Shop", files, imported_at=AT)

    assert (report.record.read_count, report.record.added_count) == (3, 3)
    assert [file.name for file in report.record.files] == ["jan.csv", "feb.csv"]
    events = open_dataset(tmp_path, "Shop").user_events("ann")
    assert [event.event for event in events] == ["view", "buy"]


def test_one_file_that_cannot_be_read_keeps_out_all(tmp_path: Path) -> None:
    broken = gzip.compress(FEBRUARY.encode() * 1000)[:60]
    files = [written(tmp_path, JANUARY, "jan.csv"), written(tmp_path, broken, "feb.csv.gz")]

    with pytest.raises(UnusableInput, match=r"^feb\.csv\.gz is cut off"):
        import_files(tmp_path, "Shop", files, imported_at=AT)

    assert list_datasets(tmp_path) == []


def test_what_a_file_does_not_tell_is_refused_with_the_way_to_tell_it(tmp_path: Path) -> None:
    files = [written(tmp_path, ORDERS, "orders.csv")]

    with pytest.raises(UnusableInput) as refused:
        import_files(tmp_path, "Shop", files, imported_at=AT)

    assert "orders.csv" in str(refused.value)
    assert "--event" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list_datasets(tmp_path) == []


def test_answers_complete_the_guess(tmp_path: Path) -> None:
    files = [written(tmp_path, ORDERS, "orders.csv")]

    import_files(tmp_path, "Shop", files, imported_at=AT, answers=Answers(event_name="purchase"))

    (event,) = open_dataset(tmp_path, "Shop").user_events("bob")
    assert (event.event, event.timestamp) == ("purchase", datetime(2025, 1, 6, tzinfo=UTC))
    assert event.properties == {"amount": "4"}


def test_the_order_of_day_and_month_is_asked_and_then_kept_to(tmp_path: Path) -> None:
    files = [written(tmp_path, SLASHES)]

    with pytest.raises(UnusableInput, match="--date-order"):
        import_files(tmp_path, "Shop", files, imported_at=AT)
    import_files(tmp_path, "Shop", files, imported_at=AT, answers=Answers(date_order=TimeShape.DMY))

    (event,) = open_dataset(tmp_path, "Shop").user_events("ann")
    assert event.timestamp == datetime(2025, 4, 3, tzinfo=UTC)


def test_times_without_a_zone_are_read_in_the_zone_that_is_named(tmp_path: Path) -> None:
    files = [written(tmp_path, ORDERS)]
    answers = Answers(event_name="purchase", zone="Europe/Berlin")

    import_files(tmp_path, "Shop", files, imported_at=AT, answers=answers)

    (event,) = open_dataset(tmp_path, "Shop").user_events("ann")
    assert event.timestamp == datetime(2025, 1, 4, 23, tzinfo=UTC)


def test_adding_or_replacing_is_asked_where_there_are_events_already(tmp_path: Path) -> None:
    files = [written(tmp_path, JANUARY)]
    import_files(tmp_path, "Shop", files, imported_at=AT)

    with pytest.raises(UnusableInput, match=r"--mode append.*--mode replace"):
        import_files(tmp_path, "Shop", files, imported_at=AT)


def test_the_same_file_again_adds_nothing(tmp_path: Path) -> None:
    files = [written(tmp_path, JANUARY)]
    import_files(tmp_path, "Shop", files, imported_at=AT)

    again = import_files(tmp_path, "Shop", files, imported_at=AT, mode=ImportMode.APPEND)

    assert (again.record.added_count, again.record.duplicate_count) == (0, 2)
    assert again.manifest.rows == 2


def test_replacing_leaves_only_the_new_events_and_keeps_the_people(tmp_path: Path) -> None:
    import_files(tmp_path, "Shop", [written(tmp_path, JANUARY)], imported_at=AT)
    people = [written(tmp_path, PEOPLE, "people.csv")]
    import_files(tmp_path, "Shop", people, imported_at=AT, kind=FileKind.PROFILES)

    files = [written(tmp_path, FEBRUARY)]
    report = import_files(tmp_path, "Shop", files, imported_at=AT, mode=ImportMode.REPLACE)

    assert (report.manifest.rows, report.manifest.users) == (1, 1)
    assert open_dataset(tmp_path, "Shop").profile("ann") == {
        "email": "ann@example.org",
        "country": "DE",
    }


def test_people_join_events_without_a_question_for_they_are_another_kind(tmp_path: Path) -> None:
    import_files(tmp_path, "Shop", [written(tmp_path, JANUARY)], imported_at=AT)
    people = [written(tmp_path, PEOPLE.replace("user_id", "customer"), "people.csv")]

    import_files(
        tmp_path,
        "Shop",
        people,
        imported_at=AT,
        kind=FileKind.PROFILES,
        answers=Answers(columns={MapField.USER_ID: ("customer",)}),
    )

    profile = open_dataset(tmp_path, "Shop").profile("ann")
    assert profile is not None
    assert profile["country"] == "DE"


def test_products_are_known_by_the_column_that_is_named(tmp_path: Path) -> None:
    products = [written(tmp_path, "title,sku\nBoots,00123\n", "products.csv")]

    import_files(
        tmp_path,
        "Shop",
        products,
        imported_at=AT,
        kind=FileKind.CATALOGUE,
        answers=Answers(columns={MapField.PRODUCT_ID: ("sku",)}),
    )

    assert open_dataset(tmp_path, "Shop").product("00123") == {"title": "Boots"}


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "x" * 81])
def test_a_name_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    files = [written(tmp_path, JANUARY)]

    with pytest.raises(UnusableInput, match="cannot be called"):
        import_files(tmp_path / "home", name, files, imported_at=AT)
    with pytest.raises(UnusableInput, match="cannot be called"):
        check_name(name)

    assert not (tmp_path / "home").exists()


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no file"):
        import_files(tmp_path, "Shop", [], imported_at=AT)


def test_a_stop_while_a_file_is_unpacked_leaves_nothing_behind(tmp_path: Path) -> None:
    files = [written(tmp_path, gzip.compress(JANUARY.encode()), "jan.csv.gz")]
    watching = Watching(is_cancelled=lambda: True)

    with pytest.raises(Cancelled):
        import_files(tmp_path / "home", "Shop", files, imported_at=AT, watching=watching)

    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_progress_is_told_in_bytes_and_then_in_rows(tmp_path: Path) -> None:
    files = [written(tmp_path, gzip.compress(JANUARY.encode()), "jan.csv.gz")]
    unpacked: list[int] = []
    rows: list[int] = []
    watching = Watching(on_unpacked=unpacked.append, on_progress=lambda p: rows.append(p.rows))

    import_files(tmp_path, "Shop", files, imported_at=AT, watching=watching)

    assert unpacked[-1] == len(JANUARY)
    assert max(rows) == 2


def test_the_sample_shop_is_loaded_once(sample_home: Path) -> None:
    (manifest,) = list_datasets(sample_home)

    again = load_sample(sample_home, bootstrap.SAMPLE, imported_at=AT)

    assert again == []
    assert manifest.name == SAMPLE_NAME
    assert (manifest.rows, manifest.users) == (149_899, 4_567)
    assert manifest.profiles is not None
    assert manifest.catalogue is not None
    assert (manifest.profiles.rows, manifest.catalogue.rows) == (5_000, 200)


def test_what_of_the_sample_shop_is_missing_is_loaded(tmp_path: Path) -> None:
    profiles = [bootstrap.SAMPLE / "profiles.csv"]
    events = [written(tmp_path, JANUARY)]
    import_files(tmp_path, SAMPLE_NAME, profiles, imported_at=AT, kind=FileKind.PROFILES)
    import_files(tmp_path, SAMPLE_NAME, events, imported_at=AT)

    reports = load_sample(tmp_path, bootstrap.SAMPLE, imported_at=AT)

    assert [report.record.kind for report in reports] == [FileKind.CATALOGUE]
