"""What every route does with a request: who sends, what it says, stored or refused."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from core.api.bodies import parse_object
from core.api.intake import Intake, Store
from core.api.limits import Limits
from core.api.messages import Kind, Message
from core.api.refusals import Refused, invalid, too_large, unauthorized
from core.api.requests import Understood, read_batch, read_call, written_key
from core.domain.calls import Delivery, Rejection

_READERS = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """Who sent a request, and what was understood of it."""

    key_name: str
    understood: Understood


class Gate:
    """Takes requests in: `name_of` knows write keys, `store` keeps what was sent.

    `denied` gives the names, in lower case, of properties that are dropped; `clock` the time.
    """

    def __init__(
        self,
        *,
        store: Store,
        name_of: Callable[[str], str | None],
        clock: Callable[[], datetime],
        is_healthy: Callable[[], bool],
        denied: Callable[[], frozenset[str]],
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.is_healthy = is_healthy
        self._name_of = name_of
        self._denied = denied
        self._under_way = 0
        self._intake = Intake(store, self.limits)
        self._readers = ThreadPoolExecutor(_READERS, "reading")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one request; raises Refused where too many are under way."""
        if self._under_way >= self.limits.requests_at_once:
            said = "too many requests at once; send this again in a moment"
            raise Refused(429, "too_many_requests", said, retry_after=self.limits.retry_after)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def take_body(
        self, body: bytes, kind: Kind | None, key: str | None, received_at: datetime
    ) -> list[Rejection]:
        """Store what a body says, a batch where `kind` is None; give what was not usable of it.

        Raises Refused: no valid key, nothing usable, or no room just now.
        """
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(self._readers, self._read, body, kind, key, received_at)
        return await self._take(taken, received_at, "api")

    async def take_message(
        self, kind: Kind, message: Message, key: str | None, received_at: datetime, source: str
    ) -> None:
        """Store one message that came some other way than as a body; raises Refused."""
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(
            self._readers, self._read_message, kind, message, key, received_at
        )
        await self._take(taken, received_at, source)

    def _read(
        self, body: bytes, kind: Kind | None, key: str | None, received_at: datetime
    ) -> Taken:
        """Ask for the key before reading, where it stands in the header: strangers get no work."""
        name = None if key is None else self._named(key)
        found = parse_object(body)
        name = name or self._named(written_key(found))
        denied, limits = self._denied(), self.limits
        if kind is not None:
            understood = read_call(
                kind, found, received_at=received_at, denied=denied, limits=limits
            )
        else:
            understood = read_batch(
                found, size=len(body), received_at=received_at, denied=denied, limits=limits
            )
        return Taken(name, understood)

    def _read_message(
        self, kind: Kind, message: Message, key: str | None, received_at: datetime
    ) -> Taken:
        name = self._named(key)
        understood = read_call(
            kind, message, received_at=received_at, denied=self._denied(), limits=self.limits
        )
        return Taken(name, understood)

    def _named(self, key: str | None) -> str:
        name = self._name_of(key) if key else None
        if name is None:
            raise unauthorized(_unknown(key))
        return name

    async def _take(self, taken: Taken, received_at: datetime, source: str) -> list[Rejection]:
        calls, rejections = taken.understood.calls, taken.understood.rejections
        if calls or rejections:
            delivery = Delivery(
                calls=calls, received_at=received_at, source=source, rejections=rejections
            )
            await self._intake.take(delivery, taken.key_name)
        if rejections and not calls:
            raise _all_rejected(rejections[0])
        return list(rejections)


def _all_rejected(first: Rejection) -> Refused:
    is_size = "larger than" in first.reason
    return too_large(first.reason) if is_size else invalid(first.reason)


def _unknown(key: str | None) -> str:
    if not key:
        return "no write key; send it as the user name of basic authorization"
    return "the write key is not known, or was revoked; make one on the page Settings"
