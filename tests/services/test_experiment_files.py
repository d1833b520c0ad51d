import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import UnusableInput
from core.services.experiment_files import read_results
from core.services.experiment_people import Exclusion
from core.services.experiment_results import experiment_results
from core.services.experiment_uploads import (
    change_kept,
    forget_results,
    keep_results,
    kept_results,
    open_results,
)

HEADER = "user,variant,exposed_at,goal,value\n"
FIRST = HEADER + "a,x,2026-03-02,1,5\n"
KEPT_AT = datetime(2026, 4, 1, tzinfo=UTC)


def written(tmp_path: Path, text: str, name: str = "test.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEADER, "no rows"),
        ("user,variant,goal\na,x,1\n", "has no column 'exposed_at'; it has user, variant, goal"),
        (FIRST + ",y,2026-03-02,0,\n", "line 3: user '' is empty"),
        (FIRST + "b,,2026-03-02,0,\n", "line 3: variant '' is empty"),
        (FIRST + "b,y,yesterday,0,\n", "line 3: exposed_at 'yesterday' is no time"),
        (FIRST + "b,y,1772442000,0,\n", "is no time"),
        (FIRST + "b,y,2026-02-30,0,\n", "'2026-02-30' is no time"),
        (FIRST + "b,y,2026-03-02,3,\n", "line 3: goal '3' is neither 0 nor 1"),
        (FIRST + "b,y,2026-03-02,2026-03-03,\n", "line 2: goal '1' says only"),
        (HEADER + 'a,x,2026-03-02,1,"1,234.50"\nb,y,2026-03-02,0,\n', "'1,234.50' is no number"),
        (HEADER + "a,x,2026-03-02,1,inf\nb,y,2026-03-02,0,\n", "line 2: value 'inf' is no number"),
        (HEADER + 'a,x,2026-03-02,1,"5\n5"\nb,y,soon,0,\n', "line 4: exposed_at 'soon'"),
        (HEADER + "\na,x,2026-03-02,1,5\n\nb,y,soon,0,\n", "line 5: exposed_at 'soon'"),
        (FIRST + "b,y,2026-03-02,0\n" + "c,y,2026-03-02,0,\n" * 9, "line 3: there are 4 cells"),
        (FIRST + "b,x,2026-03-02,0,\n", "only the variant 'x'"),
        (HEADER + "".join(f"u{n},v{n},2026-03-02,1,5\n" for n in range(12)), "has 12 variants"),
        ("user,user,variant,exposed_at,goal\na,a,x,2026-03-02,1\n", "two columns called 'user'"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(UnusableInput) as refusal:
        read_results(path)

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "test.csv" in str(refusal.value)


def test_files_that_are_missing_or_no_text_are_refused(tmp_path: Path) -> None:
    picture = tmp_path / "test.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))

    with pytest.raises(UnusableInput, match="There is no file"):
        read_results(tmp_path / "other.csv")
    with pytest.raises(UnusableInput, match="PNG image"):
        read_results(picture)


def test_goals_may_be_yes_or_no_in_several_spellings(tmp_path: Path) -> None:
    words = ["1", "TRUE", "yes", "0", "False", "no", ""]
    rows = [f"u{n},{'xy'[n % 2]},2026-03-02T10:00:00+01:00,{w},\n" for n, w in enumerate(words)]

    people = read_results(written(tmp_path, HEADER + "".join(rows))).people

    assert people.goals[0].is_reached.tolist() == [True, True, True, False, False, False, False]
    assert people.goals[0].reached_at is None
    assert people.exposed_at[0] == datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1_000_000


def test_goals_with_times_count_within_the_window_only(tmp_path: Path) -> None:
    rows = (
        "in,x,2026-03-02,2026-03-04,10\n"
        "late,x,2026-03-02,2026-03-20,20\n"
        "early,y,2026-03-02,2026-02-20,40\n"
        "never,y,2026-03-02,,\n"
    )

    found = read_results(written(tmp_path, HEADER + rows), window=timedelta(days=7))

    goal = found.people.goals[0]
    assert goal.is_reached.tolist() == [True, False, False, False]
    assert goal.value is not None
    assert goal.value.tolist() == [10, 0, 0, 0]
    assert any("1 person reached the goal before" in note for note in found.people.notes)


def test_one_person_in_many_rows_counts_once_from_the_first(tmp_path: Path) -> None:
    rows = (
        "a,x,2026-03-05,1,10\n"
        "a,x,2026-03-02,1,10\n"  # the same order told twice
        "a,x,2026-03-09,1,15\n"
        "b,y,2026-03-02,0,\n"
        "c,x,2026-03-02,1,5\nc,y,2026-03-03,0,\n"  # under both variants
    )

    people = read_results(written(tmp_path, HEADER + rows)).people

    assert len(people) == 2
    assert people.exposed_at[0] == datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1_000_000
    assert people.goals[0].value is not None
    assert people.goals[0].value.tolist() == [25, 0]
    assert people.excluded == {Exclusion.REPEATED_ROWS: 2, Exclusion.SEVERAL_VARIANTS: 1}


def test_the_order_of_the_rows_means_nothing(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    rows = [
        f"u{n},{'xy'[n % 2]},2026-03-{2 + n % 20:02},{int(draw.random() < 0.1 + 0.1 * (n % 2))},\n"
        for n in range(2_000)
    ]
    by_variant = sorted(rows, key=lambda row: row.split(",")[1:3])

    found = [
        read_results(written(tmp_path, HEADER + "".join(ordered), f"{n}.csv"), name="same")
        for n, ordered in enumerate([rows, by_variant])
    ]
    verdicts = [experiment_results(one.people, one.settings, now=one.known_until) for one in found]

    assert verdicts[0].judgements == verdicts[1].judgements
    assert verdicts[0].variants == verdicts[1].variants


def test_people_of_one_day_become_known_together(tmp_path: Path) -> None:
    # Both variants are alike; the file has all of x first, which read row by row would be a lead.
    rows = [f"u{n},{'xy'[n // 2_000]},2026-03-02,{int(n % 10 == 0)},\n" for n in range(4_000)]

    found = read_results(written(tmp_path, HEADER + "".join(rows)))
    results = experiment_results(found.people, found.settings, now=found.known_until)

    assert results.verdict.winner is None
    assert results.judgements[0].largest_e_value == 1


@pytest.mark.parametrize(
    ("names", "control", "expected"),
    [
        (("b", "a"), None, ("a", "b")),
        (("Mens", "No E-Mail", "Womens"), None, ("No E-Mail", "Mens", "Womens")),
        (("b", "a"), "b", ("b", "a")),
    ],
)
def test_the_control_is_chosen_by_name_and_stands_first(
    tmp_path: Path, names: tuple[str, ...], control: str | None, expected: tuple[str, ...]
) -> None:
    rows = "".join(f"u{n},{name},2026-03-02,0,\n" for n, name in enumerate(names))

    found = read_results(written(tmp_path, HEADER + rows), control=control)

    assert found.settings.variant_names == expected
    assert found.settings.control == expected[0]


def test_an_unknown_control_or_weight_names_those_that_exist(tmp_path: Path) -> None:
    path = written(tmp_path, FIRST + "b,y,2026-03-02,0,\n")

    with pytest.raises(UnusableInput, match="no variant 'z'; there are: x, y"):
        read_results(path, control="z")
    with pytest.raises(UnusableInput, match=r"weight for 'z'.*x, y"):
        read_results(path, weights={"z": 1})
    with pytest.raises(UnusableInput, match="no weight for the variant 'y'"):
        read_results(path, weights={"x": 1})


def test_files_of_other_tools_are_understood(tmp_path: Path) -> None:
    text = "User ID;Variation;Exposed at;Converted;Revenue;Country\n"
    text += "".join(
        f"u{n};{'xy'[n % 2]};2026-03-02;{n % 2};1.5;{['DE', 'AT'][n // 2 % 2]}\n" for n in range(8)
    )
    path = tmp_path / "test.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + text).encode()))

    people = read_results(path).people

    assert len(people) == 8
    assert people.goals[0].is_reached.sum() == 4
    assert [(s.name, s.labels) for s in people.segments] == [("Country", ("AT", "DE"))]


def test_kept_results_come_back_as_they_were(tmp_path: Path) -> None:
    text = "user,variant,exposed_at,goal,value,value_before,source,country\n"
    text += "".join(
        f"u{n},{'xy'[n % 2]},2026-03-{2 + n % 9:02},{f'2026-03-{3 + n % 9:02}' if n % 3 else ''},"
        f"{n % 3},{n},{'ab'[n % 2]},{'cd'[n % 2]}\n"
        for n in range(60)
    )
    path, home = written(tmp_path, text), tmp_path / "home"
    week = timedelta(days=7)

    kept = keep_results(home, "Timing", path, kept_at=KEPT_AT, window=week)
    again = keep_results(home, "Timing", path, kept_at=KEPT_AT, window=week)
    opened, people = open_results(home, kept.results_id)

    read = read_results(path, window=week, name="Timing")
    assert opened == kept == again
    assert kept_results(home) == [kept]
    now = kept.known_until
    fresh = experiment_results(read.people, read.settings, now=now)
    stored = experiment_results(people, opened.settings, now=now)
    assert (stored.variants, stored.judgements, stored.segments, stored.ratio) == (
        fresh.variants,
        fresh.judgements,
        fresh.segments,
        fresh.ratio,
    )


def test_kept_results_can_be_read_against_another_control(tmp_path: Path) -> None:
    path = written(tmp_path, FIRST + "b,y,2026-03-02,0,\n")
    kept = keep_results(tmp_path, "T", path, kept_at=KEPT_AT)

    changed = change_kept(tmp_path, kept.results_id, control="y", planned_people_count=500)

    assert open_results(tmp_path, kept.results_id)[0] == changed
    assert changed.settings.control == "y"
    with pytest.raises(UnusableInput, match="is no variant"):
        change_kept(tmp_path, kept.results_id, control="z")
    with pytest.raises(UnusableInput, match="upload it again"):
        change_kept(tmp_path, kept.results_id, window="7d")


def test_results_that_are_gone_or_damaged_say_so(tmp_path: Path) -> None:
    path = written(tmp_path, FIRST + "b,y,2026-03-02,0,\n")
    kept = keep_results(tmp_path, "T", path, kept_at=KEPT_AT)

    (tmp_path / "experiments" / kept.results_id / "people.parquet").write_bytes(b"nothing")
    with pytest.raises(UnusableInput, match="are damaged"):
        open_results(tmp_path, kept.results_id)
    forget_results(tmp_path, kept.results_id)
    for unknown in (kept.results_id, "../home", ""):
        with pytest.raises(UnusableInput, match="no results under this link"):
            open_results(tmp_path, unknown)

    assert kept_results(tmp_path) == []
