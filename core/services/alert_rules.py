"""The rules of alerts: what is measured, when it is too much, and when it is over again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine

from core.domain.instants import as_microseconds
from core.domain.mail_events import DELIVERY as SOURCE
from core.domain.mail_events import MailEvent
from core.live.evaluator import GRACE
from core.services import phrases
from core.store import live_counts
from core.store.database import reading
from core.store.live_counts import MOST_TRIED, Attempts


class Rule(StrEnum):
    """What an alert may be about."""

    LAG = "lag"
    FAILURES = "failures"
    SILENCE = "silence"
    UNSUBSCRIPTIONS = "unsubscriptions"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """Whether a rule holds, and from where on: minutes, or a rate (0 to 1)."""

    is_on: bool
    limit: float


USUAL: Mapping[Rule, RuleSetting] = {
    Rule.LAG: RuleSetting(is_on=True, limit=15),
    Rule.FAILURES: RuleSetting(is_on=True, limit=0.1),
    Rule.SILENCE: RuleSetting(is_on=False, limit=240),
    Rule.UNSUBSCRIPTIONS: RuleSetting(is_on=True, limit=0.02),
    Rule.COMPLAINTS: RuleSetting(is_on=True, limit=0.003),
}
RATES = frozenset({Rule.FAILURES, Rule.UNSUBSCRIPTIONS, Rule.COMPLAINTS})
# Without so many e-mails a rate says nothing: one of two is no rate of 50 %.
LEAST: Mapping[Rule, int] = {
    Rule.FAILURES: 20,
    Rule.UNSUBSCRIPTIONS: 200,
    Rule.COMPLAINTS: 1_000,
}
WITHIN: Mapping[Rule, timedelta] = {
    Rule.FAILURES: timedelta(hours=1),
    Rule.UNSUBSCRIPTIONS: timedelta(days=7),
    Rule.COMPLAINTS: timedelta(days=7),
}
# An alert is over only well below its limit, or it would come and go with every e-mail.
_OVER_BELOW = 0.8
_MINUTE = 60_000_000
_BAD = {Rule.UNSUBSCRIPTIONS: MailEvent.UNSUBSCRIBED, Rule.COMPLAINTS: MailEvent.COMPLAINED}
_SAID_OF = {
    Rule.FAILURES: "did not leave, or nobody knows whether they did",
    Rule.UNSUBSCRIPTIONS: "led to an unsubscription",
    Rule.COMPLAINTS: "were reported as spam",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """All rules, with those that somebody set in place of the usual ones."""

    rules: Mapping[Rule, RuleSetting] = field(default_factory=lambda: dict(USUAL))

    def with_rule(self, rule: Rule, given: RuleSetting) -> "Alarms":
        """Give the rules with one of them changed."""
        return replace(self, rules={**self.rules, rule: given})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A value in the unit of its rule; None where there is too little to tell. `said` tells it."""

    value: float | None
    said: str = ""

    def is_broken(self, limit: float) -> bool:
        """Say whether the value is too much."""
        return self.value is not None and self.value > limit

    def is_over(self, limit: float) -> bool:
        """Say whether what was too much is well below the limit, or gone."""
        return self.value is None or self.value < _OVER_BELOW * limit


def measured(database: Engine, rule: Rule, now: datetime) -> Measured:
    """Measure what a rule is about."""
    at = as_microseconds(now)
    match rule:
        case Rule.LAG:
            return _lag(database, at)
        case Rule.SILENCE:
            return _silence(database, at)
        case _:
            return _rate(database, rule, at)


def _lag(database: Engine, at: int) -> Measured:
    """Measure how long the oldest event or time that could be decided has been waiting."""
    with reading(database) as session:
        waiting = live_counts.oldest_waiting(session)
        timer = live_counts.next_timer(session, 0)
    oldest = min((one for one in (waiting, timer) if one is not None), default=at)
    minutes = max(0, at - GRACE - oldest) / _MINUTE
    return Measured(value=minutes, said=f"Decisions are {_told(minutes)} behind what came in.")


def _silence(database: Engine, at: int) -> Measured:
    """Measure since when nothing came in; what became of our own e-mails does not count."""
    with reading(database) as session:
        last = live_counts.last_received(session, but=[SOURCE])
    if last is None:
        return Measured(value=None)
    minutes = max(0, at - last) / _MINUTE
    return Measured(value=minutes, said=f"No event has come in for {_told(minutes)}.")


def _rate(database: Engine, rule: Rule, at: int) -> Measured:
    length = WITHIN[rule]
    since = at - length // timedelta(microseconds=1)
    with reading(database) as session:
        tried = live_counts.attempts(session, since)
        bad = live_counts.outcome_people(session, _BAD[rule], since) if rule in _BAD else 0
    return rate_of(rule, tried, bad, length)


def rate_of(rule: Rule, tried: Attempts, bad: int, length: timedelta) -> Measured:
    """Give a rate among e-mails; no value where they are too few to tell."""
    whole = tried.sent_count
    if rule is Rule.FAILURES:
        whole, bad = whole + tried.failed_count, tried.failed_count
    if whole < LEAST[rule]:
        return Measured(value=None)
    counted = f"{MOST_TRIED:,} or more" if tried.sent_count == MOST_TRIED else f"{whole:,}"
    share = f"{100 * bad / whole:.2g}%"
    said = f"{bad:,} of {counted} e-mails of the last {phrases.duration(length)} {_SAID_OF[rule]}"
    return Measured(value=bad / whole, said=f"{said} ({share}).")


def _told(minutes: float) -> str:
    return phrases.duration(timedelta(minutes=max(1, round(minutes))))
