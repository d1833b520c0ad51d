"""The forecast of a rehearsed campaign's mails, with what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from core.domain.campaigns import Always, Campaign
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.timing import sends_per_day, usable_days, warm_up
from core.stats.forecast import CONFIDENCE, LEAST_DAYS, Counts, Forecast, Interval, forecast

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendsForecast:
    """Mails expected per day after the history, with intervals; or why nothing can be said.

    `used_from` to `used_to` are the days it rests on, `warm_up` the time left out before them.
    `expected`, `low` and `high` have one figure per day and are empty where there is no forecast.
    """

    campaign: str
    step_id: str | None
    used_from: date | None
    used_to: date | None
    used_day_count: int
    warm_up: timedelta
    days: Sequence[date] = ()
    expected: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    total: Interval | None = None
    unknown_because: str = ""
    caveats: Sequence[str] = ()
    confidence: float = CONFIDENCE


def sends_forecast(
    outcome: Outcome, place: int, *, step_id: str | None = None, days: int = 30, seed: int = 0
) -> SendsForecast:
    """Forecast a campaign's mails, or one step's, for the days after the history's last.

    The same rehearsal and seed give the same forecast. Raises KeyError for an unknown send step.
    """
    campaign, sends = outcome.campaigns[place], sends_per_day(outcome)[place]
    by_step = {step.step_id: step.counts for step in sends.steps}
    counts = sends.total if step_id is None else by_step[step_id]
    used = usable_days(outcome, place, step_id)
    used_days, warm = sends.days[used], warm_up(campaign, step_id)
    basis = SendsForecast(
        campaign=campaign.name,
        step_id=step_id,
        used_from=used_days[0] if used_days else None,
        used_to=used_days[-1] if used_days else None,
        used_day_count=len(used_days),
        warm_up=warm,
    )
    found = _forecast(counts[used], used_days, sends.days, days, seed) if sends.steps else None
    if found is None:
        return replace(basis, unknown_because=_why_unknown(campaign, len(used_days), warm))
    return replace(
        basis,
        days=[sends.days[-1] + (n + 1) * _DAY for n in range(days)],
        expected=found.expected.tolist(),
        low=found.low.tolist(),
        high=found.high.tolist(),
        total=found.total,
        caveats=_caveats(campaign, warm),
    )


def _forecast(
    counts: Counts, used_days: Sequence[date], all_days: Sequence[date], days: int, seed: int
) -> Forecast | None:
    if not used_days:
        return None
    return forecast(
        counts,
        first_weekday=used_days[0].weekday(),
        horizon=days,
        skip=(all_days[-1] - used_days[-1]).days,  # a last day cut off by the history's end
        seed=seed,
    )


def _why_unknown(campaign: Campaign, day_count: int, warm: timedelta) -> str:
    """Say in a sentence why there is no forecast."""
    if not campaign.templates():
        return "This campaign sends no e-mails."
    if not warm:
        return f"A forecast needs {LEAST_DAYS} whole days; this history has {day_count or 'none'}."
    return (
        f"A forecast needs {LEAST_DAYS} whole days after the first {_in_days(warm)}, in which "
        f"waits begun before the history are missing; this one has {day_count or 'none'}."
    )


def _caveats(campaign: Campaign, warm: timedelta) -> list[str]:
    said = ["It supposes that the coming weeks are like the history: no sale, no change of season."]
    if warm:
        said.append(
            f"Left out: the first {_in_days(warm)} of the history, for what led to mails then may "
            "have begun before it."
        )
    if campaign.reentry is Always.ONCE:
        said.append("Everybody enters once: the more have entered, the fewer are left to.")
    return said


def _in_days(time: timedelta) -> str:
    count = -(-time // _DAY)
    return "day" if count == 1 else f"{count} days"
