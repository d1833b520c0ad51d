"""Saved versions of campaigns: a version never changes."""

from dataclasses import dataclass
from datetime import datetime

from core.domain.campaigns import Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignVersion:
    """One saved version; the numbers of a campaign's versions are 1, 2, 3 …"""

    campaign: Campaign
    number: int
    note: str
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSummary:
    """A campaign in a list: its name and its latest version's number, note and time."""

    name: str
    created_at: datetime
    latest_number: int
    latest_note: str
    latest_saved_at: datetime
