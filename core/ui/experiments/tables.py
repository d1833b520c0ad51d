"""Tables of a test's results: texts for the screen and the report."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan

import pandas as pd

from core.domain.experiments import Change
from core.services.experiment_counts import VariantCounts
from core.services.experiment_results import ExperimentResults
from core.services.experiment_words import REASON_WORDS, lift, lift_or_reason, p_words, share
from core.services.phrases import number
from core.stats.conversion import Contrast
from core.stats.guardrails import GuardrailState
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import Compared
from core.stats.revenue import MeanEffect
from core.stats.sequential import CONFIDENCE, Looks
from core.ui import formats
from core.ui.experiments import result_words

_STATES = {
    GuardrailState.HOLDS: "holds",
    GuardrailState.VIOLATED: "violated",
    GuardrailState.OPEN: "open: not settled yet",
}
_NONE = "–"


def variants(results: ExperimentResults) -> pd.DataFrame:
    """Put the variants side by side: people, e-mails, goal, money; one column per variant."""
    counted = results.variants
    rows = {
        "Came to the split": _each(counted, lambda v: f"{v.exposed_count:,}"),
        "… still in their time": _each(counted, lambda v: f"{v.in_window_count:,}"),
        "… time is over": _each(counted, lambda v: f"{v.decided_count:,}"),
        "Got an e-mail": _counts(counted, "sent_count"),
        "Delivered": _counts(counted, "delivered_count"),
        "Clicked": _each(counted, _clicked),
        "Reached the goal": _each(counted, lambda v: f"{v.goal_count:,}"),
        "Share with the goal": _each(counted, lambda v: rate(v.rate)),
        "Compared with the control": _lifts_of_shares(results),
        "Range that decides": _lifts(results),
        "Money": _each(counted, lambda v: _money(v.revenue)),
        "Money per person": _each(counted, lambda v: _money(v.revenue_per_person)),
    }
    known = {label: cells for label, cells in rows.items() if set(cells) != {_NONE}}
    return _by_variant(known, results.settings.control, [v.name for v in counted])


def opens(results: ExperimentResults) -> pd.DataFrame | None:
    """Count openings, those by machines apart; None where nobody recorded any."""
    counted = results.variants
    if all(v.opened_count is None for v in counted):
        return None
    rows = {
        "Opened, machines included": _counts(counted, "opened_count"),
        "… by machines only": _counts(counted, "opened_by_machine_count"),
        "Clicked, scanners included": _counts(counted, "clicked_count"),
        "… by scanners only": _counts(counted, "clicked_by_machine_count"),
    }
    return _by_variant(rows, results.settings.control, [v.name for v in counted])


def chances(results: ExperimentResults) -> pd.DataFrame | None:
    """Give each variant's chance of being the best, and what choosing it risks; None without."""
    found = results.chances
    if isinstance(found.to_win, Reason) or isinstance(found.losses, Reason):
        return None
    rows = {
        "Chance to be the best": [_chance(chance) for chance in found.to_win],
        "Risk of choosing it": [
            result_words.points(loss, is_signed=False) if loss >= 5e-6 else "under 0.001 points"
            for loss in found.losses
        ],
    }
    return _by_variant(rows, results.settings.control, found.names)


def two_readings(results: ExperimentResults) -> pd.DataFrame:
    """Put the comparison that holds at any look beside the one that is read once."""
    once = [compared.contrast for compared in results.goals[0].contrasts]
    columns = {
        "Holds at any look": [_looked(looks.looks) for looks in results.looks],
        "Read once": [_lift_of(contrast) for contrast in once],
        "… difference": [_difference(contrast) for contrast in once],
        "… p": [_p(compared.p_value) for compared in results.goals[0].contrasts],
    }
    names = [formats.plain(looks.name) for looks in results.looks]
    return pd.DataFrame({"Beside the control": names, **columns}).set_index("Beside the control")


