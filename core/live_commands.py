"""The commands of the command line about live: the evaluator, one pass of it, and its state."""

import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.live.evaluator import PassReport
from core.services import errands, evaluator_switch, live_ticks
from core.services.bounce_door import source_secret, take_files
from core.services.live_questions import status as live_status

Name = Annotated[
    str, typer.Option("--name", help="Name of this worker (default: the machine and process).")
]

Parent = Annotated[
    int | None,
    typer.Option("--parent", help="End when this process, which started the worker, is gone."),
]
_LOOK = 1.0  # seconds between looks whether the parent is still there


def tick(name: Name = "") -> None:
    """Decide all that is due now and send it, once: for a cron or a cloud function."""
    report = live_ticks.tick(bootstrap.database(), now(), worker=name or _own_name("tick"))
    errands.run_once(bootstrap.errands(is_once=True), now(), is_on=_is_on)
    typer.echo(_told(report))


def worker(name: Name = "", parent: Parent = None) -> None:
    """Decide what is due, and send it, until stopped; several workers share the people."""
    called = name or _own_name("worker")
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda _number, _frame: stopping.set())
    if parent is not None:
        threading.Thread(target=_end_without, args=(parent, stopping), daemon=True).start()
    typer.echo(f"{called} decides; Ctrl+C stops it", err=True)
    with errands.beside(bootstrap.errands(), now, is_on=_is_on):
        report = live_ticks.work(
            bootstrap.database(),
            worker=called,
            clock=now,
            rest=stopping.wait,
            is_stopping=stopping.is_set,
        )
    typer.echo(_told(report))


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say what came in, what was decided, what waits to be sent, and who works."""
    found = live_status(bootstrap.database(), now())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for title in ("events", "decisions", "outbox"):
        counts = ", ".join(f"{name} {count:,}" for name, count in found[title].items())
        typer.echo(f"{title}: {counts or 'none'}")
    typer.echo(f"behind: {found['lag_seconds']:.0f} s; workers: {len(found['workers'])}")


def _is_on() -> bool:
    return evaluator_switch.is_on(bootstrap.database())


def bounces(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Mailboxes (mbox), Maildirs or messages with what came back."),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Show where this provider reports, and its secret.")
    ] = "",
) -> None:
    """Read what mail servers sent back: who cannot be reached gets nothing any more."""
    if source:
        typer.echo(f"address {bootstrap.public_url()}/v1/bounces/{source}")
        typer.echo(f"secret {source_secret(bootstrap.database(), source, now())}")
    elif not files:
        raise UnusableInput("Name a mailbox, a Maildir or a message, or a provider by --source.")
    if files:
        taken = take_files(bootstrap.database(), files, now())
        typer.echo(f"read {taken.message_count}, of them reports {taken.report_count}")
        for outcome, count in sorted(taken.count_by_outcome.items()):
            typer.echo(f"{outcome} {count}")


def _end_without(parent: int, stopping: threading.Event) -> None:
    """Stop once the process that started this one is gone: killed, it could not say so."""
    while os.getppid() == parent and not stopping.wait(_LOOK):
        pass
    stopping.set()


def _told(report: PassReport) -> str:
    """Say in a line what a pass did."""
    return (
        f"{report.event_count:,} events, {report.late_count:,} of them late; "
        f"{report.firing_count:,} decisions, {report.message_count:,} messages; "
        f"{report.dead_count:,} people could not be decided"
    )


def _own_name(kind: str) -> str:
    return f"{kind}-{socket.gethostname()}-{os.getpid()}"
