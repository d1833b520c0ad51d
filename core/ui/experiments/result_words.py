"""Sentences about the results of a test, as Markdown; the page and the report say the same."""

from core.domain.experiments import ChangeKind, ExperimentSettings, ExperimentState
from core.services.experiment_people import Origin
from core.services.experiment_results import ExperimentResults
from core.services.experiment_words import EXCLUSION_WORDS, p_words, ratio_causes, share
from core.services.phrases import duration
from core.stats.guardrails import Guardrail, GuardrailState
from core.stats.hybrid import DecidedBy, Judgement
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.revenue import MeanEffect, ValueContrast
from core.ui import formats

STATE_WORDS = {
    ExperimentState.DRAFT: "planned",
    ExperimentState.RUNNING: "running",
    ExperimentState.ENDED: "ended",
}
CHANGE_WORDS = {
    ChangeKind.DRAFTED: "planned",
    ChangeKind.LAUNCHED: "launched",
    ChangeKind.WEIGHTS_CHANGED: "weights changed",
    ChangeKind.ENDED: "ended",
    ChangeKind.NOTED: "note",
}


def about(results: ExperimentResults) -> str:
    """Say what is compared by what, and in which days."""
    settings = results.settings
    came_in = "Nobody has come yet"
    if results.people_count:
        days = formats.period(results.first_exposed_at, results.last_exposed_at)
        came_in = f"People came {days}"
    variants = " · ".join(
        f"**{formats.plain(name)}**" + mark(name, settings.control)
        for name in settings.variant_names
    )
    return f"{variants}  \n:gray[{goal_words(settings, results.origin)}. {came_in}.]"


def mark(name: str, control: str) -> str:
    """Say behind a name that it is the control, unless it says so itself."""
    return " (control)" if name == control and "control" not in name.casefold() else ""


def came(results: ExperimentResults) -> str:
    """Write how many people came, of how many that were planned."""
    planned, count = results.planned_people_count, results.people_count
    return f"{count:,} of {planned:,}" if planned is not None and count < planned else f"{count:,}"


def goal_words(settings: ExperimentSettings, origin: Origin) -> str:
    """Say what counts as reached, and by when."""
    if origin is Origin.FILE:
        goal = "Goal as the file has it"
    else:
        goal = f"Goal: {formats.plain(settings.primary.name)}"
    if settings.window is None:
        return goal
    return f"{goal}, within {duration(settings.window)} of the split"


def people_notes(results: ExperimentResults) -> list[str]:
    """Say who is counted how, who is left out and why, and who is in several tests."""
    said = []
    planned = results.planned_people_count
    if planned is not None and results.people_count >= planned:
        said.append(f"{_people(planned)} were planned. {_planned_end(results)}")
    if results.in_window_count:
        early = sum(variant.early_goal_count for variant in results.variants)
        said.append(
            f"{_people(results.in_window_count)} are still in their time for the goal: they are in "
            f"no share yet, whether they reached it already ({early:,}) or not."
        )
    for why, count in results.excluded.items():
        if count:
            said.append(f"Left out: {count:,} {EXCLUSION_WORDS[why]}.")
    if results.other_tests_count:
        said.append(
            f"{_people(results.other_tests_count)} are in another running test as well. They "
            "count; if that test changes the goal too, it does so in all variants alike."
        )
    return [*said, *(formats.plain(note) for note in results.notes)]


def _planned_end(results: ExperimentResults) -> str:
    ended_at = results.planned_end_reached_at
    if ended_at is None:
        return "The planned end is not reached, or does not count any more."
    said = f"The time of the last of them was over on {formats.day(ended_at)}: the planned end."
    is_read_then = any(j.decided_by is DecidedBy.PLANNED_END for j in results.judgements)
    if is_read_then and results.people_count > (results.planned_people_count or 0):
        return f"{said} The range that decides is theirs; the other rows count everybody."
    return said


def guardrail_alarms(results: ExperimentResults) -> list[str]:
    """Say which guardrails are violated; none under a failed check of the groups' sizes."""
    if results.ratio.is_alarm:
        return []
    return [
        f"Guardrail violated: {formats.plain(result.name)}, {formats.plain(guard.variant)}: "
        f"{points_range(guard.difference, guard.low, guard.high)} more than the control; up to "
        f"{points(result.margin, is_signed=False)} are tolerated."
        for result in results.guardrails
        for guard in result.guards
        if isinstance(guard, Guardrail) and guard.state is GuardrailState.VIOLATED
    ]


def off_centre(results: ExperimentResults) -> str | None:
    """Say why the range that decides is not centred on the ratio of the shares, where one sees it.

    It goes by whom the people with the goal belong to, beside the shares by plan.
    """
    for judgement, compared in zip(results.judgements, results.goals[0].contrasts, strict=False):
        contrast = compared.contrast
        if isinstance(contrast, Reason) or not judgement.is_always_valid:
            continue
        once, rule = contrast.lift, judgement.lift
        if isinstance(once, Reason) or isinstance(rule, Reason):
            continue
        if abs(once.value - rule.value) >= _SEEN:
            return _OFF_CENTRE
    return None


