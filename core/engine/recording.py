"""Takes down what flows do to the people of a batch, row by row, and gives it as arrays."""

from array import array
from collections.abc import Sequence

import numpy as np

from core.domain.outcomes import MessageOutcome, StepOutcome
from core.engine.batches import MISSING, Int64s
from core.engine.enrolments import Enrolment
from core.engine.ledger import Enrolments, Ledger, Messages, Trace
from core.engine.memory import NEVER

_TRACE_WIDTH, _MESSAGE_WIDTH, _ENROLMENT_WIDTH = 6, 5, 3


class Book:
    """The book of one batch: enrolments, messages and trace as they come."""

    def __init__(self) -> None:
        """Begin empty."""
        self._enrolments: list[Enrolment] = []
        self._entries = array("q")
        self._messages = array("q")
        self._trace = array("q")
        self._reasons: dict[str, int] = {"": MISSING}
        self._variants: dict[str, int] = {"": MISSING}
        self._user = MISSING

    @property
    def next_number(self) -> int:
        """Give the place that the next enrolment will have."""
        return len(self._enrolments)

    def turn_to(self, user: int) -> None:
        """Name the person, by code, whose enrolments come next."""
        self._user = user

    def enrolled(self, enrolment: Enrolment, row: int, key: int) -> None:
        """Take down an enrolment and its firing's event and key."""
        self._enrolments.append(enrolment)
        self._entries.extend((self._user, row, key))

    def step(
        self,
        enrolment: Enrolment,
        place: int,
        at: int,
        outcome: StepOutcome,
        reason: str = "",
        until_at: int = NEVER,
    ) -> None:
        """Take down a row of the trace (5.10)."""
        code = self._reasons.get(reason)
        if code is None:
            code = self._reasons[reason] = len(self._reasons) - 1
        self._trace.extend((enrolment.number, place, at, outcome, code, until_at))

    def message(self, enrolment: Enrolment, place: int, at: int, outcome: MessageOutcome) -> None:
        """Take down a message that became due."""
        variant = self._variants.setdefault(enrolment.variant, len(self._variants) - 1)
        self._messages.extend((enrolment.number, place, variant, at, outcome))

    def missed(self, enrolment: Enrolment, place: int, at: int) -> None:
        """Refuse: in a rehearsal no time is too long ago."""
        raise AssertionError(f"a rehearsal missed the message of step {place} at {at}")

    def ledger(self, key_texts: Sequence[Sequence[str]]) -> Ledger:
        """Give all as arrays; `key_texts` are those of each campaign's firings."""
        message, trace = _table(self._messages, _MESSAGE_WIDTH), _table(self._trace, _TRACE_WIDTH)
        return Ledger(
            enrolments=self._enrolments_with(key_texts),
            messages=Messages(
                enrolment=message[:, 0].astype(np.int32),
                step=message[:, 1].astype(np.int32),
                variant=message[:, 2].astype(np.int32),
                variants=_texts(self._variants),
                due_at=message[:, 3].copy(),
                outcome=message[:, 4].astype(np.int8),
            ),
            trace=Trace(
                enrolment=trace[:, 0].astype(np.int32),
                step=trace[:, 1].astype(np.int32),
                at=trace[:, 2].copy(),
                outcome=trace[:, 3].astype(np.int8),
                reason=trace[:, 4].astype(np.int32),
                reasons=_texts(self._reasons),
                until_at=trace[:, 5].copy(),
            ),
        )

    def _enrolments_with(self, key_texts: Sequence[Sequence[str]]) -> Enrolments:
        entry = _table(self._entries, _ENROLMENT_WIDTH)
        taken = self._enrolments
        campaign = np.array([e.campaign for e in taken], dtype=np.int32)
        counts = [len(texts) for texts in key_texts]
        # The campaigns' keys stand one after the other in one list of texts.
        first_key = np.concatenate([[0], np.cumsum(counts)])[campaign].astype(np.int64)
        key = np.where(entry[:, 2] == MISSING, MISSING, entry[:, 2] + first_key)
        return Enrolments(
            campaign=campaign,
            user=entry[:, 0].astype(np.int32),
            entered_at=np.array([e.entered_at for e in taken], dtype=np.int64),
            row=entry[:, 1].copy(),
            key=key.astype(np.int32),
            key_texts=[text for texts in key_texts for text in texts],
            is_held_out=np.array([e.is_held_out for e in taken], dtype=np.bool_),
            state=np.array([e.state for e in taken], dtype=np.int8),
            ended_at=np.array([e.ended_at for e in taken], dtype=np.int64),
            goal_at=np.array([e.goal_at for e in taken], dtype=np.int64),
        )


def _table(flat: "array[int]", width: int) -> Int64s:
    return np.frombuffer(flat, dtype=np.int64).reshape(-1, width)


def _texts(codes: dict[str, int]) -> list[str]:
    return [text for text, code in codes.items() if code != MISSING]
