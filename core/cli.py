"""The command line: every command is a call into the services (SEMANTICS 10)."""

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from core import (
    bootstrap,
    consume_command,
    email_commands,
    experiment_commands,
    live_commands,
    write_key_commands,
)
from core.clock import now
from core.domain.errors import CampaignError, UnusableInput
from core.history.manifest import FileKind, ImportMode
from core.history.mapping import TimeShape
from core.history.reading import list_datasets, open_dataset
from core.history.settling import Answers, parse_map_options
from core.history.storing import ImportReport
from core.services.campaign_files import check_templates, load_campaign
from core.services.imports import SAMPLE_NAME, Watching, holds, import_files
from core.services.rehearse import rehearse_to_files
from core.settings import REPOSITORY

logger = logging.getLogger(__name__)

OK, FAILED, UNUSABLE = 0, 1, 2

app = typer.Typer(
    name="python -m core",
    help="Rehearsal: replay triggered e-mail on recorded history before it runs live.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class DateOrder(StrEnum):
    """Orders of day, month and year."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


DatasetName = Annotated[str, typer.Option("--dataset", help="Name of the dataset.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status: 0 ok, 1 the run failed, 2 unusable input.

    Whatever goes wrong becomes one line on stderr, never a traceback.
    """
    try:
        status = app(args=arguments, standalone_mode=False)
    except typer.TyperException as error:
        return _said(error.format_message(), UNUSABLE)
    except UnusableInput as error:
        return _said(str(error), UNUSABLE)
    except CampaignError as error:
        return _said(str(error), FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _said("Stopped; nothing was changed.", FAILED)
    except OSError as error:
        return _said(_os_sentence(error), FAILED)
    except Exception as error:
        if os.environ.get("REHEARSAL_DEBUG"):
            logger.exception("command failed")
        kind = type(error).__name__
        return _said(f"Unforeseen: {kind}: {error}. REHEARSAL_DEBUG=1 shows where.", FAILED)
    return status if isinstance(status, int) else OK


@app.callback(invoke_without_command=True)
def show_help(context: typer.Context) -> None:
    """Rehearsal: replay triggered e-mail on recorded history before it runs live."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def rehearse(
    campaigns: Annotated[list[Path], typer.Argument(help="Campaign files (YAML or JSON).")],
    dataset: DatasetName,
    out: Annotated[Path, typer.Option("--out", help="Folder for the result files.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="Decide nothing later than this (ISO time; default: the end)."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Let nobody enter before this, as if switched on then (ISO time)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything drawn.")] = 0,
) -> None:
    """Replay campaigns over a dataset; writes firings, messages and trace as CSV, and a summary."""
    loaded = [load_campaign(path) for path in campaigns]
    for campaign in loaded:
        check_templates(campaign, bootstrap.template_names())
    history = open_dataset(bootstrap.home(), dataset)
    with _progress("Rehearsing", "events") as advance:
        rehearsal = rehearse_to_files(
            loaded,
            history,
            out,
            since=None if since is None else parse_instant(since, "--since"),
            until=None if until is None else parse_instant(until, "--until"),
            seed=seed,
            on_progress=lambda p: advance(p.done_count, p.total_count),
        )
    for line in rehearsal.summary["campaigns"]:
        _tell(_told(line))
    for note in rehearsal.summary["notes"]:
        _tell(f"Note: {note}")


def _told(counted: Mapping[str, Any]) -> str:
    """Say in a line what came of a campaign."""
    told = (
        f"{counted['campaign']}: {counted['people_enrolled']:,} people, "
        f"{counted['enrolled']:,} times; refused {sum(counted['refused'].values()):,}"
    )
    if "messages" not in counted:
        return told
    outcomes = list(counted["messages"].values())
    sent = sum(step["sent"] for step in outcomes)
    due = sum(sum(step.values()) for step in outcomes)
    return f"{told}; e-mails sent {sent:,}, withheld {due - sent:,}"


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, Parquet or JSON lines; gz and zip too.")
    ],
    dataset: DatasetName,
    kind: Annotated[FileKind, typer.Option(help="What the files are about.")] = FileKind.EVENTS,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN; fields: user_id, event, timestamp, event_id, …"),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Format of the files, if it is not recognised.")
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="Name of all events, where no column has it.")
    ] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option(help="Order of day, month and year in numeric dates.")
    ] = None,
    time_format: Annotated[
        TimeShape | None, typer.Option(help="How the times are written, if it is not recognised.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of times that name none (default UTC).")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Add to what is stored.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Start over with these files.")
    ] = False,
) -> None:
    """Read files into the event store, together or not at all."""
    if append and replace:
        raise UnusableInput("--append and --replace exclude each other; give one of them.")
    shape = time_format if date_order is None else TimeShape(date_order.value)
    answers = Answers(
        columns=parse_map_options(columns or []),
        event_name=event,
        date_order=shape,
        zone=timezone,
        preset=preset,
    )
    mode = _mode(dataset, kind, append=append, replace=replace)
    with _progress("Importing", "rows") as advance:
        report = import_files(
            bootstrap.home(),
            dataset,
            files,
            imported_at=now(),
            kind=kind,
            answers=answers,
            mode=mode,
            watching=Watching(on_progress=lambda p: advance(p.rows, p.total_rows)),
        )
    _report(report)


def _mode(dataset: str, kind: FileKind, *, append: bool, replace: bool) -> ImportMode:
    """Take what was said; ask at a terminal; without one, add: that loses nothing."""
    if append or replace:
        return ImportMode.REPLACE if replace else ImportMode.APPEND
    known = {manifest.name: manifest for manifest in list_datasets(bootstrap.home())}
    if not holds(known.get(dataset), kind):
        return ImportMode.APPEND
    if sys.stdin.isatty():
        return _asked(f"{dataset!r} has {kind.value} already: append or replace?")
    _tell(f"Adding to the {kind.value} of {dataset!r}; --replace would start over.")
    return ImportMode.APPEND


def _asked(question: str) -> ImportMode:
    words = [mode.value for mode in ImportMode]
    answer = ""
    while answer not in words:
        answer = typer.prompt(question, err=True).strip().lower()
    return ImportMode(answer)


def _report(report: ImportReport) -> None:
    record = report.record
    typer.echo(f"read {record.read_count}")
    typer.echo(f"added {record.added_count}")
    typer.echo(f"duplicate {record.duplicate_count}")
    typer.echo(f"rejected {record.rejected_count}")
    for reason, count in sorted(record.rejected_counts.items()):
        typer.echo(f"  {reason} {count}")
    if report.rejects_path is not None:
        typer.echo(f"rejects file {report.rejects_path}")
    for warning in record.warnings:
        _tell(f"Note: {warning}")


app.command()(email_commands.render)
app.command()(email_commands.check)
app.command()(live_commands.tick)
app.command()(live_commands.worker)
app.command()(live_commands.status)
app.command()(live_commands.bounces)
app.command()(consume_command.consume)
app.command()(experiment_commands.analyse)
app.add_typer(write_key_commands.app, name="write-key")


@app.command()
def datasets() -> None:
    """List the datasets."""
    for manifest in list_datasets(bootstrap.home()):
        typer.echo(f"{manifest.name}: {manifest.rows:,} events of {manifest.users:,} people")


@app.command()
def demo() -> None:
    """Load the sample shop, and save the starter campaigns."""
    _load_sample_shop()
    count = bootstrap.save_starters(now())
    typer.echo(f"Loaded the dataset {SAMPLE_NAME!r} and {count} campaigns.")


def _load_sample_shop() -> None:
    with _progress("Loading the sample shop", "rows") as advance:
        watching = Watching(on_progress=lambda p: advance(p.rows, p.total_rows))
        bootstrap.load_sample_shop(now(), watching)


@app.command()
def run(
    port: Annotated[int, typer.Option("--port", help="Port of the dashboard.")] = 8501,
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Address to listen at; others than this computer's need sign-in."
        ),
    ] = "127.0.0.1",
) -> None:
    """Start the dashboard; the first start loads the sample shop."""
    os.chdir(REPOSITORY)
    _check_who_may_come_in(host)
    if not list_datasets(bootstrap.home()):
        _tell("Loading the sample shop …")
        _load_sample_shop()
    _tell("Preparing the engine …")
    bootstrap.warm_up()
    _tell(f"Rehearsal is at http://{host}:{port} (Ctrl+C stops it)")
    arguments = ["run", "app.py", f"--server.address={host}", f"--server.port={port}"]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", *arguments])


def _check_who_may_come_in(host: str) -> None:
    """Refuse to start where the dashboard would be open to others; raises UnusableInput."""
    # Streamlit is slow to load, and no other command needs it.
    from core.ui import front_door

    front_door.reach(host)


def parse_instant(text: str, option: str) -> datetime:
    """Read an ISO time from an option, in UTC unless it says otherwise; raises UnusableInput."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableInput(
            f"{option}: {text!r} is no time; write it as 2026-08-31 or 2026-08-31T09:30:00Z."
        ) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


Advance = Callable[[int, int | None], None]


@contextmanager
def _progress(task: str, unit: str) -> Iterator[Advance]:
    """Show a bar on stderr, where somebody is looking; give the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} " + unit),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        shown = bar.add_task(task, total=None)
        yield lambda done, total: bar.update(shown, completed=done, total=total)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _said(text: str, status: int) -> int:
    """Put a failure on stderr as it is: services write one line, or one line per problem."""
    _tell(text)
    return status


def _os_sentence(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "The disk is full; free some space and try again. Nothing was changed."
    return f"{error.filename or 'A file'}: {error.strerror or error}."
