"""Steps in a marketer's words: a title, a second line, and a label for each way out."""

from collections.abc import Sequence
from itertools import groupby
from typing import assert_never
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from core.domain.conditions import (
    ClickedCondition,
    Condition,
    DidCondition,
    OpenedCondition,
    SegmentCondition,
)
from core.domain.matchers import Matcher
from core.domain.steps import (
    BranchStep,
    DelayStep,
    ExitStep,
    SendStep,
    Since,
    SplitStep,
    Step,
    UpdateProfileStep,
    Variant,
    WaitForStep,
    WebhookStep,
    Weekday,
)
from core.services import phrases
from core.services.drafts import Document
from core.services.flow_ways import checked_step, ways

KIND_WORDS = {
    "send": "Send an e-mail",
    "delay": "Wait",
    "wait_for": "Wait for an event",
    "branch": "Branch",
    "split": "A/B split",
    "update_profile": "Update the profile",
    "webhook": "Call another system",
    "exit": "End",
}
INCOMPLETE = "not complete yet"

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_DAYS = tuple(Weekday)
_REACTIONS = {"email_clicked": "a click", "email_opened": "an opening"}
_REACTED = {"email_clicked": "clicked", "email_opened": "opened"}


def title(step: Step | Document) -> str:
    """Say what a step does; of one that is not complete only its kind."""
    known = _known(step)
    return KIND_WORDS[_kind(step)] if known is None else _title(known)


def detail(step: Step | Document) -> str:
    """Say more about a step; empty where the title says all."""
    known = _known(step)
    return INCOMPLETE if known is None else _detail(known)


def way_labels(step: Step | Document) -> dict[str, str]:
    """Label the ways out of a step by their places; a way without an alternative has none."""
    if not isinstance(step, dict):
        step = step.model_dump(mode="json", by_alias=True)
    return {place: _way_label(step, place, number) for number, (place, _) in enumerate(ways(step))}


def variants(among: Sequence[Variant]) -> str:
    """Say the variants of a split with their shares: `now 50 %, later 50 %`."""
    total = sum(variant.weight for variant in among)
    return ", ".join(f"{variant.name} {share(variant.weight / total)}" for variant in among)


def share(part: float) -> str:
    """Write a share (0 to 1) with at most four digits, never as all or nothing."""
    digits = float(f"{100 * part:.4g}")
    if digits >= 100 and part < 1:
        return "over 99.99 %"
    return "under 0.001 %" if digits < 0.001 else f"{digits:g} %"


def cases(step: BranchStep) -> str:
    """Say what a branch asks, numbered where it asks more than once."""
    asked = [phrases.condition(case.if_) for case in step.cases]
    if len(asked) == 1:
        return asked[0]
    return "; ".join(f"{number}. {said}" for number, said in enumerate(asked, start=1))


def delay(step: DelayStep) -> str:
    """Say how long or until when a delay lasts: `until 09:00, Mon–Fri`."""
    if step.for_ is not None:
        return phrases.exact_duration(step.for_)
    return f"until {step.until}, {weekdays(step.on)}" if step.on else f"until {step.until}"


def weekdays(on: Sequence[Weekday]) -> str:
    """Say days of the week in their order, three or more in a row as `Mon–Wed`."""
    chosen = [day in on for day in _DAYS]
    names = [day.capitalize() for day in _DAYS]
    said: list[str] = []
    for is_chosen, run in groupby(range(len(_DAYS)), key=chosen.__getitem__):
        days = [names[day] for day in run]
        if is_chosen:
            said += [f"{days[0]}–{days[-1]}"] if len(days) > 2 else days
    return ", ".join(said)


def traits(changes: dict[str, object]) -> str:
    """Say which traits are set to what."""
    return ", ".join(f"{trait} to {phrases.value(value)}" for trait, value in changes.items())


def email_title(template: str) -> str:
    """Call an e-mail by its title: `cart_recovery` is “Cart recovery”."""
    return template.replace("_", " ").capitalize()


def _known(step: Step | Document) -> Step | None:
    if not isinstance(step, dict):
        return step
    try:
        return checked_step(step)
    except ValidationError:
        return None


def _kind(step: Step | Document) -> str:
    return str(step["kind"]) if isinstance(step, dict) else step.kind


def _title(step: Step) -> str:
    match step:
        case DelayStep():
            return f"Wait {delay(step)}"
        case WaitForStep():
            longest = phrases.exact_duration(step.timeout)
            return f"Wait for {_awaited(step)}, at most {longest}"
        case BranchStep():
            asked = cases(step) if len(step.cases) == 1 else f"{len(step.cases)} cases"
            return f"Branch: {asked}"
        case SplitStep():
            return f"Split: {variants(step.variants)}"
        case SendStep():
            return f"Send “{email_title(step.template)}”"
        case UpdateProfileStep():
            return f"Set {traits(step.set_)}" if len(step.set_) == 1 else "Update the profile"
        case WebhookStep():
            return f"Call {urlsplit(step.url).hostname or 'another system'}"
        case ExitStep():
            return KIND_WORDS["exit"]
        case _:
            assert_never(step)


def _awaited(step: WaitForStep) -> str:
    named = step.event.event
    if len(named) == 1 and named[0] in _REACTIONS:
        return _REACTIONS[named[0]]
    return phrases.matcher(Matcher(event=named))


def _detail(step: Step) -> str:
    match step:
        case WaitForStep():
            since = "also if it happened since entry" if step.since is Since.ENTRY else ""
            asked = phrases.matcher(step.event) if step.event.where else ""
            return "; ".join(part for part in (asked, since) if part)
        case BranchStep() if len(step.cases) > 1:
            return cases(step)
        case SendStep():
            return step.subject or ""
        case UpdateProfileStep() if len(step.set_) > 1:
            return f"Set {traits(step.set_)}"
        case WebhookStep():
            return step.url
        case _:
            return ""


def _way_label(step: Document, place: str, number: int) -> str:
    if place == "next":
        return ""
    if place == "then":
        return _in_time(step)
    if place.startswith("variants"):
        return str(step["variants"][number].get("name") or f"variant {number + 1}")
    if place.startswith("cases"):
        return _case_label(step["cases"][number].get("if"), number)
    return "otherwise"


def _in_time(step: Document) -> str:
    matcher = step.get("event")
    names = matcher.get("event") if isinstance(matcher, dict) else None
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    reactions = {_REACTED.get(name) for name in texts}
    only = reactions.pop() if len(reactions) == 1 else None
    return only or "in time"


def _case_label(asked: object, number: int) -> str:
    try:
        return f"if {_of_them(_CONDITION.validate_python(asked))}"
    except ValidationError:
        return f"case {number + 1}"


def _of_them(asked: Condition) -> str:
    """Say a condition as a clause: `they did purchase`, `country is DE`."""
    match asked:
        case DidCondition() | OpenedCondition() | ClickedCondition():
            return f"they {phrases.condition(asked)}"
        case SegmentCondition():
            return f"they are in {asked.segment}"
        case _:
            return phrases.condition(asked)
