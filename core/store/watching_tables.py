"""The tables of watching: what was done to launches, and alerts. Rows never leave `core.store`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from core.store.base import SERIAL, Table


class LaunchChangeRow(Table, table=True):
    """Something done to a launch at an instant (µs): launched, published, paused, resumed, stopped.

    `dataset` and `fingerprint` name the history that a version's trigger began with; `under_way`
    says what became of people under way when a version was published.
    """

    __tablename__ = "live_launch_changes"
    __table_args__ = (Index("ix_live_launch_changes_launch", "launch_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    launch_id: int
    version_id: int
    what: str
    at: int = Field(sa_type=BigInteger)
    under_way: str | None = Field(default=None)
    dataset: str | None = Field(default=None)
    fingerprint: str | None = Field(default=None)


class AlertEpisodeRow(Table, table=True):
    """A time in which an alert rule was broken; open while `closed_at` is None, one per rule."""

    __tablename__ = "alert_episodes"
    __table_args__ = (
        Index(
            "uq_alert_episodes_open",
            "rule",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    rule: str
    raised_at: datetime
    closed_at: datetime | None = Field(default=None)
    said: str = Field(sa_type=Text)


class AlertNoticeRow(Table, table=True):
    """A message about an alert, raised or over, by e-mail or webhook, until it is told."""

    __tablename__ = "alert_notices"
    __table_args__ = (Index("ix_alert_notices_state", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    episode_id: int = Field(foreign_key="alert_episodes.id", ondelete="CASCADE")
    kind: str
    way: str
    target: str
    said: str = Field(sa_type=Text)
    state: str
    reason: str = Field(default="")
    attempt_count: int = Field(default=0)
    due_at: datetime