def secondary_goals(results: ExperimentResults) -> pd.DataFrame | None:
    """Give the other goals with each variant beside the control; None without any."""
    rows = []
    for goal in results.goals[1:]:
        for count in goal.counts:
            contrast = _contrast_of(goal.contrasts, count.name)
            rows.append(
                {
                    "Goal": formats.plain(goal.name),
                    "Variant": formats.plain(count.name),
                    "Reached it": f"{count.goal_count:,} of {count.people_count:,}",
                    "Share": rate(count.rate),
                    "Read once": _NONE if contrast is None else _lift_of(contrast.contrast),
                    "p": _NONE if contrast is None else _p(contrast.p_value),
                }
            )
    return pd.DataFrame(rows).set_index("Goal") if rows else None


def revenue(results: ExperimentResults) -> pd.DataFrame | None:
    """Give money per person beside the control, as it is and adjusted; None without money."""
    rows = []
    for compared in results.goals[0].revenue or ():
        found = compared.contrast
        if isinstance(found, Reason):
            continue
        effects = {"as it is": found.welch, "adjusted": found.cuped}
        for label, effect in effects.items():
            if isinstance(effect, MeanEffect):
                rows.append(
                    {
                        "Variant": formats.plain(found.variant),
                        "Measured": label,
                        "Difference per person": result_words.money_range(effect.difference),
                        "In percent": lift_or_reason(effect.lift),
                        "p": _p(compared.p_value) if effect is found.best else _NONE,
                    }
                )
    return pd.DataFrame(rows).set_index("Variant") if rows else None


def guardrails(results: ExperimentResults) -> pd.DataFrame | None:
    """Give each guardrail per variant beside the control; None without any."""
    rows = []
    for result in results.guardrails:
        by_name = {count.name: count for count in result.counts}
        margin = result_words.points(result.margin, is_signed=False)
        named = {"Guardrail": f"{formats.plain(result.name)}, up to {margin} more"}
        for guard in result.guards:
            if isinstance(guard, Reason):
                rows.append({**named, "State": REASON_WORDS[guard]})
                continue
            count = by_name[guard.variant]
            rows.append(
                {
                    **named,
                    "Variant": formats.plain(guard.variant),
                    "State": _STATES[guard.state],
                    "More than the control": result_words.points_range(
                        guard.difference, guard.low, guard.high
                    ),
                    "People": f"{count.goal_count:,} of {count.people_count:,}",
                }
            )
    return pd.DataFrame(rows).fillna(_NONE).set_index("Guardrail") if rows else None


def group(rows: Sequence[Compared]) -> pd.DataFrame:
    """Give the groups of one column, each variant beside the control of the same group."""
    found = []
    for row in rows:
        contrast = row.contrast
        if isinstance(contrast, Reason):
            continue
        found.append(
            {
                "Group": formats.plain(row.segment or ""),
                "Variant": formats.plain(contrast.variant),
                "Share, control": rate(contrast.control_rate),
                "Share": rate(contrast.variant_rate),
                "Difference": _lift_of(contrast),
                "p, corrected": _p(row.p_value),
            }
        )
    return pd.DataFrame(found).set_index("Group") if found else pd.DataFrame()


def ratio_cells(results: ExperimentResults) -> pd.DataFrame | None:
    """List days and sources whose groups are not the size they should be; None without any."""
    rows = [
        {"Where": f"{kind}: {formats.plain(cell.label)}", "p, corrected": _p(cell.p_value)}
        for kind, cells in (("day", results.ratio.days), ("source", results.ratio.sources))
        for cell in cells
        if cell.is_alarm
    ]
    return pd.DataFrame(rows).set_index("Where") if rows else None


def holdout(results: ExperimentResults) -> pd.DataFrame | None:
    """Put the people a campaign could reach beside its comparison group; None without one."""
    report = results.holdout
    if report is None:
        return None
    groups = (report.treated, report.held_out)
    return pd.DataFrame(
        {
            "Group": [formats.plain(count.name) for count in groups],
            "People": [f"{count.people_count:,}" for count in groups],
            "Reached the goal": [f"{count.goal_count:,}" for count in groups],
            "Share": [rate(count.rate) for count in groups],
        }
    ).set_index("Group")


def log(changes: Sequence[Change], variant_names: Sequence[str]) -> pd.DataFrame:
    """List what was done to a test, latest first."""
    rows = list(reversed(changes))
    return pd.DataFrame(
        {
            "When": [f"{change.at:%-d %b %Y, %H:%M} UTC" for change in rows],
            "What": [result_words.CHANGE_WORDS[change.kind] for change in rows],
            "Who": [formats.plain(change.by) for change in rows],
            "Said": [_said(change, variant_names) for change in rows],
        }
    ).set_index("When")


