"""The commands of the command line about experiments (SEMANTICS 10)."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from core.domain.durations import parse_duration
from core.domain.errors import UnusableInput


def analyse(
    file: Annotated[Path, typer.Argument(help="CSV with user,variant,exposed_at,goal,value.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for results.json.")],
    control: Annotated[
        str | None,
        typer.Option("--control", help="Variant that the others are compared with."),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weight", help="VARIANT=WEIGHT by design, for each (default: equal)."),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option("--window", help="Time for the goal, such as 7d (default: as in the file)."),
    ] = None,
    planned: Annotated[
        int | None,
        typer.Option("--planned", help="People planned before the start, all variants together."),
    ] = None,
) -> None:
    """Read the results of a test; writes results.json."""
    # The statistics are slow to load, and no other command needs them.
    from core.services.experiment_exports import RESULTS_FILE, write_results
    from core.services.experiment_files import read_results
    from core.services.experiment_results import experiment_results
    from core.services.experiment_words import EXCLUSION_WORDS

    found = read_results(
        file,
        control=control,
        window=None if window is None else _duration(window),
        weights=_weights(weights or []),
        planned_people_count=planned,
    )
    results = experiment_results(found.people, found.settings, now=found.known_until)
    write_results(results, out)
    for why, count in results.excluded.items():
        _tell(f"Note: left out: {count:,} {EXCLUSION_WORDS[why]}.")
    for note in (*results.notes, *results.verdict.details):
        _tell(f"Note: {note}")
    typer.echo(results.verdict.headline)
    typer.echo(str(out / RESULTS_FILE))


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UnusableInput(f"--window: {error}.") from error


def _weights(given: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in given:
        name, sign, weight = text.rpartition("=")
        try:
            found[name] = float(weight)
        except ValueError:
            sign = ""
        if not sign or not 0 < found[name] <= 1_000_000:
            raise UnusableInput(
                f"--weight: {text!r} is no weight; write it as VARIANT=9, with a number above 0."
            )
    return found


def _tell(text: str) -> None:
    typer.echo(text, err=True)
