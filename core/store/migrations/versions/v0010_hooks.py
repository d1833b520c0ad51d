"""Systems that call us, and systems that we call."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables, and note of an effect where it goes and when it is tried next."""
    op.create_table(
        "hook_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("former_secret", sa.Text(), nullable=True),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hook_sources"),
        sa.UniqueConstraint("name", name="uq_hook_sources_name"),
    )
    op.create_table(
        "hook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["hook_sources.id"],
            name="fk_hook_deliveries_source_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hook_deliveries"),
    )
    op.create_index("ix_hook_deliveries_source", "hook_deliveries", ["source_id", "id"])
    op.create_table(
        "hook_seen",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["hook_sources.id"], name="fk_hook_seen_source_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "digest", name="pk_hook_seen"),
    )
    op.add_column("live_effects", sa.Column("host", sa.String(), nullable=True))
    op.add_column("live_effects", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.add_column("live_effects", sa.Column("answer", sa.Text(), nullable=True))
    op.add_column("live_effects", sa.Column("resent_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_live_effects_next", "live_effects", ["state", "next_at"])
    op.add_column("live_profiles", sa.Column("email_key", sa.String(), nullable=True))
    op.execute("UPDATE live_profiles SET email_key = lower(trim(email)) WHERE email IS NOT NULL")
    op.create_index("ix_live_profiles_email_key", "live_profiles", ["email_key"])
