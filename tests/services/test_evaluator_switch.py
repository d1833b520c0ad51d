"""The switch: paused, a worker is heard of and decides nothing; stopped, it is gone."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from core.services.embedded_worker import EmbeddedWorker
from core.services.errands import Errand, run_once
from core.services.evaluator_switch import (
    EvaluatorState,
    evaluator_state,
    is_on,
    turn,
)
from core.services.live_overview import Pulse, pulse
from core.services.live_ticks import work
from core.store.database import migrate, open_database
from tests.live.launched import START, Shop, at

PATIENCE = 30.0
Found = TypeVar("Found")
SLEEPER = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(database)
    yield Shop(database, "ann")
    database.dispose()


def after_rounds(shop: Shop, *moments: datetime) -> list[Pulse]:
    """Let a worker do a round at each of some moments; give what is seen of it after each."""
    seen: list[Pulse] = []
    left = list(moments)

    def rest(_seconds: float) -> None:
        seen.append(pulse(shop.database, left.pop(0)))

    work(
        shop.database,
        worker="one",
        clock=lambda: left[0],
        rest=rest,
        is_stopping=lambda: not left,
    )
    return seen


def test_it_runs_until_somebody_says_otherwise(shop: Shop) -> None:
    assert evaluator_state(shop.database) is EvaluatorState.RUNNING
    assert is_on(shop.database)


def test_a_paused_worker_is_heard_of_and_decides_nothing(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    turn(shop.database, EvaluatorState.PAUSED, at=START)

    (seen,) = after_rounds(shop, at(3))

    assert (seen.state, seen.worker_count, seen.waiting_count) == (EvaluatorState.PAUSED, 1, 1)
    assert shop.firings() == []


def test_a_stopped_worker_is_gone_and_comes_back(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    turn(shop.database, EvaluatorState.STOPPED, at=START)
    (stopped,) = after_rounds(shop, at(3))
    turn(shop.database, EvaluatorState.RUNNING, at=START)

    shop.tick(3)

    assert (stopped.worker_count, stopped.waiting_count) == (0, 1)
    assert shop.firings() == [("ann", "enrolled")]


def test_what_sends_rests_with_the_evaluator_and_what_watches_goes_on() -> None:
    ran: list[str] = []

    def errand(name: str, *, while_paused: bool) -> Errand:
        def run(_now: datetime) -> int:
            ran.append(name)
            return 0

        return Errand(name=name, every=1.0, run=run, while_paused=while_paused)

    errands = [errand("sends", while_paused=False), errand("watches", while_paused=True)]

    run_once(errands, START, is_on=lambda: False)

    assert ran == ["watches"]


def test_the_program_beside_the_dashboard_ends_when_stopped_and_starts_again(
    tmp_path: Path,
) -> None:
    starts, told = tmp_path / "starts", {"off": False}
    embedded = EmbeddedWorker(
        [sys.executable, "-c", SLEEPER, str(starts)],
        tmp_path,
        lambda: not told["off"],
        is_told_off=lambda: told["off"],
        look=0.05,
        first_rest=0.05,
    )
    embedded.start()
    try:
        (first,) = wait_for(lambda: pids(starts))
        told["off"] = True
        wait_for(lambda: not Path(f"/proc/{first}").exists())
        time.sleep(0.3)  # several looks
        while_off = pids(starts)
        told["off"] = False
        again = wait_for(lambda: pids(starts) if len(pids(starts)) > 1 else [])
    finally:
        embedded.stop()

    assert while_off == [first]
    assert len(again) == 2


def wait_for(look: Callable[[], Found]) -> Found:
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
    return found


def pids(starts: Path) -> list[int]:
    return [int(line) for line in starts.read_text().split()] if starts.exists() else []