_SEEN = 0.02
_HELPS = 0.99
_OFF_CENTRE = (
    "The range that decides compares how people with the goal are shared out with how everybody "
    "was meant to be shared out. By chance the groups are not exactly of that size, so its middle "
    "lies beside the ratio of the shares; the range allows for it."
)


def ratio_words(results: ExperimentResults) -> str:
    """Say whether the groups are as large as they should be."""
    ratio, names = results.ratio, results.settings.variant_names
    if ratio.p_value is None and not ratio.is_alarm:
        return "Too few people yet to check whether the groups have the size they should have."
    sizes = ", ".join(
        f"{formats.plain(name)} {share(got, digits=1)} (planned {share(meant, digits=1)})"
        for name, got, meant in zip(names, ratio.arm_shares, ratio.expected_shares, strict=True)
    )
    likely = "" if ratio.p_value is None else f" ({p_words(ratio.p_value)})"
    if not ratio.is_alarm:
        return f"The groups have the size they should have{likely}: {sizes}."
    causes = "; ".join(ratio_causes(ratio)) or "people of one group are lost before they count"
    return f"The groups are **not** the size they should be{likely}: {sizes}. Likely: {causes}."


def looks_words(judgement: Judgement) -> str:
    """Say how strong the evidence is beside what is needed."""
    most = min(judgement.largest_e_value, 1e6)
    shown = f"{most:,.0f}" if most >= 10 else f"{most:.1f}"
    more = "more than " if judgement.largest_e_value > 1e6 else ""
    name = formats.plain(judgement.name)
    return (
        f"{name}: at its strongest look a difference was {more}**{shown} times** likelier than "
        f"none; {judgement.e_needed:,.0f} times are needed to decide before the planned end."
    )


def why_they_differ(results: ExperimentResults) -> str:
    """Say what it means if the comparison read once and the one at any look disagree."""
    differing = [name for name, once, always in _both(results) if once and not always]
    if not differing:
        return (
            "The range that holds at any look is wider than the one that holds once; here both "
            "say the same."
        )
    names = " and ".join(formats.plain(name) for name in differing)
    return (
        f"For {names} they disagree: read once it would count as a difference, but somebody who "
        "may look every day needs more. It counts if it is still there at the planned end."
    )


def _both(results: ExperimentResults) -> list[tuple[str, bool, bool]]:
    """Give for each variant whether a difference is shown by a single look, and by any look."""
    found = []
    for looks, compared in zip(results.looks, results.goals[0].contrasts, strict=False):
        contrast = compared.contrast
        if isinstance(contrast, Reason) or isinstance(contrast.lift, Reason):
            continue
        low, high = looks.looks.low[-1], looks.looks.high[-1]
        found.append((looks.name, contrast.lift.excludes_zero, bool(low > 0 or high < 0)))
    return found


def money_notes(results: ExperimentResults) -> list[str]:
    """Say what a reader must know of the comparison of money."""
    said = []
    if any(isinstance(c.contrast, ValueContrast) for c in results.goals[0].revenue or ()):
        said.append(
            "p belongs to the more precise of the two lines, and is corrected where there are "
            "several variants."
        )
    for compared in results.goals[0].revenue or ():
        found = compared.contrast
        if isinstance(found, Reason):
            continue
        name = formats.plain(found.variant)
        if found.is_heavy_tailed and found.people_needed is not None:
            said.append(
                f"{name}: a few large orders weigh much here. With about "
                f"{found.people_needed:,} people per variant the range can be relied on; take it "
                "as rough until then."
            )
        if isinstance(found.cuped, MeanEffect):
            kept = found.cuped.variance_kept
            said.append(
                f"{name}: knowing what people spent before leaves {share(kept)} of the "
                "uncertainty (variance)."
                if kept < _HELPS
                else f"{name}: knowing what people spent before makes it no more precise here."
            )
    return said


def points(rate: float, *, is_signed: bool = True, digits: int | None = None) -> str:
    """Write a difference of shares in points: `+1.2 points`."""
    shown = _digits(rate) if digits is None else digits
    return f"{_signed(100 * rate, shown, is_signed=is_signed)} points"


def points_range(value: float, low: float, high: float) -> str:
    """Write a difference of shares with its range, all with as many digits."""
    digits = _digits(max(abs(low), abs(high)))
    ends = (_signed(100 * end, digits, is_signed=False) for end in (low, high))
    return f"{points(value, digits=digits)} ({' to '.join(ends)})"


def _digits(rate: float) -> int:
    size = abs(100 * rate)
    return 1 if size >= 1 else 2 if size >= 0.1 else 3


def _signed(amount: float, digits: int, *, is_signed: bool) -> str:
    """Write a number with a real minus sign; what rounds to zero has no sign."""
    text = f"{abs(amount):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return f"{'−' if amount < 0 else '+' if is_signed else ''}{text}"


def money(amount: float, *, is_signed: bool = False) -> str:
    """Write an amount in the unit of its source."""
    return _signed(amount, 0 if abs(amount) >= 1_000 else 2, is_signed=is_signed)


def money_range(estimate: IntervalEstimate) -> str:
    """Write a difference of money with its range."""
    value = money(estimate.value, is_signed=True)
    return f"{value} ({money(estimate.low)} to {money(estimate.high)})"


def _people(count: int) -> str:
    return formats.people(count)
