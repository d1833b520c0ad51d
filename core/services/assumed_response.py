"""What a rehearsed campaign's mails would bring, under a model of how people respond (7.2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.domain.errors import UnusableInput
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.arms import Recipients, recipients
from core.rehearsal.reports.reactions import ReactionCounts, reactions_in
from core.services.rehearse import watermark_of
from core.stats.estimates import share
from core.stats.response import ArmSends, AssumedArm, Assumptions, Rate, simulate

_MICROSECONDS_PER_HOUR = 3_600_000_000

ASSUMED_NOTE = (
    "Assumed, not observed: these mails were never sent. The figures follow from the assumptions "
    "beside them and change with them; they name no winner."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedReactions:
    """How often the e-mails that the dataset itself recorded were opened and clicked.

    The rates can stand in `Assumptions`; `text` says where they come from.
    """

    counts: ReactionCounts
    opened: Rate
    clicked: Rate
    text: str


def observed_reactions(dataset: Dataset, *, until: int | None = None) -> ObservedReactions | None:
    """Estimate open and click rate from a dataset's `email_…` events, with Wilson's intervals.

    `until` is in µs, by default the last event. None where no e-mail was sent long enough before.
    """
    counts = reactions_in(dataset, watermark_of(dataset, None) if until is None else until)
    if counts is None or counts.sent_count == 0:
        return None
    source = f"observed on {counts.sent_count:,} e-mails of this dataset"
    return ObservedReactions(
        counts=counts,
        opened=_rate(counts.opened_count, counts.sent_count, source),
        clicked=_rate(counts.clicked_count, counts.sent_count, source),
        text=f"Rates {source}, which were other mails: yours may do better or worse.",
    )


def _rate(count: int, sent_count: int, source: str) -> Rate:
    estimate = share(count, sent_count)
    assert estimate is not None  # somebody was sent a mail
    return Rate(value=estimate.value, low=estimate.low, high=estimate.high, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedResponse:
    """What each arm would bring under the assumptions, which stand beside each figure."""

    arms: Sequence[AssumedArm]
    assumptions: Sequence[str]
    note: str = ASSUMED_NOTE
    assumed: Literal[True] = field(default=True)


def assumed_response(
    outcome: Outcome,
    place: int,
    assumptions: Assumptions,
    *,
    split: str | None = None,
    seed: int = 0,
) -> AssumedResponse:
    """Simulate the response to a campaign's mails, by the arms of a split or all together.

    Raises UnusableInput where there is no such split, or an uplift without a goal.
    """
    campaign = outcome.campaigns[place]
    if assumptions.uplift is not None and campaign.goal is None:
        raise UnusableInput(
            f"The campaign {campaign.name!r} has no goal that mails could bring people to; give it "
            "one, or leave the uplift out."
        )
    arms = [_sends(arm) for arm in recipients(outcome, place, split)]
    return AssumedResponse(
        arms=simulate(arms, assumptions, seed=seed), assumptions=assumptions.texts
    )


def _sends(arm: Recipients) -> ArmSends:
    return ArmSends(
        name=arm.name,
        sent_count=arm.sent_count,
        delays=arm.delays / _MICROSECONDS_PER_HOUR,
        decided_count=arm.decided_count,
        goal_count=arm.goal_count,
    )
