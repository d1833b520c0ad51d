"""E-mails out: how many a second leave, from queued rows to a mail server in another process.

`python -m benchmarks.delivery` is that server: it prints its port, and takes all it is given.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine

from benchmarks import machine
from benchmarks.measuring import ROUNDS, Measurement, measure
from benchmarks.places import Place
from benchmarks.report import Section, rate_demand
from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.domain.mail_servers import MailServer, read_mail_server
from core.live.delivery.letters import Composed
from core.live.delivery.pool import Pool
from core.live.delivery.verdicts import Taken
from core.rendering.renderer import Renderer
from core.rendering.templates import load_templates
from core.services.company import Company, keep_company
from core.services.composing import LiveComposer
from core.services.delivering import Outgoing, readied
from core.services.delivery_letters import letter_of
from core.services.delivery_passes import Delivery
from core.services.delivery_settings import DeliverySettings, keep_delivery_settings
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import launch
from core.services.live_questions import outbox
from core.services.live_ticks import tick
from core.settings import REPOSITORY
from core.store.database import migrate, open_database

MOST_MAILS, EVENTS_PER_MAIL = 2_000, 100
AT_ONCE = 100
CONNECTIONS = 8
DOMAINS = 20
WANTED = 200
WHOLE, COMPOSING, HANDING_OVER = "delivery_whole", "delivery_compose", "delivery_hand_over"
LABELS = {  # of tasks in `benchmarks.work`
    WHOLE: "All together: queued rows to sent rows",
    COMPOSING: "Composing alone: what the person did, Jinja, MJML, links",
    HANDING_OVER: "Handing over alone: signed messages to the server",
}
START = datetime(2026, 5, 1, tzinfo=UTC)
LATER = START + timedelta(hours=1)
CAMPAIGN = {
    "name": "Cart recovery",
    "trigger": {"kind": "event", "match": {"event": "cart_add"}},
    "steps": [{"id": "mail", "kind": "send", "template": "cart_recovery"}],
}


def delivering(place: Place, rounds: int = ROUNDS) -> Section:
    """Measure sending from the outbox to a mail server, and its two halves alone."""
    load = machine.description()
    found = measure(list(LABELS), place, rounds)
    whole = found[WHOLE]
    return Section(
        title="Delivery",
        command=_command(place, rounds),
        machine=load,
        sentences=_sentences(whole),
        demands=[
            rate_demand(
                "E-mails per second, composed, signed and sent", whole.rates("mails"), WANTED
            )
        ],
        header=("", "e-mails/s, best", "e-mails/s, median", "ms each, best"),
        rows=[_row(label, found[task]) for task, label in LABELS.items()],
        notes=[_bounds(found)],
    )


def whole(place: Place) -> Mapping[str, Any]:
    """Send what is queued, from the claim to the row that says sent."""
    with _queued(place) as database, _sink() as server, Renderer() as renderer:
        sender = Delivery(
            database, _composer(database, place, renderer), _outgoing(place, server), clock=_clock
        )
        began, began_on_cpu = time.perf_counter(), time.process_time()
        while sender.run(_clock()):
            pass
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_on_cpu
        sender.close()
        count = len(outbox(database, state="sent", limit=MOST_MAILS + 1))
        assert count == _mail_count(place)
        return {"mails": count, "seconds": seconds, "cpu_seconds": cpu_seconds}


def composing(place: Place) -> Mapping[str, Any]:
    """Compose what is queued, as many at once as a sender claims."""
    with _queued(place) as database, Renderer() as renderer:
        composer = _composer(database, place, renderer)
        messages = outbox(database, limit=MOST_MAILS)
        began = time.perf_counter()
        for first in range(0, len(messages), AT_ONCE):
            for made in composer.compose_many(messages[first : first + AT_ONCE], LATER):
                assert isinstance(made, Composed), made
        return {"mails": len(messages), "seconds": time.perf_counter() - began}


def handing_over(place: Place) -> Mapping[str, Any]:
    """Hand letters over that were written before, by as many connections as a sender has."""
    with _queued(place) as database, _sink() as server, Renderer() as renderer:
        messages = outbox(database, limit=MOST_MAILS)
        prepared = readied(database, _outgoing(place, server))
        assert prepared is not None
        letters = []
        made = _composer(database, place, renderer).compose_many(messages, LATER)
        for message, composed in zip(messages, made, strict=True):
            assert isinstance(composed, Composed), composed
            letters.append(letter_of(message, composed, prepared, b"secret", LATER))
        pool = Pool(server, CONNECTIONS)
        began = time.perf_counter()
        for first in range(0, len(letters), CONNECTIONS):
            pool.prepare(CONNECTIONS, time.time())
            verdicts = pool.hand_over(letters[first : first + CONNECTIONS], time.time())
            assert all(isinstance(verdict, Taken) for verdict in verdicts)
        seconds = time.perf_counter() - began
        pool.close()
        size = sum(len(letter.content) for letter in letters) / len(letters)
        return {"mails": len(letters), "seconds": seconds, "bytes": size}


@contextmanager
def _queued(place: Place) -> Iterator[Engine]:
    """Give a database in which an e-mail is due to each of some people who filled a cart."""
    folder = place.folder / "delivery"
    shutil.rmtree(folder, ignore_errors=True)
    database = open_database(f"sqlite:///{folder}/delivery.sqlite")
    migrate(database)
    _set_up(database)
    people = [f"u{number:06}" for number in range(_mail_count(place))]
    profiles = {
        one: {"email": f"{one}@mail{number % DOMAINS}.example", "first_name": "Ann"}
        for number, one in enumerate(people)
    }
    save_profiles(database, profiles, saved_at=START)
    launch(database, Campaign.model_validate(CAMPAIGN), launched_at=START)
    ingest(database, [_event(one) for one in people], received_at=START)
    tick(database, LATER)
    try:
        yield database
    finally:
        database.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _set_up(database: Engine) -> None:
    own = Company(
        name="Fellgrove",
        address="12 Harbour Lane",
        url="https://shop.example",
        cart_url="https://shop.example/cart",
        sender_address="hello@shop.example",
    )
    keep_company(database, own, changed_at=START)
    settings = DeliverySettings(
        public_url="https://mail.shop.example",
        per_second=1_000,
        per_domain_per_second=1_000,
        connection_count=CONNECTIONS,
        dkim_domain="shop.example",
        dkim_selector="s1",
    )
    keep_delivery_settings(database, settings, changed_at=START)


def _event(user_id: str) -> Event:
    return Event(
        event_id=f"cart-{user_id}",
        user_id=user_id,
        event="cart_add",
        timestamp=START + timedelta(minutes=1),
        properties={
            "product_id": "p1",
            "title": "Red shoe",
            "price": 49.9,
            "quantity": 1,
            "image": "https://shop.example/p1.jpg",
            "url": "https://shop.example/p1",
        },
    )


def _composer(database: Engine, place: Place, renderer: Renderer) -> LiveComposer:
    starters = load_templates(REPOSITORY / "templates")
    return LiveComposer(
        database, place.folder, starters, renderer, lambda: "https://mail.shop.example"
    )


def _outgoing(place: Place, server: MailServer) -> Outgoing:
    file = place.folder / "delivery" / "dkim.pem"
    key = rsa.generate_private_key(65537, 2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Outgoing(server=server, sender="", folder=place.folder / "delivery", dkim_key=file)


def _clock() -> datetime:
    """Give a time that passes, so that limits let e-mails through, an hour after the start."""
    return LATER + timedelta(seconds=time.perf_counter() - _BEGAN)


_BEGAN = time.perf_counter()


@contextmanager
def _sink() -> Iterator[MailServer]:
    """Run the mail server in another process."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.delivery"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield read_mail_server(f"smtp://127.0.0.1:{port}?encryption=none", "the sink")
        finally:
            process.terminate()


