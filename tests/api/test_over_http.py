"""Real requests to a real server: keep-alive, chunks, gzip, and many at once."""

import asyncio
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from tests.api.asking import Shop, basic


class Server(uvicorn.Server):
    """Serves in a thread, so without the signals of a process."""

    def install_signal_handlers(self) -> None:
        """Leave the signals alone."""


@pytest.fixture
def port(shop: Shop) -> Iterator[int]:
    """Serve the shop's routes on a free port."""
    config = uvicorn.Config(shop.app, log_level="warning", ws="none", lifespan="off")
    server = Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True
        )
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def batch(first: int, count: int) -> bytes:
    messages = [
        {"type": "track", "userId": f"u{n % 7}", "event": "Seen", "messageId": f"m{n}"}
        for n in range(first, first + count)
    ]
    return json.dumps({"batch": messages}).encode()


def post(
    port: int, bodies: Sequence[bytes], headers: dict[str, str], *, chunked: bool = False
) -> list[int]:
    """Post bodies on one connection, and give the statuses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    statuses = []
    for body in bodies:
        sent = iter([body[:10], body[10:]]) if chunked else body
        connection.request("POST", "/v1/batch", sent, headers, encode_chunked=chunked)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    return statuses


def test_one_connection_carries_many_requests(shop: Shop, port: int) -> None:
    headers = {"Authorization": basic(shop.key), "Content-Type": "application/json"}

    statuses = post(port, [batch(0, 10), b"nonsense", batch(10, 10)], headers)

    assert statuses == [200, 400, 200]
    assert len(shop.events()) == 20


def test_a_body_may_come_in_chunks(shop: Shop, port: int) -> None:
    headers = {"Authorization": basic(shop.key), "Transfer-Encoding": "chunked"}

    statuses = post(port, [batch(0, 10)], headers, chunked=True)

    assert statuses == [200]
    assert len(shop.events()) == 10


def test_a_form_with_gzip_is_what_some_clients_send(shop: Shop, port: int) -> None:
    headers = {
        "Authorization": basic(shop.key),
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Encoding": "gzip",
    }

    assert post(port, [gzip.compress(batch(0, 10))], headers) == [200]


def test_many_clients_that_send_twice_bring_each_event_once(shop: Shop, port: int) -> None:
    headers = {"Authorization": basic(shop.key)}
    bodies = [batch(50 * number, 50) for number in range(8)]

    with ThreadPoolExecutor(4) as clients:
        statuses = list(clients.map(lambda body: post(port, [body, body], headers), bodies))

    assert statuses == [[200, 200]] * 8
    assert len(shop.events()) == 400


def test_a_client_that_goes_away_leaves_the_others_alone(shop: Shop, port: int) -> None:
    announced = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(shop.key)}\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(announced.encode() + b"Content-Length: 1000\r\n\r\n{")

    assert post(port, [batch(0, 5)], {"Authorization": basic(shop.key)}) == [200]
    assert len(shop.events()) == 5
