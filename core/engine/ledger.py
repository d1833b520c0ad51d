"""What flows did, written down as arrays: enrolments, messages and the trace."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.batches import Bools, Int32s, Int64s

Int8s = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolments:
    """Enrolments as equally long arrays, by user, each user's in the order in which they entered.

    `campaign` is the place of the campaign in the run, `user` the dataset's user code, `row` the
    event that caused the firing, `key` an index into `key_texts` or -1. Times are µs since 1970;
    `ended_at` is NEVER while active, `goal_at` the first goal event after entry within its window
    (5.7), whether it ended the enrolment or not, else NEVER. `state` holds `EnrolmentState`.
    """

    campaign: Int32s
    user: Int32s
    entered_at: Int64s
    row: Int64s
    key: Int32s
    key_texts: Sequence[str]
    is_held_out: Bools
    state: Int8s
    ended_at: Int64s
    goal_at: Int64s

    def __len__(self) -> int:
        """Count the enrolments."""
        return len(self.user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Messages:
    """Messages that became due, as equally long arrays, each user's in the order of their times.

    `enrolment` is a place in `Enrolments`, `step` a place in the campaign's steps, `variant` an
    index into `variants` (the last split's before it) or -1, `outcome` a `MessageOutcome`.
    """

    enrolment: Int32s
    step: Int32s
    variant: Int32s
    variants: Sequence[str]
    due_at: Int64s
    outcome: Int8s

    def __len__(self) -> int:
        """Count the messages, sent and withheld."""
        return len(self.enrolment)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """What each step did (5.10), as equally long arrays, each user's in the order it happened.

    `step` is a place in the campaign's steps, or -1 for the end after the last; `outcome` a
    `StepOutcome`; `reason` an index into `reasons` or -1; `until_at` is when a rest is to end (µs),
    NEVER elsewhere.
    """

    enrolment: Int32s
    step: Int32s
    at: Int64s
    outcome: Int8s
    reason: Int32s
    reasons: Sequence[str]
    until_at: Int64s

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.enrolment)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """All that flows did to the people of a batch."""

    enrolments: Enrolments
    messages: Messages
    trace: Trace
