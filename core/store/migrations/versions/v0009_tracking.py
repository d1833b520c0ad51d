"""What people do with e-mails, and what mail servers say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "mail_hits",
        sa.Column("id", serial, nullable=False),
        sa.Column("message_key", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sign", sa.String(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=True),
        sa.Column("is_machine", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_hits"),
    )
    op.create_index("ix_mail_hits_noted_at", "mail_hits", ["noted_at", "at"])
    op.create_index("ix_mail_hits_message", "mail_hits", ["message_key", "at"])
    op.create_index("ix_mail_hits_user", "mail_hits", ["user_id"])
    op.create_table(
        "mail_reports",
        sa.Column("id", serial, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("message_key", sa.String(), nullable=True),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_reports"),
        sa.UniqueConstraint("digest", name="uq_mail_reports_digest"),
    )
    op.create_index("ix_mail_reports_user", "mail_reports", ["user_id"])
    op.create_index("ix_mail_reports_address", "mail_reports", ["address"])
    op.create_table(
        "soft_bounces",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("bounce_count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_soft_bounces"),
    )
