"""What the page E-mails reads, cached here as in `readers`: by the generation of a dataset."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core import bootstrap
from core.domain.email_context import Plain
from core.domain.email_sources import EmailSource, EmailVersion
from core.domain.values import JsonValue
from core.rendering.emails import EmailTemplate
from core.rendering.renderer import Renderer
from core.services import email_rendering, emails
from core.services.audience_test import recipients_of_step
from core.services.company import Company
from core.services.company import company as read_company
from core.services.context_fields import ContextField, context_fields
from core.services.email_checks import KNOWN_NAMES
from core.services.email_context import (
    ContextSource,
    Recipient,
    context_of,
    contexts_of,
)
from core.services.emails import EmailSummary
from core.services.kept_recommender import FOLDER, kept_recommender
from core.ui.readers import DatasetKey, dataset, outcome, trait_names

_HOUR = 3600
# People looked at for the fields of e-mails: enough to see what one in a hundred has.
_LOOKED_AT = 300


def summaries() -> list[EmailSummary]:
    """List all e-mails by title, starters and saved ones; read anew each time."""
    return emails.emails(bootstrap.database(), bootstrap.starter_emails())


def starters() -> Mapping[str, EmailTemplate]:
    """Give the e-mails that come with the project, by name."""
    return bootstrap.starter_emails()


def email(name: str, number: int | None = None) -> EmailVersion | EmailSource:
    """Give an e-mail: its latest version, one by number, or the starter; raises UnusableInput."""
    return emails.email(bootstrap.database(), bootstrap.starter_emails(), name, number)


def versions(name: str) -> list[EmailVersion]:
    """List the saved versions of an e-mail, latest first."""
    return emails.versions(bootstrap.database(), name)


def campaigns_sending(name: str) -> list[str]:
    """Name the saved campaigns that send an e-mail."""
    return emails.campaigns_sending(bootstrap.database(), name)


@st.cache_resource(show_spinner=False, on_release=Renderer.close)
def renderer() -> Renderer:
    """Keep the process that makes the previews."""
    return Renderer()


def company() -> Company:
    """Give the company that sends, as it is set now."""
    return read_company(bootstrap.database())


def context_source(key: DatasetKey) -> ContextSource:
    """Give what the contexts of e-mails are made of."""
    return _context_source(key, company().as_context())


@st.cache_resource(ttl=_HOUR, max_entries=6, show_spinner="Reading what people bought …")
def _context_source(key: DatasetKey, sender: Plain) -> ContextSource:
    recommender = kept_recommender(dataset(key), bootstrap.home() / FOLDER)
    return ContextSource(dataset(key), recommend=recommender.recommend, company=sender)


def context(key: DatasetKey, template: EmailTemplate, recipient: Recipient) -> dict[str, JsonValue]:
    """Give what a template is told of somebody; raises UnusableInput for a stranger."""
    links = email_rendering.links_of(template)
    return _context(key, company().as_context(), links, recipient)


@st.cache_data(ttl=_HOUR, max_entries=256, show_spinner=False)
def _context(
    key: DatasetKey, sender: Plain, links: Mapping[str, str], recipient: Recipient
) -> dict[str, JsonValue]:
    return context_of(_context_source(key, sender), recipient, links).as_mapping()


@st.cache_data(ttl=_HOUR, max_entries=16, show_spinner="Looking at what is known of people …")
def fields(key: DatasetKey) -> list[ContextField]:
    """List the fields that e-mails of a dataset may use, with examples."""
    return context_fields(_context_source(key, {}), _LOOKED_AT)


def prepare(key: DatasetKey) -> None:
    """Get ready what the first look at an e-mail needs, while somebody chooses one."""
    renderer()
    context_source(key)
    fields(key)


def names(key: DatasetKey) -> frozenset[str]:
    """Name the fields that an e-mail may use: of profiles those that are there."""
    traits = trait_names(key)
    if not traits:
        return KNOWN_NAMES
    own = {f"profile.{name}" for name in ("user_id", *traits)}
    return (KNOWN_NAMES - {"profile"}) | own


@st.cache_resource(ttl=_HOUR, max_entries=8, show_spinner="Looking up who got it …")
def recipients(key: DatasetKey, rehearsal_id: str, place: int, step_id: str) -> Sequence[Recipient]:
    """List whom a step of a campaign in a kept rehearsal would have sent its e-mail, by person."""
    return recipients_of_step(outcome(rehearsal_id), dataset(key), place, step_id)


def contexts(
    key: DatasetKey, template: EmailTemplate, recipients: Sequence[Recipient]
) -> list[dict[str, JsonValue]]:
    """Give what a template is told of several people, in their order."""
    links = email_rendering.links_of(template)
    found = dict(contexts_of(context_source(key), recipients, links))
    return [found[place].as_mapping() for place in sorted(found)]
