"""Giving out and erasing everything of a person."""

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from core.domain.calls import Delivery, Link, Rejection, Traits
from core.domain.campaigns import Campaign
from core.domain.consents import ConsentState
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.mail_reports import MailReport, ReportKind
from core.history.importing import import_profiles
from core.history.manifest import ImportMode
from core.history.reading import open_dataset
from core.live.delivery.folder import file_name
from core.services import audit, erasing
from core.services.bounces import latest_reports, take_reports
from core.services.consents import record_consent
from core.services.erasing import ask_for_erasure, erase, erased_at, go_on, go_on_with_all
from core.services.ingesting import take_in
from core.services.live_events import profile, suppress
from core.services.live_launches import launch
from core.services.live_questions import decisions, outbox
from core.services.personal_data import as_json, personal_data
from core.services.stored_rehearsals import NamedVersion, records, rehearse_and_keep
from core.services.uploads import keep_upload
from core.store import erasures
from core.store.database import migrate, open_database, reading, writing
from core.store.live_people import suppressed_among
from core.store.mail_reports import count_soft
from core.store.personal_rows import Names
from tests.history.datasets import IMPORTED_AT, event, write_events
from tests.history.written import events_csv
from tests.history.written import opened as opened_file
from tests.live.launched import CART, Shop, at

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ANN, BOB, COOKIE = "ann-7f31c2", "bob-22c04d", "anon:c00c1e99"
ADDRESS, WORK = "ann.arbor@secret.example", "a.arbor@work.example"
NAMES = (ANN, COOKIE, ADDRESS, WORK)


