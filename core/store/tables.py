"""The tables, as the newest migration leaves them. Rows never leave `core.store`."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field

from core.store.base import Table


class CampaignRow(Table, table=True):
    """One campaign, known by its name."""

    __tablename__ = "campaigns"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime


class CampaignVersionRow(Table, table=True):
    """One saved version of a campaign: its whole file as JSON text, never changed again."""

    __tablename__ = "campaign_versions"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaigns.id", ondelete="CASCADE")
    number: int
    document: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)
    saved_at: datetime


class CampaignLayoutRow(Table, table=True):
    """Where the cards of a campaign's steps stand on the canvas: JSON text, step id to [x, y]."""

    __tablename__ = "campaign_layouts"

    campaign_id: int = Field(primary_key=True, foreign_key="campaigns.id", ondelete="CASCADE")
    positions: str = Field(sa_type=Text)


class EmailRow(Table, table=True):
    """One saved e-mail, known by its name."""

    __tablename__ = "emails"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime


class EmailVersionRow(Table, table=True):
    """One saved version of an e-mail: all but its name as JSON text, never changed again."""

    __tablename__ = "email_versions"
    __table_args__ = (UniqueConstraint("email_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    email_id: int = Field(foreign_key="emails.id", ondelete="CASCADE")
    number: int
    document: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)
    saved_at: datetime


class SettingRow(Table, table=True):
    """One thing that the marketer set for the whole installation: JSON text, by its name."""

    __tablename__ = "settings"

    name: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)
    changed_at: datetime
