"""The read-only questions of the pages about one campaign's trigger over one dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.matchers import Matcher
from core.domain.triggers import Trigger, properties_of
from core.history.reading import Dataset
from core.rehearsal import curves
from core.rehearsal import near_misses as misses
from core.rehearsal import story as stories
from core.rehearsal.curves import CurvePoint
from core.rehearsal.history import History
from core.rehearsal.near_misses import NearMisses
from core.rehearsal.replay import CampaignReplay, as_batch, audience_of, joined, replay_selected
from core.rehearsal.worth import Converted, worth_of
from core.services.rehearse import watermark_of
from core.stats.estimates import Estimate, mean_share, reached_by, share, times_as_likely

# Every wait is among them, and the last is the end of the week.
_HOURS = (0, 0.5, 1, 2, 3, 4, 6, 8, 12, 18, 24, 30, 36, 48, 60, 72, 96, 120, 144, 168)
WAITS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24), timedelta(hours=48))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthLine:
    """Natural conversion within one horizon, of three groups, and how the caught compare.

    Rates are estimates with their interval, None where nothing can be said; counts are people.
    """

    horizon: timedelta
    caught: Converted
    caught_rate: Estimate | None
    not_caught: Converted
    not_caught_rate: Estimate | None
    everybody_rate: Estimate | None
    against_not_caught: Estimate | None
    against_everybody: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitCost:
    """What waiting costs and saves: the share of people who reach the goal before the mail leaves,

    and the share who reach it after, within a week of the start.
    """

    wait: timedelta
    before_rate: float
    after_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthAnswer:
    """What the caught people did anyway, and how the goal is reached over time after the start.

    `reached_rates[n]` is the share who reached the goal by `hours[n]`; both end where nobody was
    seen for longer.
    """

    lines: Sequence[WorthLine]
    hours: Sequence[float]
    reached_rates: Sequence[float]
    start_count: int
    waits: Sequence[WaitCost]


def properties_needed(trigger: Trigger, goal: Matcher | None) -> set[str]:
    """Name the event properties that a trigger and a goal read."""
    named = set(properties_of(trigger))
    return named if goal is None else named | {c.property for c in goal.where}


def load_history(dataset: Dataset, properties: Sequence[str]) -> History:
    """Hold all events of a dataset in memory, with the columns of the named properties."""
    watermark = watermark_of(dataset, None)
    first_at = dataset.manifest.first_at
    assert first_at is not None  # a dataset with a last event has a first one
    names = dataset.manifest.names
    chunks = dataset.chunks(list(properties), watermark)
    return History(
        batches=[as_batch(chunk, names) for chunk in chunks],
        first_at=as_microseconds(first_at),
        watermark=watermark,
        user_count=dataset.manifest.users,
    )


def try_trigger(campaign: Campaign, dataset: Dataset, history: History) -> CampaignReplay:
    """Replay one campaign's trigger over a history in memory."""
    audience = audience_of(campaign, dataset)
    parts = history.map_selected(
        campaign.trigger,
        lambda batch, selection: replay_selected(
            campaign, batch, selection, history.watermark, audience
        ),
    )
    return joined([campaign], [[part] for part in parts])[0]


def people_by_window(campaign: Campaign, dataset: Dataset, history: History) -> list[CurvePoint]:
    """Count the people that other windows would catch."""
    return curves.people_by_window(campaign.trigger, history, audience_of(campaign, dataset))


def people_by_threshold(campaign: Campaign, dataset: Dataset, history: History) -> list[CurvePoint]:
    """Count the people that other thresholds would catch."""
    return curves.people_by_threshold(campaign.trigger, history, audience_of(campaign, dataset))


def nearly_caught(
    campaign: Campaign, dataset: Dataset, history: History, replayed: CampaignReplay
) -> NearMisses:
    """Find the people of the audience who came close but were not caught."""
    return misses.near_misses(
        campaign.trigger,
        history,
        replayed.people(history.user_count),
        audience_of(campaign, dataset),
    )


def why(campaign: Campaign, dataset: Dataset, user_id: str) -> stories.Story:
    """Tell why one person was or was not caught; raises UnusableInput for a stranger."""
    events = dataset.user_events(user_id)
    code = dataset.user_code(user_id)
    if code is None:
        raise UnusableInput(f"Nobody in {dataset.manifest.name!r} has the id {user_id!r}.")
    belongs = audience_of(campaign, dataset)
    return stories.tell(
        campaign,
        events,
        watermark=watermark_of(dataset, None),
        in_audience=belongs is None or bool(belongs[code]),
    )


def worth(
    campaign: Campaign,
    goal: Matcher,
    dataset: Dataset,
    history: History,
    replayed: CampaignReplay,
) -> WorthAnswer | None:
    """Measure natural conversion: of the caught, of who began but was not caught, of everybody.

    None for a goal that refers to the firing (`$key`, `$trigger.…`): it means another event for
    each firing, and nothing for people who were not caught.
    """
    if goal.references():
        return None
    found = worth_of(replayed, goal, history, audience_of(campaign, dataset))
    lines = []
    for caught, others, base in zip(found.caught, found.not_caught, found.everybody, strict=True):
        rate = share(caught.goal_count, caught.people_count)
        others_rate = share(others.goal_count, others.people_count)
        base_rate = mean_share(base.rate, base.standard_error)
        lines.append(
            WorthLine(
                horizon=caught.horizon,
                caught=caught,
                caught_rate=rate,
                not_caught=others,
                not_caught_rate=others_rate,
                everybody_rate=base_rate,
                against_not_caught=times_as_likely(rate, others_rate),
                against_everybody=times_as_likely(rate, base_rate),
            )
        )
    waiting = found.waiting
    reached = reached_by(waiting.hours, waiting.is_goal, _HOURS)
    known = [(h, rate) for h, rate in zip(_HOURS, reached, strict=True) if rate is not None]
    return WorthAnswer(
        lines=lines,
        hours=[h for h, _ in known],
        reached_rates=[rate for _, rate in known],
        start_count=len(waiting.hours),
        waits=_wait_costs(dict(zip(_HOURS, reached, strict=True))),
    )


def _wait_costs(reached_by_hour: Mapping[float, float | None]) -> list[WaitCost]:
    """Compare each wait with the end of the week; nothing where the week's end is not known."""
    at_last = reached_by_hour[_HOURS[-1]]
    costs = []
    for wait in WAITS:
        before = reached_by_hour[wait / timedelta(hours=1)]
        if before is not None and at_last is not None:
            costs.append(WaitCost(wait=wait, before_rate=before, after_rate=at_last - before))
    return costs
