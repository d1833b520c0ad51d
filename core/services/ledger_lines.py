"""Lines of `messages.csv` and `trace.csv`, written by a compiled loop from a ledger's arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from core.domain.campaigns import Campaign
from core.domain.outcomes import MessageOutcome, StepOutcome
from core.domain.steps import SendStep
from core.engine.batches import Bits, Int32s, Int64s
from core.engine.ledger import Ledger
from core.engine.memory import NEVER
from core.services.csv_fields import (
    COMMA,
    LINE_FEED,
    TIME_LENGTH,
    Bytes,
    field,
    texts_of,
    texts_of_array,
    time,
)

Columns = NDArray[np.int64]

MESSAGES_HEADER = "campaign,user_id,enrolled_at,step,variant,due_at,outcome,template"
TRACE_HEADER = "campaign,user_id,enrolled_at,step,at,outcome,reason"

_TEXT, _TIME, _UNTIL = 0, 1, 2
_UNTIL_SIGNS = np.frombuffer(b"until ", dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CampaignLines:
    """The lines of one campaign: those of its messages and those of its trace, as UTF-8 bytes."""

    messages: Bytes
    trace: Bytes


class LedgerLines:
    """Writes the lines of the ledgers of a run; users stand in it by code."""

    def __init__(self, campaigns: Sequence[Campaign], users: pa.Array) -> None:
        """Keep what the lines name; `users` holds all user ids by code."""
        self._campaigns = campaigns
        self._users = users

    def of(self, ledger: Ledger) -> list[CampaignLines]:
        """Write the lines of each campaign in the order of the files: user, time, step (10)."""
        who, pool = self._people(ledger)
        return [
            CampaignLines(
                messages=self._messages(ledger, place, who, pool),
                trace=self._trace(ledger, place, who, pool),
            )
            for place in range(len(self._campaigns))
        ]

    def messages_of(self, ledger: Ledger, place: int) -> Bytes:
        """Write the lines of one campaign's messages."""
        return self._messages(ledger, place, *self._people(ledger))

    def trace_of(self, ledger: Ledger, place: int) -> Bytes:
        """Write the lines of one campaign's trace."""
        return self._trace(ledger, place, *self._people(ledger))

    def _people(self, ledger: Ledger) -> tuple[Int64s, "_Pool"]:
        """Give for each enrolment the code of its user in a pool of texts that begins with them."""
        users, who = np.unique(ledger.enrolments.user, return_inverse=True)
        return who, _Pool(self._users.take(pa.array(users)))

    def _messages(self, ledger: Ledger, place: int, who: Int64s, pool: "_Pool") -> Bytes:
        messages, campaign = ledger.messages, self._campaigns[place]
        ids = [step.id for step in campaign.steps]
        templates = [s.template if isinstance(s, SendStep) else "" for s in campaign.steps]
        order = _in_order(ledger, place, messages.enrolment, messages.due_at, messages.step, ids)
        entered = messages.enrolment[order]
        words = [outcome.word for outcome in MessageOutcome]
        return pool.lines(
            [
                (_TEXT, pool.codes([campaign.name])[np.zeros(len(order), dtype=np.int64)]),
                (_TEXT, who[entered]),
                (_TIME, ledger.enrolments.entered_at[entered]),
                (_TEXT, pool.codes(ids)[messages.step[order]]),
                (_TEXT, pool.codes([*messages.variants, ""])[messages.variant[order]]),
                (_TIME, messages.due_at[order]),
                (_TEXT, pool.codes(words)[messages.outcome[order]]),
                (_TEXT, pool.codes(templates)[messages.step[order]]),
            ]
        )

    def _trace(self, ledger: Ledger, place: int, who: Int64s, pool: "_Pool") -> Bytes:
        trace, campaign = ledger.trace, self._campaigns[place]
        ids = [*(step.id for step in campaign.steps), ""]  # the last is for -1, the end
        order = _in_order(ledger, place, trace.enrolment, trace.at, trace.step, ids)
        entered = trace.enrolment[order]
        words = [outcome.word for outcome in StepOutcome]
        is_waiting = trace.outcome[order] == StepOutcome.WAITING
        return pool.lines(
            [
                (_TEXT, pool.codes([campaign.name])[np.zeros(len(order), dtype=np.int64)]),
                (_TEXT, who[entered]),
                (_TIME, ledger.enrolments.entered_at[entered]),
                (_TEXT, pool.codes(ids)[trace.step[order]]),
                (_TIME, trace.at[order]),
                (_TEXT, pool.codes(words)[trace.outcome[order]]),
                (_TEXT, pool.codes([*trace.reasons, ""])[trace.reason[order]]),
                (_UNTIL, np.where(is_waiting, trace.until_at[order], NEVER)),
            ]
        )


