"""The only place that joins the parts: settings, database, folders, background jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from core.api.gate import Gate
from core.api.routes import Routes, ingest_routes
from core.clock import now
from core.domain.campaigns import Campaign
from core.history.reading import list_datasets, open_dataset
from core.rendering.emails import EmailTemplate
from core.rendering.templates import load_templates
from core.services import emails
from core.services.campaign_files import load_campaign
from core.services.campaigns import save_campaign, saved_campaign
from core.services.errands import Errand
from core.services.health import answers
from core.services.imports import Watching, load_sample
from core.services.ingesting import denied_properties, take_in
from core.services.jobs import Jobs
from core.services.rehearse import rehearse
from core.services.remembering import Remembered
from core.services.write_keys import KNOWN_FOR, KnownKeys
from core.settings import REPOSITORY, Settings, read_settings
from core.store.database import migrate, open_database

TEMPLATES = REPOSITORY / "templates"
SAMPLE = REPOSITORY / "data"


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


def api_routes() -> Routes:
    """Give the routes by which events come in; nothing is opened before the first request."""
    denied = Remembered(lambda: denied_properties(database()), now)
    gate = Gate(
        store=lambda deliveries: take_in(database(), deliveries),
        name_of=KnownKeys(database, now).name_of,
        clock=now,
        is_healthy=lambda: answers(database()),
        denied=lambda: denied.get(KNOWN_FOR),
    )
    return ingest_routes(gate)


def errands() -> list[Errand]:
    """Give what the evaluator's process does beside deciding."""
    return []


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
