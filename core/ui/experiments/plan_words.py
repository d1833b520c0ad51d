"""How a plan is told: the answer in words first, then what it rests on."""

from collections.abc import Callable
from datetime import timedelta

from core.domain.experiments import ExperimentGoal, ExperimentSettings
from core.services import phrases
from core.services.experiment_plan import ExperimentPlan
from core.services.experiment_words import REASON_WORDS, at_most, share
from core.stats.duration import Duration, Traffic
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import SampleSize
from core.stats.revenue_planning import LEAST_BUYERS, RevenuePlan
from core.stats.simulated import AACheck, PowerCheck
from core.ui import formats

_QUARTER_DAYS = 90
_YEAR = 365.25
_PROMISE = 0.05
_MOST = 0.75  # of those who come a day; fewer new ones need a word


def headline(plan: ExperimentPlan) -> str:
    """Answer how long the test takes, in one sentence."""
    if isinstance(plan.size, Reason):
        return f"It cannot be told how long this takes: {no_size(plan, plan.size)}."
    people = formats.people(plan.size.people_count)
    window = phrases.duration(plan.window)
    if plan.duration is None:
        if isinstance(plan.traffic, Reason):
            return f"{people} at the split; on no whole day of this history did anybody come there."
        per_day = plan.traffic.per_day.value
        return (
            f"More than ten years: {people} at the split; {per_day:,.0f} come a day, and everybody "
            "counts once."
        )
    new = new_per_day(plan.size, plan.duration)
    return (
        f"About {days(plan.duration.days)}: {people} at the split, {new} new ones a day, then "
        f"{window} for the last of them to decide."
    )


def no_size(plan: ExperimentPlan, reason: Reason) -> str:
    """Say why it is not known how many people a test takes."""
    if reason is Reason.NO_PEOPLE:
        return (
            "nobody's time for the goal had ended when the data ends, so nothing is known of the "
            "goal; take a shorter time, or a longer history"
        )
    if reason is Reason.NO_GOALS:
        return "nobody reached the goal in this history; choose a goal that some people reach"
    if reason is Reason.ALL_GOALS:
        return (
            "with this lift everybody would have to reach the goal; look for a smaller one, or "
            "choose a goal that fewer people reach"
        )
    return REASON_WORDS[reason]


def new_per_day(size: SampleSize, duration: Duration) -> str:
    """Write how many people come to the split for the first time on an average day of the test."""
    count = size.people_count / max(1, duration.exposure_days)
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}".removesuffix(".0")


def days(count: int) -> str:
    """Write a number of days; long ones in months or years as well."""
    said = "1 day" if count == 1 else f"{count:,} days"
    if count <= _QUARTER_DAYS:
        return said
    months = round(count * 12 / _YEAR)
    if months < 24:
        return f"{months} months ({said})"
    return f"{count / _YEAR:.1f} years ({said})"


def details(plan: ExperimentPlan) -> list[str]:
    """Say what the answer means: its range, the groups, what is found with which chance."""
    if isinstance(plan.size, Reason):
        return []
    said = [found_words(plan, plan.size), groups(plan, plan.size)]
    if plan.duration is not None:
        said += [range_words(plan.duration), fewer_words(plan, plan.size, plan.duration)]
    return [sentence for sentence in said if sentence]


def found_words(plan: ExperimentPlan, size: SampleSize) -> str:
    """Say which change is found, and with which chance."""
    reached = size.rate * (1 + size.lift)
    return (
        f"If a variant moves the share that reaches the goal from {fine(size.rate)} to "
        f"{fine(reached)} ({lift(size.lift)}), such a test finds it in "
        f"{round(100 * plan.power)} of 100 cases. You may read it every day."
    )


def groups(plan: ExperimentPlan, size: SampleSize) -> str:
    """Say how many people each variant gets."""
    if len(set(size.per_arm)) == 1:
        return f"{formats.people(size.per_arm[0])} in each variant."
    each = zip(plan.variants, size.per_arm, strict=True)
    return f"{', '.join(f'{name}: {count:,}' for name, count in each)} people."


def range_words(lasts: Duration) -> str:
    """Say within which days it ends in nine of ten cases; empty where that is not known."""
    if lasts.low_days is None:
        return ""
    if lasts.high_days is None:
        return f"In 9 of 10 cases it takes between {days(lasts.low_days)} and over ten years."
    return (
        f"In 9 of 10 cases it takes between {days(lasts.low_days)} and {days(lasts.high_days)}, if "
        "people come as they did."
    )


