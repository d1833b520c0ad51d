"""The three benchmarks: what each measures, compares and demands."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from benchmarks import machine, preparing
from benchmarks.campaigns import NAMES
from benchmarks.history import DAYS
from benchmarks.measuring import ROUNDS, Measurement, measure
from benchmarks.page import QUESTIONS, TABS
from benchmarks.places import Place
from benchmarks.report import TIMES_HEADER, Demand, Section, ratio_demand, times_row

Choice = Callable[[Sequence[float]], float]

MOST_MEMORY = 1_500_000_000
SAMPLE_SECONDS, HISTORY_SECONDS = 0.3, 2.0


class OutcomesDifferError(Exception):
    """Two that did the same work came to different outcomes, so that one of them is wrong."""


@dataclass(frozen=True)
class Fingerprint:
    """The lines of a file whatever their order: how many, and the sum of their hashes."""

    line_count: int
    hash_sum: int


def replaying(place: Place, rounds: int = ROUNDS) -> Section:
    """Compare a rehearsal with reading its columns, and with the same in SQL."""
    preparing.prepare(place)
    preparing.prepare(place.warm_up())
    load = machine.description()
    found = measure(["replay", "polars_read", "duckdb_replay"], place, rounds)
    ours, read, sql = found["replay"], found["polars_read"], found["duckdb_replay"]
    check_equal_firings(place)
    return Section(
        title="Replay",
        command=_command("replay", place, rounds),
        machine=load,
        sentences=[
            f"From the stored dataset ({_described(place)}) to `firings.csv`: {_campaign_names()},"
            f" each with a cooldown of seven days; {ours.facts[0]['firings']:,} firings, each with"
            " its outcome.",
            "Polars reads the columns that the rehearsal reads, from the same file, and does no"
            " more. DuckDB finds the same firings and outcomes in SQL over the same file"
            " ([`peer.py`](../benchmarks/peer.py)) and writes them as CSV, unsorted; the two files"
            " hold the same lines, which each run of the benchmark checks.",
        ],
        demands=[
            ratio_demand("Rehearsal ÷ Polars reading", ours, read, at_most=5),
            ratio_demand("DuckDB SQL ÷ rehearsal", sql, ours, at_least=2),
            _memory_demand("Peak memory of the rehearsal", ours, MOST_MEMORY),
        ],
        header=TIMES_HEADER,
        rows=[
            times_row("Rehearsal", ours),
            times_row("Polars, reading only", read),
            times_row("DuckDB SQL", sql),
        ],
    )


def importing(place: Place, rounds: int = ROUNDS) -> Section:
    """Compare an import with reading its file."""
    preparing.write_csv(place)
    preparing.write_csv(place.warm_up())
    load = machine.description()
    found = measure(["import_csv", "duckdb_table", "duckdb_count"], place, rounds)
    ours, table, count = found["import_csv"], found["duckdb_table"], found["duckdb_count"]
    _check_rows(place, found)
    return Section(
        title="Import",
        command=_command("import", place, rounds),
        machine=load,
        sentences=[
            f"From a CSV of {place.csv.stat().st_size / 1e6:,.0f} MB, in order of time, to a"
            f" dataset sorted by person ({_described(place)}): times parsed, ids checked for"
            " repetition, every row accounted for.",
            "DuckDB reads the same file with `read_csv`, all columns as text, into a table in"
            " memory, and does no more; or only counts its rows.",
        ],
        demands=[
            ratio_demand("DuckDB reading into a table ÷ import", table, ours, at_least=0.25),
        ],
        header=TIMES_HEADER,
        rows=[
            times_row("Import", ours),
            times_row("DuckDB `read_csv` into a table", table),
            times_row("DuckDB `read_csv`, counting", count),
        ],
        notes=[f"The import handles {place.event_count / ours.best:,.0f} rows/s."],
    )


def asking_questions(place: Place, rounds: int = ROUNDS) -> Section:
    """Time what the page Triggers asks when a trigger changed."""
    preparing.prepare(place)
    preparing.prepare(place.warm_up())
    preparing.import_sample(place.sample_home)
    load = machine.description()
    found = measure(["questions", "sample_questions"], place, rounds)
    ours, sample = found["questions"], found["sample_questions"]
    return Section(
        title="Interactive",
        command=_command("interactive", place, rounds),
        machine=load,
        sentences=[
            "What the page *Triggers* asks when a trigger was changed, without the drawing:"
            f" the starter campaigns over the sample shop, and {_campaign_names()} over"
            f" {_described(place)}; of each the slowest campaign.",
            "The events are read once (`load_history`) and stay in memory.",
        ],
        demands=[
            *_tab_demands("sample shop", sample, SAMPLE_SECONDS),
            *_tab_demands(f"{place.event_count:,} events", ours, HISTORY_SECONDS),
        ],
        header=("ms, best (median)", "sample shop", f"{place.event_count:,} events"),
        rows=[
            [f"`{question}`", _slowest(sample, [question]), _slowest(ours, [question])]
            for question in QUESTIONS
        ],
        notes=[f"Peak memory with the history loaded: {ours.peak_memory / 1e6:,.0f} MB."],
    )


def check_equal_firings(place: Place) -> None:
    """Compare the files of the last runs; raise OutcomesDifferError naming both if they differ."""
    ours, peers = (place.folder / side / "firings.csv" for side in ("ours", "peer"))
    if fingerprint(ours) != fingerprint(peers):
        raise OutcomesDifferError(f"{ours} and {peers} do not hold the same lines")


def fingerprint(path: Path) -> Fingerprint:
    """Read a file's lines whatever their order."""
    count = total = 0
    with path.open("rb") as file:
        for line in file:
            count += 1
            total += int.from_bytes(blake2b(line, digest_size=8).digest(), "big")
    return Fingerprint(count, total)


