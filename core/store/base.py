"""What every table has in common."""

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

_NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# SQLite numbers rows by itself only where the primary key is exactly an INTEGER.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")


# Streamlit imports edited modules anew: SQLModel's own registry would know each table already.
# Constraints have names, because a migration can change only what it can name.
class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """The base of all tables. Instants are plain `datetime` fields: they come back in UTC."""
