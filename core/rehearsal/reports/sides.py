"""One side of a comparison: one campaign's enrolments, messages and firings out of a run."""

from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Campaign
from core.engine.batches import Bools, Int32s, Int64s
from core.engine.ledger import Int8s
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import CampaignReplay
from core.rehearsal.reports.visits import BY_GOAL, Visits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entered:
    """The campaign's enrolments, by user and time; `row` is the event behind the firing."""

    user: Int32s
    entered_at: Int64s
    row: Int64s
    state: Int8s
    ended_at: Int64s
    left_by_goal: Bools

    def __len__(self) -> int:
        """Count the enrolments."""
        return len(self.user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Due:
    """The campaign's messages, sent and withheld; `enrolment` is a place in its `Entered`."""

    enrolment: Int64s
    step: Int64s
    due_at: Int64s
    outcome: Int64s

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.enrolment)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """All that one run says about one campaign."""

    campaign: Campaign
    firings: CampaignReplay
    entered: Entered
    due: Due


def side_of(outcome: Outcome, place: int, visits: Visits) -> Side:
    """Take one campaign out of a run, whose visits are known."""
    enrolments, messages = outcome.enrolments, outcome.messages
    own = np.flatnonzero(enrolments.campaign == place)
    number = np.full(len(enrolments), -1, dtype=np.int64)
    number[own] = np.arange(len(own))
    left_by_goal = np.zeros(len(enrolments), dtype=np.bool_)
    left_by_goal[visits.enrolment[visits.way == BY_GOAL]] = True
    due = np.flatnonzero(number[messages.enrolment] >= 0)
    return Side(
        campaign=outcome.campaigns[place],
        firings=outcome.firings[place],
        entered=Entered(
            user=enrolments.user[own],
            entered_at=enrolments.entered_at[own],
            row=enrolments.row[own],
            state=enrolments.state[own],
            ended_at=enrolments.ended_at[own],
            left_by_goal=left_by_goal[own],
        ),
        due=Due(
            enrolment=number[messages.enrolment[due]],
            step=messages.step[due].astype(np.int64),
            due_at=messages.due_at[due],
            outcome=messages.outcome[due].astype(np.int64),
        ),
    )
