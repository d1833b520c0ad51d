"""The benchmarks measure what they say: a fixed history, equal firings, a report that is whole."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import campaigns, history, preparing, report, sections, work
from benchmarks.measuring import Measurement, Run
from benchmarks.places import Place
from benchmarks.report import Section

EVENTS = 20_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("benchmarks"), EVENTS)
    preparing.prepare(place)
    return place


def _measurement(*seconds: float) -> Measurement:
    runs = [Run(seconds=s, cpu_seconds=s, peak_memory=10**9, facts={}) for s in seconds]
    return Measurement(runs)


def _section(title: str, found: str = "1 ×") -> Section:
    return Section(
        title=title,
        command="python -m benchmarks",
        machine="2 cores",
        sentences=["What was done."],
        demands=[report.Demand("a ÷ b", found, "2 ×", "3 ×", "≤ 5 ×", is_met=True)],
        header=("", "s"),
        rows=[("a", "1.00")],
    )


def test_the_same_number_of_events_gives_the_same_file(tmp_path: Path) -> None:
    history.write_history(tmp_path / "one.csv", 3_000)
    history.write_history(tmp_path / "two.csv", 3_000)

    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_history_has_as_many_events_as_asked_in_order_of_time(place: Place) -> None:
    with place.csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == len({row["event_id"] for row in rows}) == EVENTS
    assert {row["event"] for row in rows} == set(history.NAMES)
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    assert all((row["product_id"] == "") == (row["event"] == "other") for row in rows)


def test_our_firings_are_those_that_sql_finds(place: Place) -> None:
    work.replay(place)
    work.duckdb_replay(place)

    sections.check_equal_firings(place)

    with (place.folder / "ours" / "firings.csv").open(encoding="utf-8", newline="") as file:
        lines = Counter((row["campaign"], row["outcome"]) for row in csv.DictReader(file))
    enrolled = {name for name, outcome in lines if outcome == "enrolled"}
    refused = {name for name, outcome in lines if outcome == "reentry"}
    assert enrolled == set(campaigns.NAMES)
    assert refused == set(campaigns.NAMES) - {"Seven quiet days"}  # its wait is the cooldown


def test_other_firings_are_noticed(place: Place) -> None:
    work.replay(place)
    work.duckdb_replay(place)
    peers = place.folder / "peer" / "firings.csv"
    peers.write_bytes(peers.read_bytes().replace(b"reentry", b"enrolled", 1))

    with pytest.raises(sections.OutcomesDifferError):
        sections.check_equal_firings(place)


def test_a_fingerprint_knows_lines_but_not_their_order(tmp_path: Path) -> None:
    texts = {"a": "x\ny\ny\n", "shuffled": "y\nx\ny\n", "fewer": "x\ny\n", "other": "x\nx\ny\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    found = {name: sections.fingerprint(tmp_path / name) for name in texts}

    assert found["shuffled"] == found["a"]
    assert found["a"] not in (found["fewer"], found["other"])


def test_the_replay_is_measured_in_processes_of_its_own_and_reported(place: Place) -> None:
    section = sections.replaying(place, rounds=1)

    text = report.rendered(section)

    assert f"{EVENTS:,} events of 1,000 people" in text
    assert [row[0] for row in section.rows] == ["Rehearsal", "Polars, reading only", "DuckDB SQL"]
    assert all(float(row[1]) >= 0 and int(row[4].replace(",", "")) > 20 for row in section.rows)
    assert f"`python -m benchmarks replay --events {EVENTS} --rounds 1`" in text


def test_the_flow_is_measured_at_two_sizes_and_reported(place: Place) -> None:
    section = sections.rehearsing(place, rounds=1)

    text = report.rendered(section)

    assert [row[0] for row in section.rows] == [
        "Flow",
        "Flow, 2,000 events",
        "Triggers alone (Replay)",
    ]
    assert [demand.wanted for demand in section.demands] == ["≤ 1 ×", "≤ 1.2 ×"]
    assert f"{EVENTS:,} events of 1,000 people" in text
    assert f"`python -m benchmarks rehearse --events {EVENTS} --rounds 1`" in text


def test_the_flow_goes_every_way_and_steps_are_counted_as_arrivals(place: Place) -> None:
    facts = work.rehearse(place)

    trace = _rows(place.folder / "rehearsed" / "trace.csv")
    steps = {step.id for step in campaigns.FLOW.steps}
    arrivals = {(r["user_id"], r["enrolled_at"], r["step"]) for r in trace if r["step"] in steps}
    told = {(row["step"], row["outcome"], row["reason"]) for row in trace}
    assert {step for _, _, step in arrivals} == steps
    # A send that quiet hours put off, and that never became due, is an arrival but no step taken.
    assert 0.99 * len(arrivals) < facts["steps"] <= len(arrivals)
    for expected in (
        ("timing", "assigned", "at once"),
        ("timing", "assigned", "in the evening"),
        ("came_back", "matched", ""),
        ("came_back", "timed_out", ""),
        ("added_more", "took", "cases[0]"),
        ("added_more", "took", "otherwise"),
        ("reminder", "deferred", "quiet_hours"),
        ("survey", "withheld", "frequency_cap"),
        ("reminder", "withheld", "holdout"),
        ("done", "exited", "exit"),
    ):
        assert expected in told
    assert any((outcome, reason) == ("exited", "goal") for _, outcome, reason in told)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_flow_may_take_three_replays_and_ten_microseconds_for_each_step() -> None:
    flow, triggers = _measurement(9.0, 4.0, 7.0), _measurement(1.0, 1.5, 2.0)

    just_met = sections.flow_demand(flow, triggers, step_count=100_000)
    missed = sections.flow_demand(flow, triggers, step_count=99_999)

    assert (just_met.found, just_met.by_medians) == ("1.00 ×", "1.27 ×")
    assert just_met.is_met
    assert not missed.is_met


def test_seconds_may_grow_a_fifth_faster_than_events(tmp_path: Path) -> None:
    place = Place(tmp_path, 1_000_000)
    tenth = _measurement(1.0)

    met = sections.growth_demand(_measurement(12.0), tenth, place)
    missed = sections.growth_demand(_measurement(12.1), tenth, place)

    assert (met.found, met.wanted, met.is_met) == ("1.20 ×", "≤ 1.2 ×", True)
    assert not missed.is_met


def test_runs_of_one_rehearsal_that_tell_different_things_are_noticed() -> None:
    runs = [
        Run(seconds=1, cpu_seconds=1, peak_memory=1, facts={"steps": steps}) for steps in (5, 5, 6)
    ]

    sections.check_same_outcomes([Measurement(runs[:2]), Measurement(runs[2:])])

    with pytest.raises(sections.OutcomesDifferError):
        sections.check_same_outcomes([Measurement(runs)])


def test_a_ratio_is_that_of_the_best_runs_and_is_held_against_its_limit() -> None:
    ours, peers = _measurement(3.0, 2.0, 9.0), _measurement(1.0, 0.5, 0.6)

    demand = report.ratio_demand("ours ÷ peer's", ours, peers, at_most=3.9)

    assert (demand.found, demand.by_medians, demand.wanted) == ("4.00 ×", "5.00 ×", "≤ 3.9 ×")
    assert not demand.is_met
    assert report.ratio_demand("ours ÷ peer's", ours, peers, at_least=4).is_met


def test_a_new_section_takes_the_place_of_its_former_self(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "benchmarks.md"
    report.put_into(path, _section("Import"))
    report.put_into(path, _section("Replay", found="7 ×"))

    report.put_into(path, _section("Replay", found="8 ×"))

    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Benchmarks\n")
    assert "7 ×" not in text
    assert "| a ÷ b | **8 ×** | 2 × | 3 × | ≤ 5 × | yes |" in text
    assert text.index("## Replay") < text.index("## Import")
    assert text == text.rstrip() + "\n"


def test_the_report_does_not_change_when_it_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    report.put_into(path, _section("Import"))
    report.put_into(path, _section("Replay"))
    before = path.read_bytes()

    report.put_into(path, _section("Replay"))

    assert path.read_bytes() == before
