"""Another system on this machine, which notes what it is told and answers as a test wants."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    """One call: its headers in lower case, and its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, Mapping[str, str]]


@dataclass
class Listener:
    """A system at `address`; `answer` gives status and headers for a call."""

    answer: Callable[[Told], Reply] = lambda _told: (200, {})
    told: list[Told] = field(default_factory=list)
    address: str = ""

    def ids(self) -> list[str]:
        return [told.headers["webhook-id"] for told in self.told]


@contextmanager
def listening(answer: Callable[[Told], Reply] | None = None) -> Iterator[Listener]:
    """Listen on a port of this machine until the end of the block."""
    listener = Listener() if answer is None else Listener(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.path, headers, self.rfile.read(length))
            listener.told.append(told)
            status, extra = listener.answer(told)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    listener.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def after(seconds: float, reply: Reply = (200, {})) -> Callable[[Told], Reply]:
    """Answer only after a while."""

    def answer(_told: Told) -> Reply:
        time.sleep(seconds)
        return reply

    return answer
