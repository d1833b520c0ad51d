"""Triggers, conditions and durations in a marketer's words, plain or as Markdown."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from core.domain.campaigns import Always, Campaign, ReentryPer
from core.domain.conditions import (
    AllCondition,
    AnyCondition,
    ClickedCondition,
    Condition,
    DidCondition,
    NotCondition,
    OpenedCondition,
    SegmentCondition,
    TraitCondition,
)
from core.domain.matchers import (
    ANY_EVENT,
    Comparison,
    Matcher,
    PropertyCondition,
    is_reference,
)
from core.domain.triggers import (
    AbsenceTrigger,
    Anchor,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
)
from core.domain.values import Op

OPS = {
    Op.EQ: "is",
    Op.NE: "is not",
    Op.GTE: "is at least",
    Op.GT: "is more than",
    Op.LTE: "is at most",
    Op.LT: "is less than",
    Op.IN: "is one of",
    Op.NOT_IN: "is none of",
    Op.CONTAINS: "contains",
    Op.EXISTS: "is known",
    Op.NOT_EXISTS: "is not known",
}

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)


_MARKUP = re.compile(r"([\\`*_{}\[\]()#+.!|~:$&<>-])")


# What begins a web address, which would become a link although nothing in it is markup.
_ADDRESS = re.compile(r"(https?(?=\\://)|www(?=\\\.))", re.IGNORECASE)


def escaped(text: str) -> str:
    """Escape a text of somebody else for Markdown, so that it is shown as it is, without links."""
    # Nothing, written small: it cannot be seen, is not copied, and parts what would be a link.
    return _ADDRESS.sub(r"\1:small[]", _MARKUP.sub(r"\\\1", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Which signs stand around words that matter, and around names; how a text is shown as it is.

    Names and values are somebody else's: of whoever sent the events, or wrote a campaign's file.
    """

    strong: str
    slight: str
    safe: Callable[[str], str]


PLAIN = Style(strong="", slight="", safe=str)
MARKDOWN = Style(strong="**", slight="*", safe=escaped)


def sentence(trigger: Trigger, style: Style = PLAIN) -> str:
    """Say a trigger in one sentence, without a full stop."""
    per = f", separately for each {_slight(trigger.key, style)}" if trigger.key else ""
    match trigger:
        case EventTrigger():
            said = f"When someone does {matcher(trigger.match, style)}"
        case CountTrigger():
            often = _strong(f"{trigger.at_least} times", style)
            said = (
                f"When someone does {matcher(trigger.match, style)} at least {often} "
                f"within {_length(trigger.within, style)}"
            )
        case SumTrigger():
            said = (
                f"When {_slight(trigger.property, style)} of {matcher(trigger.match, style)} adds "
                f"up to at least {_strong(exact_number(trigger.at_least), style)} "
                f"within {_length(trigger.within, style)}"
            )
        case AbsenceTrigger():
            first = " (counted from the first time)" if trigger.anchor is Anchor.FIRST else ""
            said = (
                f"When someone does {matcher(trigger.start, style)} and does not do "
                f"{matcher(trigger.unless, style)} within {_length(trigger.within, style)}{first}"
            )
        case InactivityTrigger():
            length = _length(trigger.for_, style)
            said = f"When someone does no {matcher(trigger.of, style)} for {length}"
        case SequenceTrigger():
            steps = ", then ".join(matcher(step, style) for step in trigger.steps)
            said = f"When someone does {steps}, all within {_length(trigger.within, style)}"
        case _:
            assert_never(trigger)
    return said + per


def matcher(meant: Matcher, style: Style = PLAIN) -> str:
    """Say which events are meant."""
    if ANY_EVENT in meant.event:
        names = _strong("anything", style)
    else:
        names = " or ".join(_strong(style.safe(name), style) for name in meant.event)
    conditions = " and ".join(_on_property(part, style) for part in meant.where)
    return f"{names} where {conditions}" if conditions else names


