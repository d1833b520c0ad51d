"""The command line: what it writes, its exit status, and one clear line for whatever goes wrong."""

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import cli
from core.settings import REPOSITORY

EVENTS = """user_id,event,timestamp,price,event_id
007,cart_add,2026-01-01T10:00:00Z,20,a1
007,purchase,2026-01-03T10:00:00Z,20,a2
008,cart_add,2026-01-01T11:00:00Z,35.50,b1
008,purchase,2026-01-01T12:00:00Z,35.50,b2
,cart_add,2026-01-05T00:00:00Z,1,c1
"""
CART = """name: Cart
trigger:
  kind: absence
  start: {event: cart_add}
  unless: {event: purchase}
  within: 24h
"""
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def everything_in(folder: Path) -> dict[str, bytes]:
    """Take down what is stored; scratch folders and locks of an import are none of it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and "sqlite" not in path.name
    }


def test_import_counts_rows_and_importing_twice_adds_nothing(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = files("events.csv", EVENTS)

    first = run("import", path, "--dataset", "shop")
    said_first = capsys.readouterr().out.splitlines()
    second = run("import", path, "--dataset", "shop")
    said_second = capsys.readouterr().out.splitlines()

    assert (first, second) == (0, 0)
    assert said_first[:5] == ["read 5", "added 4", "duplicate 0", "rejected 1", "  no user_id 1"]
    assert said_second[:3] == ["read 5", "added 0", "duplicate 4"]


def test_rejected_rows_are_listed_with_line_and_reason(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")

    said = capsys.readouterr().out.splitlines()
    rejects = Path(said[-1].removeprefix("rejects file "))
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["line"], row["reason"]) for row in rows] == [("6", "no user_id")]


def test_rehearse_writes_firings_and_a_summary(
    home: Path, files: Callable[..., Path], tmp_path: Path
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")

    status = run(
        "rehearse", files("cart.yaml", CART), "--dataset", "shop", "--out", tmp_path / "out"
    )

    assert status == 0
    assert (tmp_path / "out" / "firings.csv").read_text().splitlines() == [
        "campaign,user_id,key,fired_at,event_id,outcome",
        "Cart,007,,2026-01-02T10:00:00.000000Z,a1,enrolled",
    ]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["until"] == "2026-01-03T10:00:00.000000Z"
    assert summary["campaigns"][0]["people_enrolled"] == 1
    assert summary["notes"] == ["The dataset has no profiles: every user counts as reachable."]


def test_until_decides_nothing_later(
    home: Path, files: Callable[..., Path], tmp_path: Path
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")
    campaign = files("cart.yaml", CART)

    for until in ("2026-01-02T09:59:59Z", "2026-01-02T10:00:00Z"):
        out = tmp_path / until[-4:-1]
        run("rehearse", campaign, "--dataset", "shop", "--out", out, "--until", until)

    counts = [
        len((tmp_path / name / "firings.csv").read_text().splitlines()) - 1
        for name in (":59", ":00")
    ]
    assert counts == [0, 1]


def test_the_same_rehearsal_gives_the_same_bytes(sample_home: Path, tmp_path: Path) -> None:
    campaigns = sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))

    for out in ("first", "second"):
        run("rehearse", *campaigns, "--dataset", "Sample shop", "--out", tmp_path / out)

    assert everything_in(tmp_path / "first") == everything_in(tmp_path / "second")
    assert len(everything_in(tmp_path / "first")["firings.csv"]) > 1_000_000


BAD_FILES: dict[str, tuple[str, bytes]] = {
    "an empty file": ("empty.csv", b""),
    "a header alone": ("header.csv", b"user_id,event,timestamp\n"),
    "a binary file": ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "a CSV without a time": ("timeless.csv", b"user_id,event\n1,view\n2,buy\n"),
    "one line without an end": ("line.csv", b"a" * 40_000_000),
    "a broken gzip": ("events.csv.gz", gzip.compress(EVENTS.encode() * 500)[:-400]),
    "text called gzip": ("text.csv.gz", EVENTS.encode()),
    "a CSV with an odd header": ("ids.csv", b'"""email_id"""\n284534\n609056\n'),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_gets_one_line_and_changes_nothing(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str], case: str
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")
    before = everything_in(home)
    capsys.readouterr()

    status = run("import", files(*BAD_FILES[case]), "--dataset", "shop", "--append")

    said = capsys.readouterr()
    assert status == 2
    assert len(said.err.splitlines()) == 1
    assert BAD_FILES[case][0] in said.err
    assert said.out == ""
    assert everything_in(home) == before


@pytest.mark.parametrize("name", ["../shop", "..", "a/../../b", "", ".hidden", "a\nb", "x" * 300])
def test_a_dataset_name_that_is_none_gets_one_line_and_changes_nothing(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    status = run("import", files("events.csv", EVENTS), "--dataset", name)

    assert status == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert everything_in(home) == {}


BAD_CAMPAIGNS = {
    "a wrong key": (CART + "  withing: 2d\n", "cart.yaml:7: trigger.withing: unknown key"),
    "a negative duration": (CART.replace("24h", "-24h"), "cart.yaml:6: trigger.within: '-24h'"),
    "an unknown kind": (CART.replace("absence", "absense"), "unknown kind 'absense'"),
    "a cycle": (
        CART
        + "steps:\n"
        + "  - {id: one, kind: delay, for: 1h, next: two}\n"
        + "  - {id: two, kind: delay, for: 1h, next: one}\n",
        "the flow goes in a circle through one, two",
    ),
    "an unknown step": (
        CART + "steps:\n  - {id: one, kind: delay, for: 1h, next: tow}\n",
        "no step is called 'tow'",
    ),
    "an unknown template": (
        CART + "steps:\n  - {id: one, kind: send, template: cart_recovry}\n",
        "cart_recovry",
    ),
    "no YAML": ("name: [", "cart.yaml"),
    "a key twice": (CART + "name: Other\n", "cart.yaml:7"),
}


@pytest.mark.parametrize("case", BAD_CAMPAIGNS)
def test_a_bad_campaign_file_gets_one_line_and_writes_nothing(
    home: Path,
    files: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    text, expected = BAD_CAMPAIGNS[case]
    run("import", files("events.csv", EVENTS), "--dataset", "shop")
    capsys.readouterr()

    status = run(
        "rehearse", files("cart.yaml", text), "--dataset", "shop", "--out", tmp_path / "out"
    )

    said = capsys.readouterr().err
    assert status == 2
    assert len(said.splitlines()) == 1
    assert expected in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rehearse", "nowhere.yaml", "--dataset", "shop", "--out", "out"], "nowhere.yaml"),
        (["import", "nowhere.csv", "--dataset", "shop"], "nowhere.csv"),
        (["import"], "files"),
        (["improt"], "improt"),
        (["rehearse", "--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_arguments_get_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    status = run(*arguments)

    said = capsys.readouterr().err
    assert status == 2
    assert len(said.splitlines()) == 1
    assert expected in said


def test_an_unknown_dataset_is_answered_with_those_that_exist(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")
    capsys.readouterr()

    status = run("rehearse", files("c.yaml", CART), "--dataset", "shpo", "--out", "out")

    assert status == 2
    assert "shop" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_gets_one_line(
    home: Path, files: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", files("events.csv", EVENTS), "--dataset", "shop")
    in_the_way = files("file", "not a folder")
    capsys.readouterr()

    status = run("rehearse", files("c.yaml", CART), "--dataset", "shop", "--out", in_the_way)

    assert status == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_command_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "core", "import", "missing.csv", "--dataset", "shop"],
        cwd=REPOSITORY,
        env={"REHEARSAL_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert "missing.csv" in result.stderr
    assert "Traceback" not in result.stderr


REAL_FILES = {
    "online_retail/online_retail_first240007_raw.csv.gz": (
        ["--date-order", "mdy"],
        (240_007, 172_782, 0, 67_225),
    ),
    "otto/train_fixture.jsonl.gz": ([], (862, 862, 0, 0)),
    "cdnow/CDNOW_master.txt.gz": (
        ["--map", "user_id=customer_id", "--map", "timestamp=date", "--event", "purchase"],
        (69_659, 69_659, 0, 0),
    ),
    "formats/rees46_electronics_100rows.csv": ([], (100, 100, 0, 0)),
    "snowplow_ecommerce/events.csv.gz": ([], (834, 823, 0, 11)),
}


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the shared real data are not beside us")
@pytest.mark.parametrize("name", REAL_FILES)
def test_real_exports_are_counted_as_they_are_and_only_once(
    home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    options, (read, added, duplicate, rejected) = REAL_FILES[name]

    said = []
    for _ in range(2):
        assert run("import", SHARED_DATA / name, "--dataset", "real", *options) == 0
        said.append([line.split()[-1] for line in capsys.readouterr().out.splitlines()[:4]])

    assert said[0] == [str(count) for count in (read, added, duplicate, rejected)]
    assert said[1] == [str(count) for count in (read, 0, added + duplicate, rejected)]
