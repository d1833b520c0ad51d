"""What was done to launches, alerts, and indexes by which the page Live asks without counting."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OUTCOMES = "event IN ('email_bounced', 'email_complained', 'email_unsubscribed')"


def upgrade() -> None:
    """Create tables and indexes."""
    _tables()
    _indexes()


def _tables() -> None:
    op.create_table(
        "live_launch_changes",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("under_way", sa.String(), nullable=True),
        sa.Column("dataset", sa.String(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_live_launch_changes"),
    )
    op.create_index("ix_live_launch_changes_launch", "live_launch_changes", ["launch_id"])
    op.create_table(
        "alert_episodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_episodes"),
    )
    op.create_index(
        "uq_alert_episodes_open",
        "alert_episodes",
        ["rule"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"],
            ["alert_episodes.id"],
            name="fk_alert_notices_episode_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_notices"),
    )
    op.create_index("ix_alert_notices_state", "alert_notices", ["state", "due_at"])


def _indexes() -> None:
    op.create_index(
        "ix_live_events_late",
        "live_events",
        ["seq"],
        sqlite_where=sa.text("is_late"),
        postgresql_where=sa.text("is_late"),
    )
    op.create_index(
        "ix_live_events_outcomes",
        "live_events",
        ["event", "at"],
        sqlite_where=sa.text(_OUTCOMES),
        postgresql_where=sa.text(_OUTCOMES),
    )
    op.create_index("ix_live_trace_launch", "live_trace", ["launch_id", "id"])
    op.drop_index("ix_live_messages_launch", table_name="live_messages")
    op.create_index("ix_live_messages_launch", "live_messages", ["launch_id", "state", "due_at"])
    op.drop_index("ix_live_enrolments_launch", table_name="live_enrolments")
    op.create_index(
        "ix_live_enrolments_launch", "live_enrolments", ["launch_id", "state", "user_id"]
    )