def rate(estimate: IntervalEstimate | Reason) -> str:
    """Write a share with its range: `4.5 % (4.1 to 4.9 %)`."""
    if isinstance(estimate, Reason):
        return REASON_WORDS[estimate]
    digits = 1 if estimate.high < 0.2 else 0
    if estimate.high < 0.01:
        digits = 2
    value, low, high = (
        share(part, digits=digits) for part in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low.removesuffix(' %')} to {high})"


def _said(change: Change, variant_names: Sequence[str]) -> str:
    parts = [formats.plain(change.note)] if change.note else []
    if change.weights is not None:
        shares = zip(variant_names, change.weights, strict=True)
        parts.insert(0, ", ".join(f"{formats.plain(n)}: {number(w)}" for n, w in shares))
    return " · ".join(parts)


def _by_variant(
    rows: Mapping[str, Sequence[str]], control: str, names: Sequence[str]
) -> pd.DataFrame:
    columns = [formats.plain(name) + result_words.mark(name, control) for name in names]
    frame = pd.DataFrame.from_dict(dict(rows), orient="index", columns=columns)
    return frame.rename_axis("Per variant")


def _each(counted: Sequence[VariantCounts], write: Callable[[VariantCounts], str]) -> list[str]:
    return [write(variant) for variant in counted]


def _counts(counted: Sequence[VariantCounts], field: str) -> list[str]:
    found = (getattr(variant, field) for variant in counted)
    return [_NONE if count is None else f"{count:,}" for count in found]


def _clicked(variant: VariantCounts) -> str:
    """Count people who clicked, those whom only a scanner clicked for left out."""
    if variant.clicked_count is None:
        return _NONE
    return f"{variant.clicked_count - (variant.clicked_by_machine_count or 0):,}"


def _lifts(results: ExperimentResults) -> list[str]:
    by_name = {judgement.name: lift_or_reason(judgement.lift) for judgement in results.judgements}
    return [by_name.get(variant.name, _NONE) for variant in results.variants]


def _lifts_of_shares(results: ExperimentResults) -> list[str]:
    """Give each variant's share relative to the control's; nothing where nothing is compared."""
    if results.ratio.is_alarm:
        return [_NONE for _ in results.variants]
    found = {}
    for compared in results.goals[0].contrasts:
        contrast = compared.contrast
        if not isinstance(contrast, Reason) and not isinstance(contrast.lift, Reason):
            found[contrast.variant] = share(contrast.lift.value, is_signed=True)
    return [found.get(variant.name, _NONE) for variant in results.variants]


def _money(amount: float | None) -> str:
    return _NONE if amount is None else result_words.money(amount)


def _chance(chance: float) -> str:
    if chance > 0.999:
        return "over 99.9 %"
    return "under 0.1 %" if chance < 0.001 else share(chance, digits=1)


def _looked(looks: Looks) -> str:
    low, high = float(looks.low[-1]), float(looks.high[-1])
    if isnan(low) or isnan(high):
        return "not known yet"
    value = min(max(float(looks.lift[-1]), low), high)
    return lift(IntervalEstimate(value=value, low=low, high=high, confidence=CONFIDENCE))


def _lift_of(contrast: Contrast | Reason) -> str:
    return lift_or_reason(contrast if isinstance(contrast, Reason) else contrast.lift)


def _difference(contrast: Contrast | Reason) -> str:
    if isinstance(contrast, Reason):
        return REASON_WORDS[contrast]
    found = contrast.difference
    return result_words.points_range(found.value, found.low, found.high)


def _contrast_of(contrasts: Sequence[Compared], name: str) -> Compared | None:
    for compared in contrasts:
        if not isinstance(compared.contrast, Reason) and compared.contrast.variant == name:
            return compared
    return None


def _p(p_value: float | Reason | None) -> str:
    if p_value is None:
        return _NONE
    return REASON_WORDS[p_value] if isinstance(p_value, Reason) else p_words(p_value)
