"""What every route does with a request: who sends, what it says, stored or refused."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from core.api.bodies import parse_object
from core.api.intake import Intake, Store
from core.api.limits import Limits
from core.api.messages import Kind, Message
from core.api.origins import check_origin, readable_by
from core.api.rates import Rates
from core.api.refusals import Refused, invalid, too_large, too_many, unauthorized
from core.api.refused_requests import RefusedRequests
from core.api.requests import Understood, read_batch, read_call, written_key
from core.domain.calls import Delivery, Rejection
from core.domain.write_keys import Sender

_READERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a request says beside its body; `key` None: it stands in the body, if anywhere."""

    key: str | None
    received_at: datetime
    origin: str | None = None
    source: str = "api"


@dataclass(frozen=True, slots=True)
class Taken:
    """Who sent a request, and what was understood of it."""

    sender: Sender
    understood: Understood


@dataclass(frozen=True, slots=True)
class Stored:
    """What of a request was not usable, and the headers of its answer."""

    rejections: Sequence[Rejection]
    headers: Mapping[str, str]


class Gate:
    """Takes requests in: `sender_of` knows write keys, `store` keeps what was sent.

    `denied` gives the names, in lower case, of properties that are dropped; `clock` the time;
    `refused` keeps the latest requests that were refused as a whole.
    """

    def __init__(
        self,
        *,
        store: Store,
        sender_of: Callable[[str], Sender | None],
        clock: Callable[[], datetime],
        is_healthy: Callable[[], bool],
        denied: Callable[[], frozenset[str]],
        limits: Limits | None = None,
        refused: RefusedRequests | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.is_healthy = is_healthy
        self._sender_of = sender_of
        self._denied = denied
        self._under_way = 0
        self._intake = Intake(store, self.limits)
        self._rates = Rates(self.limits)
        self.refused = refused or RefusedRequests()
        self._readers = ThreadPoolExecutor(_READERS, "reading")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one request; raises Refused where too many are under way."""
        if self._under_way >= self.limits.requests_at_once:
            said = "too many requests at once; send this again in a moment"
            raise too_many(said, self.limits.retry_after)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def take_body(self, body: bytes, kind: Kind | None, envelope: Envelope) -> Stored:
        """Store what a body says, a batch where `kind` is None.

        Raises Refused: no valid key, nothing usable, or no room just now.
        """
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(self._readers, self._read, body, kind, envelope)
        return await self._take(taken, envelope)

    async def take_message(self, kind: Kind, message: Message, envelope: Envelope) -> None:
        """Store one message that came some other way than as a body; raises Refused."""
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(
            self._readers, self._read_message, kind, message, envelope
        )
        await self._take(taken, envelope)

    def _read(self, body: bytes, kind: Kind | None, envelope: Envelope) -> Taken:
        """Ask for the key before reading, where it stands in the header: strangers get no work."""
        sender = None if envelope.key is None else self._sender(envelope.key, envelope)
        found = parse_object(body)
        sender = sender or self._sender(written_key(found), envelope)
        denied, limits = self._denied(), self.limits
        received_at = envelope.received_at
        if kind is not None:
            understood = read_call(
                kind, found, received_at=received_at, denied=denied, limits=limits
            )
        else:
            understood = read_batch(
                found, size=len(body), received_at=received_at, denied=denied, limits=limits
            )
        return Taken(sender, understood)

    def _read_message(self, kind: Kind, message: Message, envelope: Envelope) -> Taken:
        sender = self._sender(envelope.key, envelope)
        understood = read_call(
            kind,
            message,
            received_at=envelope.received_at,
            denied=self._denied(),
            limits=self.limits,
        )
        return Taken(sender, understood)

    def _sender(self, key: str | None, envelope: Envelope) -> Sender:
        sender = self._sender_of(key) if key else None
        if sender is None:
            raise unauthorized(_unknown(key))
        check_origin(sender, envelope.origin)
        return sender

    async def _take(self, taken: Taken, envelope: Envelope) -> Stored:
        calls, rejections = taken.understood.calls, taken.understood.rejections
        sender = taken.sender
        self._rates.take(sender, max(1, len(calls) + len(rejections)), self.clock())
        if calls or rejections:
            delivery = Delivery(
                calls=calls,
                received_at=envelope.received_at,
                source=envelope.source,
                rejections=rejections,
                is_public=sender.is_public,
            )
            await self._intake.take(delivery, sender.name)
        if rejections and not calls:
            raise _all_rejected(rejections[0])
        return Stored(rejections, readable_by(sender, envelope.origin))


def _all_rejected(first: Rejection) -> Refused:
    is_size = "larger than" in first.reason
    refused = too_large(first.reason) if is_size else invalid(first.reason)
    refused.is_noted = True
    return refused


def _unknown(key: str | None) -> str:
    if not key:
        return "no write key; send it as the user name of basic authorization"
    return "the write key is not known, or was revoked; make one on the page Settings"
