"""Keys for browsers and keys for servers."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Let every key that there is stay one of a server."""
    op.add_column(
        "write_keys", sa.Column("kind", sa.String(), nullable=False, server_default="server")
    )
    op.add_column("write_keys", sa.Column("origins", sa.Text(), nullable=False, server_default=""))
