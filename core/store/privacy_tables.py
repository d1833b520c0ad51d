"""The tables of consent, of erasures and of who changed what. Rows never leave `core.store`.

Instants are whole microseconds since 1970 UTC, as in the tables of the evaluator.
"""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from core.store.base import SERIAL, Table


class ConsentRow(Table, table=True):
    """What a person said about one purpose; never changed, the latest counts."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_user", "user_id", "purpose"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: str
    purpose: str
    state: str
    at: int = Field(sa_type=BigInteger)
    source: str
    evidence: str = Field(sa_type=Text)


class AuditRow(Table, table=True):
    """What somebody changed; never changed itself, but for the ids of people who were erased."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_at", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    at: int = Field(sa_type=BigInteger)
    actor: str
    action: str
    subject: str
    detail: str = Field(sa_type=Text)


class SignUpRow(Table, table=True):
    """A sign-up by a form that waits for its confirmation, and the e-mail that asks for it.

    `state` is queued, sending, sent or failed, later confirmed; `purposes` is JSON.
    """

    __tablename__ = "sign_ups"
    __table_args__ = (
        Index("ix_sign_ups_state", "state", "try_at"),
        Index("ix_sign_ups_address", "address"),
        Index("ix_sign_ups_user", "user_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: str
    address: str
    purposes: str = Field(sa_type=Text)
    evidence: str = Field(sa_type=Text)
    asked_at: int = Field(sa_type=BigInteger)
    state: str
    try_at: int = Field(sa_type=BigInteger)
    attempt_count: int = Field(default=0)
    detail: str = Field(default="", sa_type=Text)


class ErasureRow(Table, table=True):
    """An erasure: `names` are the ids and addresses as JSON until it is done, then empty.

    `digest` recognises the person afterwards without naming them; `receipt` is JSON.
    """

    __tablename__ = "erasures"

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    digest: str
    names: str = Field(sa_type=Text)
    actor: str
    asked_at: int = Field(sa_type=BigInteger)
    done_at: int | None = Field(default=None, sa_type=BigInteger)
    receipt: str = Field(sa_type=Text)
