"""Importing profiles and the catalogue: one row per key, the later value wins."""

from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.history.importing import import_catalogue, import_profiles
from core.history.keyed_kinds import consent, timezone, unsubscribed
from core.history.manifest import ImportMode, list_datasets
from core.history.naming import rejects_path
from core.history.reading import open_dataset
from core.history.storing import ImportReport
from tests.history.datasets import IMPORTED_AT, event, write_events
from tests.history.written import opened

PROFILES = """user_id,email,consent,timezone,unsubscribed,country,zip
007,a@example.com,Yes,europe/berlin,0,DE,01067
8,b@example.com,no,UTC,true,AT,
"""


def profiles(
    home: Path,
    text: str,
    *,
    name: str = "p.csv",
    key: str | None = None,
    mode: ImportMode = ImportMode.APPEND,
) -> ImportReport:
    with opened(home, text, name) as source:
        return import_profiles(home, "d", [(source, key)], mode=mode, imported_at=IMPORTED_AT)


def catalogue(home: Path, text: str) -> ImportReport:
    with opened(home, text, "c.csv") as source:
        files = [(source, None)]
        return import_catalogue(home, "d", files, mode=ImportMode.APPEND, imported_at=IMPORTED_AT)


def test_a_profile_has_its_traits_as_text_and_what_is_known_as_what_it_means(
    tmp_path: Path,
) -> None:
    report = profiles(tmp_path, PROFILES)

    dataset = open_dataset(tmp_path, "d")
    assert report.record.added_count == 2
    assert dataset.has_profiles
    assert dataset.profile("007") == {
        "email": "a@example.com",
        "consent": True,
        "timezone": "Europe/Berlin",
        "unsubscribed": False,
        "country": "DE",
        "zip": "01067",
    }
    assert dataset.profile("8") == {
        "email": "b@example.com",
        "consent": False,
        "timezone": "UTC",
        "unsubscribed": True,
        "country": "AT",
    }
    assert dataset.profile("7") is None
    assert list(dataset.profiles()) == ["007", "8"]


def test_traits_come_in_the_order_of_user_codes(tmp_path: Path) -> None:
    write_events(tmp_path, "d", [event(user, "view", 1) for user in ("8", "nobody", "007")])
    profiles(tmp_path, PROFILES + "9,,,,,FR,\n")
    dataset = open_dataset(tmp_path, "d")

    country = dataset.trait("country")

    by_user = dict(zip(dataset.user_ids().to_pylist(), country.codes.tolist(), strict=True))
    assert country.values[by_user["007"]] == "DE"
    assert country.values[by_user["8"]] == "AT"
    assert by_user["nobody"] == -1
    assert dataset.trait("nothing").codes.tolist() == [-1, -1, -1]


def test_traits_follow_when_events_of_new_users_arrive(tmp_path: Path) -> None:
    profiles(tmp_path, PROFILES)
    write_events(tmp_path, "d", [event("8", "view", 1)])
    write_events(tmp_path, "d", [event("007", "view", 1)])

    country = open_dataset(tmp_path, "d").trait("country")

    assert [country.values[code] for code in country.codes] == ["DE", "AT"]


def test_the_later_row_and_the_later_import_win_in_the_columns_they_have(tmp_path: Path) -> None:
    profiles(tmp_path, "user_id,country,plan\nu,DE,free\nu,AT,\nv,DE,free\n")
    assert open_dataset(tmp_path, "d").profile("u") == {"country": "AT"}

    report = profiles(tmp_path, "user_id,country,city\nu,FR,Lyon\nw,CH,\n")

    assert open_dataset(tmp_path, "d").profiles() == {
        "u": {"country": "FR", "city": "Lyon"},
        "v": {"country": "DE", "plan": "free"},
        "w": {"country": "CH"},
    }
    assert (report.record.added_count, report.record.duplicate_count) == (1, 1)


def test_what_a_json_line_does_not_say_stays_as_it_was(tmp_path: Path) -> None:
    profiles(tmp_path, "user_id,country,points\nu,DE,007\n")

    lines = [
        '{"user_id": "u", "points": 5}',
        '{"user_id": 8, "vip": true}',
        '{"user_id": "u", "vip": false}',
    ]
    profiles(tmp_path, "\n".join(lines), name="p.jsonl")

    assert open_dataset(tmp_path, "d").profiles() == {
        "u": {"country": "DE", "points": 5, "vip": False},
        "8": {"vip": True},
    }


