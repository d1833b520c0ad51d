"""A running Rehearsal with a key for pages, and a website of somebody else that uses it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from sqlalchemy import Engine, text

from core.clock import now
from core.domain.write_keys import KeyKind
from core.services.write_keys import create_key
from core.store.database import migrate


@dataclass(frozen=True)
class Receiver:
    """A running Rehearsal that receives events, and keys to send with."""

    address: str
    database: Engine
    server_key: str
    browser_key: str

    def events(self, columns: str = "event, properties") -> list[tuple[Any, ...]]:
        """Read what came in, in its order; properties as objects."""
        names = columns.split(", ")
        with self.database.connect() as connection:
            rows = connection.execute(text(f"SELECT {columns} FROM live_events ORDER BY at, seq"))
            return [
                tuple(
                    json.loads(v) if n == "properties" else v
                    for n, v in zip(names, row, strict=True)
                )
                for row in rows
            ]

    def names(self) -> list[str]:
        return [name for (name,) in self.events("event")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def forget(self) -> None:
        """Begin anew, for the next test."""
        with self.database.begin() as connection:
            for table in ("events", "waiting", "profiles"):
                connection.execute(text(f"DELETE FROM live_{table}"))
            connection.execute(text("DELETE FROM person_links"))


def receiver_at(address: str, database: Engine) -> Receiver:
    """Make keys of a running Rehearsal, to which this database belongs."""
    migrate(database)
    return Receiver(
        address,
        database,
        create_key(database, "shop", created_at=now()),
        create_key(database, "page", created_at=now(), kind=KeyKind.BROWSER),
    )


@dataclass
class Website:
    """Somebody's pages, by path; all of them with the same headers."""

    address: str
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


@contextmanager
def website() -> Iterator[Website]:
    """Serve pages on a port of their own, which is another origin than Rehearsal's."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = _found(site, self.path.partition("?")[0])
            self.send_response(200 if body else 404)
            headers: Mapping[str, str] = {"Content-Type": kind, **site.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    site = Website(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _found(site: Website, path: str) -> tuple[bytes, str]:
    if path in site.files:
        return site.files[path].read_bytes(), "text/javascript"
    return site.pages.get(path, "").encode(), "text/html; charset=utf-8"
