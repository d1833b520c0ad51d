"""Erasing people from a dataset."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from core.domain.events import Event
from core.history import drafts
from core.history.forgetting import NOTHING, Forgotten, forget_people
from core.history.importing import import_events, import_profiles
from core.history.manifest import ImportMode
from core.history.reading import open_dataset
from tests.history.datasets import IMPORTED_AT, event, write_events
from tests.history.written import GENERIC, events_csv, opened

ANN, BOB, CLEO = "ann-7f31", "bob-22c0", "cleo-91aa"
ADDRESS = "ann@secret.example"


def history(*people: str) -> list[Event]:
    return [
        event(person, name, hour, properties={"note": f"by {person}", "city": "Basel"})
        for person in people
        for hour, name in enumerate(["view", "add", "buy"])
    ]


def mentions(text: str) -> bool:
    return ANN in text or ADDRESS in text


def forget_ann(home: Path) -> Forgotten:
    return forget_people(home, "shop", [ANN], mentions)


def with_profiles(home: Path, tmp_path: Path, rows: Iterable[str]) -> None:
    content = events_csv(*rows, header="user_id,email,consent")
    with opened(tmp_path, content, "profiles.csv") as source:
        import_profiles(
            home, "shop", [(source, None)], mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )


def bytes_under(home: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    write_events(home, "shop", history(ANN, BOB, CLEO))
    with_profiles(home, tmp_path, [f"{ANN},{ADDRESS},yes", f"{BOB},bob@shop.example,no"])
    return home


def test_nothing_of_the_person_is_left_in_any_file(shop: Path) -> None:
    before = bytes_under(shop)

    forgotten = forget_ann(shop)

    after = bytes_under(shop)
    assert forgotten == Forgotten(event_count=3, profile_count=1, rejected_row_count=0)
    for name in (ANN.encode(), ADDRESS.encode()):
        assert name in before
        assert name not in after


def test_the_others_are_as_if_the_person_had_never_been_there(shop: Path, tmp_path: Path) -> None:
    forget_ann(shop)

    other = tmp_path / "other"
    write_events(other, "shop", history(BOB, CLEO))
    with_profiles(other, tmp_path, [f"{BOB},bob@shop.example,no"])
    left, never = open_dataset(shop, "shop"), open_dataset(other, "shop")
    assert left.manifest.fingerprint == never.manifest.fingerprint
    assert left.user_ids().to_pylist() == [BOB, CLEO]
    assert left.user_events(BOB) == never.user_events(BOB)
    assert left.profiles() == never.profiles()
    counts = ("rows", "users", "first_at", "last_at", "name_counts")
    for name in counts:
        assert getattr(left.manifest, name) == getattr(never.manifest, name)
    assert left.manifest.profiles is not None
    assert never.manifest.profiles is not None
    assert left.manifest.profiles.fingerprint == never.manifest.profiles.fingerprint


def test_erasing_once_more_or_a_stranger_changes_nothing(shop: Path) -> None:
    forget_ann(shop)
    before = bytes_under(shop)

    assert forget_ann(shop) == NOTHING
    assert forget_people(shop, "shop", ["nobody"], lambda text: False) == NOTHING
    assert forget_people(shop, "no such dataset", [ANN], mentions) == NOTHING
    assert bytes_under(shop) == before


def test_a_dataset_may_lose_its_last_person_and_be_added_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_events(home, "shop", history(ANN))

    forget_ann(home)
    write_events(home, "shop", history(BOB))

    assert open_dataset(home, "shop").user_ids().to_pylist() == [BOB]
    assert ANN.encode() not in bytes_under(home)


def test_rejected_rows_of_the_person_go_and_those_of_others_stay(tmp_path: Path) -> None:
    home = tmp_path / "home"
    rows = [f"{BOB},view,2025-05-01", f"{ANN},view,yesterday", f"{CLEO},view,tomorrow"]
    with opened(tmp_path, events_csv(*rows)) as source:
        import_events(
            home, "shop", [(source, GENERIC)], mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )

    forgotten = forget_ann(home)

    assert forgotten.rejected_row_count == 1
    left = bytes_under(home)
    assert ANN.encode() not in left
    assert f"{CLEO},view,tomorrow".encode() in left
    (record,) = open_dataset(home, "shop").manifest.imports
    assert record.rejects_file == "2-events.csv"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_midway_it_is_as_before_and_can_be_run_again(
    shop: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The manifest is what counts: all is made before it is put in place, or removed after."""

    class Killed(BaseException):
        pass

    name = "save_manifest" if moment == "before" else "_remove_leftovers"
    real = getattr(drafts, name)
    calls: list[object] = []

    def dying(*given: object) -> None:
        calls.append(given)
        if moment == "before" or len(calls) > 1:
            raise Killed
        real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(drafts, name, dying)
        with pytest.raises(Killed):
            forget_ann(shop)
    is_whole = ANN in open_dataset(shop, "shop").user_ids().to_pylist()
    forget_ann(shop)

    assert is_whole == (moment == "before")
    assert ANN not in open_dataset(shop, "shop").user_ids().to_pylist()
    assert ANN.encode() not in bytes_under(shop)
