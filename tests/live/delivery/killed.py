"""Sends in processes that are killed at drawn moments: `killed URL PORT NOW`; prints how many."""

import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from core.domain.mail_servers import read_mail_server
from core.services.delivering import Outgoing
from core.services.delivery_passes import Delivery
from core.store.database import open_database
from tests.live.delivery.post import PlainComposer

PROCESS_COUNT = 8


def main() -> None:
    """Let one process after the other send, each later by what a claim lasts."""
    url, port, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
    drawn = random.Random(7)
    killed_count = 0
    for number in range(PROCESS_COUNT):
        then = now + number * timedelta(minutes=3)
        process = os.fork()
        if process == 0:
            _send(url, port, then)
        time.sleep(drawn.uniform(0.02, 0.12))
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        killed_count += os.WIFSIGNALED(status)
    sys.stdout.write(str(killed_count))


def _send(url: str, port: str, now: datetime) -> None:
    database = open_database(url)
    away = Outgoing(
        server=read_mail_server(f"smtp://127.0.0.1:{port}", "X"), sender="", folder=Path("nowhere")
    )
    sender = Delivery(database, PlainComposer(database), away, clock=lambda: now, seconds=2.0)
    while True:
        sender.run(now)
        time.sleep(0.001)


if __name__ == "__main__":
    main()
