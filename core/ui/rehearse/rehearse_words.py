"""What a rehearsal found, in a marketer's words: reasons, steps taken, what changed and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.domain.campaigns import Campaign, Goal
from core.domain.outcomes import StepOutcome
from core.domain.steps import BranchStep, SendStep, Step, WaitForStep
from core.rehearsal.person_path import PathRow
from core.rehearsal.reports.change_reasons import Reason
from core.services import phrases, step_words
from core.ui import formats

WITHHELD = {
    "unsubscribed": "Unsubscribed, or no consent",
    "suppressed": "Address bounced or complained",
    "no_address": "No e-mail address",
    "holdout": "Left out for comparison",
    "frequency_cap": "Had enough e-mails already",
}

REFUSED = {
    "reentry": "Entered too recently",
    "audience": "Not in the audience",
    "active": "Still inside the flow",
}

_BOUGHT = frozenset({"purchase", "order", "order_completed", "placed_order", "transaction", "buy"})
_SINCE_ENTRY = "since_entry"
_LONGEST_SUBJECT = 32  # characters of a subject that stand in a label
_GOAL = "goal"


def remedy(reason: str, campaign: Campaign) -> str:
    """Say what a marketer can do about messages withheld or entries refused for a reason."""
    match reason:
        case "unsubscribed":
            return "They asked for no e-mails, or never agreed. Leave them alone."
        case "suppressed":
            return "Mail to them came back, or they called it spam. Mend the addresses that bounce."
        case "no_address":
            return "Import profiles with an `email` column, or ask for the address earlier."
        case "holdout":
            share = step_words.share(campaign.holdout)
            return f"Your comparison group of {share}: they get nothing, on purpose."
        case "frequency_cap":
            return f"Your limit is {_cap(campaign)}. Raise it, or let other campaigns send less."
        case "reentry":
            return f"{phrases.reentry(campaign)}. Let people in more often if that is too strict."
        case "audience":
            return "Widen the audience of the campaign if they should get it."
        case "active":
            return "They were on their way through already. Allow entering twice if both count."
        case _:
            return ""


def _cap(campaign: Campaign) -> str:
    cap = campaign.frequency_cap
    if cap is None:
        return "a number of e-mails"
    return f"{emails(cap.max)} in {phrases.exact_duration(cap.per)}"


def emails(count: int) -> str:
    """Write `1 e-mail` or `1,040 e-mails`."""
    return f"{count:,} {'e-mail' if count == 1 else 'e-mails'}"


def entries(count: int) -> str:
    """Write `1 entry` or `1,040 entries`."""
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def times(count: int) -> str:
    """Write `once` or `1,040 times`."""
    return "once" if count == 1 else f"{count:,} times"


def goal_done(goal: Goal | None) -> str:
    """Say what people did who reached the goal: `bought`, or `done review`."""
    if goal is None:
        return "reached the goal"
    names = set(goal.event.event)
    if names <= _BOUGHT and not goal.event.where:
        return "bought"
    return f"done {phrases.matcher(goal.event)}"


def goal_title(goal: Goal | None) -> str:
    """Name the people who did so anyway: `Bought anyway`, or `Reached the goal anyway`."""
    return "Bought anyway" if goal_done(goal) == "bought" else "Reached the goal anyway"


def step_title(campaign: Campaign, step_id: str) -> str:
    """Say what a step does, as `step_titles`; its id where the campaign has no such step."""
    return step_titles(campaign).get(step_id, step_id)


def step_titles(campaign: Campaign) -> dict[str, str]:
    """Say what each step does; steps that do the same are told apart."""
    return _told_apart(
        {step.id: step_words.title(step) for step in campaign.steps}, _subjects(campaign)
    )


def _told_apart(titles: Mapping[str, str], subjects: Mapping[str, str]) -> dict[str, str]:
    """Add to titles that several steps have the subject that only one of them has, else the id."""
    often = Counter(titles.values())
    alike = Counter((title, subjects.get(step_id)) for step_id, title in titles.items())
    named = {}
    for step_id, title in titles.items():
        subject = subjects.get(step_id)
        is_own = subject is not None and alike[title, subject] == 1
        mark = f"“{_short(subject)}”" if subject is not None and is_own else step_id
        named[step_id] = title if often[title] == 1 else f"{title} ({mark})"
    return named


def _subjects(campaign: Campaign) -> dict[str, str]:
    """Give the subjects that steps set themselves."""
    sends = (step for step in campaign.steps if isinstance(step, SendStep))
    return {step.id: step.subject for step in sends if step.subject}


def _short(subject: str) -> str:
    is_long = len(subject) > _LONGEST_SUBJECT
    return f"{subject[: _LONGEST_SUBJECT - 1].rstrip()}…" if is_long else subject


def short_goal(goal: Goal | None, waits: Sequence[timedelta | None]) -> str:
    """Point out that the goal's time is over before some e-mail leaves; empty where it is not."""
    if goal is None or not any(wait > goal.within for wait in waits if wait is not None):
        return ""
    return (
        f" The goal counts only within {phrases.exact_duration(goal.within)} of entering, which is "
        "over before some of the e-mails leave: whoever reached it later is not among them."
    )