def test_the_same_profiles_twice_are_the_same_profiles(tmp_path: Path) -> None:
    first, second = (profiles(tmp_path, PROFILES) for _ in range(2))

    assert first.manifest.profiles == second.manifest.profiles
    assert (second.record.added_count, second.record.duplicate_count) == (0, 2)


def test_profiles_leave_the_events_and_their_fingerprint_alone(tmp_path: Path) -> None:
    before = write_events(tmp_path, "d", [event("007", "view", 1)]).manifest

    after = profiles(tmp_path, PROFILES).manifest

    assert (after.fingerprint, after.rows, after.users) == (before.fingerprint, 1, 1)
    assert len(open_dataset(tmp_path, "d").user_events("007")) == 1


def test_replace_forgets_the_profiles_before(tmp_path: Path) -> None:
    profiles(tmp_path, PROFILES)

    report = profiles(tmp_path, "user_id,plan\nu,free\n", mode=ImportMode.REPLACE)

    assert open_dataset(tmp_path, "d").profiles() == {"u": {"plan": "free"}}
    assert len(report.manifest.imports) == 1


def test_rows_without_a_user_are_listed_and_odd_values_are_warned_of(tmp_path: Path) -> None:
    text = "user_id,consent,timezone\nu,maybe,Mars/Base\n,yes,UTC\nv,perhaps,\n"

    report = profiles(tmp_path, text)

    assert report.record.rejected_counts == {"no user_id": 1}
    assert report.rejects_path is not None
    assert report.record.rejects_file is not None
    assert report.rejects_path == rejects_path(tmp_path, "d", report.record.rejects_file)
    assert report.rejects_path.read_text().splitlines()[1] == 'p.csv,3,no user_id,",yes,UTC"'
    assert open_dataset(tmp_path, "d").profiles() == {"u": {}, "v": {}}
    assert report.record.warnings == (
        'Values of consent that were not understood and count as missing: 2, such as "maybe".',
        'Values of timezone that were not understood and count as missing: 1, such as "Mars/Base".',
    )


def test_the_user_id_may_have_another_name(tmp_path: Path) -> None:
    profiles(tmp_path, "customer,user_id\nu,internal\n", key="customer")

    assert open_dataset(tmp_path, "d").profiles() == {"u": {"user_id": "internal"}}


def test_a_table_without_the_key_is_refused_with_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"no column 'user_id'.*its columns are: id, name"):
        profiles(tmp_path, "id,name\n1,x\n")

    assert list_datasets(tmp_path) == []


def test_a_table_without_one_usable_row_changes_nothing(tmp_path: Path) -> None:
    profiles(tmp_path, PROFILES)

    with pytest.raises(UnusableInput, match="None of the 1 rows"):
        profiles(tmp_path, "user_id,country\n,DE\n", mode=ImportMode.REPLACE)

    assert len(open_dataset(tmp_path, "d").profiles()) == 2


def test_the_catalogue_is_found_by_product(tmp_path: Path) -> None:
    catalogue(tmp_path, "product_id,title,price\n001,Shirt,9.50\n1,Hat,\n")

    dataset = open_dataset(tmp_path, "d")
    assert dataset.product("001") == {"title": "Shirt", "price": "9.50"}
    assert dataset.product("2") is None
    assert list(dataset.catalogue()) == ["001", "1"]


def test_the_first_column_of_a_catalogue_is_its_key_where_none_is_called_so(
    tmp_path: Path,
) -> None:
    catalogue(tmp_path, "sku,title\n001,Shirt\n")

    assert open_dataset(tmp_path, "d").catalogue() == {"001": {"title": "Shirt"}}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("TRUE", True),
        ("y", True),
        ("1", True),
        (" Subscribed ", True),
        ("opted-in", True),
        (1, True),
        (True, True),
        ("No", False),
        ("0", False),
        ("unsubscribed", False),
        ("Opted Out", False),
        (False, False),
        ("maybe", None),
        ("2", None),
        ([], None),
    ],
)
def test_consent_is_understood_in_the_ways_people_write_it(
    written: object, meant: bool | None
) -> None:
    assert consent(written) is meant  # type: ignore[arg-type]


def test_unsubscribed_is_understood_the_other_way_round_and_by_its_date() -> None:
    written = ["yes", "unsubscribed", "2024-05-01T10:00:00Z", "subscribed", "false", "who knows"]

    assert [unsubscribed(value) for value in written] == [True, True, True, False, False, None]


def test_a_time_zone_is_known_in_any_case() -> None:
    written = ["europe/BERLIN", " UTC ", "America/New_York", "Mars/Base", 5]

    found = [timezone(value) for value in written]

    assert found == ["Europe/Berlin", "UTC", "America/New_York", None, None]
