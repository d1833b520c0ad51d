"""The tables of the live evaluator. Rows never leave `core.store`.

Instants are whole microseconds since 1970 UTC, the unit of the engine: these rows are read and
written in thousands, and never shown as they are.
"""

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from core.store.base import SERIAL, Table

# What an alert asks about, among millions of events; a question must say it in these words.
BAD_OUTCOMES = "event IN ('email_bounced', 'email_complained', 'email_unsubscribed')"


class EventRow(Table, table=True):
    """One event as it was received; `seq` is the order of arrival (SEMANTICS 1.2).

    No `seq` is given twice, also when the latest event was deleted: decisions know events by it.
    """

    __tablename__ = "live_events"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id"),
        Index(
            "ix_live_events_late",
            "seq",
            sqlite_where=text("is_late"),
            postgresql_where=text("is_late"),
        ),
        Index(
            "ix_live_events_outcomes",
            "event",
            "at",
            sqlite_where=text(BAD_OUTCOMES),
            postgresql_where=text(BAD_OUTCOMES),
        ),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: str
    event_id: str
    event: str
    at: int = Field(sa_type=BigInteger)
    properties: str = Field(sa_type=Text)
    received_at: int = Field(sa_type=BigInteger)
    source: str
    is_late: bool = Field(default=False)


class WaitingRow(Table, table=True):
    """An event that is not decided yet; deciding it takes the row away."""

    __tablename__ = "live_waiting"
    __table_args__ = (Index("ix_live_waiting_order", "partition", "at", "seq"),)

    seq: int = Field(primary_key=True, sa_type=BigInteger)
    partition: int
    at: int = Field(sa_type=BigInteger)


class StateRow(Table, table=True):
    """What the evaluator remembers of one person, per mode: JSON of `core.engine.keeping`."""

    __tablename__ = "live_states"
    __table_args__ = (
        Index("ix_live_states_due", "partition", "next_due_at"),
        {"sqlite_with_rowid": False},
    )

    user_id: str = Field(primary_key=True)
    mode: str = Field(primary_key=True)
    partition: int
    state: str = Field(sa_type=Text)
    next_due_at: int | None = Field(default=None, sa_type=BigInteger)


class ProfileRow(Table, table=True):
    """One person's traits as JSON, and what sends ask about first; None is nothing said.

    `email_key` is the address in lower case, by which people are found.
    """

    __tablename__ = "live_profiles"
    __table_args__ = (
        Index(
            "ix_live_profiles_consent",
            "consent",
            sqlite_where=text("consent IS NOT NULL"),
            postgresql_where=text("consent IS NOT NULL"),
        ),
        Index("ix_live_profiles_email_key", "email_key"),
        {"sqlite_with_rowid": False},
    )

    user_id: str = Field(primary_key=True)
    traits: str = Field(sa_type=Text)
    email: str | None = Field(default=None)
    consent: bool | None = Field(default=None)
    unsubscribed: bool = Field(default=False)
    timezone: str | None = Field(default=None)
    changed_at: int = Field(sa_type=BigInteger)
    email_key: str | None = Field(default=None)


class SuppressionRow(Table, table=True):
    """An address that gets nothing any more, and why."""

    __tablename__ = "live_suppressions"

    address: str = Field(primary_key=True)
    reason: str
    source: str
    at: int = Field(sa_type=BigInteger)


class LaunchRow(Table, table=True):
    """A launched campaign; `mode` is live or sandbox, `state` running, paused or stopped."""

    __tablename__ = "live_launches"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    mode: str
    state: str
    launched_at: int = Field(sa_type=BigInteger)
    changed_at: int = Field(sa_type=BigInteger)


class LaunchVersionRow(Table, table=True):
    """One version that a launch has or had: the whole campaign file as JSON.

    While `is_open`, people who entered with it may still be under way or reach its goal.
    """

    __tablename__ = "live_launch_versions"
    __table_args__ = (Index("ix_live_launch_versions_launch", "launch_id"),)

    id: int | None = Field(default=None, primary_key=True)
    launch_id: int = Field(foreign_key="live_launches.id", ondelete="CASCADE")
    number: int
    document: str = Field(sa_type=Text)
    published_at: int = Field(sa_type=BigInteger)
    is_open: bool = Field(default=True)


class PartitionRow(Table, table=True):
    """A share of the people: who decides for them, and how far time has come."""

    __tablename__ = "live_partitions"

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    owner: str | None = Field(default=None)
    heartbeat_at: int | None = Field(default=None, sa_type=BigInteger)
    watermark: int | None = Field(default=None, sa_type=BigInteger)
    decided_count: int = Field(default=0, sa_type=BigInteger)
    late_count: int = Field(default=0, sa_type=BigInteger)


class WorkerRow(Table, table=True):
    """A worker, and when it was last heard of."""

    __tablename__ = "live_workers"

    name: str = Field(primary_key=True)
    started_at: int = Field(sa_type=BigInteger)
    heartbeat_at: int = Field(sa_type=BigInteger)


class TallyRow(Table, table=True):
    """How many events came by one way, and how many of them were known already."""

    __tablename__ = "live_tallies"

    source: str = Field(primary_key=True)
    received_count: int = Field(default=0, sa_type=BigInteger)
    duplicate_count: int = Field(default=0, sa_type=BigInteger)
    last_at: int = Field(sa_type=BigInteger)


