"""How much mail one person gets: messages per person, crowded weeks, campaigns that collide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

import numpy as np

from core.domain.durations import to_microseconds
from core.domain.outcomes import MessageOutcome
from core.engine.batches import Bools, Int32s, Int64s
from core.rehearsal.outcome import Outcome

A_WEEK, A_DAY = timedelta(days=7), timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCrowd:
    """A campaign's part in crowded periods: people and messages."""

    campaign: str
    people_count: int
    message_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """People who got `most` messages or more in some period `(t - within, t]`.

    `by_campaign` says who sent the messages of such periods, in the run's order.
    """

    most: int
    within: timedelta
    people_count: int
    by_campaign: Sequence[CampaignCrowd]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Two campaigns, and the people who got a message of each within a short time."""

    first: str
    second: str
    people_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """What all campaigns of a run together do to a person's inbox.

    `people_by_sent_count` maps a number of messages to the people who got that many; 0 are those
    who were enrolled and got none. `collisions` are less than `apart` apart, most people first.
    """

    enrolled_people_count: int
    people_by_sent_count: Mapping[int, int]
    crowded: Crowded
    apart: timedelta
    collisions: Sequence[Collision]
    collision_people_count: int

    @property
    def most_sent_count(self) -> int:
        """Give the largest number of messages that one person got."""
        return max(self.people_by_sent_count, default=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sent:
    """Sent messages by user and time."""

    user: Int32s
    at: Int64s
    campaign: Int32s


def pressure(
    outcome: Outcome, *, most: int = 3, within: timedelta = A_WEEK, apart: timedelta = A_DAY
) -> Pressure:
    """Count over all campaigns of the run; a period is open at its start, as a cap's is (5.5)."""
    sent = _sent(outcome)
    names = [campaign.name for campaign in outcome.campaigns]
    collisions, collided = _collisions(sent, names, to_microseconds(apart))
    enrolled = len(np.unique(outcome.enrolments.user))
    return Pressure(
        enrolled_people_count=enrolled,
        people_by_sent_count=_by_sent_count(sent.user, enrolled),
        crowded=_crowded(sent, names, most, within),
        apart=apart,
        collisions=collisions,
        collision_people_count=collided,
    )


def _sent(outcome: Outcome) -> _Sent:
    messages, enrolments = outcome.messages, outcome.enrolments
    chosen = np.flatnonzero(np.equal(messages.outcome, MessageOutcome.SENT))
    enrolment, at = messages.enrolment[chosen], messages.due_at[chosen]
    user = enrolments.user[enrolment]
    order = np.lexsort((at, user))
    return _Sent(user=user[order], at=at[order], campaign=enrolments.campaign[enrolment[order]])


def _by_sent_count(user: Int32s, enrolled_count: int) -> dict[int, int]:
    _, counts = np.unique(user, return_counts=True)
    people = np.bincount(counts, minlength=1)
    people[0] = enrolled_count - len(counts)
    return {count: int(number) for count, number in enumerate(people) if number}


def _crowded(sent: _Sent, names: Sequence[str], most: int, within: timedelta) -> Crowded:
    is_crowded = _is_crowded(sent, most, to_microseconds(within))
    user, campaign = sent.user[is_crowded], sent.campaign[is_crowded]
    return Crowded(
        most=most,
        within=within,
        people_count=len(np.unique(user)),
        by_campaign=[
            CampaignCrowd(
                campaign=name,
                people_count=len(np.unique(user[campaign == n])),
                message_count=int((campaign == n).sum()),
            )
            for n, name in enumerate(names)
        ],
    )


def _is_crowded(sent: _Sent, most: int, within: int) -> Bools:
    """Say for each message whether it is one of `most` in a row that lie within the period."""
    is_crowded = np.zeros(len(sent.user), dtype=np.bool_)
    starts = len(sent.user) - most + 1
    if starts <= 0:
        return is_crowded
    ends = slice(most - 1, None)
    begins = (sent.user[:starts] == sent.user[ends]) & (sent.at[ends] - sent.at[:starts] < within)
    for n in range(most):
        is_crowded[n : n + starts] |= begins
    return is_crowded


def _collisions(sent: _Sent, names: Sequence[str], apart: int) -> tuple[list[Collision], int]:
    """Count people by pair of campaigns, and people with any such pair."""
    near = _near_another(sent, apart)
    sent = _Sent(user=sent.user[near], at=sent.at[near], campaign=sent.campaign[near])
    next_of = {int(n): _next_of(sent.campaign == n) for n in np.unique(sent.campaign)}
    found, everybody = [], [sent.user[:0]]
    for first, second in combinations(next_of, 2):
        pairs = [(first, next_of[second]), (second, next_of[first])]
        users = np.concatenate([_meeting(sent, own, after, apart) for own, after in pairs])
        people = np.unique(users)
        everybody.append(people)
        if len(people):
            found.append(
                Collision(first=names[first], second=names[second], people_count=len(people))
            )
    found.sort(key=lambda c: (-c.people_count, names.index(c.first), names.index(c.second)))
    return found, len(np.unique(np.concatenate(everybody)))


def _near_another(sent: _Sent, apart: int) -> Bools:
    """Keep messages with a neighbour in time: all that can collide, and few beside."""
    follows = (sent.user[1:] == sent.user[:-1]) & (sent.at[1:] - sent.at[:-1] < apart)
    near = np.zeros(len(sent.user), dtype=np.bool_)
    near[1:] |= follows
    near[:-1] |= follows
    return near


def _next_of(is_own: Bools) -> Int64s:
    """Give for each place the next place, itself included, that is a campaign's own, or the end."""
    places = np.where(is_own, np.arange(len(is_own)), len(is_own))
    following: Int64s = np.minimum.accumulate(places[::-1])[::-1]
    return following


def _meeting(sent: _Sent, campaign: int, following: Int64s, apart: int) -> Int32s:
    """List the users of a campaign's messages that a message of the other follows soon."""
    own = np.flatnonzero((sent.campaign == campaign) & (following < len(sent.user)))
    after = following[own]
    soon = (sent.user[after] == sent.user[own]) & (sent.at[after] - sent.at[own] < apart)
    users: Int32s = sent.user[own[soon]]
    return users