def fewer_words(plan: ExperimentPlan, size: SampleSize, lasts: Duration) -> str:
    """Say why far fewer people count a day than come; empty where they do not."""
    if isinstance(plan.traffic, Reason):
        return ""
    per_day = plan.traffic.per_day.value
    if size.people_count / max(1, lasts.exposure_days) > _MOST * per_day:
        return ""
    held = share(plan.holdout)
    alone = f"{held} of them are left alone for comparison, and " if plan.holdout else ""
    return (
        f"{per_day:,.1f} people come a day, but everybody counts once: {alone}the longer the test "
        "runs, the more of them have come in it before."
    )


def lift(value: float) -> str:
    """Write a lift with its sign: `+10 %`, `+58.1 %`."""
    return f"{'+' if value > 0 else '−'}{100 * abs(value):.3g} %"


def fine(rate: float) -> str:
    """Write a share with a digit more than usual, so that a lift can be seen in it."""
    return share(rate, digits=1 if rate >= 0.01 else 2)


def natural_rate(plan: ExperimentPlan) -> str:
    """Write the share that reaches the goal anyway."""
    return "–" if isinstance(plan.rate, Reason) else fine(plan.rate.value)


def rate_note(plan: ExperimentPlan) -> str:
    """Say what the natural rate rests on, and who is not in it."""
    if isinstance(plan.rate, Reason):
        return f"No share: {REASON_WORDS[plan.rate]}."
    low, high = fine(plan.rate.low), fine(plan.rate.high)
    said = (
        f"{plan.goal_count:,} of {formats.people(plan.decided_count)} whose "
        f"{phrases.duration(plan.window)} were over reached the goal without these e-mails: "
        f"{fine(plan.rate.value)} ({low.removesuffix(' %')} to {high})."
    )
    if plan.censored_count:
        said += (
            f" {formats.people(plan.censored_count)} came too late for that to be known, and are "
            "not counted."
        )
    return said


def traffic_note(plan: ExperimentPlan) -> str:
    """Say how many people come a day, and from what that is known."""
    traffic = plan.traffic
    if isinstance(traffic, Reason):
        return "On no whole day of this history did anybody come to the split."
    per = traffic.per_day
    said = (
        f"{per.value:,.1f} people a day ({per.low:,.1f} to {per.high:,.1f}), counted once a day, "
        f"over {traffic.day_count} whole days of the history."
    )
    return f"{said} {_few_weekdays(traffic)}".strip()


def _few_weekdays(traffic: Traffic) -> str:
    if traffic.has_weekdays:
        return ""
    return "That is too short to tell the weekdays apart."


def effect_note(plan: ExperimentPlan) -> str:
    """Say in words what a test of two weeks and of two months could find."""
    if not plan.effect_by_day:
        return "Not known, for nothing is known of the goal or of who comes."
    known = [point for point in plan.effect_by_day if point.lift is not None]
    chosen = [point for point in known if point.day in (14, 60)] or known[:1]
    if not chosen:
        return "Within 90 days, not even the largest effect would show."
    said = [f"after {days(point.day)}, {lift(point.lift or 0)}" for point in chosen]
    return f"The smallest rise that would show: {'; '.join(said)}."


def revenue_words(found: RevenuePlan) -> list[str]:
    """Say how many people a test decided by money would take, by the formula and by drawing."""
    said = [
        f"The formula asks for {formats.people(found.formula_people_count)} to find "
        f"{lift(found.lift)} of the money per person. Drawn from your own history "
        f"{found.runs:,} times, so many find it in {_estimate(found.power)} of cases, not in "
        f"{share(found.formula_power)}."
    ]
    if found.people_count is None:
        said.append("Even eight times as many would not be enough: money varies too much here.")
        return said
    lasts = "more than ten years" if found.days is None else f"about {days(found.days)}"
    said.append(f"It really takes {formats.people(found.people_count)}, which is {lasts}.")
    if found.cuped_people_count is not None and found.variance_kept is not None:
        less = 1 - found.variance_kept
        if less >= 0.01:
            said.append(
                f"What people spent before the split explains {share(less)} of how their money "
                f"varies; the result takes that out, so that about "
                f"{formats.people(found.cuped_people_count)} are enough."
            )
    return said


