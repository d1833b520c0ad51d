"""A RabbitMQ of our own for the tests of the queue: other ports, other folders, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pika
import pytest

_FOLDER = Path("/usr/lib/rabbitmq/lib")
_LONGEST_START = 120.0  # seconds, on a machine that is busy with everybody's tests
_numbers = count(1)


@dataclass(frozen=True)
class Broker:
    """A server at `url`, and what tests ask of it."""

    url: str

    def channel(self) -> Any:
        return pika.BlockingConnection(pika.URLParameters(self.url)).channel()

    def queue(self) -> str:
        """Make a queue whose rejected messages go to one called the same with `.dead`."""
        name = f"events{next(_numbers)}"
        channel = self.channel()
        channel.queue_declare(f"{name}.dead")
        dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
        channel.queue_declare(name, arguments=dead)
        channel.connection.close()
        return name

    def publish(self, queue: str, *bodies: bytes, **properties: Any) -> None:
        channel = self.channel()
        for body in bodies:
            channel.basic_publish("", queue, body, pika.BasicProperties(**properties))
        channel.connection.close()

    def count(self, queue: str) -> int:
        """Count the messages that wait in a queue."""
        channel = self.channel()
        found = channel.queue_declare(queue, passive=True).method.message_count
        channel.connection.close()
        return int(found)

    def cut_off(self, queue: str) -> None:
        """Take a queue away from whoever reads it, and make it anew."""
        channel = self.channel()
        channel.queue_delete(queue)
        channel.queue_declare(queue)
        channel.connection.close()


def program() -> Path:
    """Give the program of the server itself, not the one that asks for a user `rabbitmq`."""
    found = sorted(_FOLDER.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    other = shutil.which("rabbitmq-server")
    if not found and other is None:
        missing = (
            "RabbitMQ is missing: install it (Debian, Ubuntu: apt-get install rabbitmq-server)"
        )
        if os.environ.get("REHEARSAL_REQUIRE_TOOLS"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found[-1] if found else Path(str(other))


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """Run a server until the end of the block; its names are known to a registry of its own."""
    port, distribution, names = _free_ports()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"rehearsal{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    settings = f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.file.level = error\n"
    (folder / "rabbitmq.conf").write_text(settings)
    (folder / "plugins").write_text("[].")
    with (folder / "out").open("wb") as out:
        # Started by us, the registry ends with us; the server's own would stay behind.
        registry = _started(
            ["epmd", "-port", str(names), "-address", "127.0.0.1"], environment, out
        )
        server = _started([str(program())], environment, out)
    try:
        _wait_for(port, server, folder / "out")
        yield Broker(f"amqp://guest:guest@127.0.0.1:{port}/")
    finally:
        for process in (server, registry):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _started(command: list[str], environment: dict[str, str], out: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _wait_for(port: int, server: subprocess.Popen[bytes], out: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_START and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"RabbitMQ did not start: {out.read_text(errors='replace')[-2_000:]}")


def _free_ports() -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
