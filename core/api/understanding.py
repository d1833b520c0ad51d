"""Messages that came some other way than by a request, understood by the same rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.api.bodies import parse_object
from core.api.limits import Limits
from core.api.messages import Kind
from core.api.refusals import Refused
from core.api.requests import read_batch
from core.domain.calls import Delivery, Rejection
from core.domain.errors import UnusableInput

_HAPPENED = frozenset({Kind.TRACK.value, Kind.PAGE.value, Kind.SCREEN.value})
_TIMES = ("timestamp", "originalTimestamp")
_UNTOLD = (
    "it has neither a 'messageId' nor a 'timestamp': delivered twice, it would count twice; give "
    "it one of them"
)


class Understanding:
    """Understands messages; `denied` gives the names of properties that are dropped."""

    def __init__(self, denied: Callable[[], frozenset[str]], limits: Limits | None = None) -> None:
        self._denied = denied
        self._limits = limits or Limits()

    def messages(
        self, messages: Sequence[Mapping[str, Any]], *, received_at: datetime, source: str
    ) -> Delivery:
        """Understand messages, each with its `type`; raises UnusableInput for too many.

        How large they are was looked at where they came in: an order may have many articles.
        """
        return self._read({"batch": list(messages)}, 0, received_at, source)

    def body(self, body: bytes, *, received_at: datetime, source: str, named: str = "") -> Delivery:
        """Understand a body of a queue: a batch, or one message; raises UnusableInput.

        `named` is the queue's own id of it. A queue may deliver twice: what could not be told
        from its repetition, having neither an id nor a time, is not usable.
        """
        if len(body) > self._limits.batch_size:
            raise UnusableInput(f"the message is larger than {self._limits.batch_size >> 10} KB")
        try:
            found = parse_object(body)
        except Refused as refusal:
            raise UnusableInput(refusal.message) from refusal
        batch = found["batch"] if isinstance(found.get("batch"), list) else [found]
        context = {"context": found["context"]} if "batch" in found and "context" in found else {}
        settled = [_settled(one, number, named) for number, one in enumerate(batch)]
        places = [number for number, one in enumerate(settled) if one is not None]
        usable = {**context, "batch": [settled[place] for place in places]}
        read = self._read(usable, len(body), received_at, source)
        rejections = [replace(one, index=places[one.index]) for one in read.rejections]
        rejections += [_untold(n, batch[n]) for n, one in enumerate(settled) if one is None]
        return replace(read, rejections=rejections)

    def _read(
        self, envelope: Mapping[str, Any], size: int, received_at: datetime, source: str
    ) -> Delivery:
        try:
            found = read_batch(
                envelope,
                size=size,
                received_at=received_at,
                denied=self._denied(),
                limits=self._limits,
            )
        except Refused as refusal:
            raise UnusableInput(refusal.message) from refusal
        return Delivery(
            calls=found.calls,
            rejections=found.rejections,
            received_at=received_at,
            source=source,
        )


def _settled(message: Any, number: int, named: str) -> Any:
    """Give a message the queue's id where it has none; None if it cannot be told from another.

    A queue keeps messages for hours: when one was sent says nothing about its sender's clock.
    """
    if not isinstance(message, dict):
        return message
    message = {name: value for name, value in message.items() if name != "sentAt"}
    if named and not message.get("messageId"):
        message["messageId"] = f"{named}-{number}"
    is_known = bool(message.get("messageId")) or any(message.get(name) for name in _TIMES)
    return message if is_known or message.get("type") not in _HAPPENED else None


def _untold(number: int, message: Mapping[str, Any]) -> Rejection:
    kind = str(message.get("type", ""))
    return Rejection(index=number, kind=kind, message_id=None, reason=_UNTOLD)
