"""`python -m benchmarks [replay|rehearse|import|…|all]`: measure and report; `--help` has all."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import delivery, experiments, ingest, live, places, render, report, sections
from benchmarks.measuring import ROUNDS
from benchmarks.places import Place
from benchmarks.report import Section
from benchmarks.sections import OutcomesDifferError
from core.settings import REPOSITORY


class Benchmark(StrEnum):
    """What there is to measure."""

    IMPORT = "import"
    REPLAY = "replay"
    REHEARSE = "rehearse"
    INTERACTIVE = "interactive"
    RENDER = "render"
    INGEST = "ingest"
    EXPERIMENTS = "experiments"
    LIVE = "live"
    DELIVERY = "delivery"
    ALL = "all"


# The import comes first, so that the others work on what it has just written.
SECTIONS: Mapping[Benchmark, Callable[[Place, int], Section]] = {
    Benchmark.IMPORT: sections.importing,
    Benchmark.REPLAY: sections.replaying,
    Benchmark.REHEARSE: sections.rehearsing,
    Benchmark.INTERACTIVE: sections.asking_questions,
    Benchmark.RENDER: render.rendering,
    Benchmark.EXPERIMENTS: experiments.experimenting,
    Benchmark.INGEST: ingest.ingesting,
    Benchmark.LIVE: live.deciding,
    Benchmark.DELIVERY: delivery.delivering,
}


def main(
    benchmark: Annotated[Benchmark, typer.Argument(help="What to measure.")] = Benchmark.ALL,
    events: Annotated[int, typer.Option(min=1_000, help="Size of the history.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often to run each.")] = ROUNDS,
    folder: Annotated[
        Path, typer.Option(help="Keeps the generated history and its dataset.")
    ] = places.DEFAULT_ROOT,
    out: Annotated[Path, typer.Option(help="The report.")] = (
        REPOSITORY / "docs" / "benchmarks.md"
    ),
) -> None:
    """Measure on a generated history, print the tables and put them into the report."""
    place = Place(folder.resolve(), events)
    chosen = list(SECTIONS) if benchmark is Benchmark.ALL else [benchmark]
    for name in chosen:
        try:
            section = SECTIONS[name](place, rounds)
        except OutcomesDifferError as error:
            print(f"{name}: {error}", file=sys.stderr)
            raise typer.Exit(1) from error
        report.put_into(out, section)
        print(report.rendered(section), flush=True)


if __name__ == "__main__":
    typer.run(main)