def _check_rows(place: Place, found: Mapping[str, Measurement]) -> None:
    counts = {task: [facts["rows"] for facts in m.facts] for task, m in found.items()}
    if {row_count for rows in counts.values() for row_count in rows} != {place.event_count}:
        raise OutcomesDifferError(
            f"not everybody read {place.event_count} rows: {json.dumps(counts)}"
        )


def _tab_demands(label: str, measurement: Measurement, most: float) -> list[Demand]:
    return [
        Demand(
            about=f"{label}, tab {tab}",
            found=f"{_seconds(measurement, asked, min) * 1000:,.0f} ms",
            by_medians=f"{_seconds(measurement, asked, statistics.median) * 1000:,.0f} ms",
            by_processor="",
            wanted=f"≤ {most * 1000:,.0f} ms",
            is_met=_seconds(measurement, asked, min) <= most,
        )
        for tab, asked in TABS.items()
    ]


def _slowest(measurement: Measurement, asked: Sequence[str]) -> str:
    best = _seconds(measurement, asked, min) * 1000
    return f"{best:,.0f} ({_seconds(measurement, asked, statistics.median) * 1000:,.0f})"


def _seconds(measurement: Measurement, asked: Sequence[str], of_runs: Choice) -> float:
    """Give the seconds of the slowest campaign for some questions together, over all runs."""
    return max(
        of_runs([sum(facts[campaign][q] for q in asked) for facts in measurement.facts])
        for campaign in measurement.facts[0]
    )


def _memory_demand(about: str, measurement: Measurement, most: int) -> Demand:
    peak = f"{measurement.peak_memory / 1e6:,.0f} MB"
    is_met = measurement.peak_memory <= most
    return Demand(about, peak, "", "", f"≤ {most / 1e6:,.0f} MB", is_met)


def _described(place: Place) -> str:
    manifest = place.manifest
    assert manifest is not None
    return f"{manifest.rows:,} events of {manifest.users:,} people over {DAYS} days"


def _campaign_names() -> str:
    names = [f"*{name}*" for name in NAMES]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _command(name: str, place: Place, rounds: int) -> str:
    said = f"python -m benchmarks {name} --events {place.event_count}"
    return said if rounds == ROUNDS else f"{said} --rounds {rounds}"
