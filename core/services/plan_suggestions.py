"""What would shorten a test, each way with the days that it would then take."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from core.stats.conversion import CONFIDENCE
from core.stats.duration import Duration, Traffic, duration, people_done_by
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import Design, SampleSize, sample_size, smallest_lift

MOST_EVENTS = 3
MOST_DAYS = 365  # what takes longer even then is no help
_MUCH_MORE_FREQUENT = 1.2
_ALMOST_ALL = 0.9


class SuggestionKind(StrEnum):
    """The ways to a shorter test."""

    ONE_VARIANT_LESS = "one_variant_less"
    EARLIER_GOAL = "earlier_goal"
    NO_HOLDOUT = "no_holdout"
    EQUAL_WEIGHTS = "equal_weights"
    LARGER_LIFT = "larger_lift"
    LARGER_AUDIENCE = "larger_audience"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One way to a shorter test, with the days and people that it then takes.

    `event` and `rate` are of an earlier goal, `lift` is the smallest that can be found in the days,
    `factor` how many times as many people it takes a day. `words` says it all in one sentence.
    """

    kind: SuggestionKind
    days: int
    people_count: int
    words: str
    event: str | None = None
    rate: float | None = None
    lift: float | None = None
    factor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a plan is made from: design, traffic, rate, and other events with their rates."""

    design: Design
    names: tuple[str, ...]
    traffic: Traffic | Reason
    rate: IntervalEstimate | Reason
    lift: float
    window: timedelta
    holdout: float
    starts_on: date
    events: Sequence[tuple[str, float]]

    def size(self) -> SampleSize | Reason:
        """Give the people it takes."""
        if isinstance(self.rate, Reason):
            return self.rate
        return sample_size(self.design, rate=self.rate.value, lift=self.lift)

    def duration(
        self, size: SampleSize | Reason, *, with_range: bool = False, factor: float = 1.0
    ) -> Duration | None:
        """Give the days it takes, with `factor` times as many people a day."""
        if isinstance(size, Reason) or isinstance(self.traffic, Reason):
            return None
        return duration(
            self.traffic,
            people_count=size.people_count,
            starts_on=self.starts_on,
            window=self.window,
            share_exposed=(1 - self.holdout) * factor,
            with_range=with_range,
        )


def suggestions(asked: Question, *, is_long: bool, long_days: int) -> tuple[Suggestion, ...]:
    """List what would shorten a test, the shortest first.

    What makes it no shorter is left out, and so is what would still take more than a year.
    A larger effect and a larger audience are reckoned for `long_days`, where the test is longer.
    """
    size = asked.size()
    if isinstance(size, Reason) or isinstance(asked.traffic, Reason):
        return ()
    lasts = asked.duration(size)
    found = [*_fewer_arms(asked), *_no_holdout(asked), *_equal_weights(asked)]
    found += _earlier_goals(asked, long_days)
    if is_long:
        found += [*_larger_lift(asked, long_days), *_larger_audience(asked, size, long_days)]
    most = MOST_DAYS if lasts is None else min(MOST_DAYS, lasts.days - 1)
    shorter = [each for each in found if each.days <= most]
    return tuple(sorted(shorter, key=lambda each: each.days))


def _fewer_arms(asked: Question) -> Iterator[Suggestion]:
    """Leave out the last variant; its people go to the others."""
    if len(asked.names) < 3:
        return
    fewer = replace(asked.design, weights=tuple(asked.design.weights[:-1]))
    changed = replace(asked, design=fewer, names=asked.names[:-1])
    yield from _said(
        SuggestionKind.ONE_VARIANT_LESS,
        changed,
        lambda days: f"With one variant less (for example without {asked.names[-1]!r}): {days}.",
    )


def _no_holdout(asked: Question) -> Iterator[Suggestion]:
    if asked.holdout > 0:
        yield from _said(
            SuggestionKind.NO_HOLDOUT,
            replace(asked, holdout=0.0),
            lambda days: f"Without the holdout of {_percent(asked.holdout)}: {days}.",
        )


def _equal_weights(asked: Question) -> Iterator[Suggestion]:
    if len(set(asked.design.weights)) > 1:
        equal = replace(asked.design, weights=(1.0,) * len(asked.names))
        yield from _said(
            SuggestionKind.EQUAL_WEIGHTS,
            replace(asked, design=equal),
            lambda days: f"With equal weights for all variants: {days}.",
        )


def _earlier_goals(asked: Question, long_days: int) -> list[Suggestion]:
    """Choose the goals nearest to the present one that take at most `long_days`.

    Without any: the nearest one and the one that is fastest.
    """
    assert isinstance(asked.rate, IntervalEstimate)  # a size is known
    least = asked.rate.value * _MUCH_MORE_FREQUENT
    found = [
        suggestion
        for event, share in sorted(asked.events, key=lambda pair: pair[1])
        if least < share < _ALMOST_ALL
        for suggestion in _earlier_goal(asked, event, share)
    ]
    in_time = [suggestion for suggestion in found if suggestion.days <= long_days]
    if in_time or not found:
        return in_time[:MOST_EVENTS]
    nearest, fastest = found[0], min(found, key=lambda each: each.days)
    return [nearest] if nearest is fastest else [nearest, fastest]


def _earlier_goal(asked: Question, event: str, share: float) -> Iterator[Suggestion]:
    rate = IntervalEstimate(value=share, low=share, high=share, confidence=CONFIDENCE)
    for suggestion in _said(
        SuggestionKind.EARLIER_GOAL,
        replace(asked, rate=rate),
        lambda days: (
            f"With the goal {event!r}, which {_percent(share)} reach, and the same relative "
            f"effect on it: {days}."
        ),
    ):
        yield replace(suggestion, event=event, rate=share)


def _larger_lift(asked: Question, long_days: int) -> Iterator[Suggestion]:
    """Give the smallest rise that `long_days` can find."""
    assert isinstance(asked.rate, IntervalEstimate)  # a size is known
    people = _people_in(asked, long_days)
    lift = smallest_lift(asked.design, rate=asked.rate.value, people_count=people)
    if lift is None:
        return
    # A little more, so that rounding up people and days stays within the time.
    larger = replace(asked, lift=lift * 1.01)
    for suggestion in _said(
        SuggestionKind.LARGER_LIFT,
        larger,
        lambda days: (
            f"Looking for +{_percent(larger.lift)} instead of {_lift(asked.lift)}: {days}."
        ),
    ):
        yield replace(suggestion, lift=larger.lift)


def _larger_audience(asked: Question, size: SampleSize, long_days: int) -> Iterator[Suggestion]:
    """Give how many times as many people a day it takes for `long_days`."""
    people = _people_in(asked, long_days)
    if people <= 0:
        return
    factor = size.people_count / people
    lasts = asked.duration(size, factor=factor * (1 + 1e-9))
    if lasts is not None:
        yield Suggestion(
            kind=SuggestionKind.LARGER_AUDIENCE,
            days=lasts.days,
            people_count=size.people_count,
            factor=factor,
            words=f"With {factor:.2g} times as many people a day: {_days(lasts.days)}.",
        )


def _people_in(asked: Question, days: int) -> float:
    assert isinstance(asked.traffic, Traffic)  # suggestions are made of known traffic only
    (people,) = people_done_by(
        asked.traffic,
        [days],
        starts_on=asked.starts_on,
        window=asked.window,
        share_exposed=1 - asked.holdout,
    )
    return people


def _said(
    kind: SuggestionKind, changed: Question, words: Callable[[str], str]
) -> Iterator[Suggestion]:
    size = changed.size()
    lasts = changed.duration(size)
    if lasts is not None and not isinstance(size, Reason):
        yield Suggestion(
            kind=kind,
            days=lasts.days,
            people_count=size.people_count,
            words=words(_days(lasts.days)),
        )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _lift(lift: float) -> str:
    return f"{'+' if lift > 0 else '-'}{_percent(abs(lift))}"
