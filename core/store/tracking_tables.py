"""The tables of what comes back from e-mails. Rows never leave `core.store`.

Instants are whole microseconds since 1970 UTC, as in `live_tables`.
"""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from core.store.base import SERIAL, Table


class HitRow(Table, table=True):
    """A request for a picture or a link of an e-mail: `kind` is open or click.

    It becomes an event once `noted_at` is set; until then nobody knows whether a machine made it.
    `sign` says what the request itself tells of that, empty for nothing.
    """

    __tablename__ = "mail_hits"
    __table_args__ = (
        Index("ix_mail_hits_noted_at", "noted_at", "at"),
        Index("ix_mail_hits_message", "message_key", "at"),
        Index("ix_mail_hits_user", "user_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    message_key: str
    user_id: str
    kind: str
    url: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    sign: str
    noted_at: int | None = Field(default=None, sa_type=BigInteger)
    is_machine: bool = Field(default=False)


class ReportRow(Table, table=True):
    """What a mail server or a provider said of a message; each report is taken once.

    `outcome` says what came of it; a report of an unknown message changes nothing.
    """

    __tablename__ = "mail_reports"
    __table_args__ = (
        Index("ix_mail_reports_user", "user_id"),
        Index("ix_mail_reports_address", "address"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    digest: str = Field(unique=True)
    source: str
    kind: str
    outcome: str
    address: str
    message_key: str | None = Field(default=None)
    user_id: str | None = Field(default=None)
    status: str
    diagnostic: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    received_at: int = Field(sa_type=BigInteger)


class SoftBounceRow(Table, table=True):
    """How often in a row an address could not be reached for the time being."""

    __tablename__ = "soft_bounces"

    address: str = Field(primary_key=True)
    bounce_count: int
    last_at: int = Field(sa_type=BigInteger)
