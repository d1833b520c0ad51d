"""What the live evaluator reads and writes: events, states, launches, decisions, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _events()
    _people()
    _launches()
    _decisions()
    _outbox()


def _events() -> None:
    op.create_table(
        "live_events",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_live_events"),
        sa.UniqueConstraint("user_id", "event_id", name="uq_live_events_user_id_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "live_waiting",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_live_waiting"),
    )
    op.create_index(
        "ix_live_waiting_order", "live_waiting", ["partition", "at", "seq"], unique=False
    )
    op.create_table(
        "live_tallies",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_count", sa.BigInteger(), nullable=False),
        sa.Column("duplicate_count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_live_tallies"),
    )
    op.create_table(
        "live_dead_letters",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("seqs", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_dead_letters"),
    )


def _people() -> None:
    op.create_table(
        "live_states",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "mode", name="pk_live_states"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_live_states_due", "live_states", ["partition", "next_due_at"], unique=False)
    op.create_table(
        "live_profiles",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("traits", sa.Text(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=True),
        sa.Column("unsubscribed", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_live_profiles"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_live_profiles_consent",
        "live_profiles",
        ["consent"],
        unique=False,
        sqlite_where=sa.text("consent IS NOT NULL"),
        postgresql_where=sa.text("consent IS NOT NULL"),
    )
    op.create_table(
        "live_suppressions",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_live_suppressions"),
    )
    op.create_table(
        "live_workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_live_workers"),
    )
    op.create_table(
        "live_partitions",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=True),
        sa.Column("watermark", sa.BigInteger(), nullable=True),
        sa.Column("decided_count", sa.BigInteger(), nullable=False),
        sa.Column("late_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name="pk_live_partitions"),
    )


def _launches() -> None:
    op.create_table(
        "live_launches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("launched_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_launches"),
    )
    op.create_table(
        "live_launch_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["launch_id"],
            ["live_launches.id"],
            name="fk_live_launch_versions_launch_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_live_launch_versions"),
    )
    op.create_index(
        "ix_live_launch_versions_launch", "live_launch_versions", ["launch_id"], unique=False
    )


def _decisions() -> None:
    op.create_table(
        "live_decisions",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("cause_seq", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_decisions"),
        sa.UniqueConstraint(
            "version_id", "cause_seq", name="uq_live_decisions_version_id_cause_seq"
        ),
    )
    op.create_index("ix_live_decisions_launch", "live_decisions", ["launch_id", "id"], unique=False)
    op.create_index("ix_live_decisions_user", "live_decisions", ["user_id"], unique=False)
    op.create_table(
        "live_enrolments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("is_held_out", sa.Boolean(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("goal_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_live_enrolments"),
    )
    op.create_index(
        "ix_live_enrolments_launch", "live_enrolments", ["launch_id", "state"], unique=False
    )
    op.create_index("ix_live_enrolments_user", "live_enrolments", ["user_id"], unique=False)
    op.create_table(
        "live_trace",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("enrolment_id", sa.String(), nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_trace"),
    )
    op.create_index("ix_live_trace_enrolment", "live_trace", ["enrolment_id"], unique=False)
    op.create_index("ix_live_trace_user", "live_trace", ["user_id"], unique=False)
    op.create_table(
        "live_exposures",
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("exposed_at", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("launch_id", "step", "user_id", name="pk_live_exposures"),
        sqlite_with_rowid=False,
    )


def _outbox() -> None:
    op.create_table(
        "live_messages",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_messages"),
        sa.UniqueConstraint("key", name="uq_live_messages_key"),
    )
    op.create_index("ix_live_messages_launch", "live_messages", ["launch_id"], unique=False)
    op.create_index("ix_live_messages_state", "live_messages", ["state", "due_at"], unique=False)
    op.create_index("ix_live_messages_user", "live_messages", ["user_id"], unique=False)
    op.create_table(
        "live_effects",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("launch_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_effects"),
        sa.UniqueConstraint("key", name="uq_live_effects_key"),
    )
    op.create_index("ix_live_effects_state", "live_effects", ["state"], unique=False)
