"""Messages of a queue (RabbitMQ) taken in: each is acknowledged only once it is stored."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy.exc import DataError, DBAPIError

from core.domain.calls import Delivery, Rejection
from core.domain.errors import UnusableInput

logger = logging.getLogger(__name__)

SOURCE = "queue"
PREFETCH = 500
_LOOK = 0.2  # seconds between looks whether to stop
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
_LONGEST_ID = 200


class Understand(Protocol):
    """Understands the body of a message; `named` is the queue's own id of it."""

    def __call__(
        self, body: bytes, *, received_at: datetime, source: str, named: str = ""
    ) -> Delivery:
        """Give what it brings; raises UnusableInput."""


@dataclass(frozen=True, slots=True)
class _Message:
    tag: int
    named: str
    body: bytes


@dataclass(slots=True, kw_only=True)
class Consumer:
    """Takes messages of one queue until told to stop; `store` keeps what they bring.

    A message is acknowledged after `store` is done with it: whoever is killed in between gets it
    again, which changes nothing. What cannot be used is rejected, to the queue's dead letters if it
    has any, and listed.
    """

    url: str = field(repr=False)
    queue: str
    understand: Understand
    store: Callable[[Sequence[Delivery]], None]
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    rest: Callable[[float], object]
    taken_count: int = 0
    rejected_count: int = 0
    _pika: Any = None
    _has_worked: bool = False
    _failure_count: int = 0

    def run(self) -> None:
        """Take messages until told to stop; raises UnusableInput where that cannot begin."""
        self._pika = _library()
        parameters = self._parameters()
        while not self.is_stopping():
            try:
                self._listen(parameters)
            except (self._pika.exceptions.AMQPError, DBAPIError, OSError) as error:
                if not self._has_worked:
                    self._explain(error)
                self._wait_after(error)

    def _wait_after(self, error: Exception) -> None:
        wait = _WAITS[min(self._failure_count, len(_WAITS) - 1)]
        self._failure_count += 1
        said = {"kind": type(error).__name__, "wait": wait}
        logger.warning("the queue is lost; trying again", extra=said)
        self.rest(wait)

    def _listen(self, parameters: Any) -> None:
        connection = self._pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            channel.queue_declare(self.queue, passive=True)
            channel.basic_qos(prefetch_count=PREFETCH)
            self._has_worked, self._failure_count = True, 0
            self._take_all(channel)
            channel.cancel()
        finally:
            if connection.is_open:
                connection.close()

    def _take_all(self, channel: Any) -> None:
        waiting: list[_Message] = []
        for method, properties, body in channel.consume(self.queue, inactivity_timeout=_LOOK):
            if method is not None:
                waiting.append(_Message(method.delivery_tag, _name(properties.message_id), body))
            is_last = method is None or not channel.get_waiting_message_count()
            if waiting and (is_last or len(waiting) >= PREFETCH):
                self._take(channel, waiting)
                waiting = []
            if self.is_stopping():
                return

    def _take(self, channel: Any, messages: Sequence[_Message]) -> None:
        deliveries = [self._understood(message) for message in messages]
        spoiled = self._stored(messages, deliveries)
        for message, delivery in zip(messages, deliveries, strict=True):
            if message.tag in spoiled or (delivery.rejections and not delivery.calls):
                channel.basic_reject(message.tag, requeue=False)
                self.rejected_count += 1
            else:
                channel.basic_ack(message.tag)
                self.taken_count += 1

    def _understood(self, message: _Message) -> Delivery:
        received_at = self.clock()
        try:
            return self.understand(
                message.body, received_at=received_at, source=SOURCE, named=message.named
            )
        except UnusableInput as error:
            return self._refused(message, str(error), received_at)

    def _stored(self, messages: Sequence[_Message], deliveries: Sequence[Delivery]) -> set[int]:
        """Store all at once; if one cannot be kept, each by itself. Give those that could not."""
        try:
            self.store(deliveries)
        except (UnusableInput, DataError):
            return {
                message.tag
                for message, delivery in zip(messages, deliveries, strict=True)
                if not self._is_stored(message, delivery)
            }
        return set()

    def _is_stored(self, message: _Message, delivery: Delivery) -> bool:
        try:
            self.store([delivery])
        except (UnusableInput, DataError):
            reason = "it holds something that the database cannot keep"
            self.store([self._refused(message, reason, delivery.received_at)])
            return False
        return True

    def _refused(self, message: _Message, reason: str, received_at: datetime) -> Delivery:
        named = message.named or None
        rejection = Rejection(index=0, kind="message", message_id=named, reason=reason)
        return Delivery(calls=(), rejections=(rejection,), received_at=received_at, source=SOURCE)

    def _parameters(self) -> Any:
        wrong = "the address of the queue has to be written as amqp://USER:PASSWORD@HOST:5672/VHOST"
        if urlsplit(self.url).scheme not in ("amqp", "amqps"):
            raise UnusableInput(f"{wrong}; give it by --url or REHEARSAL_AMQP_URL")
        try:
            return self._pika.URLParameters(self.url)
        except (ValueError, TypeError, KeyError) as error:
            raise UnusableInput(wrong) from error

    def _explain(self, error: Exception) -> None:
        """Raise UnusableInput, if it never worked, for what will not mend itself."""
        known = self._pika.exceptions
        if isinstance(error, known.ProbableAuthenticationError | known.AuthenticationError):
            raise UnusableInput("the queue's server refuses the user or the password") from error
        if isinstance(error, known.ProbableAccessDeniedError):
            raise UnusableInput("the queue's server refuses the user this virtual host") from error
        if isinstance(error, known.ChannelClosedByBroker):
            raise UnusableInput(
                f"there is no queue called {self.queue!r}, or the user may not read it; make it "
                "first, with a dead-letter exchange for messages that cannot be used"
            ) from error


def _name(message_id: str | bytes | None) -> str:
    """Give the queue's own id of a message as text that every database takes."""
    found = message_id.decode(errors="replace") if isinstance(message_id, bytes) else message_id
    return (found or "").replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_ID]


def _library() -> Any:
    """Load the client library, which not every installation needs."""
    try:
        library = import_module("pika")
        import_module("pika.exceptions")
    except ModuleNotFoundError as error:
        raise UnusableInput(
            "reading a queue needs the package pika: install the project with its extra, "
            "pip install '.[amqp]'"
        ) from error
    return library
