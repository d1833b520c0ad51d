"""Questions of the pages about a finished rehearsal: natural conversion and splits, with rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.arms import SplitCounts, splits
from core.rehearsal.reports.conversions import (
    BeforeSend,
    GoalCount,
    before_sends,
    goals_after_entry,
)
from core.stats.arms import AATest, SampleRatio, aa_test, sample_ratio
from core.stats.estimates import Estimate, share

AA_NOTE = (
    "None of these mails was sent in the history, so all variants were treated alike: this is an "
    "A/A test of the split. Differences should be chance, and no variant can win."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """People who reached the goal, and their rate with Wilson's interval; None without people."""

    count: GoalCount
    rate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRates:
    """Natural conversion after entry, outside and inside the holdout.

    Nobody was e-mailed, so that `comparison` is an A/A test; None without a holdout or a goal.
    """

    campaign: str
    within: timedelta | None
    not_held_out: GroupRate
    held_out: GroupRate | None
    comparison: AATest | None


def goal_rates(outcome: Outcome) -> list[GoalRates]:
    """Estimate for each campaign how many reach its goal in time after they first entered."""
    found = []
    for goals in goals_after_entry(outcome):
        others, held_out = (_group(count) for count in (goals.not_held_out, goals.held_out))
        has_holdout = held_out.count.people_count + held_out.count.censored_count > 0
        counts = [group.count for group in (others, held_out)]
        compared = aa_test([c.goal_count for c in counts], [c.people_count for c in counts])
        found.append(
            GoalRates(
                campaign=goals.campaign,
                within=goals.within,
                not_held_out=others,
                held_out=held_out if has_holdout else None,
                comparison=compared if compared.pairs else None,
            )
        )
    return found


def _group(count: GoalCount) -> GroupRate:
    return GroupRate(count=count, rate=share(count.goal_count, count.people_count))


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeSendRate:
    """Who had reached the goal before a mail would leave, and the rate with Wilson's interval."""

    before: BeforeSend
    rate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBeforeRates:
    """The sends of one campaign, in the order of the file."""

    campaign: str
    sends: Sequence[BeforeSendRate]


def before_send_rates(outcome: Outcome) -> list[CampaignBeforeRates]:
    """Estimate for each mail how many have the goal already when it would leave."""
    return [
        CampaignBeforeRates(
            campaign=campaign.campaign,
            sends=[
                BeforeSendRate(before=send, rate=share(send.goal_count, send.enrolment_count))
                for send in campaign.sends
            ],
        )
        for campaign in before_sends(outcome)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTest:
    """A split on replayed history: what was observed, and whether the arms are alike (7.2).

    `rates` are per arm, of people decided; `alarms` are sentences, empty where all is well.
    """

    counts: SplitCounts
    rates: Sequence[Estimate | None]
    ratio: SampleRatio
    aa: AATest
    alarms: Sequence[str]
    note: str = AA_NOTE


def split_tests(outcome: Outcome) -> list[SplitTest]:
    """Check each split of each campaign; no replay names a winner."""
    return [_split_test(counts) for counts in splits(outcome)]


def _split_test(counts: SplitCounts) -> SplitTest:
    arms = counts.arms
    ratio = sample_ratio([arm.exposed_count for arm in arms], [arm.weight for arm in arms])
    goals, people = [arm.goal_count for arm in arms], [arm.decided_count for arm in arms]
    compared = aa_test(goals, people)
    return SplitTest(
        counts=counts,
        rates=[share(goal, count) for goal, count in zip(goals, people, strict=True)],
        ratio=ratio,
        aa=compared,
        alarms=_alarms(ratio, compared),
    )


def _alarms(ratio: SampleRatio, compared: AATest) -> list[str]:
    said = []
    if ratio.is_alarm and ratio.p_value is not None:
        said.append(
            "The variants do not have the sizes their weights ask for (chance alone: "
            f"{_chance(ratio.p_value)}). Look for what keeps people out of one."
        )
    if compared.is_alarm and compared.p_value is not None:
        said.append(
            "The variants reached the goal differently although nothing was sent (chance alone: "
            f"{_chance(compared.p_value)}). A test with this split would start uneven; choose "
            "another salt."
        )
    return said


def _chance(p_value: float) -> str:
    return "less than 1 in 10,000" if p_value < 0.0001 else f"1 in {round(1 / p_value):,}"
