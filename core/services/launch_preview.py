"""What the last rehearsal of a campaign says about launching it: how many people and e-mails."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.services.stored_rehearsals import RehearsalRecord, open_rehearsal, records

MONTH = timedelta(days=30)
_DAY = to_microseconds(timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedSends:
    """What a rehearsal would have sent in its last days: e-mails, and people who get any.

    `day_count` is 30, or the length of the history where that is shorter.
    """

    record: RehearsalRecord
    day_count: int
    people_count: int
    mail_count: int


def rehearsed_sends(home: Path, campaign: Campaign) -> RehearsedSends | None:
    """Give what the latest rehearsal of this very campaign would have sent; None without one."""
    for record in records(home):
        place = _place(record, campaign)
        if place is not None:
            _, outcome = open_rehearsal(home, record.rehearsal_id)
            return _sends(record, outcome, place)
    return None


def _place(record: RehearsalRecord, campaign: Campaign) -> int | None:
    for place, named in enumerate(record.campaigns):
        if named.campaign == campaign:
            return place
    return None


def _sends(record: RehearsalRecord, outcome: Outcome, place: int) -> RehearsedSends:
    begin = max(outcome.watermark - to_microseconds(MONTH), outcome.first_at)
    messages, enrolments = outcome.messages, outcome.enrolments
    is_meant = (
        (messages.outcome == MessageOutcome.SENT)
        & (messages.due_at > begin)
        & (enrolments.campaign[messages.enrolment] == place)
    )
    people = np.unique(enrolments.user[messages.enrolment[is_meant]])
    return RehearsedSends(
        record=record,
        day_count=max(1, round((outcome.watermark - begin) / _DAY)),
        people_count=len(people),
        mail_count=int(is_meant.sum()),
    )
