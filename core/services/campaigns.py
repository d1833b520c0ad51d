"""Saving drafts as versions of campaigns with their layout, and finding them again."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.versions import CampaignSummary, CampaignVersion
from core.services import drafts
from core.store import campaigns as campaign_store
from core.store import layouts as layout_store
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


def versions(database: Engine, name: str) -> list[CampaignVersion]:
    """List the versions of a campaign, latest first; none if no campaign has that name."""
    with reading(database) as session:
        return campaign_store.versions(session, name)


def saved_version(database: Engine, name: str, number: int) -> CampaignVersion | None:
    """Give one version of a campaign; None if there is no such name or number."""
    with reading(database) as session:
        return campaign_store.version(session, name, number)


def delete_campaign(database: Engine, name: str) -> bool:
    """Forget a campaign, all its versions and its layout; say whether there was one."""
    with writing(database) as session:
        return campaign_store.delete_campaign(session, name)


def save_layout(database: Engine, name: str, positions: Mapping[str, tuple[float, float]]) -> None:
    """Keep where the cards of a campaign's steps stand, by step id.

    Raises UnusableInput if no campaign has that name, or if a position is no finite number.
    """
    with writing(database) as session:
        layout_store.save_layout(session, name, positions)


def layout(database: Engine, name: str) -> dict[str, tuple[float, float]]:
    """Give where the cards of a campaign's steps stand, by step id; none if nobody moved one."""
    with reading(database) as session:
        return layout_store.layout(session, name)
