"""The benchmarks: what each measures, compares and demands."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from benchmarks import machine, preparing
from benchmarks.campaigns import FLOW, NAMES
from benchmarks.history import DAYS
from benchmarks.measuring import ROUNDS, Job, Measurement, measure, measure_jobs
from benchmarks.page import QUESTIONS, TABS
from benchmarks.places import Place
from benchmarks.report import TIMES_HEADER, Demand, Section, ratio_demand, times_row

Choice = Callable[[Sequence[float]], float]

MOST_MEMORY = 1_500_000_000
SAMPLE_SECONDS, HISTORY_SECONDS = 0.3, 2.0
# What the rehearsal of a flow may take: so many replays of triggers, and so long for each step that
# an enrolment came to; and how much more per event a history of ten times the size may take.
MOST_REPLAYS, MOST_PER_STEP, MOST_GROWTH = 3, 10e-6, 1.2


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


def rehearsing(place: Place, rounds: int = ROUNDS) -> Section:
    """Compare the rehearsal of a flow with that of triggers alone, and with a tenth of events."""
    for needed in (place, place.tenth(), place.warm_up(), place.tenth().warm_up()):
        preparing.prepare(needed)
    load = machine.description()
    jobs = [Job("rehearse", place), Job("replay", place), Job("rehearse", place.tenth())]
    found = measure_jobs(jobs, rounds)
    flow, triggers, tenth = (found[job] for job in jobs)
    check_same_outcomes([flow, tenth])
    steps, enrolled = flow.facts[0]["steps"], flow.facts[0]["enrolled"]
    return Section(
        title="Rehearse",
        command=_command("rehearse", place, rounds),
        machine=load,
        sentences=[
            f"From the stored dataset ({_described(place)}) to `firings.csv`, `messages.csv` and"
            f" `trace.csv`: the flow *{FLOW.name}* with split, waits, branch, goal, holdout,"
            f" frequency cap and quiet hours ([`campaigns.py`](../benchmarks/campaigns.py));"
            f" {enrolled:,} enrolments came to {steps:,} steps.",
            f"Allowed are {MOST_REPLAYS} times the seconds of the replay above, measured anew in"
            f" turns with it, and {MOST_PER_STEP * 1e6:.0f} µs for each step that an enrolment"
            " came to.",
            "Growth compares the seconds per event with those of a history of a tenth of the size,"
            f" in which {_steps_per_1000(tenth, place.tenth())} steps come to 1,000 events, as"
            f" against {_steps_per_1000(flow, place)}; to grow by less is no fault.",
        ],
        demands=[flow_demand(flow, triggers, steps), growth_demand(flow, tenth, place)],
        header=TIMES_HEADER,
        rows=[
            times_row("Flow", flow),
            times_row(f"Flow, {place.tenth().event_count:,} events", tenth),
            times_row("Triggers alone (Replay)", triggers),
        ],
        notes=[
            f"Allowed by the best runs: {allowed_seconds(triggers.best, steps):,.2f} s. The flow"
            f" took {flow.best / max(1, steps) * 1e6:.1f} µs for each step, reading and writing"
            " included.",
            _about_files(flow),
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


def flow_demand(flow: Measurement, triggers: Measurement, step_count: int) -> Demand:
    """Demand that a flow takes no longer than some replays and a little for each step."""
    found = _on_each_clock(flow, triggers, lambda f, t: f / allowed_seconds(t, step_count))
    about = f"Flow ÷ ({MOST_REPLAYS} × triggers alone + {MOST_PER_STEP * 1e6:.0f} µs per step)"
    return _demand_of_ratios(about, found, at_most=1)


def growth_demand(flow: Measurement, tenth: Measurement, place: Place) -> Demand:
    """Demand that seconds grow no faster than events, but for a little."""
    times_more = place.event_count / place.tenth().event_count
    found = _on_each_clock(flow, tenth, lambda f, t: f / t / times_more)
    return _demand_of_ratios("Growth per event", found, at_most=MOST_GROWTH)


def allowed_seconds(replay_seconds: float, step_count: int) -> float:
    """Give what the rehearsal of a flow may take."""
    return MOST_REPLAYS * replay_seconds + MOST_PER_STEP * step_count


def check_same_outcomes(measurements: Sequence[Measurement]) -> None:
    """Raise OutcomesDifferError if runs of the same rehearsal told different things."""
    for measurement in measurements:
        told = {json.dumps(facts, sort_keys=True) for facts in measurement.facts}
        if len(told) > 1:
            raise OutcomesDifferError(f"the same rehearsal came out differently: {sorted(told)}")


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


def _on_each_clock(
    one: Measurement, other: Measurement, compare: Callable[[float, float], float]
) -> tuple[float, float, float]:
    """Compare two measurements by best runs, by medians and by processor time."""
    return (
        compare(one.best, other.best),
        compare(one.median, other.median),
        compare(one.cpu_seconds, other.cpu_seconds),
    )


def _demand_of_ratios(about: str, found: tuple[float, float, float], *, at_most: float) -> Demand:
    best, median, processor = (f"{ratio:.2f} ×" for ratio in found)
    return Demand(about, best, median, processor, f"≤ {at_most:g} ×", found[0] <= at_most)


def _steps_per_1000(flow: Measurement, place: Place) -> str:
    return f"{flow.facts[0]['steps'] / place.event_count * 1000:,.0f}"


def _about_files(flow: Measurement) -> str:
    sizes = [f"`{name}` {size / 1e6:,.1f} MB" for name, size in flow.facts[0]["bytes"].items()]
    return f"Written: {', '.join(sizes)}."


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
