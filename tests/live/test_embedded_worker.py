"""The evaluator beside the dashboard: real processes that start, die and are started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from core.clock import now
from core.services.embedded_worker import EmbeddedWorker, beside
from core.services.live_launches import stop
from core.services.live_questions import is_needed, status
from core.services.live_ticks import tick
from core.settings import REPOSITORY
from core.store.database import migrate, open_database
from tests.live.launched import Shop, at

# Each start of this stand-in for the evaluator leaves a line with its process id.
SLEEPER = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"
PATIENCE = 30
Found = TypeVar("Found")


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    return tmp_path / "starts"


@pytest.fixture
def embedded(starts: Path, tmp_path: Path) -> Iterator[Callable[[bool], EmbeddedWorker]]:
    begun: list[EmbeddedWorker] = []

    def begin(is_wanted: bool) -> EmbeddedWorker:
        command = [sys.executable, "-c", SLEEPER, str(starts)]
        begun.append(
            EmbeddedWorker(command, tmp_path, lambda: is_wanted, look=0.05, first_rest=0.05)
        )
        begun[-1].start()
        return begun[-1]

    yield begin
    for each in begun:
        each.stop()


def test_an_evaluator_that_is_killed_is_started_again(
    embedded: Callable[[bool], EmbeddedWorker], starts: Path
) -> None:
    embedded(True)
    (first,) = wait_for(lambda: pids(starts))

    os.kill(first, signal.SIGKILL)

    assert len(wait_for(lambda: pids(starts) if len(pids(starts)) > 1 else [])) == 2


def test_the_evaluator_ends_with_the_dashboard(
    embedded: Callable[[bool], EmbeddedWorker], starts: Path
) -> None:
    keeper = embedded(True)
    (process,) = wait_for(lambda: pids(starts))

    keeper.stop()

    assert not is_alive(process)


def test_nothing_is_started_while_there_is_nothing_to_decide(
    embedded: Callable[[bool], EmbeddedWorker], starts: Path
) -> None:
    keeper = embedded(False)
    time.sleep(0.3)  # several looks

    keeper.stop()

    assert pids(starts) == []


def test_there_is_something_to_decide_from_the_launch_to_the_stop(shop: Shop) -> None:
    before = is_needed(shop.database)
    launched = shop.launch()
    meanwhile = is_needed(shop.database)
    stop(shop.database, launched.id, at=at(1))

    assert (before, meanwhile, is_needed(shop.database)) == (False, True, False)


def test_an_event_that_waits_is_something_to_decide(shop: Shop) -> None:
    shop.happen("ann", "add", 1)
    waiting = is_needed(shop.database)

    tick(shop.database, at(2) + timedelta(seconds=5))

    assert (waiting, is_needed(shop.database)) == (True, False)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = open_database(f"sqlite:///{tmp_path}/rehearsal.sqlite")
    migrate(database)
    yield Shop(database, "ann")
    database.dispose()


def test_a_switch_keeps_the_evaluator_away(shop: Shop, tmp_path: Path, starts: Path) -> None:
    shop.launch()
    command = [sys.executable, "-c", SLEEPER, str(starts)]

    with beside(command, tmp_path, lambda: shop.database, switch=" Off "):
        time.sleep(0.5)

    assert pids(starts) == []


@pytest.fixture
def dashboard(shop: Shop, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the dashboard of a shop in which a cart was left."""
    shop.launch()
    shop.happen("ann", "add", 1)
    own = {n: v for n, v in os.environ.items() if not n.startswith("REHEARSAL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={free_port()}"],
        cwd=REPOSITORY,
        env={**own, "REHEARSAL_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


def test_the_dashboard_has_an_evaluator_that_ends_itself_when_it_is_killed(
    dashboard: subprocess.Popen[bytes], shop: Shop
) -> None:
    (worker,) = wait_for(lambda: status(shop.database, now())["workers"], 120)
    wait_for(shop.firings)

    dashboard.kill()

    wait_for(lambda: not status(shop.database, now())["workers"])  # it signed off, in order
    assert worker["name"] == f"dashboard-{dashboard.pid}"
    assert shop.firings() == [("ann", "enrolled")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
    return found


def pids(starts: Path) -> list[int]:
    return [int(line) for line in starts.read_text().split()] if starts.exists() else []


def is_alive(process: int) -> bool:
    """Say whether a process runs; one that ended and that nobody asked about does not."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0] != "Z"
