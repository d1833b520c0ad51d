"""A live shop whose e-mails have gone out, and requests to what is behind their links."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from starlette.applications import Starlette

from core.api.pages import Sender
from core.api.preferences import Preferences, preference_routes
from core.api.tracking import Tracking, tracking_routes
from core.domain.instants import as_microseconds
from core.domain.mail_links import MailLinks
from core.rendering.renderer import Renderer
from core.rendering.templates import load_templates
from core.services.composing import LiveComposer
from core.services.consents import consents_of
from core.services.live_launches import LaunchMode
from core.services.live_questions import outbox
from core.services.mail_door import MailDoor
from core.services.signing import signing_key
from core.services.tracking import note_hits
from core.settings import REPOSITORY
from core.store.live_outbox import OutboxMessage
from tests.api.asking import Answer, Clock, asked, awaited
from tests.live.launched import Shop, at

URL = "https://mail.shop.example"
BROWSER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Safari/605.1.15"
)
SENT = at(2)
LEFT = {
    "kind": "absence",
    "start": {"event": "cart_add"},
    "unless": {"event": "purchase"},
    "within": "1h",
}
FELLGROVE = Sender(name="Fellgrove", address="12 Harbour Lane, Exampleton")


@dataclass
class Mailing:
    """The message of ann, sent two hours after the start, and the routes of its links."""

    shop: Shop
    clock: Clock
    app: Starlette
    links: MailLinks

    @property
    def database(self) -> Engine:
        return self.shop.database

    @property
    def message(self) -> OutboxMessage:
        return next(m for m in outbox(self.database) if m.user_id == "ann" and m.step == "reminder")

    def at(self, seconds: float) -> None:
        """Let so many seconds have gone by since the message was sent."""
        self.clock.at = SENT + timedelta(seconds=seconds)

    def get(self, url: str, *, method: str = "GET", **headers: str) -> Answer:
        sent = {"user-agent": BROWSER, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return awaited(asked(self.app, method, url.removeprefix(URL), sent))

    def post(self, url: str, body: bytes, **headers: str) -> Answer:
        sent = {"content-type": "application/x-www-form-urlencoded", "user-agent": "Mail/1.0"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return awaited(asked(self.app, "POST", url.removeprefix(URL), sent, body))

    def click(self, url: str, seconds: float, **headers: str) -> Answer:
        """Follow the tracked link that leads to an address."""
        self.at(seconds)
        link = self.links.click(self.message.key, url)
        assert link is not None
        return self.get(link, **headers)

    def open(self, seconds: float, **headers: str) -> Answer:
        self.at(seconds)
        return self.get(self.links.opening(self.message.key), **headers)

    def noted(self, name: str, seconds: float = 3600) -> list[dict[str, Any]]:
        """Let what was taken down become events; give the properties of those of a name."""
        self.at(seconds)
        note_hits(self.database, self.clock())
        return self.events(name)

    def events(self, name: str) -> list[dict[str, Any]]:
        query = "SELECT properties FROM live_events WHERE event = :name ORDER BY at, seq"
        return [json.loads(row[0]) for row in self.rows(query, name=name)]

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def change(self, statement: str, **values: Any) -> None:
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def gets(self, user_id: str = "ann") -> dict[str, bool]:
        """Say for which purposes somebody gets e-mails."""
        return {c.purpose.name: c.is_reachable for c in consents_of(self.database, user_id)}

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """Give all that a link of an e-mail could change."""
        tables = ("live_events", "live_profiles", "consents", "mail_hits", "live_suppressions")
        return [self.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def send_mail(database: Engine, mode: LaunchMode = LaunchMode.LIVE) -> None:
    """Send ann and bob the reminder of the cart campaign."""
    shop = Shop(database, "ann", "bob")
    shop.launch(mode=mode, trigger=LEFT)
    for user in ("ann", "bob"):
        shop.happen(user, "cart_add", 1, product_id="P1", product_title="Trail shoe", price=20)
    shop.tick(2)
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE live_messages SET state = 'sent', begun_at = :at, changed_at = :at, "
                "address = user_id || '@example.org' WHERE step = 'reminder'"
            ),
            {"at": as_microseconds(SENT)},
        )


def mailing_of(
    database: Engine, home: Path, sender: Sender = FELLGROVE, renderer: Renderer | None = None
) -> Mailing:
    """Give the routes of an installation that has sent its mail."""
    clock = Clock(SENT)
    links = MailLinks(key=signing_key(database, SENT), public_url=URL)
    app = _app(database, home, clock, links, sender, renderer)
    return Mailing(Shop(database), clock, app, links)


def _app(
    database: Engine,
    home: Path,
    clock: Clock,
    links: MailLinks,
    sender: Sender,
    renderer: Renderer | None,
) -> Starlette:
    def composer() -> LiveComposer:
        assert renderer is not None
        starters = load_templates(REPOSITORY / "templates")
        return LiveComposer(database, home, starters, renderer, lambda: URL)

    door = MailDoor(
        database=lambda: database, key=lambda: links.key, clock=clock, composer=composer
    )
    tracking = Tracking(read=door.read, note=door.note, view=door.view, sender=lambda: sender)
    preferences = Preferences(
        read=door.read,
        choices=door.choices,
        unsubscribe=door.unsubscribe,
        choose=door.choose,
        path=door.preferences_path,
        sender=lambda: sender,
    )
    return Starlette(routes=[*tracking_routes(tracking), *preference_routes(preferences)])
