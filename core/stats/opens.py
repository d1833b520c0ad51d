"""Opens and clicks with and without those of machines; never what decides a test.

Mail scanners click links, and privacy proxies load every picture whether or not anybody looks.
There is no rate of clicks per open here: both of its parts change with a variant, so that it can
rise while fewer people click.
"""

from dataclasses import dataclass

from core.stats.conversion import CONFIDENCE, Arm, rate
from core.stats.intervals import IntervalEstimate, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Opens:
    """People who got the mail, and how many of them opened and clicked at all.

    `human_…` counts those with at least one open or click that is not flagged as a machine's.
    """

    people_count: int
    opened_count: int
    human_opened_count: int
    clicked_count: int
    human_clicked_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRates:
    """Rates among people who got the mail, and the share of openers whom only machines opened for.

    `machine_share` is None without opens.
    """

    opened: IntervalEstimate
    opened_without_machines: IntervalEstimate
    clicked: IntervalEstimate
    clicked_without_scanners: IntervalEstimate
    machine_share: float | None


def open_rates(opens: Opens, *, confidence: float = CONFIDENCE) -> OpenRates | Reason:
    """Give the rates of opens and clicks with and without those of machines (Wilson's intervals).

    Without machines the rate of opens is too low rather than too high: whoever reads behind a proxy
    is not counted.
    """
    counts = (
        opens.opened_count,
        opens.human_opened_count,
        opens.clicked_count,
        opens.human_clicked_count,
    )
    arms = [Arm(name="", people_count=opens.people_count, goal_count=count) for count in counts]
    found = [rate(arm, confidence=confidence) for arm in arms]
    known = [one for one in found if not isinstance(one, Reason)]
    if len(known) < len(found):
        return Reason.NO_PEOPLE
    only_machines = opens.opened_count - opens.human_opened_count
    return OpenRates(
        opened=known[0],
        opened_without_machines=known[1],
        clicked=known[2],
        clicked_without_scanners=known[3],
        machine_share=only_machines / opens.opened_count if opens.opened_count else None,
    )


def diluted_lift(lift: float, *, machine_rate: float, human_rate: float) -> float:
    """Give the lift of opens that is seen where machines open for a share of all people.

    Machines open for `machine_rate` of the people in both arms, of the others `human_rate` open in
    the control and (1 + lift) times as many in the variant. Seen are m + (1-m) h and m + (1-m) h
    (1 + lift), hence lift · (1-m) h / (m + (1-m) h).
    """
    humans = (1 - machine_rate) * human_rate
    return lift * humans / (machine_rate + humans)
