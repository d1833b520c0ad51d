"""How people reacted to the e-mails that a history itself recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.durations import to_microseconds
from core.engine.batches import MISSING, Bools, EventBatch, Int64s
from core.engine.plans import CLICKED, OPENED
from core.history.reading import Dataset
from core.rehearsal.replay import as_batch

SENT = "email_sent"
REACTED_WITHIN = timedelta(days=3)
_MESSAGE_ID, _CAMPAIGN, _STEP = "message_id", "campaign", "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionCounts:
    """Recorded e-mails that were opened or clicked in time; who clicks has opened.

    `sent_count` are those whose time for it ended within the history; the others are censored and
    in none of the counts (7.3).
    """

    sent_count: int
    opened_count: int
    clicked_count: int
    censored_count: int


def reactions_in(dataset: Dataset, until: int) -> ReactionCounts | None:
    """Count the e-mails of a dataset up to a time (µs); None without any.

    A reaction belongs to the e-mail of its `message_id`; without one, to the person's last e-mail
    before it with its `campaign` and `step`, or, where it names no campaign, to the last at all.
    """
    names = dataset.manifest.names
    chunks = dataset.chunks([_MESSAGE_ID, _CAMPAIGN, _STEP], until)
    parts = [reactions_of(as_batch(chunk, names), until) for chunk in chunks]
    if not any(part.sent_count + part.censored_count for part in parts):
        return None
    return ReactionCounts(
        sent_count=sum(part.sent_count for part in parts),
        opened_count=sum(part.opened_count for part in parts),
        clicked_count=sum(part.clicked_count for part in parts),
        censored_count=sum(part.censored_count for part in parts),
    )


def reactions_of(batch: EventBatch, until: int) -> ReactionCounts:
    """Count the e-mails of whole users' events."""
    mails = _mails(batch)
    is_sent, is_click = mails.kind == 0, mails.kind == 2
    was_opened, was_clicked = (np.zeros(len(mails.kind), dtype=np.bool_) for _ in range(2))
    for group, is_reaction in _groupings(mails):
        mail = _last_mail(mails, group, is_sent, is_reaction)
        was_opened[mail[mail != MISSING]] = True
        was_clicked[mail[(mail != MISSING) & is_click]] = True
    is_decided = is_sent & (mails.at + to_microseconds(REACTED_WITHIN) <= until)
    return ReactionCounts(
        sent_count=int(is_decided.sum()),
        opened_count=int((was_opened & is_decided).sum()),
        clicked_count=int((was_clicked & is_decided).sum()),
        censored_count=int((is_sent & ~is_decided).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Mails:
    """E-mails sent (kind 0), opened (1) and clicked (2), in order, and what they refer to."""

    user: Int64s
    at: Int64s
    kind: Int64s
    message: Int64s
    campaign: Int64s
    step: Int64s


def _mails(batch: EventBatch) -> _Mails:
    kinds = [SENT, OPENED, CLICKED]
    kind_of = np.array(
        [kinds.index(n) if n in kinds else MISSING for n in batch.names] or [MISSING]
    )
    kind = kind_of[batch.name]
    chosen = np.flatnonzero(kind != MISSING)

    def column(name: str) -> Int64s:
        return batch.properties[name].codes[chosen].astype(np.int64)

    return _Mails(
        user=batch.user[chosen].astype(np.int64),
        at=batch.timestamp[chosen],
        kind=kind[chosen],
        message=column(_MESSAGE_ID),
        campaign=column(_CAMPAIGN),
        step=column(_STEP),
    )


def _groupings(mails: _Mails) -> list[tuple[Int64s, Bools]]:
    """Give what joins reactions to mails, and the reactions that are joined in this way."""
    is_reaction = mails.kind > 0
    by_id = mails.message != MISSING
    by_step = ~by_id & (mails.campaign != MISSING)
    return [
        (_numbered([mails.user, mails.message]), is_reaction & by_id),
        (_numbered([mails.user, mails.campaign, mails.step]), is_reaction & by_step),
        (mails.user, is_reaction & ~by_id & ~by_step),
    ]


def _numbered(columns: Sequence[Int64s]) -> Int64s:
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        width = int(column.max(initial=0)) + 2  # MISSING is a value of its own
        _, number = np.unique(number * width + column + 1, return_inverse=True)
    return number


def _last_mail(mails: _Mails, group: Int64s, is_sent: Bools, is_reaction: Bools) -> Int64s:
    """Find for each reaction the place of the last mail before it in its group, in time."""
    order = np.argsort(group, kind="stable")
    order = order[(is_sent | is_reaction)[order]]
    place = np.where(is_sent[order], np.arange(len(order)), MISSING)
    latest = np.maximum.accumulate(place)
    mail = np.where(latest == MISSING, MISSING, order[latest])
    late = mails.at[order] - mails.at[mail] > to_microseconds(REACTED_WITHIN)
    found = np.full(len(group), MISSING, dtype=np.int64)
    belongs = is_reaction[order] & (mail != MISSING) & (group[mail] == group[order]) & ~late
    found[order[belongs]] = mail[belongs]
    return found
