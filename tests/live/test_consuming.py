"""A queue read: each message counts once, whoever is killed, and none is lost or blocks it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from core.api.understanding import Understanding
from core.cli import main
from core.domain.calls import Delivery
from core.domain.errors import UnusableInput
from core.services import consuming
from core.services.consuming import Consumer
from core.services.ingesting import rejections, take_in
from tests.live.broker import Broker, running

pytestmark = pytest.mark.xdist_group("broker")
REPOSITORY = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
UNDERSTANDING = Understanding(lambda: frozenset({"iban"}))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("broker")) as found:
        yield found


def track(number: int, **fields: Any) -> bytes:
    call = {"type": "track", "userId": "u1", "event": "order", "messageId": f"m{number}"}
    return json.dumps({**call, **fields}).encode()


def events(database: Engine, columns: str = "event_id") -> list[Any]:
    with database.connect() as connection:
        rows = connection.execute(text(f"SELECT {columns} FROM live_events ORDER BY seq"))
        return [row[0] if len(row) == 1 else tuple(row) for row in rows]


@contextmanager
def consuming_from(
    broker: Broker,
    queue: str,
    database: Engine,
    store: Callable[[Sequence[Delivery]], None] | None = None,
) -> Iterator[Consumer]:
    """Take messages in a thread until the end of the block."""
    stopping = threading.Event()
    consumer = Consumer(
        url=broker.url,
        queue=queue,
        understand=UNDERSTANDING.body,
        store=store or (lambda deliveries: take_in(database, deliveries)),
        clock=lambda: NOW,
        is_stopping=stopping.is_set,
        rest=lambda _wait: stopping.wait(0.05),
    )
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield consumer
    finally:
        stopping.set()
        thread.join()


def eventually(is_so: Callable[[], bool], within: float = 30.0) -> None:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within, "it did not happen in time"
        time.sleep(0.02)


def test_messages_become_events_and_are_gone_from_the_queue(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    batch = {
        "batch": [
            {"type": "identify", "userId": "u2", "traits": {"email": "a@b.example", "iban": "DE"}},
            {"type": "page", "userId": "u2", "messageId": "p1", "name": "Home"},
        ]
    }
    broker.publish(queue, track(1), json.dumps(batch).encode())

    with consuming_from(broker, queue, own_database) as consumer:
        eventually(lambda: consumer.taken_count == 2)

    assert events(own_database, "user_id, event, source") == [
        ("u1", "order", "queue"),
        ("u2", "page", "queue"),
    ]
    assert broker.count(queue) == 0


def test_a_consumer_killed_between_commit_and_ack_leaves_each_event_once(
    broker: Broker, database: Engine, database_url: str
) -> None:
    queue = broker.queue()
    broker.publish(queue, *(track(n) for n in range(50)))
    command = [sys.executable, "-m", "tests.live.killed_consumer"]

    for _ in range(2):
        killed = subprocess.run([*command, database_url, broker.url, queue], cwd=REPOSITORY)
        assert killed.returncode == -signal.SIGKILL
    stored = len(events(database))
    eventually(lambda: broker.count(queue) == 50)
    with consuming_from(broker, queue, database) as consumer:
        eventually(lambda: consumer.taken_count == 50)

    assert stored > 0
    assert sorted(events(database)) == sorted(f"m{n}" for n in range(50))
    assert broker.count(queue) == 0


def test_what_cannot_be_used_goes_to_the_dead_letters_and_is_listed(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    untold = json.dumps({"type": "track", "userId": "u1", "event": "order"}).encode()
    half = {"batch": [json.loads(track(2)), {"type": "track", "userId": "u1"}, {"type": "odd"}]}
    poison = [b"no json", b'{"type": "dance"}', untold, b" " * 600_000, b"\xff"]
    broker.publish(queue, track(1), *poison, json.dumps(half).encode(), track(3))

    with consuming_from(broker, queue, own_database) as consumer:
        eventually(lambda: consumer.taken_count + consumer.rejected_count == 8)

    assert events(own_database) == ["m1", "m2", "m3"]
    assert (consumer.rejected_count, broker.count(f"{queue}.dead")) == (5, 5)
    reasons = [one.reason for one in rejections(own_database)]
    assert len(reasons) == 7
    assert any("delivered twice, it would count twice" in reason for reason in reasons)
    assert any("larger than 500 KB" in reason for reason in reasons)


def test_a_message_delivered_twice_counts_once_by_its_id_its_time_or_the_queues_id(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    timed = {"type": "track", "userId": "u1", "event": "a", "timestamp": "2026-09-01T09:00:00Z"}
    named = {"type": "track", "userId": "u1", "event": "b"}
    for sent_at in ("2026-09-01T09:00:00Z", "2026-09-01T11:00:00Z"):
        broker.publish(queue, json.dumps({**timed, "sentAt": sent_at}).encode(), track(1))
        broker.publish(queue, json.dumps(named).encode(), message_id="n1")

    with consuming_from(broker, queue, own_database) as consumer:
        eventually(lambda: consumer.taken_count == 6)

    assert len(events(own_database)) == 3
    # How long a message lay in the queue says nothing about its sender's clock.
    assert datetime(2026, 9, 1, 9, tzinfo=UTC).timestamp() * 1e6 in events(own_database, "at")


def test_while_the_database_fails_nothing_is_acknowledged_and_afterwards_all_is_stored(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    broker.publish(queue, *(track(n) for n in range(5)))
    failures: list[int] = []

    def store(deliveries: Sequence[Delivery]) -> None:
        if len(failures) < 3:
            failures.append(len(deliveries))
            raise OperationalError("INSERT", {}, Exception("the disk is full"))
        take_in(own_database, deliveries)

    with consuming_from(broker, queue, own_database, store) as consumer:
        eventually(lambda: consumer.taken_count == 5)

    assert len(failures) == 3
    assert sorted(events(own_database)) == [f"m{n}" for n in range(5)]


def test_an_id_of_the_queue_that_is_no_text_keeps_nobody_waiting(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    unnamed = json.dumps({"type": "track", "userId": "u1", "event": "order"}).encode()
    broker.publish(queue, unnamed, b"no json", message_id="a\0b")
    broker.publish(queue, track(2))

    with consuming_from(broker, queue, own_database) as consumer:
        eventually(lambda: consumer.taken_count + consumer.rejected_count == 3, within=10)

    assert len(events(own_database)) == 2
    assert len(rejections(own_database)) == 1


def test_one_message_that_cannot_be_stored_does_not_keep_the_others_from_it(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    broker.publish(queue, track(1), track(2, userId="bad"), track(3))

    def store(deliveries: Sequence[Delivery]) -> None:
        if any(call.user_id == "bad" for one in deliveries for call in one.calls):
            raise UnusableInput("it holds a character that is no text")
        take_in(own_database, deliveries)

    with consuming_from(broker, queue, own_database, store) as consumer:
        eventually(lambda: consumer.taken_count + consumer.rejected_count == 3)

    assert events(own_database) == ["m1", "m3"]
    assert broker.count(f"{queue}.dead") == 1
    assert "database cannot keep" in rejections(own_database)[0].reason


def test_a_consumer_whose_queue_vanishes_takes_it_up_again(
    broker: Broker, own_database: Engine
) -> None:
    queue = broker.queue()
    broker.publish(queue, track(1))

    with consuming_from(broker, queue, own_database) as consumer:
        eventually(lambda: consumer.taken_count == 1)
        broker.cut_off(queue)
        broker.publish(queue, track(2))
        eventually(lambda: consumer.taken_count == 2)

    assert events(own_database) == ["m1", "m2"]


def test_the_command_takes_messages_until_it_is_told_to_stop(
    broker: Broker, tmp_path: Path, opened: Callable[[str], Engine]
) -> None:
    queue = broker.queue()
    broker.publish(queue, track(1))
    environment = {
        **os.environ,
        "REHEARSAL_HOME": str(tmp_path),
        "REHEARSAL_DATABASE_URL": "",
        "REHEARSAL_AMQP_URL": broker.url,
    }
    command = [sys.executable, "-m", "core", "consume", "--queue", queue]

    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    eventually(lambda: broker.count(queue) == 0 and (tmp_path / "rehearsal.sqlite").exists(), 60)
    engine = opened(f"sqlite:///{tmp_path}/rehearsal.sqlite")
    eventually(lambda: _is_stored(engine), 60)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (0, b"1 messages taken, 0 rejected\n")
    assert broker.count(queue) == 0


def _is_stored(engine: Engine) -> bool:
    try:
        return events(engine) == ["m1"]
    except OperationalError:
        return False  # its tables are not there yet


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url, queue: (url, "nowhere"), "there is no queue called 'nowhere'"),
        (lambda url, queue: (url.replace("guest:guest", "guest:wr0ng"), queue), "or the password"),
        (lambda url, queue: ("http://example.org", queue), "amqp://USER:PASSWORD@HOST"),
        (lambda url, queue: ("", queue), "REHEARSAL_AMQP_URL"),
        (lambda url, queue: ("amqp://u:wr0ng@host:port/x", queue), "amqp://USER:PASSWORD@HOST"),
    ],
)
def test_what_cannot_work_is_said_in_one_line_without_the_password(
    broker: Broker,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[str, str], tuple[str, str]],
    said: str,
) -> None:
    url, queue = change(broker.url, broker.queue())

    status = main(["consume", "--url", url, "--queue", queue])

    told = capsys.readouterr().err.strip().splitlines()
    assert status == 2
    assert said in told[-1]
    assert "wr0ng" not in "".join(told)


def test_without_the_extra_package_one_sentence_says_what_to_install(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(consuming, "import_module", missing)

    status = main(["consume", "--url", "amqp://127.0.0.1/", "--queue", "events"])

    assert status == 2
    assert "pip install '.[amqp]'" in capsys.readouterr().err
