"""From raw firings to enrolments: re-entry and audience (SEMANTICS 4.1, 4.2)."""

from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Always, Campaign, ReentryPer
from core.domain.durations import to_microseconds
from core.engine import kernels
from core.engine.batches import MISSING, Bools, Firings, Int32s, Int64s
from core.engine.memory import NEVER, Groups

_ALWAYS, _ONCE = -1, 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Admitted:
    """When each user (or user and key) was last admitted: all that re-entry needs to know."""

    groups: Groups
    last_at: Int64s


def nobody_admitted() -> Admitted:
    """Give the memory before the first admission."""
    groups = Groups(user=np.empty(0, dtype=np.int32), key=np.empty(0, dtype=np.int32))
    return Admitted(groups=groups, last_at=np.empty(0, dtype=np.int64))


def admit(
    campaign: Campaign, memory: Admitted, firings: Firings, is_wanted: Bools
) -> tuple[Admitted, Int64s]:
    """Decide each firing in order; `is_wanted` says per firing whether the audience holds.

    Gives the new memory and, per firing, an `Admission` as integer.
    """
    per_key = campaign.reentry_per is ReentryPer.KEY
    key = firings.key if per_key else np.full(len(firings), MISSING, dtype=np.int32)
    user = np.concatenate([memory.groups.user, firings.user])
    keys = np.concatenate([memory.groups.key, key])
    groups, group = _numbered(user, keys)
    last_at = np.full(len(groups), NEVER, dtype=np.int64)
    known = len(memory.last_at)
    last_at[group[:known]] = memory.last_at
    outcome = kernels.admissions(
        firings.fired_at, group[known:], last_at, is_wanted, _cooldown(campaign)
    )
    alive = np.flatnonzero(last_at != NEVER)
    kept = Groups(user=groups.user[alive], key=groups.key[alive])
    return Admitted(groups=kept, last_at=last_at[alive]), outcome


def _numbered(user: Int32s, key: Int32s) -> tuple[Groups, Int64s]:
    """Number the distinct (user, key) pairs; give the pairs, sorted, and each row's number."""
    if not (key != MISSING).any() and (user[1:] >= user[:-1]).all():
        is_new = _is_new(user, key)  # in order already, as the firings of a whole history are
        return Groups(user=user[is_new], key=key[is_new]), np.cumsum(is_new) - 1
    order = np.lexsort((key, user))
    user, key = user[order], key[order]
    is_new = _is_new(user, key)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(is_new) - 1
    return Groups(user=user[is_new], key=key[is_new]), number


def _is_new(user: Int32s, key: Int32s) -> Bools:
    is_new = np.ones(len(user), dtype=np.bool_)
    is_new[1:] = (user[1:] != user[:-1]) | (key[1:] != key[:-1])
    return is_new


def _cooldown(campaign: Campaign) -> int:
    if campaign.reentry is Always.ALWAYS:
        return _ALWAYS
    if campaign.reentry is Always.ONCE:
        return _ONCE
    return to_microseconds(campaign.reentry.cooldown)