class DecisionRow(Table, table=True):
    """A firing and what came of it: `enrolled`, a reason of SEMANTICS 4, or `too_old` (8.2)."""

    __tablename__ = "live_decisions"
    __table_args__ = (
        UniqueConstraint("version_id", "cause_seq"),
        Index("ix_live_decisions_user", "user_id"),
        Index("ix_live_decisions_launch", "launch_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    launch_id: int
    version_id: int
    user_id: str
    key: str | None = Field(default=None)
    fired_at: int = Field(sa_type=BigInteger)
    event_id: str
    cause_seq: int = Field(sa_type=BigInteger)
    outcome: str
    decided_at: int = Field(sa_type=BigInteger)


class EnrolmentRow(Table, table=True):
    """One person's way through a launched campaign; `id` is launch and event behind the firing."""

    __tablename__ = "live_enrolments"
    __table_args__ = (
        Index("ix_live_enrolments_user", "user_id"),
        Index("ix_live_enrolments_launch", "launch_id", "state", "user_id"),
    )

    id: str = Field(primary_key=True)
    launch_id: int
    version_id: int
    user_id: str
    key: str | None = Field(default=None)
    entered_at: int = Field(sa_type=BigInteger)
    is_held_out: bool
    variant: str
    state: str
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    goal_at: int | None = Field(default=None, sa_type=BigInteger)


class TraceRow(Table, table=True):
    """What a step did to an enrolment (SEMANTICS 5.10)."""

    __tablename__ = "live_trace"
    __table_args__ = (
        Index("ix_live_trace_enrolment", "enrolment_id"),
        Index("ix_live_trace_user", "user_id"),
        Index("ix_live_trace_launch", "launch_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    enrolment_id: str
    launch_id: int
    user_id: str
    step: str
    at: int = Field(sa_type=BigInteger)
    outcome: str
    reason: str
    decided_at: int = Field(sa_type=BigInteger)


class ExposureRow(Table, table=True):
    """When a person first came to a split, and the variant they got (SEMANTICS 6.3)."""

    __tablename__ = "live_exposures"
    __table_args__ = ({"sqlite_with_rowid": False},)

    launch_id: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    variant: str
    exposed_at: int = Field(sa_type=BigInteger)
    enrolment_id: str


class MessageRow(Table, table=True):
    """The outbox: `key`, from version, enrolment and step, keeps a message from being made twice.

    `state` is queued, sending, sent, failed, unknown or withheld. Since `begun_at` it may be on the
    wire; it is not tried before `try_at`; `domain` is that of an address for which it had to wait.
    `told_at` is when a withheld message became an event.
    """

    __tablename__ = "live_messages"
    __table_args__ = (
        Index("ix_live_messages_state", "state", "domain", "due_at"),
        Index(
            "ix_live_messages_untold",
            "id",
            sqlite_where=text("state = 'withheld' AND told_at IS NULL AND NOT is_sandbox"),
            postgresql_where=text("state = 'withheld' AND told_at IS NULL AND NOT is_sandbox"),
        ),
        Index("ix_live_messages_user", "user_id"),
        Index("ix_live_messages_launch", "launch_id", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    key: str = Field(unique=True)
    launch_id: int
    version_id: int
    enrolment_id: str
    user_id: str
    entered_at: int = Field(sa_type=BigInteger)
    step: str
    template: str
    subject: str | None = Field(default=None)
    variant: str
    due_at: int = Field(sa_type=BigInteger)
    state: str
    reason: str
    is_sandbox: bool
    address: str | None = Field(default=None)
    attempt_count: int = Field(default=0)
    changed_at: int = Field(sa_type=BigInteger)
    claimed_by: str | None = Field(default=None)
    begun_at: int | None = Field(default=None, sa_type=BigInteger)
    try_at: int | None = Field(default=None, sa_type=BigInteger)
    domain: str | None = Field(default=None)
    detail: str | None = Field(default=None, sa_type=Text)
    told_at: int | None = Field(default=None, sa_type=BigInteger)


class EffectRow(Table, table=True):
    """What a flow asks of others: a change of the profile, a call of another system.

    Of a call: its `host`, when it may be tried next, what the last try was answered, and when a
    person asked for another try.
    """

    __tablename__ = "live_effects"
    __table_args__ = (
        Index("ix_live_effects_state", "state"),
        Index("ix_live_effects_next", "state", "next_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    key: str = Field(unique=True)
    launch_id: int
    enrolment_id: str
    user_id: str
    step: str
    kind: str
    document: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    state: str
    is_sandbox: bool
    attempt_count: int = Field(default=0)
    changed_at: int = Field(sa_type=BigInteger)
    host: str | None = Field(default=None)
    next_at: int | None = Field(default=None, sa_type=BigInteger)
    answer: str | None = Field(default=None, sa_type=Text)
    resent_at: int | None = Field(default=None, sa_type=BigInteger)


class DeadLetterRow(Table, table=True):
    """A person whose events could not be decided, with the events and the reason."""

    __tablename__ = "live_dead_letters"

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: str
    seqs: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    is_open: bool = Field(default=True)
