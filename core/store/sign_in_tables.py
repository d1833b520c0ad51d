"""The table of who may do what; rows never leave `core.store`."""

from datetime import datetime

from sqlmodel import Field

from core.store.base import Table


class MemberRow(Table, table=True):
    """A role given to an e-mail address, a domain (`@example.com`) or everybody (`*`)."""

    __tablename__ = "members"

    who: str = Field(primary_key=True)
    role: str
    given_at: datetime
    given_by: str
