"""The tables of experiments: a name, and a log that only grows."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field

from core.store.base import Table


class ExperimentRow(Table, table=True):
    """One test, known by its name."""

    __tablename__ = "experiments"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime


class ExperimentChangeRow(Table, table=True):
    """One row of a test's log: who did what when; `document` is JSON text, never changed again."""

    __tablename__ = "experiment_changes"
    __table_args__ = (UniqueConstraint("experiment_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiments.id", ondelete="CASCADE")
    number: int
    changed_at: datetime
    changed_by: str
    kind: str
    document: str = Field(sa_type=Text)