def _mail_count(place: Place) -> int:
    return max(1, min(MOST_MAILS, place.event_count // EVENTS_PER_MAIL))


def _row(label: str, measurement: Measurement) -> list[str]:
    best, median, _ = measurement.rates("mails")
    return [label, f"{best:,.0f}", f"{median:,.0f}", f"{1e3 / best:.2f}"]


def _sentences(measured: Measurement) -> list[str]:
    return [
        f"{measured.facts[0]['mails']:,} queued rows in SQLite, each the starter e-mail of cart"
        f" recovery for another person at one of {DOMAINS} domains: claimed, composed, signed"
        f" (DKIM, RSA of 2,048 bits), handed over by {CONNECTIONS} connections, and noted as sent"
        " with the event that tells of it.",
        "The mail server (aiosmtpd) runs in another process on the same machine, without"
        " encryption, and throws away what it took.",
    ]


def _bounds(found: Mapping[str, Measurement]) -> str:
    each = {task: 1e3 / measurement.rates("mails").best for task, measurement in found.items()}
    size = found[HANDING_OVER].facts[0]["bytes"] / 1e3
    rest = each[WHOLE] - each[COMPOSING] - each[HANDING_OVER]
    return (
        f"Of {each[WHOLE]:.1f} ms an e-mail of {size:,.0f} kB, composing takes"
        f" {each[COMPOSING]:.1f} and handing over {each[HANDING_OVER]:.1f}; the other {rest:.1f}"
        " are the signature and two commits for each few e-mails, so that only those are in doubt"
        " if the process is killed. A mail server elsewhere answers later than one on the same"
        " machine: more connections then keep the rate."
    )


def _command(place: Place, rounds: int) -> str:
    said = f"python -m benchmarks delivery --events {place.event_count}"
    return said if rounds == ROUNDS else f"{said} --rounds {rounds}"


def _serve() -> None:
    """Take all letters, on a port of the system's choice that is printed."""
    from aiosmtpd.controller import Controller

    class Taking:
        async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
            self, _server: Any, _session: Any, _envelope: Any
        ) -> str:
            return "250 taken"

    controller = Controller(Taking(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    print(controller.port, flush=True)
    threading.Event().wait()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


if __name__ == "__main__":
    _serve()
