"""The split of a kept rehearsal as people of a test: an A/A test, which never names a winner (7.2).

No e-mail was sent in the history, so what the variants differ in cannot have had an effect.
"""

import numpy as np

from core.domain.durations import to_microseconds
from core.domain.experiments import ExperimentSettings, settings_for
from core.domain.outcomes import MessageOutcome
from core.engine.batches import Bools, Int64s
from core.engine.memory import NEVER
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.flow_times import ahead_of
from core.rehearsal.reports.visits import place_of, step_numbers, visits_of
from core.services.experiment_people import (
    Exclusion,
    ExposedPeople,
    GoalColumn,
    Int8s,
    MailColumns,
    Origin,
    in_order,
)

_NOTE = (
    "This is a rehearsal: the e-mails were never sent, so the variants can differ by chance only, "
    "and none can win."
)


def people_of_rehearsal(
    outcome: Outcome, place: int, split: str
) -> tuple[ExposedPeople, ExperimentSettings]:
    """Give everybody who came to a split in a rehearsal, by their first time there.

    The goal is the campaign's, within its time after entry; people who reached it before the split
    are left out and counted, and so is the holdout. Raises UnusableInput where the campaign (the
    `place`-th of the run) has no such split or no goal.
    """
    campaign = outcome.campaigns[place]
    settings = settings_for(campaign, split)
    assert settings.window is not None  # a campaign's goal has a time
    enrolment, variant, exposed_at = _exposures(outcome, place, split)
    enrolments = outcome.enrolments
    held_out = enrolments.is_held_out[enrolment]
    is_first = run_starts(enrolments.user[enrolment])
    goal_at = enrolments.goal_at[enrolment]
    is_early = (goal_at != NEVER) & (goal_at < exposed_at)
    counts = {
        Exclusion.REPEATED_ROWS: int((~is_first).sum()),
        Exclusion.HELD_OUT: int((is_first & held_out).sum()),
        Exclusion.GOAL_BEFORE_SPLIT: int((is_first & ~held_out & is_early).sum()),
    }
    kept = is_first & ~held_out & ~is_early
    people = ExposedPeople(
        origin=Origin.REPLAY,
        variants=settings.variant_names,
        variant=variant[kept],
        exposed_at=exposed_at[kept],
        window_ends_at=enrolments.entered_at[enrolment[kept]] + to_microseconds(settings.window),
        goals=(
            GoalColumn(
                name=settings.primary.name,
                is_reached=goal_at[kept] != NEVER,
                reached_at=goal_at[kept],
            ),
        ),
        mails=MailColumns(sent=_would_get_mail(outcome, place, split)[enrolment[kept]]),
        excluded={why: count for why, count in counts.items() if count},
        row_count=len(enrolment),
        notes=(_NOTE,),
    )
    return in_order(people), settings


def _exposures(outcome: Outcome, place: int, split: str) -> tuple[Int64s, Int8s, Int64s]:
    """Give enrolment (ascending), variant and time of each time somebody came to the split."""
    visits = visits_of(outcome)
    campaign = outcome.campaigns[place]
    number = step_numbers(outcome.campaigns).of(place).start + place_of(campaign, split)
    here = np.flatnonzero((visits.step == number) & (visits.way >= 0))
    return (
        visits.enrolment[here].astype(np.int64),
        visits.way[here].astype(np.int8),
        visits.arrived_at[here],
    )


def _would_get_mail(outcome: Outcome, place: int, split: str) -> Bools:
    """Say of each enrolment whether an e-mail behind the split would have been sent."""
    campaign, messages = outcome.campaigns[place], outcome.messages
    behind = ahead_of(campaign)[split]
    is_behind = np.array([step.id in behind for step in campaign.steps], dtype=np.bool_)
    would = np.zeros(len(outcome.enrolments), dtype=np.bool_)
    sent = np.equal(messages.outcome, MessageOutcome.SENT)
    own = sent & (outcome.enrolments.campaign[messages.enrolment] == place)
    enrolment = messages.enrolment[own]
    would[enrolment[is_behind[messages.step[own]]]] = True
    return would
