"""Looking up people in a dataset, and what a dataset takes on disk."""

from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.history.reading import Dataset, list_datasets
from core.services.datasets import Person, delete, find_people, rejects_path, size_bytes
from tests.history.datasets import event, import_csv
from tests.services.shops import stored

IDS = ["u1", "u10", "u2", "Ümit", "v1"]
PROFILES = {
    "u2": {"email": "Vera@example.org"},
    "v1": {"email": "ann@example.org"},
    "only": {"email": "quiet@example.org"},
}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return stored(tmp_path, [event(user_id, "view", 1) for user_id in IDS], PROFILES)


def ids(people: list[Person]) -> list[str]:
    return [person.user_id for person in people]


def test_without_a_text_the_first_people_are_offered(dataset: Dataset) -> None:
    assert ids(list(find_people(dataset, "", limit=3))) == ["u1", "u10", "u2"]


def test_people_are_found_by_the_beginning_of_their_id(dataset: Dataset) -> None:
    assert ids(list(find_people(dataset, "u1"))) == ["u1", "u10"]
    assert ids(list(find_people(dataset, " Üm "))) == ["Ümit"]


def test_people_are_found_by_the_beginning_of_their_e_mail_address(dataset: Dataset) -> None:
    assert find_people(dataset, "vera@") == [Person(user_id="u2", email="Vera@example.org")]


def test_those_found_by_id_come_first_and_nobody_twice(dataset: Dataset) -> None:
    assert ids(list(find_people(dataset, "v"))) == ["v1", "u2"]


def test_somebody_who_did_nothing_is_found_by_the_whole_id(dataset: Dataset) -> None:
    assert ids(list(find_people(dataset, "only"))) == ["only"]
    assert find_people(dataset, "onl") == []


def test_an_address_in_place_of_an_id_that_nobody_has_finds_nobody(dataset: Dataset) -> None:
    assert find_people(dataset, "zoe@example.org") == []


def test_a_dataset_takes_room_and_gives_it_back(tmp_path: Path, dataset: Dataset) -> None:
    assert size_bytes(tmp_path, "shop") > 1000

    delete(tmp_path, "shop")

    assert list_datasets(tmp_path) == []
    assert size_bytes(tmp_path, "shop") == 0


def test_deleting_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no dataset called 'shop'"):
        delete(tmp_path, "shop")


def test_the_rows_that_were_left_out_are_found_again(tmp_path: Path) -> None:
    text = "user_id,event,timestamp\nann,view,2025-01-01\n,view,2025-01-01\n"
    record = import_csv(tmp_path, "shop", text).record

    path = rejects_path(tmp_path, "shop", record)

    assert path is not None
    assert "no user_id" in path.read_text()


def test_an_import_that_left_nothing_out_has_no_such_file(tmp_path: Path) -> None:
    text = "user_id,event,timestamp\nann,view,2025-01-01\n"
    record = import_csv(tmp_path, "shop", text).record

    assert rejects_path(tmp_path, "shop", record) is None
