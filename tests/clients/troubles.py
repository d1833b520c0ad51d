"""A network that fails first: what lies between a client and Rehearsal."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit


class Trouble(Enum):
    """What becomes of a request."""

    UNAVAILABLE = auto()  # the server says that it cannot just now
    DROPPED = auto()  # the connection ends before the server hears of it
    UNHEARD = auto()  # the server takes it, but its answer is lost


ALL = (Trouble.UNAVAILABLE, Trouble.UNHEARD, Trouble.DROPPED)


@contextmanager
def troubled(
    target: str, troubles: tuple[Trouble, ...] = ALL
) -> Iterator[tuple[str, list[Trouble]]]:
    """Give an address that leads to `target`, but for the first requests, which go wrong.

    Also give the list of the troubles that are still to come.
    """
    host = urlsplit(target).netloc
    left, lock = list(troubles), Lock()

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                trouble = left.pop(0) if left else None
            if trouble is Trouble.UNAVAILABLE:
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, answer = (0, b"") if trouble is Trouble.DROPPED else self._passed_on(body)
            if trouble:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _passed_on(self, body: bytes) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(host, timeout=60)
            headers = {name: self.headers[name] for name in self.headers if name.lower() != "host"}
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            return response.status, answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", left
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
