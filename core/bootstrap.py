"""The only place that joins the parts: settings, database, folders, background jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from time import sleep

from sqlalchemy import Engine

from core.api.bounces import BounceDoor, bounce_routes
from core.api.gate import Gate
from core.api.hooks import hook_routes
from core.api.pages import Sender
from core.api.preferences import Preferences, preference_routes
from core.api.refused_requests import RefusedRequests
from core.api.routes import Routes, ingest_routes
from core.api.sign_up import SignUps, sign_up_routes
from core.api.tracking import Tracking, tracking_routes
from core.api.understanding import Understanding
from core.clock import now
from core.domain.campaigns import Campaign
from core.history.reading import list_datasets, open_dataset
from core.rendering.emails import EmailTemplate
from core.rendering.renderer import Renderer
from core.rendering.templates import load_partials, load_template, load_templates
from core.services import alerts, bounce_door, double_opt_in, emails
from core.services.alert_ways import Ways
from core.services.calling import Caller, calling_secret
from core.services.campaign_files import load_campaign
from core.services.campaigns import save_campaign, saved_campaign
from core.services.company import company
from core.services.composing import LiveComposer
from core.services.confirmation_mails import Confirmations
from core.services.delivering import Outgoing
from core.services.delivery_passes import Delivery
from core.services.delivery_settings import delivery_settings, public_url_or_local
from core.services.erasing import PATIENCE as ERASURE_PATIENCE
from core.services.erasing import go_on_with_all
from core.services.errands import Errand
from core.services.health import answers
from core.services.hooks import HookDoor
from core.services.imports import Watching, load_sample
from core.services.ingesting import denied_properties, take_in
from core.services.jobs import Jobs
from core.services.mail_door import MailDoor
from core.services.rehearse import rehearse
from core.services.remembering import Remembered
from core.services.retention import forget_old
from core.services.signing import signing_key
from core.services.tracking import note_hits
from core.services.write_keys import KNOWN_FOR, KnownKeys
from core.settings import REPOSITORY, Settings, read_settings
from core.store.database import migrate, open_database

TEMPLATES = REPOSITORY / "templates"
SAMPLE = REPOSITORY / "data"
# A cron comes every minute; what limits keep from leaving by then goes the next time.
_LONGEST_SENDING = timedelta(seconds=45)


@cache
def settings() -> Settings:
    """Give the settings of this process."""
    return read_settings()


def home() -> Path:
    """Give the folder of databases and datasets."""
    return settings().home


@cache
def database() -> Engine:
    """Give the migrated database of this installation."""
    engine = open_database(settings().database_url)
    migrate(engine)
    return engine


@cache
def refused_requests() -> RefusedRequests:
    """Give the latest requests that this process refused as a whole."""
    return RefusedRequests()


def api_routes() -> Routes:
    """Give the routes by which events come in; nothing is opened before the first request."""
    denied = Remembered(lambda: denied_properties(database()), now)
    gate = Gate(
        store=lambda deliveries: take_in(database(), deliveries),
        sender_of=KnownKeys(database, now).sender_of,
        clock=now,
        is_healthy=lambda: answers(database()),
        denied=lambda: denied.get(KNOWN_FOR),
        refused=refused_requests(),
    )
    hooks = hook_routes(_hook_door().take, now, public_url)
    return [*ingest_routes(gate), *hooks, *mail_routes(), *_sign_up_routes()]


def _sign_up_routes() -> Routes:
    return sign_up_routes(
        SignUps(
            sender_of=KnownKeys(database, now).sender_of,
            sign_up=lambda form: double_opt_in.sign_up(database(), form, at=now()),
            asked=lambda token: double_opt_in.asked(database(), token, at=now()),
            confirm=lambda token, host: double_opt_in.confirm(
                database(), token, at=now(), host=host
            ),
            company=_mail_sender,
            clock=now,
        )
    )


def understanding() -> Understanding:
    """Give what understands messages that come some other way than by a request."""
    denied = Remembered(lambda: denied_properties(database()), now)
    return Understanding(lambda: denied.get(KNOWN_FOR))


def _hook_door() -> HookDoor:
    return HookDoor(database=database, understand=understanding().messages)


def errands(*, is_once: bool = False) -> list[Errand]:
    """Give what the evaluator's process does beside deciding; once, it sends all that is due."""
    return [
        Errand(name="delivery", every=0.5, run=_send_all if is_once else _send),
        Errand(name="calling", every=1.0, run=lambda at: _caller().run(at)),
        Errand(name="tracking", every=1.0, run=lambda at: note_hits(database(), at)),
        watch(),
        Errand(name="confirming", every=1.0, run=lambda at: _confirmations().run(at)),
        Errand(name="erasing", every=60.0, run=_erase, while_paused=True),
        Errand(name="forgetting", every=3_600.0, run=_forget_old, while_paused=True),
    ]


def _confirmations() -> Confirmations:
    return Confirmations(
        database=database(),
        outgoing=outgoing(),
        template=_confirmation,
        renderer=_renderer,
        public_url=public_url,
    )


