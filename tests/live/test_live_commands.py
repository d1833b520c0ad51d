"""The commands `tick`, `worker` and `status`, as processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.services.live_events import ingest
from core.services.live_launches import launch
from core.settings import REPOSITORY
from core.store.database import migrate, open_database
from tests.live.launched import CART, START, at


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give the home of a shop in which a cart was left some months ago."""
    database = open_database(f"sqlite:///{tmp_path}/rehearsal.sqlite")
    migrate(database)
    launch(database, Campaign.model_validate(CART), launched_at=START)
    event = Event(event_id="e1", user_id="ann", event="add", timestamp=at(1))
    ingest(database, [event], received_at=at(1))
    database.dispose()
    return tmp_path


def test_a_tick_decides_and_the_status_tells(home: Path) -> None:
    ticked = subprocess.run(command("tick"), env=own(home), capture_output=True, cwd=REPOSITORY)
    told = subprocess.run(
        command("status", "--json"), env=own(home), capture_output=True, cwd=REPOSITORY
    )

    assert ticked.returncode == 0, ticked.stderr
    assert ticked.stdout.startswith(b"1 events, 0 of them late; 1 decisions")
    found = json.loads(told.stdout)
    assert found["events"]["decided"] == 1
    assert found["decisions"] == {"enrolled": 1}


def test_a_worker_decides_until_it_is_told_to_stop(home: Path) -> None:
    process = subprocess.Popen(
        command("worker", "--name", "ours"),
        env=own(home),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until_decided(home)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 0
    # What became of the e-mail may have come in as events as well before it was told to stop.
    assert re.match(rb"[1-3] events, 0 of them late; 1 decisions, ", said)


def wait_until_decided(home: Path) -> None:
    database = open_database(f"sqlite:///{home}/rehearsal.sqlite")
    for _ in range(600):
        with database.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM live_waiting").scalar_one()
        if not count:
            break
        time.sleep(0.1)
    database.dispose()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "core", *arguments]


def own(home: Path) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith("REHEARSAL_")}
    return {**kept, "REHEARSAL_HOME": str(home)}
