"""What `summary.json` says: counts per campaign, gathered batch by batch (SEMANTICS 7, 10)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.durations import to_microseconds
from core.domain.firings import Admission
from core.domain.instants import as_microseconds, iso
from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.engine.batches import MISSING, Bools, Int64s
from core.engine.ledger import Ledger
from core.engine.memory import NEVER
from core.history.reading import Dataset
from core.rehearsal.replay import CampaignReplay, held_out
from core.rehearsal.walks import BatchOutcome, is_walked

NO_PROFILES = "The dataset has no profiles: every user counts as reachable."

# Rows of the trace that say that a step was taken; the others say how a rest ended. A wait for
# what has happened already leaves no row of waiting, but says why.
_TAKEN = [
    StepOutcome.WAITING,
    StepOutcome.TOOK,
    StepOutcome.ASSIGNED,
    StepOutcome.SENT,
    StepOutcome.WITHHELD,
    StepOutcome.RECORDED,
]


class CampaignTally:
    """Counts what a campaign did, batch by batch."""

    def __init__(self, campaign: Campaign, place: int, dataset: Dataset, watermark: int) -> None:
        """Begin at zero for the campaign at a place of the run."""
        self._campaign, self._place = campaign, place
        self._dataset, self._watermark = dataset, watermark
        users = dataset.manifest.users
        self._has_fired = np.zeros(users, dtype=np.bool_)
        self._is_enrolled = np.zeros(users, dtype=np.bool_)
        self._is_mailed = np.zeros(users, dtype=np.bool_)
        self._admissions = np.zeros(len(Admission), dtype=np.int64)
        self._states = np.zeros(len(EnrolmentState), dtype=np.int64)
        self._goals = np.zeros(3, dtype=np.int64)  # reached, missed, censored
        self._steps = np.zeros((len(campaign.steps), len(StepOutcome)), dtype=np.int64)
        self._at_once = 0
        self._messages = np.zeros((len(campaign.steps), len(MessageOutcome)), dtype=np.int64)

    def add(self, outcome: BatchOutcome) -> None:
        """Count a batch."""
        self._add_firings(outcome.replays[self._place])
        self._add_flow(outcome.ledger)

    def _add_firings(self, replayed: CampaignReplay) -> None:
        self._admissions += np.bincount(replayed.outcome, minlength=len(Admission))
        self._has_fired[replayed.user] = True
        self._is_enrolled[replayed.user[replayed.is_enrolled]] = True

    def _add_flow(self, ledger: Ledger) -> None:
        enrolments, messages, trace = ledger.enrolments, ledger.messages, ledger.trace
        is_own = enrolments.campaign == self._place
        self._states += np.bincount(enrolments.state[is_own], minlength=len(EnrolmentState))
        self._goals += self._goals_of(enrolments.entered_at[is_own], enrolments.goal_at[is_own])
        own = is_own[messages.enrolment]
        _count(self._messages, messages.step[own], messages.outcome[own])
        is_sent = own & (messages.outcome == MessageOutcome.SENT)
        self._is_mailed[enrolments.user[messages.enrolment[is_sent]]] = True
        own = is_own[trace.enrolment] & (trace.step >= 0)
        _count(self._steps, trace.step[own], trace.outcome[own])
        is_at_once = (trace.outcome == StepOutcome.MATCHED) & (trace.reason != MISSING)
        self._at_once += int((own & is_at_once).sum())

    def _goals_of(self, entered_at: Int64s, goal_at: Int64s) -> Int64s:
        """Count goals reached, missed, and those whose time is not over (7.3)."""
        goal = self._campaign.goal
        if goal is None:
            return np.zeros(3, dtype=np.int64)
        within = to_microseconds(goal.within)
        is_open = entered_at + within > self._watermark
        is_reached = goal_at != NEVER
        return np.array(
            [(is_reached & ~is_open).sum(), (~is_reached & ~is_open).sum(), is_open.sum()]
        )

    def summary(self) -> dict[str, Any]:
        """Give what `summary.json` says about the campaign."""
        campaign, people = self._campaign, np.flatnonzero(self._is_enrolled)
        counts = {reason.word: int(self._admissions[reason]) for reason in Admission}
        said = {
            "campaign": campaign.name,
            "firings": int(self._admissions.sum()),
            "enrolled": counts.pop(Admission.ENROLLED.word),
            "refused": counts,
            "people_with_firings": int(self._has_fired.sum()),
            "people_enrolled": len(people),
            "people_held_out": int(_held_out(campaign, self._dataset, people).sum()),
        }
        if is_walked(campaign):
            said["enrolments"] = _by_word(EnrolmentState, self._states)
        if campaign.goal is not None:
            names = ("reached", "not_reached", "censored")
            said["goal"] = dict(zip(names, map(int, self._goals), strict=True))
        if campaign.steps:
            said |= self._flow_summary()
        return said

    def _flow_summary(self) -> dict[str, Any]:
        ids = [step.id for step in self._campaign.steps]
        sends = [place for place, step in enumerate(self._campaign.steps) if step.kind == "send"]
        return {
            "messages": {ids[n]: _by_word(MessageOutcome, self._messages[n]) for n in sends},
            "people_with_messages": int(self._is_mailed.sum()),
            "steps": {
                step_id: _by_word(StepOutcome, counts, only_counted=True)
                for step_id, counts in zip(ids, self._steps, strict=True)
            },
            "steps_taken": int(self._steps[:, _TAKEN].sum()) + self._at_once + self._exits(),
        }

    def _exits(self) -> int:
        exits = [place for place, step in enumerate(self._campaign.steps) if step.kind == "exit"]
        return int(self._steps[exits, StepOutcome.EXITED].sum())


def dataset_summary(dataset: Dataset) -> dict[str, Any]:
    """Say which data a rehearsal was made with."""
    manifest = dataset.manifest
    return {
        "name": manifest.name,
        "fingerprint": manifest.fingerprint,
        "events": manifest.rows,
        "users": manifest.users,
        "first_at": _utc(manifest.first_at),
        "last_at": _utc(manifest.last_at),
    }


def notes(campaigns: Sequence[Campaign], dataset: Dataset, watermark: int) -> list[str]:
    """Say in sentences what a reader of the figures must know about data and campaigns."""
    said = [] if dataset.has_profiles else [NO_PROFILES]
    last_at = dataset.manifest.last_at
    if last_at is not None and watermark > as_microseconds(last_at):
        said.append(
            f"The rehearsal goes on after the last event ({last_at:%Y-%m-%d}): that nothing is "
            "recorded after it counts as if nobody had done anything."
        )
    for campaign in sorted(campaigns, key=lambda c: c.name):
        said += [
            f"{campaign.name}: no profile has the trait {trait!r} that its audience asks for; "
            "import profiles with that column, or change the audience."
            for trait in sorted(traits_of(campaign.audience))
            if not (dataset.trait(trait).codes >= 0).any()
        ]
    return said


def _count(counts: Int64s, step: Any, outcome: Any) -> None:
    width = counts.shape[1]
    places = step.astype(np.int64) * width + outcome
    counts += np.bincount(places, minlength=counts.size).reshape(counts.shape)


def _by_word(kinds: Any, counts: Int64s, *, only_counted: bool = False) -> dict[str, int]:
    return {k.word: int(counts[k]) for k in kinds if counts[k] or not only_counted}


def _held_out(campaign: Campaign, dataset: Dataset, people: Int64s) -> Bools:
    if not campaign.holdout:
        return np.zeros(len(people), dtype=np.bool_)
    return held_out(campaign, dataset.user_ids().take(people).to_pylist())


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else iso(as_microseconds(instant.astimezone(UTC)))