def wait(length: timedelta) -> str:
    """Write how long something takes; `at once` where it takes no time."""
    return "at once" if length < timedelta(seconds=1) else phrases.duration(length)


def step_of(campaign: Campaign, step_id: str | None) -> Step | None:
    """Find a step by its id."""
    return next((step for step in campaign.steps if step.id == step_id), None)


def mail_labels(campaign: Campaign) -> dict[str, str]:
    """Name the e-mails of a flow by step; those that are sent by several steps are told apart."""
    sends = [step for step in campaign.steps if isinstance(step, SendStep)]
    return _told_apart(
        {step.id: step_words.email_title(step.template) for step in sends}, _subjects(campaign)
    )


def row_meaning(row: PathRow, campaign: Campaign, zone: str) -> str:
    """Say what a step did with somebody, with the times in a zone."""
    step = step_of(campaign, row.step_id)
    if row.outcome in _SAID:
        return _SAID[row.outcome]
    match row.outcome:
        case StepOutcome.WAITING | StepOutcome.DEFERRED:
            return _resting(row, step, zone)
        case StepOutcome.MATCHED if row.reason == _SINCE_ENTRY:
            return "It had happened already since entering: goes on at once"
        case StepOutcome.MATCHED:
            return f"It happened{_matched(step)}: goes on"
        case StepOutcome.TIMED_OUT:
            return f"It did not happen in time{_matched(step)}: takes the other way"
        case StepOutcome.TOOK:
            return _taken(step, row.reason)
        case StepOutcome.ASSIGNED:
            return f"Drawn into the variant “{row.reason}”"
        case StepOutcome.SENT:
            return f"Sent: {_template(step)}"
        case StepOutcome.WITHHELD:
            return f"Held back: {_template(step)}. {WITHHELD.get(row.reason, row.reason)}"
        case _:  # EXITED: by the goal, or by an exit step
            return _left(row, campaign.goal)


_SAID = {
    StepOutcome.CONTINUED: "The wait is over",
    StepOutcome.RECORDED: "Noted; a rehearsal changes no profile and calls no other system",
    StepOutcome.GOAL: "Reached the goal; the flow goes on, as the campaign says",
    StepOutcome.COMPLETED: "Came through the whole flow",
}


def _left(row: PathRow, goal: Goal | None) -> str:
    if row.reason != _GOAL or goal is None:
        return "Leaves the flow here"
    return f"Reached the goal ({phrases.matcher(goal.event)}) and leaves the flow"


def _resting(row: PathRow, step: Step | None, zone: str) -> str:
    until = "" if row.until_at is None else formats.moment(row.until_at, zone)
    if row.outcome is StepOutcome.DEFERRED:
        return f"Quiet hours: the e-mail waits until {until}"
    if isinstance(step, WaitForStep):
        return f"Waits for {phrases.matcher(step.event)}, at the latest until {until}"
    return f"Waits until {until}"


def _matched(step: Step | None) -> str:
    return f" ({phrases.matcher(step.event)})" if isinstance(step, WaitForStep) else ""


def _template(step: Step | None) -> str:
    return f"“{step_words.email_title(step.template)}”" if isinstance(step, SendStep) else "e-mail"


def _taken(step: Step | None, reason: str) -> str:
    if not isinstance(step, BranchStep) or reason == "otherwise":
        return "None of the conditions held: takes the other way"
    case = step.cases[int(reason.removeprefix("cases[").removesuffix("]"))]
    return f"This held: {phrases.condition(case.if_)}"


_CHANGES = {
    Reason.NOT_CAUGHT: "Was not caught by the trigger then",
    Reason.LEFT_BY_GOAL: "Had reached the goal before the e-mail",
    Reason.STILL_WAITING: "The data ends before the e-mail",
    Reason.NO_SUCH_STEP: "The flow has no such e-mail",
    Reason.ANOTHER_WAY: "The flow led past this e-mail",
    Reason.ENTERED_EARLIER: "Entered earlier",
    Reason.ENTERED_LATER: "Entered later",
    Reason.WAITED_LONGER: "Waited longer on the way",
    Reason.WAITED_SHORTER: "Waited for a shorter time on the way",
    Reason.OTHER_STEP: "Another step sends the same e-mail",
}


def change_reason(reason: Reason, detail: str) -> str:
    """Say why one run has a message, or a person, that the other has not."""
    match reason:
        case Reason.REFUSED:
            return f"Was not let in: {lower(REFUSED.get(detail, detail))}"
        case Reason.WITHHELD:
            return f"It was held back: {lower(WITHHELD.get(detail, detail))}"
        case _:
            return _CHANGES[reason]


def moved(by: timedelta) -> str:
    """Say how much later or earlier something happens."""
    if by < timedelta(0):
        return f"{phrases.duration(-by)} earlier"
    return f"{phrases.duration(by)} later"


def lower(text: str) -> str:
    """Begin a text with a small letter."""
    return text[:1].lower() + text[1:]
