"""What comes of an enrolment's steps and of its messages (SEMANTICS 5)."""

from enum import IntEnum


class _Word(IntEnum):
    @property
    def word(self) -> str:
        """Give the word that files carry (SEMANTICS 10)."""
        return self.name.lower()


class EnrolmentState(_Word):
    """Where an enrolment stands."""

    ACTIVE = 0
    COMPLETED = 1
    EXITED = 2


class MessageOutcome(_Word):
    """Sent, or the first reason for which it was withheld, in the order of the checks (5.5)."""

    SENT = 0
    UNSUBSCRIBED = 1
    SUPPRESSED = 2
    NO_ADDRESS = 3
    HOLDOUT = 4
    FREQUENCY_CAP = 5


class StepOutcome(_Word):
    """What a row of the trace says of a step (5.10).

    An enrolment that comes to rest leaves a row on arrival (`waiting`, `deferred`) and another when
    it moves on; every other step leaves one row.
    """

    WAITING = 0
    DEFERRED = 1
    CONTINUED = 2
    MATCHED = 3
    TIMED_OUT = 4
    TOOK = 5
    ASSIGNED = 6
    SENT = 7
    WITHHELD = 8
    RECORDED = 9
    GOAL = 10
    EXITED = 11
    COMPLETED = 12


class Reactions(_Word):
    """How people react to e-mails that were never sent, where a flow asks (7.2).

    `OBSERVED` knows only what the history recorded; `EVERYBODY` opens and clicks whatever was sent.
    """

    OBSERVED = 0
    EVERYBODY = 1
