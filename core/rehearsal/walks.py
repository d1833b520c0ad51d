"""Drives triggers and flows of several campaigns over one batch of whole users."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.outcomes import Reactions
from core.domain.values import JsonValue
from core.engine.admission import admit, nobody_admitted
from core.engine.batches import Bools, EventBatch, Firings, Int64s
from core.engine.crowd import Crowd, PlanFirings
from core.engine.happenings import property_at
from core.engine.ledger import Ledger
from core.engine.plans import Plan, plan_of
from core.engine.recording import Book
from core.engine.triggers import in_order, replayed, selection_of
from core.history.reading import Dataset
from core.rehearsal.people import People, changed_traits
from core.rehearsal.replay import CampaignReplay, audience_of, needed_properties, replay_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchOutcome:
    """What came of a batch: the firings of each campaign of the run, and what the flows did.

    The ledger holds the enrolments of the campaigns with a flow or a goal; those of the others
    end at once and are the admitted firings.
    """

    replays: Sequence[CampaignReplay]
    ledger: Ledger


class Run:
    """What a rehearsal knows before it reads events: plans, audiences and people."""

    def __init__(
        self,
        campaigns: Sequence[Campaign],
        dataset: Dataset,
        watermark: int,
        reactions: Reactions = Reactions.OBSERVED,
        *,
        since: int | None = None,
    ) -> None:
        """Prepare to walk campaigns over a dataset up to the watermark (µs).

        Firings before `since` are left out, as if the campaigns had been switched on then.
        """
        self.campaigns = campaigns
        self.watermark = watermark
        self.reactions = reactions
        self._since = since
        self._audiences = [audience_of(campaign, dataset) for campaign in campaigns]
        # The place in the run of each campaign that is walked; only those have a plan.
        self._walked = walked_places(campaigns)
        self._plans = [plan_of(campaigns[place], reactions) for place in self._walked]
        # Traits are read only where somebody walks.
        self._persons_of = People(dataset, self._plans).persons if self._plans else None

    def properties(self) -> list[str]:
        """Name the event properties that triggers and flows read."""
        named = needed_properties(self.campaigns)
        return sorted(named.union(*(plan.properties() for plan in self._plans)))

    def decide(self, batch: EventBatch) -> BatchOutcome:
        """Let a batch, which holds all events of its users, happen."""
        firings = [self._fired(campaign, batch) for campaign in self.campaigns]
        outcomes = [self._admitted(place, found) for place, found in enumerate(firings)]
        book = Book()
        if self._walked:
            walked = self._walk(batch, firings, book)
            outcomes = [
                walked[self._walked.index(place)] if place in self._walked else outcome
                for place, outcome in enumerate(outcomes)
            ]
        key_texts = [firings[place].key_texts for place in self._walked]
        return BatchOutcome(
            replays=[
                replay_of(c, found, outcome)
                for c, found, outcome in zip(self.campaigns, firings, outcomes, strict=True)
            ],
            ledger=_renumbered(book.ledger(key_texts), self._walked),
        )

    def _fired(self, campaign: Campaign, batch: EventBatch) -> Firings:
        selection = selection_of(campaign.trigger, batch)
        firings = in_order(replayed(campaign.trigger, batch, selection, self.watermark))
        if self._since is None:
            return firings
        return firings.take(np.flatnonzero(firings.fired_at >= self._since))

    def _admitted(self, place: int, firings: Firings) -> Int64s:
        """Decide the firings of a campaign whose enrolments end at once; others come later."""
        if place in self._walked:
            return np.empty(0, dtype=np.int64)
        _, outcome = admit(
            self.campaigns[place], nobody_admitted(), firings, self._is_wanted(place, firings)
        )
        return outcome

    def _is_wanted(self, place: int, firings: Firings) -> Bools:
        audience = self._audiences[place]
        return np.ones(len(firings), dtype=np.bool_) if audience is None else audience[firings.user]

    def _walk(self, batch: EventBatch, firings: Sequence[Firings], book: Book) -> list[Int64s]:
        """Walk everybody for whom a trigger fired; give the outcomes of the firings per plan."""
        found = [
            PlanFirings(
                firings=firings[place],
                is_wanted=self._is_wanted(place, firings[place]),
                properties=_trigger_properties(plan, batch, firings[place]),
            )
            for place, plan in zip(self._walked, self._plans, strict=True)
        ]
        assert self._persons_of is not None  # where there are plans
        return Crowd(self._plans, self._persons_of, book).proceed(batch, found, self.watermark)


def is_walked(campaign: Campaign) -> bool:
    """Say whether a campaign has anything to do after admission, or anybody to hold out."""
    return bool(campaign.steps or campaign.goal or campaign.holdout)


def walked_places(campaigns: Sequence[Campaign]) -> list[int]:
    """Give the places in a run of the campaigns that are walked.

    Beside those of `is_walked` they are those whose audience another one's flow may change.
    """
    changed = changed_traits(campaigns)
    return [
        place
        for place, campaign in enumerate(campaigns)
        if is_walked(campaign) or _may_concern(changed, traits_of(campaign.audience))
    ]


def _may_concern(changed: set[str], asked: set[str]) -> bool:
    """Say whether any of the traits asked for is, or lies within, one that a flow changes."""
    return any(name == own or name.startswith(f"{own}.") for name in asked for own in changed)


def places_of(row: Int64s, wanted: Int64s) -> Int64s:
    """Find where in a batch the wanted rows stand; without gaps that is a subtraction."""
    if len(row) and row[-1] - row[0] + 1 == len(row):
        return wanted - np.int64(row[0])
    return np.searchsorted(row, wanted).astype(np.int64, copy=False)


def _trigger_properties(
    plan: Plan, batch: EventBatch, firings: Firings
) -> dict[str, list[JsonValue]]:
    names = plan.trigger_properties()
    places = places_of(batch.row, firings.row).tolist() if names else []
    return {
        name: [property_at(batch.properties[name], place) for place in places] for name in names
    }


def _renumbered(ledger: Ledger, walked: Sequence[int]) -> Ledger:
    """Let enrolments name campaigns by their place in the run instead of among the walked."""
    place = np.array(walked, dtype=np.int32)[ledger.enrolments.campaign]
    return replace(ledger, enrolments=replace(ledger.enrolments, campaign=place))
