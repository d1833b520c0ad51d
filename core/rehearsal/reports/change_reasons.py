"""Why one run did not send what the other did: told from its firings, enrolments and messages."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.domain.firings import Admission
from core.domain.outcomes import EnrolmentState, MessageOutcome
from core.domain.steps import SendStep
from core.engine.batches import Bools, Int64s
from core.engine.memory import NEVER
from core.rehearsal.reports.pairing import NOBODY, Pairs, nearest_of
from core.rehearsal.reports.sides import Side


class Reason(StrEnum):
    """Why a message is missing on one side, or has another time there."""

    NOT_CAUGHT = "not_caught"  # the trigger did not fire for the person then
    REFUSED = "refused"  # it fired, and the firing was not admitted; the detail says why
    WITHHELD = "withheld"  # the mail came up; the detail says why it was not sent
    LEFT_BY_GOAL = "left_by_goal"  # the goal was reached before the mail
    STILL_WAITING = "still_waiting"  # the history ends before the mail
    NO_SUCH_STEP = "no_such_step"  # the flow has no such mail
    ANOTHER_WAY = "another_way"  # the flow led past the mail
    ENTERED_EARLIER = "entered_earlier"
    ENTERED_LATER = "entered_later"
    WAITED_LONGER = "waited_longer"
    WAITED_SHORTER = "waited_shorter"
    OTHER_STEP = "other_step"  # the same template, sent by another step


REASONS = tuple(Reason)
REFUSALS = tuple(reason.word for reason in Admission)
OUTCOMES = tuple(outcome.word for outcome in MessageOutcome)
DETAILS = ("", *dict.fromkeys([*REFUSALS, *OUTCOMES]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Why:
    """Reasons as equally long arrays: places in REASONS and DETAILS, and a time (µs) or NEVER."""

    reason: Int64s
    detail: Int64s
    at: Int64s


def why_not_entered(side: Side, other: Side, enrolments: Int64s) -> Why:
    """Say for enrolments of a side that have no partner why the other side has none.

    A refusal of the same event's firing comes first, else the nearest refusal of the person's.
    """
    firings = other.firings
    refused = np.flatnonzero(firings.outcome != Admission.ENROLLED)
    user, at = side.entered.user[enrolments], side.entered.entered_at[enrolments]
    nearest = nearest_of(user, at, firings.user[refused], firings.fired_at[refused])
    by_row = np.argsort(firings.row[refused], kind="stable")
    same = _equal_in(side.entered.row[enrolments], firings.row[refused][by_row])
    found = np.where(same != NOBODY, _at(by_row, same), nearest)
    is_refused = found != NOBODY
    firing = _at(refused, found)
    why = _all(Reason.NOT_CAUGHT, len(enrolments))
    why.reason[is_refused] = REASONS.index(Reason.REFUSED)
    why.detail[is_refused] = _details(REFUSALS)[firings.outcome[firing[is_refused]]]
    why.at[is_refused] = firings.fired_at[firing[is_refused]]
    return why


def why_not_sent(side: Side, other: Side, sent: Int64s, enrolments: Pairs, messages: Pairs) -> Why:
    """Say for messages sent on a side (places) why the other side did not send them.

    The pairs have this side as `before`.
    """
    enrolment = side.due.enrolment[sent]
    partner = enrolments.partner_of_before(len(side.entered))[enrolment]
    message = messages.partner_of_before(len(side.due))[sent]
    why = _all(Reason.ANOTHER_WAY, len(sent))
    alone = np.flatnonzero(partner == NOBODY)
    _put(why, alone, why_not_entered(side, other, enrolment[alone]))
    in_flow = (partner != NOBODY) & (message == NOBODY)
    state = _at(other.entered.state.astype(np.int64), partner)
    by_goal = in_flow & (_at(other.entered.left_by_goal.astype(np.int64), partner) == 1)
    why.reason[in_flow & (state == EnrolmentState.ACTIVE)] = REASONS.index(Reason.STILL_WAITING)
    why.reason[by_goal] = REASONS.index(Reason.LEFT_BY_GOAL)
    why.at[by_goal] = other.entered.ended_at[partner[by_goal]]
    unknown = in_flow & ~_has_step(side, other)[side.due.step[sent]]
    why.reason[unknown], why.at[unknown] = REASONS.index(Reason.NO_SUCH_STEP), NEVER
    held_back = np.flatnonzero(message != NOBODY)
    why.reason[held_back] = REASONS.index(Reason.WITHHELD)
    why.detail[held_back] = _details(OUTCOMES)[other.due.outcome[message[held_back]]]
    why.at[held_back] = other.due.due_at[message[held_back]]
    return why


def why_moved(before: Side, after: Side, messages: Pairs) -> Why:
    """Say for paired messages, sent at different times, what moved them."""
    one, two = messages.before, messages.after
    moved = after.due.due_at[two] - before.due.due_at[one]
    entered = after.entered.entered_at[after.due.enrolment[two]]
    entered = entered - before.entered.entered_at[before.due.enrolment[one]]
    why = _all(Reason.WAITED_LONGER, len(one))
    why.reason[moved < 0] = REASONS.index(Reason.WAITED_SHORTER)
    why.reason[_step_ids(before)[before.due.step[one]] != _step_ids(after)[after.due.step[two]]] = (
        REASONS.index(Reason.OTHER_STEP)
    )
    why.reason[(entered < 0) & (moved < 0)] = REASONS.index(Reason.ENTERED_EARLIER)
    why.reason[(entered > 0) & (moved > 0)] = REASONS.index(Reason.ENTERED_LATER)
    return why


def _all(reason: Reason, count: int) -> Why:
    return Why(
        reason=np.full(count, REASONS.index(reason), dtype=np.int64),
        detail=np.zeros(count, dtype=np.int64),
        at=np.full(count, NEVER, dtype=np.int64),
    )


def _put(why: Why, places: Int64s, part: Why) -> None:
    why.reason[places], why.detail[places], why.at[places] = part.reason, part.detail, part.at


def _details(words: tuple[str, ...]) -> Int64s:
    return np.array([DETAILS.index(word) for word in words], dtype=np.int64)


def _at(values: Int64s, places: Int64s) -> Int64s:
    """Look up places; what NOBODY gives has no meaning."""
    if not len(values):
        return np.full(len(places), NOBODY, dtype=np.int64)
    return values[places]


def _equal_in(values: Int64s, ordered: Int64s) -> Int64s:
    """Find each value's place in an ordered array, or NOBODY."""
    place = np.searchsorted(ordered, values)
    inside = np.minimum(place, len(ordered) - 1)
    is_found = ordered[inside] == values if len(ordered) else np.zeros(len(values), dtype=np.bool_)
    return np.where(is_found, place, NOBODY)


def _has_step(side: Side, other: Side) -> Bools:
    """Say for each step of a side whether the other has such a mail: its id, or its template."""
    ids = {step.id for step in other.campaign.steps}
    templates = other.campaign.templates()
    return np.array(
        [
            step.id in ids or (isinstance(step, SendStep) and step.template in templates)
            for step in side.campaign.steps
        ],
        dtype=np.bool_,
    )


def _step_ids(side: Side) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array([step.id for step in side.campaign.steps] or [""])
