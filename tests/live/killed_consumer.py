"""A consumer that is killed after it stored a group of messages, before it acknowledges them."""

import os
import signal
import sys
from collections.abc import Sequence

from core.api.understanding import Understanding
from core.clock import now
from core.domain.calls import Delivery
from core.services.consuming import Consumer
from core.services.ingesting import take_in
from core.store.database import open_database


def main(database_url: str, broker_url: str, queue: str) -> None:
    """Take messages, and die with the first of them stored."""
    database = open_database(database_url)

    def store(deliveries: Sequence[Delivery]) -> None:
        take_in(database, deliveries)
        os.kill(os.getpid(), signal.SIGKILL)

    Consumer(
        url=broker_url,
        queue=queue,
        understand=Understanding(frozenset).body,
        store=store,
        clock=now,
        is_stopping=lambda: False,
        rest=lambda _wait: None,
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