def no_revenue(reason: Reason) -> str:
    """Say why nothing can be said about money."""
    if reason is Reason.TOO_FEW_GOALS:
        return (
            f"Fewer than {LEAST_BUYERS} people brought any money in their time, so its size cannot "
            "be planned. Check the property, or rehearse a longer history."
        )
    return f"Nothing can be said about money: {REASON_WORDS[reason]}."


def alarms(found: AACheck) -> list[str]:
    """Say how often each way of reading a test saw a difference where none was."""
    drawn = f" drawn from the {found.history_people_count:,}" if found.is_sample else ""
    return [
        f"{found.runs:,} tests on {formats.people(found.people_count)}{drawn} of your history, "
        "shared out anew each time, with nothing that could make a difference. So whatever is "
        "found is a false alarm.",
        f"Our rule, read every day: {_estimate(found.hybrid)} raised one.",
        f"Looking every day for p < 0.05, as many tools do: {_estimate(found.naive)}.",
        f"The same, read only once at the end: {_estimate(found.fixed)}.",
    ]


def alarms_verdict(found: AACheck) -> tuple[bool, str]:
    """Say whether the rule keeps its promise on this history."""
    if found.hybrid.low > _PROMISE:
        return False, (
            f"On this history the rule raises more false alarms than the {at_most(_PROMISE)} it "
            "promises. Do not launch this test before that is understood; very few people or goals "
            "are a likely cause."
        )
    return True, (
        f"The rule keeps its promise on your own customers: at most {at_most(_PROMISE)} false "
        "alarms, however often you look."
    )


def power_words(found: PowerCheck, planned: float) -> list[str]:
    """Say how often an effect that was put in was found."""
    said = [
        f"Into {found.runs:,} such tests an effect of {lift(found.lift)} was put in. "
        f"{_estimate(found.found)} found it (planned: {share(planned)}).",
        f"{_estimate(found.wrong)} called the wrong one better.",
    ]
    if found.median_days_found is not None:
        said.append(
            f"Half of those that found it did so by day {found.median_days_found:,.0f} of "
            f"{found.planned_days:,}."
        )
    if found.is_redrawn:
        said.append(
            f"The plan needs {formats.people(found.people_count)}, more than your history has; so "
            "who reaches the goal was drawn at its rate, and people came as the plan expects."
        )
    elif not found.found.low <= planned <= found.found.high:
        said.append(
            f"It differs from the plan because it was tried on the first "
            f"{formats.people(found.people_count)} of your history, who are not quite like all."
        )
    return said


def goal(meant: ExperimentGoal, window: timedelta | None) -> str:
    """Write a goal as it will be fixed."""
    within = "" if window is None else f" within {phrases.exact_duration(window)} of the split"
    money = "" if meant.value is None else f", with the money in {meant.value}"
    return f"{phrases.matcher(meant.event)}{within}{money}"


def fixed(settings: ExperimentSettings, plan: ExperimentPlan) -> dict[str, str]:
    """List what a launch fixes, by what it is called."""
    total = sum(settings.weights)
    shares = [f"{v.name} {share(v.weight / total)}" for v in settings.variants]
    rows = {
        "Decides": goal(settings.primary, settings.window),
        "Looked at as well": _listed([each.name for each in settings.secondary]),
        "Must not get worse": _listed(
            [f"{each.name} by {points(each.margin)}" for each in settings.guardrails]
        ),
        "Variants": ", ".join(shares),
        "Compared with": settings.control,
        "Left alone, for comparison": share(settings.holdout) if settings.holdout else "nobody",
        "People": _planned(plan, lambda: f"{_size(plan).people_count:,} at the split"),
        "Planned end": "open"
        if plan.duration is None
        else f"{formats.calendar_day(plan.duration.ends_on)}, if people come as they did",
        "To be found": f"{lift(plan.lift)}, in {round(100 * plan.power)} of 100 cases",
    }
    return {called: said for called, said in rows.items() if said}


def points(margin: float) -> str:
    """Write a margin in points of a share: `more than 0.2 points`."""
    return f"more than {100 * margin:g} points"


def _planned(plan: ExperimentPlan, words: Callable[[], str]) -> str:
    return "not known" if isinstance(plan.size, Reason) else words()


def _size(plan: ExperimentPlan) -> SampleSize:
    assert not isinstance(plan.size, Reason)  # asked only where there is one
    return plan.size


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def _estimate(found: IntervalEstimate) -> str:
    low, high = share(found.low), share(found.high)
    return f"{share(found.value)} ({low.removesuffix(' %')} to {high})"