@pytest.fixture(scope="session")
def filled(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill an installation once, which tests copy."""
    home = tmp_path_factory.mktemp("filled")
    shutil.copy(migrated_file, home / "shop.sqlite")
    engine = open_database(f"sqlite:///{home}/shop.sqlite")
    fill_live(engine)
    engine.dispose()
    fill_folders(home)
    return home


@pytest.fixture
def home(
    filled: Path,
    tmp_path: Path,
    database_kind: str,
    opened: Callable[[str], Engine],
    request: pytest.FixtureRequest,
) -> Path:
    """Give an installation with Ann in every table and folder, and Bob as somebody who stays."""
    shutil.copytree(filled, tmp_path / "home")
    if database_kind == "postgresql":
        (tmp_path / "home" / "shop.sqlite").unlink()
        engine = opened(str(request.getfixturevalue("postgresql_url")))
        migrate(engine)
        fill_live(engine)
    return tmp_path / "home"


@pytest.fixture
def database(
    home: Path,
    database_kind: str,
    opened: Callable[[str], Engine],
    request: pytest.FixtureRequest,
) -> Engine:
    """Give its database."""
    if database_kind == "sqlite":
        return opened(f"sqlite:///{home}/shop.sqlite")
    return opened(str(request.getfixturevalue("postgresql_url")))


def fill_live(database: Engine) -> None:
    shop = Shop(database)
    shop.know({ANN: {"email": ADDRESS, "name": "<b>Ann</b>"}, BOB: {"email": "b@x.example"}})
    shop.launch()
    calls = [
        Event(event_id="c1", user_id=COOKIE, event="view", timestamp=at(0.5), properties={}),
        Link(previous_id=COOKIE, user_id=ANN),
        Traits(user_id=ANN, traits={"consent": True}),
    ]
    rejected = [
        Rejection(index=0, kind="track", message_id="m9", reason=f"userId {ANN} has no event")
    ]
    delivery = Delivery(calls=calls, received_at=at(1), source="api", rejections=rejected)
    take_in(database, [delivery])
    for person in (ANN, BOB):
        shop.happen(person, "add", 1)
    shop.know({BOB: {"consent": True}})
    shop.tick(3)
    record_consent(database, ANN, "marketing", ConsentState.GIVEN, at=at(4), source="form")
    note = {"actor": "this computer", "at": at(5)}
    audit.note(database, action="Changed a consent", subject=ANN, detail="withdrawn", **note)  # type: ignore[arg-type]  # text and time
    audit.note(database, action="Wrote", subject="Note", detail=f"for {ADDRESS}", **note)  # type: ignore[arg-type]  # text and time


def fill_folders(home: Path) -> None:
    (home / "outbox").mkdir()
    write_events(home, "shop", [event(who, n, 1) for who in (ANN, BOB) for n in ("add", "view")])
    content = events_csv(f"{ANN},{WORK}", f"{BOB},b@x.example", header="user_id,email")
    with opened_file(home, content, "profiles.csv") as source:
        import_profiles(
            home, "shop", [(source, None)], mode=ImportMode.APPEND, imported_at=IMPORTED_AT
        )
    (home / "profiles.csv").unlink()
    dataset = open_dataset(home, "shop")
    rehearse_and_keep(home, dataset, [NamedVersion(campaign=cart())], made_at=NOW)
    for name, content in (("a.csv", f"u,{ANN}\n".encode()), ("b.csv", f"u,{BOB}\n".encode())):
        packed = home / f"{name}.gz"
        packed.write_bytes(gzip.compress(content))
        with packed.open("rb") as file:
            keep_upload(home, file, packed.name)
        packed.unlink()
    for number, address in enumerate((ADDRESS, "b@x.example")):
        letter = EmailMessage()
        letter["To"], letter["Subject"] = f"Ann Arbor <{address}>", "Your cart"
        letter.set_content(f"Hello {address}, ü", cte="base64")
        (home / "outbox" / f"{number}.eml").write_bytes(letter.as_bytes())


def cart() -> Campaign:
    return Campaign.model_validate(CART)


def mentioned_in_files(home: Path) -> list[str]:
    found = []
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content += gzip.decompress(content) if path.suffix == ".gz" else b""
            found += [f"{path}: {name}" for name in NAMES if name.encode() in content]
    return found


def mentioned_in_tables(database: Engine) -> list[str]:
    found = []
    with database.connect() as connection:
        for table in inspect(database).get_table_names():
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            found += [f"{table}: {name}" for row in rows for name in NAMES if name in str(row)]
    return found


def erase_ann(database: Engine, home: Path) -> erasing.StoredErasure:
    return erase(database, home, ANN, actor="this computer", at=NOW, rest=lambda seconds: None)


def test_after_an_erasure_no_file_and_no_table_holds_a_byte_of_the_person(
    database: Engine, home: Path, both_kinds: None
) -> None:
    in_tables, in_files = mentioned_in_tables(database), mentioned_in_files(home)

    erased = erase_ann(database, home)

    database.dispose()
    assert len({line.partition(":")[0] for line in in_tables}) >= 10
    assert len(in_files) >= 4
    assert mentioned_in_tables(database) == []
    assert mentioned_in_files(home) == []
    assert erased.done_at is not None
    assert erased.names is None
    assert {k: erased.receipt[k] for k in ("dataset_events", "dataset_profiles")} == {
        "dataset_events": 2,
        "dataset_profiles": 1,
    }
    assert erased.receipt["messages_withheld"] == 1


def test_what_was_written_to_a_former_address_or_to_a_seed_list_goes_too(
    database: Engine, home: Path
) -> None:
    with database.begin() as connection:
        asked = "SELECT key FROM live_messages WHERE user_id = :ann"
        key = connection.execute(text(asked), {"ann": ANN}).scalars().first()
        connection.execute(
            text("UPDATE live_messages SET address = 'old@x.example' WHERE user_id = :ann"),
            {"ann": ANN},
        )
    for name, address in (("old", "old@x.example"), ("new", "b@x.example")):
        (home / "outbox" / f"{name}.eml").write_text(f"To: {address}\n\nYour cart")
    seed = home / "outbox" / file_name(str(key))
    seed.write_text("To: team@shop.example\n\nHello Ann")

    erase_ann(database, home)

    left = {path.name for path in (home / "outbox").iterdir()}
    assert not left & {"old.eml", seed.name}
    assert "new.eml" in left


def test_everybody_else_stays(database: Engine, home: Path) -> None:
    before = json.loads(as_json(personal_data(database, home, BOB, at=NOW)))

    erase_ann(database, home)

    assert json.loads(as_json(personal_data(database, home, BOB, at=NOW))) == before
    assert [path.name for path in (home / "outbox").iterdir()] == ["1.eml"]
    assert [path.name for path in (home / "uploads").rglob("*.gz")] == ["b.csv.gz"]
    assert records(home) == []


def test_a_later_import_of_an_old_file_is_not_mailed(database: Engine, home: Path) -> None:
    erase_ann(database, home)

    take_in(
        database,
        [
            Delivery(
                calls=[Traits(user_id="new-id", traits={"email": f" {ADDRESS.title()}"})],
                received_at=NOW,
                source="api",
            )
        ],
    )

    with reading(database) as session:
        asked = [ADDRESS, WORK.upper(), "b@x.example"]
        assert suppressed_among(session, asked) == {ADDRESS, WORK}


def test_what_was_suppressed_for_another_reason_stays_suppressed(
    database: Engine, home: Path, both_kinds: None
) -> None:
    suppress(database, [ADDRESS, "b@x.example"], reason="bounced", source="smtp", at=NOW)

    erase_ann(database, home)

    with reading(database) as session:
        assert suppressed_among(session, [ADDRESS, "b@x.example"]) == {ADDRESS, "b@x.example"}
    assert mentioned_in_tables(database) == []


def test_erasing_twice_or_a_stranger_changes_nothing_else(database: Engine, home: Path) -> None:
    erase_ann(database, home)
    rows = len(decisions(database))

    again = erase_ann(database, home)
    stranger = erase(database, home, "nobody", actor="x", at=NOW, rest=lambda seconds: None)

    assert again.done_at is not None
    assert stranger.done_at is not None
    assert len(decisions(database)) == rows
    assert profile(database, BOB) is not None


def test_who_was_erased_is_recognised_without_being_named(database: Engine, home: Path) -> None:
    erase_ann(database, home)

    assert erased_at(database, ANN, NOW) == NOW
    assert erased_at(database, BOB, NOW) is None


def test_who_was_erased_is_recognised_after_many_others(database: Engine, home: Path) -> None:
    erase_ann(database, home)
    with writing(database) as session:
        for number in range(101):
            nobody = Names(user_ids=frozenset(), addresses=frozenset())
            erasures.finish(session, erasures.add_erasure(session, nobody, f"d{number}", "x", 1), 2)

    assert erased_at(database, ANN, NOW) == NOW


def test_from_the_first_moment_nothing_is_sent_any_more(
    database: Engine, home: Path, both_kinds: None
) -> None:
    queued = [message.user_id for message in outbox(database, state="queued")]

    ask_for_erasure(database, home, ANN, actor="x", at=NOW)

    assert sorted(queued) == [ANN, BOB]
    assert [message.user_id for message in outbox(database, state="queued")] == [BOB]
    with reading(database) as session:
        assert suppressed_among(session, [ADDRESS]) == {ADDRESS}


@pytest.mark.parametrize("place", [0, 2, 4])
def test_killed_after_any_step_the_next_run_completes_it(
    database: Engine, home: Path, place: int
) -> None:
    class Killed(BaseException):
        pass

    seen: list[str] = []

    def die(step: erasing.ErasureStep) -> None:
        seen.append(step.doing)
        if len(seen) > place:
            raise Killed

    with pytest.raises(Killed):
        erase(database, home, ANN, actor="x", at=NOW, report=die, rest=lambda seconds: None)
    done_count = go_on_with_all(database, home, NOW)

    database.dispose()
    assert done_count == 1
    assert mentioned_in_tables(database) == []
    assert mentioned_in_files(home) == []


def test_what_killed_programs_left_half_written_is_erased_too(database: Engine, home: Path) -> None:
    write_events(home, "other", [event(BOB, "add", 1)])
    shop, datasets = home / "datasets" / "shop", home / "datasets"
    (generation,) = shop.glob("g*")
    for leftover in ("other/g000099", "other/import.tmp/generation", "gone/g000001"):
        shutil.copytree(generation, datasets / leftover)
    letter = next(p for p in (home / "outbox").iterdir() if ADDRESS.encode() in p.read_bytes())
    shutil.copy(letter, home / "outbox" / ".x1.writing")
    (home / "checks" / "tmp1").mkdir(parents=True)
    (home / "checks" / "tmp1" / "decided.sqlite").write_text(ANN)

    erase_ann(database, home)

    database.dispose()
    assert mentioned_in_files(home) == []
    assert len(open_dataset(home, "other").user_events(BOB)) == 1


def test_names_are_found_as_json_writes_them(database: Engine, home: Path) -> None:
    jurgen = "jürgen-99"
    said = json.dumps({"id": jurgen})
    audit.note(database, actor="x", action="Wrote", subject="Note", detail=said, at=NOW)
    upload = home / "rows.jsonl"
    upload.write_text(json.dumps({"user_id": jurgen}))
    with upload.open("rb") as file:
        kept = keep_upload(home, file, upload.name)

    erase(database, home, jurgen, actor="x", at=NOW, rest=lambda seconds: None)

    assert "99" not in str([entry.detail for entry in audit.entries(database)])
    assert not kept.exists()


def test_an_international_address_is_found_as_it_went_on_the_wire(
    database: Engine, home: Path
) -> None:
    Shop(database).know({"jo-4471": {"email": "Jo@bücher.example"}})
    (home / "outbox" / "9.eml").write_bytes(b"To: jo@xn--bcher-kva.example\r\n\r\nHello\r\n")
    with writing(database) as session:
        count_soft(session, "jo@bücher.example", 1)

    erase(database, home, "jo-4471", actor="x", at=NOW, rest=lambda seconds: None)

    assert not (home / "outbox" / "9.eml").exists()
    with reading(database) as session:
        asked = ["jo@bücher.example", "jo@xn--bcher-kva.example"]
        assert suppressed_among(session, asked) == set(asked)
        assert session.connection().execute(text("SELECT * FROM soft_bounces")).all() == []


def test_somebody_else_at_the_same_address_is_neither_given_out_nor_erased(
    database: Engine, home: Path
) -> None:
    Shop(database).know({BOB: {"email": ADDRESS}})
    with database.begin() as connection:
        connection.execute(text("UPDATE live_messages SET address = :a"), {"a": ADDRESS})

    given = as_json(personal_data(database, home, ANN, at=NOW))
    erase_ann(database, home)

    assert BOB not in given
    assert [message.user_id for message in outbox(database)] == [BOB]
    assert [message.address for message in outbox(database)] == [None]
    assert profile(database, BOB) is not None


def test_a_report_that_comes_after_the_erasure_does_not_write_the_address_down_again(
    database: Engine, home: Path
) -> None:
    erase_ann(database, home)

    for address in (ADDRESS, "stranger@x.example"):
        said = f"550 5.1.1 <{address}>: no such user"
        report = MailReport(kind=ReportKind.HARD, content=address, address=address, diagnostic=said)
        take_reports(database, [report], source="mailbox", now=NOW)

    assert mentioned_in_tables(database) == []
    assert [one.address for one in latest_reports(database)] == ["stranger@x.example", ""]


def test_while_an_import_runs_the_erasure_waits(database: Engine, home: Path) -> None:
    from core.history.drafts import drafted

    with drafted(home, "shop"), pytest.raises(UnusableInput, match="another import"):
        erase_ann(database, home)
    still = go_on_with_all(database, home, NOW)

    assert still == 1
    assert mentioned_in_tables(database) == []


def test_an_unknown_erasure_is_refused(database: Engine, home: Path) -> None:
    with pytest.raises(UnusableInput, match="no erasure number 77"):
        go_on(database, home, 77, at=NOW)


def test_all_that_is_known_is_given_out(database: Engine, home: Path) -> None:
    found = json.loads(as_json(personal_data(database, home, COOKIE, at=NOW)))

    assert found["ids"] == [ANN, COOKIE][:2] or found["ids"] == [COOKIE, ANN][::-1]
    assert found["addresses"] == sorted([ADDRESS, WORK])
    assert found["live"]["profile"][0]["traits"]["name"] == "<b>Ann</b>"
    assert found["live"]["profile"][0]["changed_at"].startswith("2026-05-01")
    expected = {"events", "decisions", "campaigns_entered", "messages", "steps", "consents"}
    assert expected <= found["live"].keys()
    assert found["live"]["former_ids"][0]["person_id"] == COOKIE
    assert [one["event"] for one in found["uploaded"]["shop"]["events"]] == ["add", "view"]
    assert found["uploaded"]["shop"]["profiles"] == {ANN: {"email": WORK}}
    assert BOB not in json.dumps(found)


def test_nobody_gets_a_document_about_a_stranger(database: Engine, home: Path) -> None:
    with pytest.raises(UnusableInput, match="Nothing is known"):
        personal_data(database, home, "nobody", at=NOW)


def test_an_erased_person_who_comes_back_is_somebody_new(database: Engine, home: Path) -> None:
    erase_ann(database, home)

    again = [Traits(user_id=ANN, traits={"name": "Ann"})]
    take_in(database, [Delivery(calls=again, received_at=NOW + timedelta(days=1), source="api")])

    assert profile(database, ANN) == {"name": "Ann"}


def test_a_launch_with_the_same_history_does_not_bring_the_person_back(
    database: Engine, home: Path
) -> None:
    erase_ann(database, home)

    named = cart().model_copy(update={"name": "Again"})
    launch(database, named, launched_at=NOW, history=open_dataset(home, "shop"))

    assert mentioned_in_tables(database) == []
