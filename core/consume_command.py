"""The command of the command line that takes messages from a queue."""

import signal
import threading
from typing import Annotated

import typer

from core import bootstrap
from core.clock import now
from core.services.consuming import Consumer
from core.services.ingesting import take_in


def consume(
    queue: Annotated[str, typer.Option("--queue", help="Name of the queue; it has to exist.")],
    url: Annotated[
        str,
        typer.Option(
            "--url",
            help="Server, as amqp://USER:PASSWORD@HOST:5672/VHOST; better in REHEARSAL_AMQP_URL, "
            "where no list of processes shows the password.",
        ),
    ] = "",
) -> None:
    """Take events from a queue of RabbitMQ until stopped: bodies as of /v1/batch, or one call."""
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda _number, _frame: stopping.set())
    database = bootstrap.database()
    consumer = Consumer(
        url=url or bootstrap.settings().amqp_url,
        queue=queue,
        understand=bootstrap.understanding().body,
        store=lambda deliveries: take_in(database, deliveries),
        clock=now,
        is_stopping=stopping.is_set,
        rest=stopping.wait,
    )
    typer.echo(f"Taking messages from {queue}; Ctrl+C stops it", err=True)
    consumer.run()
    typer.echo(f"{consumer.taken_count:,} messages taken, {consumer.rejected_count:,} rejected")