@cache
def _confirmation() -> EmailTemplate:
    """Load the e-mail that asks for the confirmation of a sign-up."""
    template = load_template(TEMPLATES / "transactional" / "confirm_sign_up.mjml")
    return replace(template, partials=load_partials(TEMPLATES))


def _erase(at: datetime) -> int:
    return go_on_with_all(database(), home(), at, asked_for=ERASURE_PATIENCE)


def _outbox() -> Path:
    """Give the folder for e-mails where no server takes them."""
    return home() / "outbox"


def _forget_old(at: datetime) -> int:
    return forget_old(database(), at, outbox=_outbox())


def _send(at: datetime) -> int:
    return delivery().run(at)


def _send_all(_at: datetime) -> int:
    return delivery().run_long(_LONGEST_SENDING, sleep)


def watch() -> Errand:
    """Give what looks whether something is amiss; it goes on while the evaluator is paused."""
    return Errand(name="watching", every=alerts.EVERY, run=_watch, while_paused=True)


def _watch(at: datetime) -> int:
    ways = Ways(
        server=settings().mail_server,
        sender=company(database()).sender or settings().sender,
        allowed=settings().private_webhook_hosts,
        secret=lambda: calling_secret(database(), now()),
        clock=now,
    )
    return alerts.watch(database(), at, ways.tell)


def _caller() -> Caller:
    return Caller(database(), settings().private_webhook_hosts)


def outgoing() -> Outgoing:
    """Give what the environment says of how e-mails leave."""
    return Outgoing(
        server=settings().mail_server,
        sender=settings().sender,
        folder=_outbox(),
        dkim_key=settings().dkim_key,
    )


def delivery() -> Delivery:
    """Give the sender of this process, kept with its connections and its limits."""
    return _delivery(database(), outgoing())


@lru_cache(maxsize=1)
def _delivery(engine: Engine, away: Outgoing) -> Delivery:
    return Delivery(engine, composer(), away, clock=now)


def public_url() -> str:
    """Give the address at which people reach this installation, without a slash at its end."""
    return public_url_or_local(delivery_settings(database()), settings().local_url)


def composer() -> LiveComposer:
    """Give what makes the e-mails that leave; it is kept, with its rendering process."""
    return _composer(database(), home())


@lru_cache(maxsize=1)
def _composer(engine: Engine, folder: Path) -> LiveComposer:
    return LiveComposer(engine, folder, starter_emails(), _renderer(), public_url)


@cache
def _renderer() -> Renderer:
    return Renderer()


@lru_cache(maxsize=1)
def _signing_key(engine: Engine) -> bytes:
    return signing_key(engine, now())


def mail_routes() -> Routes:
    """Give the routes behind what stands in e-mails."""
    said = MailDoor(
        database=database, key=lambda: _signing_key(database()), clock=now, composer=composer
    )
    tracking = Tracking(read=said.read, note=said.note, view=said.view, sender=_mail_sender)
    preferences = Preferences(
        read=said.read,
        choices=said.choices,
        unsubscribe=said.unsubscribe,
        choose=said.choose,
        path=said.preferences_path,
        sender=_mail_sender,
    )
    bounces = BounceDoor(
        sender_of=KnownKeys(database, now).sender_of,
        is_signed=lambda source, body, mark: bounce_door.is_signed(
            database(), source, body, mark, now()
        ),
        take_message=lambda source, raw: bounce_door.take_message(database(), source, raw, now()),
        take_reports=lambda source, said: bounce_door.take_json(database(), source, said, now()),
    )
    return [
        *tracking_routes(tracking),
        *preference_routes(preferences),
        *bounce_routes(bounces),
    ]


def _mail_sender() -> Sender:
    own = company(database())
    return Sender(name=own.name, address=own.address)


def load_sample_shop(imported_at: datetime, watching: Watching | None = None) -> None:
    """Import the sample shop; what is there already stays as it is."""
    load_sample(home(), SAMPLE, imported_at=imported_at, watching=watching)


def save_starters(saved_at: datetime) -> int:
    """Save the starter campaigns that are not saved yet; give how many there are in all."""
    for campaign in starter_campaigns():
        if saved_campaign(database(), campaign.name) is None:
            save_campaign(
                database(), campaign, name=campaign.name, note="starter", saved_at=saved_at
            )
    return len(starter_campaigns())


def warm_up() -> None:
    """Have the engine compiled, once per machine, so that no page has to wait for it."""
    manifests = list_datasets(home())
    if manifests:
        smallest = min(manifests, key=lambda manifest: manifest.rows)
        rehearse(starter_campaigns(), open_dataset(home(), smallest.name))


@cache
def jobs() -> Jobs:
    """Give the background jobs of this process."""
    return Jobs()


@cache
def starter_emails() -> Mapping[str, EmailTemplate]:
    """Load the e-mails that come with the project, by name."""
    return load_templates(TEMPLATES)


def template_names() -> list[str]:
    """Name the e-mails that a send step may use: starters and saved ones."""
    return sorted(emails.names(database(), starter_emails()))


@cache
def starter_campaigns() -> Sequence[Campaign]:
    """Load the starter campaigns that come with the project, by file name."""
    return [load_campaign(path) for path in sorted((TEMPLATES / "campaigns").glob("*.yaml"))]
