"""Puts the outcomes of batches together, in the order of their users."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.outcomes import EnrolmentState
from core.engine.batches import MISSING, Int32s
from core.engine.ledger import Enrolments, Ledger, Messages, Trace
from core.engine.memory import NEVER
from core.rehearsal.replay import CampaignReplay
from core.rehearsal.walks import walked_places

Arrays = dict[str, Any]


def joined_ledgers(ledgers: Sequence[Ledger]) -> Ledger:
    """Put ledgers together; enrolments are numbered on from batch to batch."""
    firsts = np.cumsum([0, *(len(ledger.enrolments) for ledger in ledgers)])
    keys = _Texts()
    variants, reasons = _Texts(), _Texts()
    enrolments, messages, traces = list[Arrays](), list[Arrays](), list[Arrays]()
    for ledger, first in zip(ledgers, firsts.tolist(), strict=False):
        e, m, t = ledger.enrolments, ledger.messages, ledger.trace
        enrolments.append({**_arrays(e), "key": keys.recoded(e.key, e.key_texts)})
        messages.append(
            {
                **_arrays(m),
                "enrolment": m.enrolment + np.int32(first),
                "variant": variants.recoded(m.variant, m.variants),
            }
        )
        traces.append(
            {
                **_arrays(t),
                "enrolment": t.enrolment + np.int32(first),
                "reason": reasons.recoded(t.reason, t.reasons),
            }
        )
    return Ledger(
        enrolments=Enrolments(**_stacked(enrolments), key_texts=keys.texts),
        messages=Messages(**_stacked(messages), variants=variants.texts),
        trace=Trace(**_stacked(traces), reasons=reasons.texts),
    )


def with_plain_enrolments(
    ledger: Ledger, campaigns: Sequence[Campaign], replays: Sequence[CampaignReplay]
) -> Ledger:
    """Add the enrolments of campaigns that end at once (see `walked_places`)."""
    walked = walked_places(campaigns)
    plain = [
        _plain_enrolments(place, replayed)
        for place, replayed in enumerate(replays)
        if place not in walked
    ]
    if not plain:
        return ledger
    keys = _Texts()
    every = [ledger.enrolments, *plain]
    parts = [{**_arrays(e), "key": keys.recoded(e.key, e.key_texts)} for e in every]
    stacked = _stacked(parts)
    order = np.lexsort((stacked["campaign"], stacked["entered_at"], stacked["user"]))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    m, t = ledger.messages, ledger.trace
    return Ledger(
        enrolments=Enrolments(**{n: a[order] for n, a in stacked.items()}, key_texts=keys.texts),
        messages=Messages(**{**_arrays(m), "enrolment": place[m.enrolment]}, variants=m.variants),
        trace=Trace(**{**_arrays(t), "enrolment": place[t.enrolment]}, reasons=t.reasons),
    )


def _plain_enrolments(place: int, replayed: CampaignReplay) -> Enrolments:
    kept = np.flatnonzero(replayed.is_enrolled)
    entered_at = replayed.fired_at[kept]
    return Enrolments(
        campaign=np.full(len(kept), place, dtype=np.int32),
        user=replayed.user[kept],
        entered_at=entered_at,
        row=replayed.row[kept],
        key=replayed.key[kept],
        key_texts=replayed.key_texts,
        is_held_out=np.zeros(len(kept), dtype=np.bool_),
        state=np.full(len(kept), EnrolmentState.COMPLETED, dtype=np.int8),
        ended_at=entered_at,
        goal_at=np.full(len(kept), NEVER, dtype=np.int64),
    )


class _Texts:
    """Gives texts of several tables one code each."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        return list(self._codes)

    def recoded(self, codes: Int32s, texts: Sequence[str]) -> Int32s:
        new = [self._codes.setdefault(text, len(self._codes)) for text in texts]
        return np.array([*new, MISSING], dtype=np.int32)[codes]


def _arrays(record: Enrolments | Messages | Trace) -> Arrays:
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _stacked(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
