"""A live shop with a sender: messages that are due, a clock that is driven, e-mails that leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from core.domain.mail_servers import MailServer
from core.live.delivery.letters import Composed, Composer, Composition
from core.rendering.emails import RenderedEmail
from core.rendering.mime import Mailbox
from core.services.company import Company, keep_company
from core.services.delivering import Outgoing
from core.services.delivery_passes import Delivery
from core.services.delivery_settings import DeliverySettings, keep_delivery_settings
from core.services.live_launches import Launch, LaunchMode
from core.store import live_people
from core.store.database import reading
from core.store.live_outbox import OutboxMessage
from tests.live.launched import Shop, at

COMPANY = Company(
    name="Fellgrove",
    address="12 Harbour Lane",
    url="https://shop.example",
    cart_url="https://shop.example/cart",
    sender_name="Fellgrove",
    sender_address="hello@shop.example",
)
SETTINGS = DeliverySettings(
    public_url="https://mail.shop.example",
    per_second=1_000,
    per_domain_per_second=1_000,
    connection_count=2,
)
ONE_MAIL: dict[str, Any] = {
    "trigger": {"kind": "event", "match": {"event": "add"}},
    "steps": [{"id": "mail", "kind": "send", "template": "cart_recovery"}],
}
DUE = 1.0  # hours after the start


@dataclass
class PlainComposer:
    """Writes a short e-mail to the address of the profile; fails as it is told, by person.

    Whose data are poison breaks it for whoever is asked for together with them.
    """

    database: Engine
    instead: Mapping[str, Composition] = field(default_factory=dict)
    poison: frozenset[str] = frozenset()
    subject: str = "Your basket"
    composed_count: int = 0

    def compose_many(
        self, messages: Sequence[OutboxMessage], now: datetime
    ) -> Sequence[Composition]:
        if self.poison.intersection(one.user_id for one in messages):
            raise ValueError("Exceeds the limit (4300 digits) for integer string conversion")
        self.composed_count += len(messages)
        with reading(self.database) as session:
            profiles = live_people.profiles_of(session, [one.user_id for one in messages])
        return [
            self.instead.get(one.user_id)
            or self._composed(one, (profiles[one.user_id].email or ""), profiles[one.user_id])
            for one in messages
        ]

    def _composed(self, one: OutboxMessage, address: str, profile: Any) -> Composition:
        said = f"Hello {one.user_id}"
        return Composed(
            rendered=RenderedEmail(
                html=f"<p>{said}</p>",
                text=said,
                subject=self.subject,
                preheader="",
                html_bytes=len(said) + 7,
            ),
            recipient=Mailbox(address=address, name=str(profile.traits.get("name", ""))),
            unsubscribe_url=f"https://mail.shop.example/t/u/{one.key}{'x' * 200}",
        )


class Post:
    """A shop whose campaign sends one e-mail at once, and what sends it."""

    def __init__(
        self,
        database: Engine,
        folder: Path,
        server: MailServer | None = None,
        *,
        settings: DeliverySettings = SETTINGS,
    ) -> None:
        """Set all that readiness asks for."""
        self.database, self.folder, self.server = database, folder, server
        self.shop = Shop(database)
        self.now = at(DUE)
        self.composer = PlainComposer(database)
        self._senders: list[Delivery] = []
        keep_company(database, COMPANY, changed_at=at(0))
        self.set(settings)

    def set(self, settings: DeliverySettings) -> None:
        keep_delivery_settings(self.database, settings, changed_at=at(0))

    def change(self, **changes: Any) -> None:
        self.set(replace(SETTINGS, **changes))

    @property
    def outgoing(self) -> Outgoing:
        return Outgoing(server=self.server, sender="", folder=self.folder)

    def sender(self, *, composer: Composer | None = None, **options: Any) -> Delivery:
        """Make a sender; it waits for the server for long, as machines of tests are slow."""
        made = Delivery(
            self.database,
            composer or self.composer,
            self.outgoing,
            clock=lambda: self.now,
            **{"seconds": 10.0, **options},
        )
        self._senders.append(made)
        return made

    def close(self) -> None:
        for made in self._senders:
            made.close()

    def due(
        self, *people: str, domain: str = "example.org", mode: LaunchMode = LaunchMode.LIVE
    ) -> Launch:
        """Let a message be due to some people, one each."""
        self.shop.know({one: {"email": f"{one}@{domain}"} for one in people})
        launched = self.shop.launch(mode=mode, **ONE_MAIL)
        self.add(*people)
        return launched

    def add(self, *people: str, hours: float = DUE) -> None:
        """Let one more message be due to people of a launch that runs."""
        for one in people:
            self.shop.happen(one, "add", hours)
        self.shop.tick(hours)

    def later(self, **units: float) -> datetime:
        """Let time pass; give the new time."""
        self.now += timedelta(**units)
        return self.now

    def rows(self) -> dict[str, tuple[str, str]]:
        """Give state and reason of messages by person."""
        return {row["user_id"]: (row["state"], row["reason"]) for row in self.whole_rows()}

    def whole_rows(self) -> list[dict[str, Any]]:
        with self.database.connect() as connection:
            found = connection.execute(text("SELECT * FROM live_messages ORDER BY id"))
            return [dict(row) for row in found.mappings()]

    def row(self, user_id: str) -> dict[str, Any]:
        return next(row for row in self.whole_rows() if row["user_id"] == user_id)

    def told(self) -> list[tuple[str, str]]:
        """Give the events that tell of messages: name and person, in order."""
        with self.database.connect() as connection:
            found = connection.execute(
                text(
                    "SELECT event, user_id FROM live_events WHERE source = 'delivery' "
                    "ORDER BY user_id, event"
                )
            )
            return [(row[0], row[1]) for row in found]

    def events(self, name: str) -> list[dict[str, Any]]:
        with self.database.connect() as connection:
            found = connection.execute(
                text("SELECT * FROM live_events WHERE event = :name ORDER BY seq"), {"name": name}
            )
            return [dict(row) for row in found.mappings()]
