import json
from pathlib import Path

import pytest

from core.cli import main

KEYS = {"variant", "control", "metric", "diff", "ci_low", "ci_high", "p"}


def written(folder: Path) -> Path:
    path = folder / "test.csv"
    rows = ["user,variant,exposed_at,goal,value"]
    for n in range(1_000):
        goal = int(n % 10 == 0 or (n % 2 == 1 and n % 7 == 0))
        rows.append(f"u{n},{'ab'[n % 2]},2026-03-{1 + n % 28:02},{goal},{goal * (n % 5)}")
    path.write_text("\n".join(rows))
    return path


def test_analyse_writes_the_keys_of_the_contract_and_says_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["analyse", str(written(tmp_path)), "--control", "a", "--out", str(tmp_path / "o")]
    )

    document = json.loads((tmp_path / "o" / "results.json").read_text())
    assert status == 0
    assert set(document) == {"srm", "variants", "contrasts", "verdict"}
    assert set(document["srm"]) == {"p"}
    assert [set(v) for v in document["variants"]] == [
        {"name", "exposed", "goals", "rate", "value_mean"}
    ] * 2
    assert [set(c) for c in document["contrasts"]] == [KEYS] * 2
    assert [(c["variant"], c["metric"]) for c in document["contrasts"]] == [
        ("b", "goal"),
        ("b", "value"),
    ]
    assert document["variants"][0] == {
        "name": "a",
        "exposed": 500,
        "goals": 100,
        "rate": 0.2,
        "value_mean": 0.0,
    }
    assert capsys.readouterr().out.splitlines()[0] == document["verdict"]


def test_analyse_gives_the_same_bytes_for_the_same_people(tmp_path: Path) -> None:
    path = written(tmp_path)
    shuffled = tmp_path / "shuffled.csv"
    header, *rows = path.read_text().splitlines()
    shuffled.write_text("\n".join([header, *sorted(rows)]))

    for name, file in (("one", path), ("two", path), ("three", shuffled)):
        assert main(["analyse", str(file), "--out", str(tmp_path / name)]) == 0

    one, two, three = (
        (tmp_path / name / "results.json").read_bytes() for name in ("one", "two", "three")
    )
    assert one == two == three


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--control", "z"], "no variant 'z'; there are: a, b"),
        (["--window", "soon"], "--window: 'soon' is not a duration"),
        (["--weight", "a"], "--weight: 'a' is no weight"),
        (["--weight", "a=0", "--weight", "b=1"], "--weight: 'a=0' is no weight"),
        (["--planned", "1"], "planned"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    out = tmp_path / "out"

    status = main(["analyse", str(written(tmp_path)), "--out", str(out), *arguments])

    told = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(told) == 1
    assert said in told[0]
    assert not out.exists()


def test_weights_by_design_belong_to_the_check_of_the_groups(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    rows = [f"u{n},{'b' if n % 10 == 0 else 'a'},2026-03-02,0," for n in range(5_000)]
    path.write_text("\n".join(["user,variant,exposed_at,goal,value", *rows]))

    for name, options in (("equal", []), ("meant", ["--weight", "a=9", "--weight", "b=1"])):
        assert main(["analyse", str(path), "--out", str(tmp_path / name), *options]) == 0

    equal, meant = (
        json.loads((tmp_path / name / "results.json").read_text()) for name in ("equal", "meant")
    )
    assert equal["srm"]["p"] < 0.001
    assert equal["verdict"].startswith("Do not trust this test")
    assert meant["srm"]["p"] == 1.0
    assert not meant["verdict"].startswith("Do not trust")
