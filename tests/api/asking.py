"""A shop with a database of its own, and requests to its routes."""

import asyncio
import base64
import gzip
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine, text
from starlette.applications import Starlette

from core.api.gate import Gate
from core.api.limits import Limits
from core.api.refused_requests import RefusedRequests
from core.api.routes import ingest_routes
from core.domain.calls import Delivery
from core.services.health import answers
from core.services.ingesting import denied_properties, take_in
from core.services.write_keys import KnownKeys, create_key

T = TypeVar("T")

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@dataclass
class Shop:
    """An installation with one write key, and the routes of `app`."""

    database: Engine
    limits: Limits = field(default_factory=Limits)
    store: Callable[[Sequence[Delivery]], None] | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.refused = RefusedRequests()
        self.key = create_key(self.database, "shop", created_at=NOW)
        self.app = Starlette(
            routes=ingest_routes(
                Gate(
                    store=self.store or self.take_in,
                    sender_of=KnownKeys(lambda: self.database, self.clock).sender_of,
                    clock=self.clock,
                    is_healthy=lambda: answers(self.database),
                    denied=lambda: denied_properties(self.database),
                    limits=self.limits,
                    refused=self.refused,
                )
            )
        )

    def take_in(self, deliveries: Sequence[Delivery]) -> None:
        take_in(self.database, deliveries)

    def post(
        self,
        path: str,
        said: object,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = "",
    ) -> Answer:
        """Post JSON, or bytes as they are; with the shop's key, another one, or none (None)."""
        return awaited(self.posted(path, said, headers=headers, key=key))

    async def posted(
        self,
        path: str,
        said: object,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = "",
    ) -> Answer:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        sent = {} if key is None else {"authorization": basic(key or self.key)}
        return await asked(self.app, "POST", path, {**sent, **(headers or {})}, body)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return awaited(asked(self.app, "GET", path, headers or {}))

    def track(self, user: str, event: str, message: str, **fields: Any) -> Answer:
        call = {"userId": user, "event": event, "messageId": message, **fields}
        answer = self.post("/v1/track", call)
        assert answer.status == 200, answer
        return answer

    def events(self, columns: str = "user_id, event") -> list[tuple[Any, ...]]:
        return self.rows(f"SELECT {columns} FROM live_events ORDER BY seq")

    def properties(self) -> list[dict[str, Any]]:
        return [json.loads(row[0]) for row in self.events("properties")]

    def times(self) -> list[datetime]:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return [epoch + timedelta(microseconds=row[0]) for row in self.events("at")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a thread of its own: a browser's tests leave a loop on the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def packed(said: object) -> bytes:
    return gzip.compress(json.dumps(said).encode(), mtime=0)


async def asked(
    app: Starlette, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> Answer:
    """Ask an application, as a server would, with the body in two parts."""
    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": route,
        "raw_path": route.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    half = len(body) // 2
    parts = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {n.decode(): v.decode() for n, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))
