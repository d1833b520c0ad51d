"""The outcome of a rehearsal: what triggers and flows did to everybody in a history."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.campaigns import Campaign
from core.domain.outcomes import Reactions
from core.engine.ledger import Enrolments, Messages, Trace
from core.rehearsal.replay import CampaignReplay


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """Firings per campaign, and the enrolments, messages and trace of all campaigns of the run.

    `campaigns` are in the order given; times are µs since 1970 UTC. `first_at` is the time of the
    first event, `watermark` the time up to which all is decided.
    """

    campaigns: Sequence[Campaign]
    user_count: int
    first_at: int
    watermark: int
    seed: int
    reactions: Reactions
    firings: Sequence[CampaignReplay]
    enrolments: Enrolments
    messages: Messages
    trace: Trace