def condition(asked: Condition, style: Style = PLAIN) -> str:
    """Say what is asked about a person: `country is DE and not (opened mail)`."""
    match asked:
        case TraitCondition():
            return f"{_slight(asked.trait, style)} {_comparison(asked, style)}"
        case SegmentCondition():
            return f"is in {_strong(style.safe(asked.segment), style)}"
        case DidCondition():
            return f"did {matcher(asked.did, style)}"
        case OpenedCondition():
            return f"opened {_strong(style.safe(asked.opened), style)}"
        case ClickedCondition():
            return f"clicked {_strong(style.safe(asked.clicked), style)}"
        case AllCondition():
            return _joined(asked.all, " and ", style)
        case AnyCondition():
            return _joined(asked.any, " or ", style)
        case NotCondition():
            return f"not ({condition(asked.not_, style)})"
        case _:
            assert_never(asked)


def reentry(campaign: Campaign, style: Style = PLAIN) -> str:
    """Say how often one person may be caught."""
    is_per_user = campaign.reentry_per is ReentryPer.USER
    who = "person" if is_per_user else _slight(str(campaign.trigger.key), style)
    if campaign.reentry is Always.ALWAYS:
        return "Every time"
    if campaign.reentry is Always.ONCE:
        return f"Once per {who}, ever"
    return f"Once per {who} in {exact_duration(campaign.reentry.cooldown)}"


def duration(length: timedelta) -> str:
    """Write a duration in at most two units: `24 hours`, `1 day 12 hours`, `40 minutes`."""
    return " ".join(_amounts(length)[:2])


def exact_duration(length: timedelta) -> str:
    """Write a duration of whole seconds in as many units as it takes: `1 day 2 hours 3 minutes`."""
    return " ".join(_amounts(length))


def number(count: float) -> str:
    """Write a count with separators: 1,040; decimals only where there are some."""
    return f"{count:,.0f}" if float(count).is_integer() else f"{count:,.2f}"


def exact_number(amount: float) -> str:
    """Write a number with separators and all its decimals."""
    return f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,}"


def value(said: object) -> str:
    """Write a value of a file: text as it is, anything else as JSON does."""
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _amounts(length: timedelta) -> list[str]:
    if timedelta(0) < length < timedelta(seconds=1):
        return ["less than a second"]
    if length in (timedelta(days=1), timedelta(days=2)):
        return [f"{length // timedelta(hours=1)} hours"]
    parts = []
    rest = length
    for word, size in _UNITS:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount:,} {word}{'' if amount == 1 else 's'}")
    return parts or ["0 seconds"]


def _joined(parts: Sequence[Condition], word: str, style: Style) -> str:
    """Join what is asked, in brackets where another word joins inside."""
    said = [
        f"({condition(part, style)})"
        if len(parts) > 1 and _is_joined(part)
        else condition(part, style)
        for part in parts
    ]
    return word.join(said)


def _is_joined(asked: Condition) -> bool:
    match asked:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            return len(parts) > 1 or _is_joined(parts[0])
        case DidCondition():
            return bool(asked.did.where) or len(asked.did.event) > 1
        case _:
            return False


def _on_property(part: PropertyCondition, style: Style) -> str:
    is_to_start = is_reference(part.value)
    said = _to_the_start(part, style) if is_to_start else _comparison(part, style)
    return f"{_slight(part.property, style)} {said}"


def _to_the_start(part: PropertyCondition, style: Style) -> str:
    """Say a comparison with the event that the flow began with (SEMANTICS 2.4)."""
    name = str(part.value).removeprefix("$trigger.")
    is_named = name not in ("$key", part.property)
    if part.op is Op.EQ and not is_named:
        return "is the same as at the start"
    return f"{OPS[part.op]} {f'the {style.safe(name)}' if is_named else 'that'} of the start"


def _comparison(part: Comparison, style: Style) -> str:
    if part.value is None:
        return OPS[part.op]
    if isinstance(part.value, list | tuple):
        return f"{OPS[part.op]} {', '.join(style.safe(value(one)) for one in part.value)}"
    return f"{OPS[part.op]} {style.safe(value(part.value))}"


def _length(length: timedelta, style: Style) -> str:
    return _strong(exact_duration(length), style)


def _strong(text: str, style: Style) -> str:
    return f"{style.strong}{text}{style.strong}"


def _slight(text: str, style: Style) -> str:
    return f"{style.slight}{style.safe(text)}{style.slight}"
