"""What mails would bring if people responded as somebody assumes: never observed, always assumed.

History cannot show what a mail changes (SEMANTICS 7.2). Everything here follows from the
assumptions, which stand beside each result, and from nothing else that happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from core.stats.estimates import CONFIDENCE

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

DRAWS = 4_000
YOUR_FIGURE = "your figure"
_HOUR = timedelta(hours=1)
_EDGE = float(norm.ppf(0.5 + CONFIDENCE / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A number somebody takes for granted, and the interval they are 95 % sure of.

    Raises ValueError unless low ≤ value ≤ high.
    """

    value: float
    low: float
    high: float
    source: str = YOUR_FIGURE

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")

    def draw(self, random: np.random.Generator, draws: int) -> Floats:
        """Draw values: normal above and below the value, each half as wide as its part."""
        steps = random.standard_normal(draws) / _EDGE
        width = np.where(steps > 0, self.high - self.value, self.value - self.low)
        return np.asarray(self.value + steps * width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Assumed):
    """A share of mails, 0 to 1; raises ValueError outside of that."""

    def __post_init__(self) -> None:
        Assumed.__post_init__(self)
        if self.low < 0 or self.high > 1:
            raise ValueError(f"a rate lies between 0 and 1, not between {self.low} and {self.high}")

    @classmethod
    def exactly(cls, value: float, source: str = YOUR_FIGURE) -> "Rate":
        """Take a rate for certain."""
        return cls(value=value, low=value, high=value, source=source)


class UpliftKind(StrEnum):
    """How an uplift is meant: as a share of the natural rate, or in points added to it."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift(Assumed):
    """How much likelier a recipient reaches the goal, if the mail left at once.

    The uplift halves with every `half_life` between entry and mail; None: the delay does not
    matter.
    """

    kind: UpliftKind
    half_life: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """How people respond; raises ValueError where more click than open.

    `clicked` is a share of the mails sent, as `opened` is. Without an uplift no goals are told.
    """

    opened: Rate
    clicked: Rate
    uplift: Uplift | None = None

    def __post_init__(self) -> None:
        if self.clicked.value > self.opened.value:
            raise ValueError(
                "more mails are clicked than opened; the click rate is a share of the mails sent"
            )

    @property
    def texts(self) -> list[str]:
        """Say in sentences what is assumed."""
        opened, clicked = (_percent(rate) for rate in (self.opened, self.clicked))
        said = [
            f"{opened} of the mails are opened ({self.opened.source}).",
            f"{clicked} of the mails are clicked ({self.clicked.source}).",
        ]
        return said if self.uplift is None else [*said, *_uplift_texts(self.uplift)]


def _uplift_texts(uplift: Uplift) -> list[str]:
    size, more = _percent(uplift), "more often"
    if uplift.kind is UpliftKind.ABSOLUTE:
        size = size.replace(" %", " percentage points")
    said = [f"After a mail people reach the goal {size} {more} ({uplift.source})."]
    if uplift.half_life is None:
        said.append("How long after the trigger the mail leaves makes no difference.")
    else:
        hours = uplift.half_life / _HOUR
        said.append(f"The effect halves with every {hours:g} hours between trigger and mail.")
    said.append(
        "Only the first mail after a trigger counts, and who has the goal already does not."
    )
    return said


def _percent(number: Assumed) -> str:
    value, low, high = (f"{100 * v:.3g}" for v in (number.value, number.low, number.high))
    return f"{value} %" if low == high else f"{value} % ({low} to {high} %)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmSends:
    """What one arm sends: mails, and hours from trigger to the first mail (shape: recipients).

    Of recipients whose time for the goal is over, `decided_count`, `goal_count` reached it after
    that mail in the history, where no mail was sent: the natural rate.
    """

    name: str
    sent_count: int
    delays: Floats
    decided_count: int
    goal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedFigure:
    """What is to be expected under the assumptions, with the interval of 95 of 100 cases."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedArm:
    """One arm under the assumptions, which stand beside it.

    `additional_goals` are None without an uplift, or where the natural rate is not known.
    """

    name: str
    opens: AssumedFigure
    clicks: AssumedFigure
    additional_goals: AssumedFigure | None
    assumptions: Sequence[str]
    assumed: Literal[True] = field(default=True)


def simulate(
    arms: Sequence[ArmSends], assumptions: Assumptions, *, seed: int, draws: int = DRAWS
) -> list[AssumedArm]:
    """Draw what each arm would bring; an arm's figures depend on its own numbers and name only.

    The same people respond in all arms: rates and uplift are drawn once for all of them.
    """
    random = _random(seed, "rates")
    opened = np.clip(assumptions.opened.draw(random, draws), 0, 1)
    clicked = np.clip(assumptions.clicked.draw(random, draws), 0, opened)
    uplift = None if assumptions.uplift is None else assumptions.uplift.draw(random, draws)
    found = []
    for arm in arms:
        random = _random(seed, f"arm {arm.name}")
        opens = random.binomial(arm.sent_count, opened)
        of_opened = np.divide(clicked, opened, out=np.zeros(draws), where=opened > 0)
        clicks = random.binomial(opens, of_opened)
        goals = _additional_goals(arm, assumptions.uplift, uplift, random)
        found.append(
            AssumedArm(
                name=arm.name,
                opens=_figure(opens),
                clicks=_figure(clicks),
                additional_goals=None if goals is None else _figure(goals),
                assumptions=assumptions.texts,
            )
        )
    return found


def _random(seed: int, purpose: str) -> np.random.Generator:
    """Give numbers of their own to each purpose, so that neither order nor company matters."""
    words = np.frombuffer(sha256(purpose.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *(int(word) for word in words)]))


def _additional_goals(
    arm: ArmSends, uplift: Uplift | None, drawn: Floats | None, random: np.random.Generator
) -> Counts | None:
    """Draw how many recipients more reach the goal; fewer where the uplift is negative."""
    if uplift is None or drawn is None or arm.decided_count == 0:
        return None
    missed = arm.decided_count - arm.goal_count
    natural = random.beta(arm.goal_count + 0.5, missed + 0.5, len(drawn))
    more = drawn * _mean_effect(arm.delays, uplift.half_life)
    if uplift.kind is UpliftKind.RELATIVE:
        more = more * natural
    more = np.clip(more, -natural, 1 - natural)
    counts = random.binomial(len(arm.delays), np.abs(more))
    return np.asarray(np.sign(more) * counts).astype(np.int64)


def _mean_effect(delays: Floats, half_life: timedelta | None) -> float:
    """Give how much of the uplift is left on average when the mail leaves."""
    if half_life is None or len(delays) == 0:
        return 1.0
    return float(np.mean(0.5 ** (delays / (half_life / _HOUR))))


def _figure(drawn: Counts) -> AssumedFigure:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail), method="inverted_cdf")
    return AssumedFigure(expected=float(drawn.mean()), low=float(low), high=float(high))
