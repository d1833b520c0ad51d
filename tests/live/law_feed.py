"""What shops' clients do on the network: batches, clocks that are wrong, redelivery, anonymity."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from core.domain.events import Event
from core.live.evaluator import GRACE
from tests.api.asking import Shop
from tests.live.feeding import LONGEST_REST

Message = dict[str, Any]
SIZES = (1, 3, 20, 100, 400)
SKEWS = (0, 0, 0, 7, -3_600, 200_000)  # seconds by which a client's clock is ahead
REMEMBERED = 20  # bodies that may come once more


@dataclass
class Clients:
    """The clients of a shop; `random` says what goes wrong with them."""

    shop: Shop
    random: Random
    sent: list[bytes] = field(default_factory=list)
    request_count: int = 0
    resent_count: int = 0
    anonymous_count: int = 0

    def send(self, events: Sequence[Event], until: datetime) -> None:
        """Send events, received before `until`: people in any order, each person's in theirs."""
        messages = self._messages(events)
        while messages:
            size = self.random.choice(SIZES)
            self._post(messages[:size], until)
            messages = messages[size:]

    def _messages(self, events: Sequence[Event]) -> list[tuple[datetime, Message]]:
        by_user: dict[str, list[Event]] = {}
        for event in events:
            by_user.setdefault(event.user_id, []).append(event)
        found = [one for own in by_user.values() for one in self._told_by(own)]
        return sorted(found, key=lambda one: one[0])

    def _told_by(self, events: Sequence[Event]) -> Iterator[tuple[datetime, Message]]:
        """Tell what somebody did, maybe at first without saying who they are."""
        known_from = self.random.randrange(len(events)) if self.random.random() < 0.2 else 0
        self.anonymous_count += known_from
        user, nobody = events[0].user_id, f"{events[0].user_id}:{events[0].event_id}"
        late = timedelta(seconds=self.random.random() * 60)  # on the way, all alike
        for number, event in enumerate(events):
            if number == known_from and known_from:
                yield event.timestamp + late, self._known(user, nobody)
            is_nameless = number < known_from or (known_from and self.random.random() < 0.5)
            who = {"anonymousId": nobody} if is_nameless else {"userId": user}
            yield (
                event.timestamp + late,
                {
                    **who,
                    "type": "track",
                    "event": event.event,
                    "messageId": event.event_id,
                    "timestamp": event.timestamp,
                    "properties": event.properties,
                },
            )

    def _known(self, user: str, nobody: str) -> Message:
        if self.random.random() < 0.5:
            return {"type": "alias", "previousId": nobody, "userId": user}
        return {"type": "identify", "anonymousId": nobody, "userId": user}

    def _post(self, batch: Sequence[tuple[datetime, Message]], until: datetime) -> None:
        latest = max(batch[-1][0], self.shop.clock())
        self.shop.clock.at = min(latest, until)
        skew = timedelta(seconds=self.random.choice(SKEWS))
        body = json.dumps(
            {
                "batch": [_by_clock(message, skew) for _, message in batch],
                "sentAt": (self.shop.clock() + skew).isoformat(),
            }
        ).encode()
        self._deliver(body)
        self.sent = [*self.sent[1 - REMEMBERED :], body]
        if self.random.random() < 0.1:
            self.resent_count += 1
            self._deliver(self.random.choice(self.sent))

    def _deliver(self, body: bytes) -> None:
        self.request_count += 1
        packed = self.random.random() < 0.3
        answer = self.shop.post("/v1/batch", gzip.compress(body) if packed else body)
        assert (answer.status, answer.said) == (200, {"success": True}), answer


def _by_clock(message: Message, skew: timedelta) -> Message:
    if "timestamp" not in message:
        return message
    return {**message, "timestamp": (message["timestamp"] + skew).isoformat()}


def feed_over_http(
    clients: Clients,
    events: Sequence[Event],
    *,
    since: datetime,
    until: datetime,
    decide_by: Callable[[datetime], None],
    wait: Callable[[], None],
) -> None:
    """Send events in random windows of time, each after `decide_by` set the evaluator's clock.

    What came in a window may be decided while the next one arrives. `wait` returns once all that
    is due is decided.
    """
    waiting = sorted(events, key=lambda event: event.timestamp)
    begin = since
    for end in moments(since, until, clients.random):
        came = [event for event in waiting if event.timestamp < end or end == until]
        waiting = waiting[len(came) :]
        decide_by(begin)
        clients.send(came, end)
        wait()
        begin = end
    decide_by(until + timedelta(microseconds=GRACE))
    wait()


def moments(begin: datetime, end: datetime, random: Random) -> list[datetime]:
    """Give instants between two, at most LONGEST_REST apart, the last of them the end."""
    found = [begin]
    while found[-1] < end:
        found.append(found[-1] + LONGEST_REST * random.uniform(0.3, 1))
    return [*found[1:-1], end]
