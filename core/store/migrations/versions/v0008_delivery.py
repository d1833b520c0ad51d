"""How e-mails leave: who takes a message, since when, when again, and what was said of it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_UNTOLD = sa.text("state = 'withheld' AND told_at IS NULL AND NOT is_sandbox")


def upgrade() -> None:
    """Let messages say how far they came; find those quickly that have to wait or to be told."""
    for name, kind in (
        ("claimed_by", sa.String()),
        ("begun_at", sa.BigInteger()),
        ("try_at", sa.BigInteger()),
        ("domain", sa.String()),
        ("detail", sa.Text()),
        ("told_at", sa.BigInteger()),
    ):
        op.add_column("live_messages", sa.Column(name, kind, nullable=True))
    # What was withheld before anybody asked about it is no news.
    op.execute("UPDATE live_messages SET told_at = changed_at WHERE state = 'withheld'")
    op.drop_index("ix_live_messages_state", "live_messages")
    op.create_index("ix_live_messages_state", "live_messages", ["state", "domain", "due_at"])
    op.create_index(
        "ix_live_messages_untold",
        "live_messages",
        ["id"],
        sqlite_where=_UNTOLD,
        postgresql_where=_UNTOLD,
    )
