"""A small live shop: a clock that is driven, people with profiles, events said in short."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.live.evaluator import GRACE
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import Launch, LaunchMode, launch
from core.services.live_questions import decisions, outbox, trace
from core.services.live_ticks import TickReport, tick

START = datetime(2026, 5, 1, tzinfo=UTC)
CART: dict[str, Any] = {
    "name": "Cart",
    "trigger": {
        "kind": "absence",
        "start": {"event": "add"},
        "unless": {"event": "buy"},
        "within": "1h",
    },
    "goal": {"event": {"event": "buy"}, "within": "7d"},
    "steps": [
        {"id": "reminder", "kind": "send", "template": "cart_recovery"},
        {"id": "pause", "kind": "delay", "for": "4h"},
        {"id": "second", "kind": "send", "template": "cart_discount"},
    ],
}


def at(hours: float) -> datetime:
    """Give the instant so many hours after the start."""
    return START + timedelta(hours=hours)


class Shop:
    """One database, and what happens to its people."""

    def __init__(self, database: Engine, *people: str) -> None:
        """Know some people by name, each with an address."""
        self.database = database
        self._numbers = count(1)
        self.know({name: {"email": f"{name}@example.org"} for name in people})

    def know(self, profiles: Mapping[str, Mapping[str, Any]]) -> None:
        """Say more about people."""
        save_profiles(self.database, profiles, saved_at=START)

    def launch(
        self, *, hours: float = 0, mode: LaunchMode = LaunchMode.LIVE, **changes: Any
    ) -> Launch:
        """Launch the cart campaign, changed in some ways."""
        campaign = Campaign.model_validate({**CART, **changes})
        return launch(self.database, campaign, launched_at=at(hours), mode=mode)

    def happen(
        self, user_id: str, name: str, hours: float, *, arriving: float | None = None, **values: Any
    ) -> str:
        """Receive an event, at once or at a later hour; give its id."""
        event = Event(
            event_id=f"e{next(self._numbers)}",
            user_id=user_id,
            event=name,
            timestamp=at(hours),
            properties=values,
        )
        ingest(self.database, [event], received_at=at(hours if arriving is None else arriving))
        return event.event_id

    def tick(self, hours: float) -> TickReport:
        """Decide what is due up to an hour."""
        return tick(self.database, at(hours) + timedelta(microseconds=GRACE))

    def firings(self) -> list[tuple[str, str]]:
        """Give who was decided about and how, in order."""
        return [(d.user_id, d.outcome) for d in reversed(decisions(self.database))]

    def sent(self) -> list[tuple[str, str, str, str]]:
        """Give the messages in order: person, step, state, reason."""
        return [(m.user_id, m.step, m.state, m.reason) for m in reversed(outbox(self.database))]

    def steps(self) -> list[tuple[str, str, str]]:
        """Give the rows of the trace in order: step, outcome, reason."""
        return [(t.step, t.outcome, t.reason) for t in reversed(trace(self.database))]
