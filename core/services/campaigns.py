"""Saving drafts as versions of campaigns, and finding them again."""

from datetime import datetime

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.versions import CampaignSummary, CampaignVersion
from core.services import drafts
from core.store import campaigns as campaign_store
from core.store.database import reading, writing


def save_campaign(
    database: Engine, campaign: Campaign, *, name: str, note: str, saved_at: datetime
) -> CampaignVersion:
    """Save a campaign under a name, in one transaction; the same content saves nothing new.

    Raises UnusableInput for a name that cannot be one.
    """
    named = drafts.campaign_of({**drafts.document_of(campaign), "name": name.strip()})
    with writing(database) as session:
        return campaign_store.save_version(session, named, note=note.strip(), saved_at=saved_at)


def saved_campaigns(database: Engine) -> list[CampaignSummary]:
    """List all saved campaigns, the one saved last first."""
    with reading(database) as session:
        return campaign_store.list_campaigns(session)


def saved_campaign(database: Engine, name: str) -> CampaignVersion | None:
    """Give the latest version of a campaign; None if no campaign has that name."""
    with reading(database) as session:
        return campaign_store.latest(session, name)
