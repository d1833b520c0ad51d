"""The tables of what comes in by HTTP: who may send, who is who, and what was not usable.

Rows never leave `core.store`.
"""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from core.store.base import SERIAL, Table


class WriteKeyRow(Table, table=True):
    """Something that may send events, known by its name; of its key only a digest is kept."""

    __tablename__ = "write_keys"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    digest: str = Field(unique=True)
    created_at: datetime
    last_used_at: datetime | None = Field(default=None)
    revoked_at: datetime | None = Field(default=None)
    kind: str = Field(default="server", sa_column_kwargs={"server_default": "server"})
    # Of the pages that may use it, one per line.
    origins: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})


class PersonLinkRow(Table, table=True):
    """A former id of a person, anonymous or not; `user_id` itself has no link."""

    __tablename__ = "person_links"
    __table_args__ = (Index("ix_person_links_user_id", "user_id"),)

    person_id: str = Field(primary_key=True)
    user_id: str
    linked_at: datetime


class RejectedCallRow(Table, table=True):
    """A message that could not be used, and why; what it said is not kept."""

    __tablename__ = "rejected_calls"

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    received_at: datetime
    source: str
    kind: str
    message_id: str | None = Field(default=None)
    reason: str = Field(sa_type=Text)