class _Pool:
    """All texts that lines consist of, each once and quoted where it must be."""

    def __init__(self, users: pa.Array) -> None:
        found = texts_of_array(users)
        self._offsets = [found.offsets - found.offsets[0]]
        self._data = [found.data[found.offsets[0] : found.offsets[-1]]]
        self._count = len(users)

    def codes(self, texts: Sequence[str]) -> Int64s:
        """Add texts; give the code of each."""
        found = texts_of(texts)
        begin = self._count
        self._offsets.append(found.offsets)
        self._data.append(found.data[: found.offsets[-1]])
        self._count += len(texts)
        return np.arange(begin, self._count, dtype=np.int64)

    def lines(self, columns: Sequence[tuple[int, Int64s]]) -> Bytes:
        """Write one line per row; a column of _UNTIL continues the field before it."""
        starts, size = [np.zeros(1, dtype=np.int64)], 0
        for offsets in self._offsets:
            starts.append(offsets[1:] + size)
            size += int(offsets[-1])
        kinds = np.array([kind for kind, _ in columns], dtype=np.uint8)
        values = np.array([values for _, values in columns], dtype=np.int64)
        return _lines(kinds, values, np.concatenate(starts), np.concatenate(self._data))


def _in_order(
    ledger: Ledger, place: int, enrolment: Int32s, at: Int64s, step: Int32s, ids: Sequence[str]
) -> Int64s:
    """Give the places of one campaign's rows in the order of the files: user, time, step (10)."""
    own = np.flatnonzero(ledger.enrolments.campaign[enrolment] == place)
    users = ledger.enrolments.user[enrolment[own]]
    return own[np.lexsort((_ranks(ids)[step[own]], at[own], users))]


def _ranks(ids: Sequence[str]) -> Int64s:
    """Give the place of each id in the order of their bytes; the last may be the end."""
    by_name = sorted(ids, key=lambda step_id: step_id.encode())
    return np.array([by_name.index(step_id) for step_id in ids] or [0], dtype=np.int64)


@njit(cache=True, nogil=True)
def _lines(kinds: Bits, values: Columns, offsets: Int64s, data: Bytes) -> Bytes:
    line_count = values.shape[1]
    size = 0
    for column in range(len(kinds)):
        if kinds[column] == _TEXT:
            for line in range(line_count):
                code = values[column, line]
                # Quoting doubles at most every byte.
                size += 2 * (offsets[code + 1] - offsets[code]) + 3
        else:
            size += line_count * (TIME_LENGTH + len(_UNTIL_SIGNS) + 1)
    out = np.empty(size, np.uint8)
    at = 0
    last = len(kinds) - 1
    for line in range(line_count):
        for column in range(len(kinds)):
            value = values[column, line]
            if kinds[column] == _TEXT:
                at = field(out, at, data, offsets[value], offsets[value + 1], COMMA)
            elif kinds[column] == _TIME:
                at = time(out, at, value)
                out[at] = COMMA
                at += 1
            elif value != NEVER:
                at -= 1  # over the comma: the time continues the field
                out[at : at + len(_UNTIL_SIGNS)] = _UNTIL_SIGNS
                at = time(out, at + len(_UNTIL_SIGNS), value)
                out[at] = COMMA
                at += 1
            if column == last:
                out[at - 1] = LINE_FEED
    return out[:at]
