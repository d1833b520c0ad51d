"""The verdict on a test in words, from facts that are computed elsewhere.

Nobody wins where the groups have not the size they should have, and nobody wins a rehearsal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.experiments import ExperimentState
from core.services.experiment_people import Origin
from core.services.experiment_words import (
    at_most,
    days_to_go,
    lift,
    lift_or_reason,
    p_words,
    people,
    ratio_causes,
)
from core.stats.arms import AATest
from core.stats.hybrid import Judgement, Verdict
from core.stats.intervals import IntervalEstimate
from core.stats.ratio import RatioCheck


class VerdictKind(StrEnum):
    """What is said of the whole test."""

    KEEP_COLLECTING = "keep_collecting"
    WINS = "wins"
    LOSES = "loses"
    NO_DIFFERENCE = "no_difference"
    DO_NOT_TRUST = "do_not_trust"
    NOT_ENOUGH = "not_enough"
    REPLAY_ALIKE = "replay_alike"
    REPLAY_DIFFERS = "replay_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentVerdict:
    """One sentence (without a full stop), what belongs beside it, and who may be rolled out.

    `winner` is None as long as nothing is decided, under a failed ratio check, where a guardrail is
    violated, and of every rehearsal.
    """

    kind: VerdictKind
    headline: str
    details: tuple[str, ...] = ()
    winner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictFacts:
    """What the verdict rests on; `violated` are (variant, guardrail) beyond their margins."""

    origin: Origin
    state: ExperimentState
    control: str
    judgements: Sequence[Judgement]
    ratio: RatioCheck
    aa: AATest | None
    people_count: int
    decided_count: int
    has_plan: bool
    is_mixed: bool
    violated: Sequence[tuple[str, str]] = field(default=())


def verdict_of(facts: VerdictFacts) -> ExperimentVerdict:
    """Say what may be said of a test, and no more."""
    if facts.ratio.is_alarm:
        return _not_trusted(facts.ratio)
    if facts.origin is Origin.REPLAY:
        return _replayed(facts)
    if facts.decided_count == 0 or not facts.judgements:
        return _nobody_yet(facts)
    by_verdict = {
        verdict: [j for j in facts.judgements if j.verdict is verdict] for verdict in Verdict
    }
    if by_verdict[Verdict.WINS]:
        return _won(facts, by_verdict[Verdict.WINS])
    if by_verdict[Verdict.KEEP_COLLECTING]:
        return _open(facts, by_verdict[Verdict.KEEP_COLLECTING], by_verdict[Verdict.LOSES])
    if len(by_verdict[Verdict.LOSES]) == len(facts.judgements):
        return _lost(facts, by_verdict[Verdict.LOSES])
    if by_verdict[Verdict.NOT_ENOUGH]:
        return ExperimentVerdict(
            kind=VerdictKind.NOT_ENOUGH,
            headline="Too few people reached the goal to tell the variants apart",
            details=tuple(_line(j) for j in facts.judgements),
        )
    return _alike(facts, by_verdict[Verdict.NO_DIFFERENCE], by_verdict[Verdict.LOSES])


def _not_trusted(ratio: RatioCheck) -> ExperimentVerdict:
    causes = ratio_causes(ratio) or ["people of one group are lost before they are counted"]
    cells = [cell.p_value for cell in (*ratio.days, *ratio.sources) if cell.is_alarm]
    known = [p for p in (ratio.p_value, *cells) if p is not None]
    return ExperimentVerdict(
        kind=VerdictKind.DO_NOT_TRUST,
        headline=(
            "Do not trust this test: the groups are not the size they should be "
            f"({p_words(min(known))}); likely causes: {'; '.join(causes)}"
        ),
    )


def _replayed(facts: VerdictFacts) -> ExperimentVerdict:
    note = "A rehearsal has no winner, because its e-mails were never sent."
    if facts.aa is None or facts.aa.p_value is None:
        return ExperimentVerdict(
            kind=VerdictKind.NOT_ENOUGH,
            headline="Too few people came to the split to check that the variants are alike",
            details=(note,),
        )
    if facts.aa.is_alarm:
        return ExperimentVerdict(
            kind=VerdictKind.REPLAY_DIFFERS,
            headline=(
                f"The variants differ more than chance allows ({p_words(facts.aa.p_value)}), "
                "though no e-mail was sent: check how people come to the split before you launch"
            ),
            details=(note,),
        )
    return ExperimentVerdict(
        kind=VerdictKind.REPLAY_ALIKE,
        headline="The variants are alike as far as chance allows, as a rehearsal should be",
        details=(note,),
    )


def _nobody_yet(facts: VerdictFacts) -> ExperimentVerdict:
    if facts.people_count == 0:
        said = "Nobody has come to the split yet"
    else:
        said = f"{people(facts.people_count)} came, and nobody's time for the goal is over yet"
    return ExperimentVerdict(kind=VerdictKind.NOT_ENOUGH, headline=said)


def _won(facts: VerdictFacts, winners: Sequence[Judgement]) -> ExperimentVerdict:
    best = max(winners, key=_value)
    broken = [guardrail for variant, guardrail in facts.violated if variant == best.name]
    headline = f"{best.name} wins: {_figure(best)}"
    if broken:
        headline += f", but it brings more {' and '.join(broken)} than was agreed"
    details = [_line(j) for j in facts.judgements if j is not best]
    if len(winners) > 1:
        names = " and ".join(j.name for j in winners if j is not best)
        details.append(f"{names} also beats {facts.control}; which of them is best is not settled.")
    return ExperimentVerdict(
        kind=VerdictKind.WINS,
        headline=headline,
        details=tuple(details),
        winner=None if broken else best.name,
    )


def _lost(facts: VerdictFacts, losers: Sequence[Judgement]) -> ExperimentVerdict:
    said = " and ".join(f"{j.name} loses: {_figure(j)}" for j in losers)
    return ExperimentVerdict(
        kind=VerdictKind.LOSES,
        headline=f"Stay with {facts.control}: {said}",
        winner=facts.control,
    )


def _alike(
    facts: VerdictFacts, alike: Sequence[Judgement], losers: Sequence[Judgement]
) -> ExperimentVerdict:
    known = [j.plausible_up_to for j in alike if j.plausible_up_to is not None]
    headline = (
        f"No difference larger than {at_most(max(known))} is plausible"
        if known
        else ("No difference was found")
    )
    if losers:
        headline = f"No variant is better than {facts.control}"
    return ExperimentVerdict(
        kind=VerdictKind.NO_DIFFERENCE,
        headline=headline,
        details=tuple(_line(j) for j in (*alike, *losers)),
    )


def _open(
    facts: VerdictFacts, collecting: Sequence[Judgement], losers: Sequence[Judgement]
) -> ExperimentVerdict:
    details = [_line(j) for j in (*collecting, *losers)]
    if facts.is_mixed:
        details.append(
            "The weights were changed while it ran, so only the rule that holds at any look "
            "decides; people keep the variant they got."
        )
    elif not facts.has_plan:
        details.append(
            "No number of people was planned, so only the rule that holds at any look decides. If "
            "this is all of a test whose size was fixed beforehand, say how many were planned."
        )
    return ExperimentVerdict(
        kind=VerdictKind.KEEP_COLLECTING,
        headline=_open_headline(facts, collecting),
        details=tuple(details),
    )


def _open_headline(facts: VerdictFacts, collecting: Sequence[Judgement]) -> str:
    first = collecting[0]
    if facts.state is ExperimentState.ENDED:
        return "Ended before it was decided: none of the variants has proved better"
    if first.days_to_go is not None:
        return f"Keep collecting, {days_to_go(first.days_to_go)} to go"
    if first.people_to_go:
        return f"Keep collecting, {people(first.people_to_go)} to go"
    return "Keep collecting: nothing is decided yet"


def _line(judgement: Judgement) -> str:
    """Say in a sentence where one variant stands."""
    if judgement.verdict is Verdict.KEEP_COLLECTING and judgement.is_leaning:
        better = "better" if _value(judgement) > 0 else "worse"
        return f"{judgement.name} looks {better} so far: {_figure(judgement)}; not yet decided."
    words = {
        Verdict.KEEP_COLLECTING: "so far",
        Verdict.WINS: "wins",
        Verdict.LOSES: "loses",
        Verdict.NO_DIFFERENCE: "no difference proved",
        Verdict.NOT_ENOUGH: "too little to tell",
        Verdict.DO_NOT_TRUST: "not compared",
    }
    return f"{judgement.name}, {words[judgement.verdict]}: {lift_or_reason(judgement.lift)}."


def _figure(judgement: Judgement) -> str:
    return (
        lift(judgement.lift)
        if isinstance(judgement.lift, IntervalEstimate)
        else (lift_or_reason(judgement.lift))
    )


def _value(judgement: Judgement) -> float:
    """Give the estimate; a control without goals is beaten beyond measure."""
    return judgement.lift.value if isinstance(judgement.lift, IntervalEstimate) else float("inf")
