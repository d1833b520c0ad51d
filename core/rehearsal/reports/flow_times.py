"""What the shape of a flow says of time: the longest way to each step, and what lies ahead."""

from datetime import timedelta
from graphlib import TopologicalSorter
from typing import assert_never

from core.domain.campaigns import Campaign, QuietHours
from core.domain.flows import ways_out
from core.domain.steps import (
    BranchStep,
    DelayStep,
    ExitStep,
    SendStep,
    SplitStep,
    Step,
    UpdateProfileStep,
    WaitForStep,
    WebhookStep,
    Weekday,
)

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_NONE = timedelta(0)


def longest_to(campaign: Campaign) -> dict[str, timedelta]:
    """Give for each step the longest time from entry until it is carried out.

    For a send that is the time at which the mail leaves or is withheld, quiet hours included; for
    any other step the arrival.
    """
    arrival = {campaign.steps[0].id: _NONE} if campaign.steps else {}
    by_id = {step.id: step for step in campaign.steps}
    for step_id in in_order(campaign):
        leaves = arrival[step_id] + _rest_at(by_id[step_id], campaign.quiet_hours)
        for _, target in ways_out(campaign.steps)[step_id]:
            if target is not None:
                arrival[target] = max(arrival.get(target, _NONE), leaves)
    quiet = campaign.quiet_hours
    return {
        step_id: at + (_rest_at(by_id[step_id], quiet) if _is_send(by_id[step_id]) else _NONE)
        for step_id, at in arrival.items()
    }


def ahead_of(campaign: Campaign) -> dict[str, frozenset[str]]:
    """Give for each step the steps that can still come after it."""
    ahead: dict[str, frozenset[str]] = {}
    for step_id in reversed(in_order(campaign)):
        targets = [target for _, target in ways_out(campaign.steps)[step_id] if target is not None]
        ahead[step_id] = frozenset(targets).union(*(ahead[target] for target in targets))
    return ahead


def in_order(campaign: Campaign) -> list[str]:
    """List the steps so that every way leads forward."""
    targets = {
        step_id: [target for _, target in ways if target is not None]
        for step_id, ways in ways_out(campaign.steps).items()
    }
    return list(TopologicalSorter(targets).static_order())[::-1]


def _is_send(step: Step) -> bool:
    return isinstance(step, SendStep)


def _rest_at(step: Step, quiet: QuietHours | None) -> timedelta:
    """Give the longest time an enrolment can rest at a step."""
    match step:
        case DelayStep():
            return _longest_delay(step)
        case WaitForStep():
            return step.timeout
        case SendStep():
            return _NONE if quiet is None else _length(quiet) + _HOUR
        case BranchStep() | SplitStep() | UpdateProfileStep() | WebhookStep() | ExitStep():
            return _NONE
        case _:
            assert_never(step)


def _longest_delay(step: DelayStep) -> timedelta:
    """Give the duration, or the longest time until a time of day, an hour longer in autumn."""
    if step.for_ is not None:
        return step.for_
    days = sorted(list(Weekday).index(day) for day in set(step.on)) or list(range(7))
    gaps = [(after - day) % 7 or 7 for day, after in zip(days, [*days[1:], days[0]], strict=True)]
    return max(gaps) * _DAY + _HOUR


def _length(quiet: QuietHours) -> timedelta:
    from_, to = (_since_midnight(clock) for clock in (quiet.from_, quiet.to))
    return (to - from_) % _DAY


def _since_midnight(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return int(hours) * _HOUR + int(minutes) * _MINUTE
