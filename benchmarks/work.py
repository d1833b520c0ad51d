"""What is measured: each function is one piece of work, done once in a process of its own.

`python -m benchmarks.work TASK FOLDER EVENTS` does it first on a small history, so that compiled
code and lazily loaded libraries are there, then for good, and prints its figures as JSON.
"""

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.places import DATASET, Place

Facts = Mapping[str, Any]

REHEARSAL_FILES = ("firings.csv", "messages.csv", "trace.csv")

# The imports stand within the functions, so that the memory of a process is that of its task.


def replay(place: Place) -> Facts:
    """Rehearse the campaigns, from the stored dataset to `firings.csv`."""
    from core.settings import keep_freed_memory

    keep_freed_memory()  # as `python -m core` does
    from benchmarks.campaigns import CAMPAIGNS
    from core.history.reading import open_dataset
    from core.services.rehearse import rehearse_to_files

    dataset = open_dataset(place.home, DATASET)
    rehearsal = rehearse_to_files(CAMPAIGNS, dataset, place.folder / "ours")
    return {"firings": sum(c["firings"] for c in rehearsal.summary["campaigns"])}


def rehearse(place: Place) -> Facts:
    """Rehearse the flow, from the stored dataset to `firings.csv`, `messages.csv`, `trace.csv`."""
    from core.settings import keep_freed_memory

    keep_freed_memory()  # as `python -m core` does
    from benchmarks.campaigns import FLOW
    from core.history.reading import open_dataset
    from core.services.rehearse import rehearse_to_files

    out = place.folder / "rehearsed"
    rehearsal = rehearse_to_files([FLOW], open_dataset(place.home, DATASET), out)
    (found,) = rehearsal.summary["campaigns"]
    return {
        "enrolled": found["enrolled"],
        "steps": found["steps_taken"],
        "bytes": {name: (out / name).stat().st_size for name in REHEARSAL_FILES},
    }


def polars_read(place: Place) -> Facts:
    """Read the columns that the rehearsal reads, with Polars."""
    import polars as pl

    columns = ["user", "timestamp", "name", place.product_column, "event_id"]
    return {"rows": pl.read_parquet(place.generation / "events.parquet", columns=columns).height}


def duckdb_replay(place: Place) -> Facts:
    """Find the same firings with SQL and write them as CSV."""
    from benchmarks import peer

    manifest = place.manifest
    assert manifest is not None
    target = place.folder / "peer" / "firings.csv"
    target.parent.mkdir(exist_ok=True)
    peer.write_firings(place.generation, manifest.names, place.product_column, target)
    return {}


def import_csv(place: Place) -> Facts:
    """Import the CSV as a dataset."""
    from benchmarks import preparing

    shutil.rmtree(place.home, ignore_errors=True)
    preparing.import_csv(place)
    return {"rows": 0 if place.manifest is None else place.manifest.rows}


def duckdb_table(place: Place) -> Facts:
    """Read the CSV into a table of DuckDB, all columns as text."""
    table = f"CREATE TABLE history AS FROM read_csv('{place.csv}', all_varchar = true)"
    return {"rows": _counted([table], "history")}


def duckdb_count(place: Place) -> Facts:
    """Count the rows of the CSV with DuckDB, which then need not keep any."""
    return {"rows": _counted([], f"read_csv('{place.csv}', all_varchar = true)")}


def questions(place: Place) -> Facts:
    """Ask about the generated history what the page Triggers asks."""
    from benchmarks import asking

    return asking.about_history(place)


def sample_questions(place: Place) -> Facts:
    """Ask about the sample shop what the page Triggers asks."""
    from benchmarks import asking

    return asking.about_sample(place)


def render_alone(place: Place) -> Facts:
    """Fill in, harden and compile e-mails, in this process."""
    from benchmarks import render

    return render.alone(place)


def render_whole(place: Place) -> Facts:
    """Make e-mails in the process that can be ended, and messages of them in this one."""
    from benchmarks import render

    return render.whole(place)


def render_reference(place: Place) -> Facts:
    """Compile the same e-mails with the reference implementation."""
    from benchmarks import render

    return render.reference(place)


def ingest_http(place: Place) -> Facts:
    """Take in batches of events by HTTP, on one core."""
    from benchmarks import ingest

    return ingest.over_http(place)


def ingest_read(place: Place) -> Facts:
    """Make events of batches."""
    from benchmarks import ingest

    return ingest.reading(place)


def ingest_store(place: Place) -> Facts:
    """Store events that were read before."""
    from benchmarks import ingest

    return ingest.storing(place)


def delivery_whole(place: Place) -> Facts:
    """Compose, sign and send what is queued."""
    from benchmarks import delivery

    return delivery.whole(place)


def delivery_compose(place: Place) -> Facts:
    """Compose what is queued."""
    from benchmarks import delivery

    return delivery.composing(place)


def delivery_hand_over(place: Place) -> Facts:
    """Hand over letters that were written before."""
    from benchmarks import delivery

    return delivery.handing_over(place)


def experiment_results(place: Place) -> Facts:
    """Compute the results of a test from arrays."""
    from benchmarks import experiments

    return experiments.results_from_arrays(place)


def experiment_csv(place: Place) -> Facts:
    """Read a test from a CSV and compute its results."""
    from benchmarks import experiments

    return experiments.results_from_csv(place)


def live_sqlite(place: Place) -> Facts:
    """Decide events that wait in a SQLite file."""
    from benchmarks import live

    return live.on_sqlite(place)


def live_postgresql(place: Place) -> Facts:
    """Decide events that wait in a PostgreSQL database."""
    from benchmarks import live

    return live.on_postgresql(place)


def live_two_workers(place: Place) -> Facts:
    """Decide events that wait in a PostgreSQL database, with two workers at once."""
    from benchmarks import live_workers

    return live_workers.at_once(place)


TASKS: Mapping[str, Callable[[Place], Facts]] = {
    task.__name__: task
    for task in (
        replay,
        rehearse,
        polars_read,
        duckdb_replay,
        import_csv,
        duckdb_table,
        duckdb_count,
        questions,
        sample_questions,
        render_alone,
        render_whole,
        render_reference,
        experiment_results,
        experiment_csv,
        ingest_http,
        ingest_read,
        ingest_store,
        delivery_whole,
        delivery_compose,
        delivery_hand_over,
        live_sqlite,
        live_postgresql,
        live_two_workers,
    )
}


def _counted(statements: Sequence[str], table: str) -> int:
    import duckdb

    with duckdb.connect() as connection:
        for statement in statements:
            connection.execute(statement)
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


def _peak_memory() -> int:
    """Give the most memory (bytes, resident) that this process ever had."""
    status = Path("/proc/self/status")
    if not status.exists():  # no Linux: the figure may then include the process that started us
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    lines = status.read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def main(task_name: str, root: str, event_count: str) -> None:
    """Warm up, do the task, and print its seconds, processor seconds, peak memory and facts."""
    place = Place(Path(root), int(event_count))
    task = TASKS[task_name]
    task(place.warm_up())
    began, began_on_cpu = time.perf_counter(), time.process_time()
    facts = task(place)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_on_cpu
    figures = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_memory": _peak_memory(),
        "facts": facts,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
