"""From the JSON of a request to what it brought: single calls and batches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.api.limits import Limits
from core.api.messages import Kind, Message, Reader
from core.api.moments import clock_error
from core.api.refusals import UnusableMessage, invalid, too_large
from core.domain.calls import Call, Rejection


@dataclass(frozen=True, slots=True)
class Understood:
    """The calls of a request, and those of its messages that could not be used."""

    calls: Sequence[Call]
    rejections: Sequence[Rejection] = ()


def read_call(
    kind: Kind, message: Message, *, received_at: datetime, denied: frozenset[str], limits: Limits
) -> Understood:
    """Understand a request that is one message."""
    behind = clock_error(message.get("sentAt"), received_at)
    reader = Reader(received_at=received_at, behind=behind, denied=denied, limits=limits)
    return _understood([(kind.value, message)], reader)


def read_batch(
    envelope: Message,
    *,
    size: int,
    received_at: datetime,
    denied: frozenset[str],
    limits: Limits,
) -> Understood:
    """Understand a request of many messages, `size` bytes in all; raises Refused.

    A message that cannot be used does not keep the others from being stored.
    """
    batch = envelope.get("batch")
    if not isinstance(batch, list):
        raise invalid("a batch needs a list of messages in 'batch'")
    if len(batch) > limits.batch_count:
        raise too_large(f"a batch may hold {limits.batch_count:,} messages, not {len(batch):,}")
    sent_at = envelope.get("sentAt") or _first(batch, "sentAt")
    behind = clock_error(sent_at, received_at)
    reader = Reader(received_at=received_at, behind=behind, denied=denied, limits=limits)
    # Nothing in a small request can be larger than a single call may be.
    most = limits.call_size if size > limits.call_size else None
    return _understood([(_kind(one), _in(envelope, one)) for one in batch], reader, most)


def written_key(body: Message) -> str | None:
    """Give the write key that browsers write into the body, or into the messages of a batch."""
    found = body.get("writeKey")
    if found is None and isinstance(body.get("batch"), list):
        found = _first(body["batch"], "writeKey")
    return found if isinstance(found, str) else None


def _understood(
    messages: Sequence[tuple[str, object]], reader: Reader, most: int | None = None
) -> Understood:
    calls: list[Call] = []
    rejections: list[Rejection] = []
    for index, (kind, message) in enumerate(messages):
        try:
            usable = _checked(message, most)
            calls += reader.calls(_known(kind), usable)
        except UnusableMessage as unusable:
            rejections.append(_rejection(index, kind, message, str(unusable)))
    return Understood(calls, rejections)


def _checked(message: object, most: int | None) -> Message:
    if not isinstance(message, dict):
        raise UnusableMessage("a message has to be an object")
    if most is not None and _is_larger(message, most):
        raise UnusableMessage(f"the message is larger than {most >> 10} KB")
    return message


def _is_larger(message: Message, most: int) -> bool:
    try:
        # Escaped it is never smaller, and sooner written.
        return len(json.dumps(message)) > most and _size(message) > most
    except RecursionError as error:
        raise UnusableMessage("the message is nested too deeply") from error


def _size(message: object) -> int:
    return len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())


def _known(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError as error:
        known = ", ".join(Kind)
        raise UnusableMessage(f"the type {kind[:40]!r} is not known; it is {known}") from error


def _kind(message: object) -> str:
    return str(message.get("type", "")) if isinstance(message, dict) else ""


def _in(envelope: Message, message: object) -> object:
    """Let the context of a batch hold for messages that have none of their own."""
    if "context" in envelope and isinstance(message, dict):
        return {"context": envelope["context"], **message}
    return message


def _first(batch: Sequence[object], field: str) -> object:
    first = batch[0] if batch else None
    return first.get(field) if isinstance(first, dict) else None


def _rejection(index: int, kind: str, message: object, reason: str) -> Rejection:
    found = message.get("messageId") if isinstance(message, Mapping) else None
    shown = found[:255] if isinstance(found, str) else None
    return Rejection(index=index, kind=kind[:40], message_id=shown, reason=reason)
