"""The tables of webhooks in: who calls us, what came of it, and what came already.

Rows never leave `core.store`.
"""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from core.store.base import SERIAL, Table


class HookSourceRow(Table, table=True):
    """A system that calls us; its secret stays readable, because signatures are made with it."""

    __tablename__ = "hook_sources"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    preset: str
    secret: str = Field(sa_type=Text)
    former_secret: str | None = Field(default=None, sa_type=Text)
    former_until: datetime | None = Field(default=None)
    organization: str
    mapping: str = Field(sa_type=Text)
    created_at: datetime


class HookDeliveryRow(Table, table=True):
    """One call of a source and what came of it; what it said is not kept."""

    __tablename__ = "hook_deliveries"
    __table_args__ = (Index("ix_hook_deliveries_source", "source_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    source_id: int = Field(foreign_key="hook_sources.id", ondelete="CASCADE")
    received_at: datetime
    outcome: str
    reason: str = Field(sa_type=Text)
    topic: str
    item_count: int
    event_count: int


class HookSeenRow(Table, table=True):
    """Something that a source has told us already, by its digest: told again it changes nothing."""

    __tablename__ = "hook_seen"

    source_id: int = Field(foreign_key="hook_sources.id", primary_key=True, ondelete="CASCADE")
    digest: str = Field(primary_key=True)
    seen_at: datetime
