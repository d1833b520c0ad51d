"""Alerts: raised once when a rule is broken, told by e-mail or webhook, closed when it is over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue
from core.services.alert_rules import RATES, USUAL, Alarms, Rule, RuleSetting, measured
from core.services.alert_ways import Way, check_targets
from core.store import alerts as store
from core.store.alerts import Episode, Notice
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING = "alerts"
EVERY = 30.0  # seconds
RAISED, OVER = "raised", "over"
PAST = 50
_LEASE = timedelta(minutes=2)
_RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_KEPT_FOR = timedelta(days=365)
_OVER_SAID = "It is over: "

Tell = Callable[[Notice], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """The rules, and where their alerts go beside the page: an e-mail address, a webhook's URL."""

    alarms: Alarms = field(default_factory=Alarms)
    email: str = ""
    webhook: str = ""

    @property
    def ways(self) -> list[tuple[str, str]]:
        """List the ways by which alerts are told, with the address of each."""
        given = ((Way.EMAIL, self.email), (Way.WEBHOOK, self.webhook))
        return [(way.value, target) for way, target in given if target]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An episode as a page shows it, with the messages about it."""

    rule: Rule
    raised_at: datetime
    closed_at: datetime | None
    said: str
    notices: tuple[Notice, ...] = ()


def alert_settings(database: Engine) -> AlertSettings:
    """Give the rules as somebody set them; the usual ones where nobody did."""
    with reading(database) as session:
        kept = setting(session, SETTING)
    known: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    rules = {rule: _rule(known.get("rules"), rule) for rule in Rule}
    return AlertSettings(
        alarms=Alarms(rules=rules),
        email=str(known.get("email", "")),
        webhook=str(known.get("webhook", "")),
    )


def keep_alert_settings(
    database: Engine, given: AlertSettings, *, allowed: frozenset[str], changed_at: datetime
) -> AlertSettings:
    """Keep the rules. `allowed` names private hosts that webhooks may call.

    Raises UnusableInput for a limit out of range, an address that is none, and a webhook's URL that
    may not be called.
    """
    for rule, rule_setting in given.alarms.rules.items():
        _check_limit(rule, rule_setting)
    email, webhook = check_targets(given.email, given.webhook, allowed)
    document: JsonValue = {
        "email": email,
        "webhook": webhook,
        "rules": {
            rule.value: {"is_on": one.is_on, "limit": one.limit}
            for rule, one in given.alarms.rules.items()
        },
    }
    with writing(database) as session:
        keep_setting(session, SETTING, document, changed_at=changed_at)
    return alert_settings(database)


def watch(database: Engine, now: datetime, tell: Tell) -> int:
    """Look at all rules once, and tell what waits to be told; give how many rules changed.

    `tell` gives an empty text for a message that was told, else why it was not. Several processes
    may watch at once: an alert is raised and closed once, and a message told by one of them.
    """
    settings = alert_settings(database)
    changed = sum(_look(database, settings, rule, now) for rule in Rule)
    _tell_waiting(database, now, tell)
    with writing(database) as session:
        store.forget_before(session, now - _KEPT_FOR)
    return changed


def open_alerts(database: Engine) -> list[Alert]:
    """List the alerts that are not over, the latest first."""
    with reading(database) as session:
        return [_alert(found) for found in store.episodes(session, is_open=True)]


def past_alerts(database: Engine, *, limit: int = PAST) -> list[Alert]:
    """List the alerts that are over, the latest first, with what became of their messages."""
    with reading(database) as session:
        found = store.episodes(session, is_open=False, limit=limit)
        told = store.notices(session, [episode.id for episode in found])
    by_episode: dict[int, list[Notice]] = {}
    for notice in told:
        by_episode.setdefault(notice.episode_id, []).append(notice)
    return [_alert(episode, by_episode.get(episode.id, [])) for episode in found]


def _alert(episode: Episode, notices: list[Notice] | None = None) -> Alert:
    return Alert(
        rule=Rule(episode.rule),
        raised_at=episode.raised_at,
        closed_at=episode.closed_at,
        said=episode.said,
        notices=tuple(notices or ()),
    )


def _rule(rules: Any, rule: Rule) -> RuleSetting:
    usual = USUAL[rule]
    kept = rules.get(rule.value, {}) if isinstance(rules, Mapping) else {}
    return RuleSetting(
        is_on=bool(kept.get("is_on", usual.is_on)), limit=float(kept.get("limit", usual.limit))
    )


def _check_limit(rule: Rule, given: RuleSetting) -> None:
    most, least = (1.0, 0.0001) if rule in RATES else (100_000.0, 1.0)
    if not least <= given.limit <= most:
        unit = "between 0.01 and 100 %" if rule in RATES else "of one minute or more"
        raise UnusableInput(f"The alert “{rule.value}” needs a limit {unit}.")


def _look(database: Engine, settings: AlertSettings, rule: Rule, now: datetime) -> int:
    """Raise or close the alert of a rule, if that is due; give 1 if it was."""
    given = settings.alarms.rules[rule]
    with reading(database) as session:
        found = [one for one in store.episodes(session, is_open=True) if one.rule == rule]
    if not given.is_on:
        return sum(_close(database, one, now, "", []) for one in found)
    value = measured(database, rule, now)
    if found and value.is_over(given.limit):
        return sum(_close(database, one, now, value.said, settings.ways) for one in found)
    if not found and value.is_broken(given.limit):
        return _raise(database, rule, value.said, now, settings.ways)
    return 0


def _raise(
    database: Engine, rule: Rule, said: str, now: datetime, ways: list[tuple[str, str]]
) -> int:
    with writing(database) as session:
        episode_id = store.raise_episode(session, rule, at=now, said=said)
        if episode_id is None:
            return 0  # another process was faster
        store.add_notices(session, episode_id, RAISED, said, ways, at=now)
    return 1


def _close(
    database: Engine, episode: Episode, now: datetime, said: str, ways: list[tuple[str, str]]
) -> int:
    with writing(database) as session:
        if not store.close_episode(session, episode.id, at=now):
            return 0
        told = f"{_OVER_SAID}{said or episode.said}"
        store.add_notices(session, episode.id, OVER, told, ways, at=now)
    return 1


def _tell_waiting(database: Engine, now: datetime, tell: Tell) -> None:
    while True:
        with writing(database) as session:
            notice = store.claim_notice(session, now=now, lease=_LEASE)
        if notice is None:
            return
        reason = tell(notice)
        with writing(database) as session:
            state, rest = _verdict(notice, reason)
            store.settle_notice(session, notice.id, state, reason=reason, due_at=now + rest)


def _verdict(notice: Notice, reason: str) -> tuple[str, timedelta]:
    """Say what becomes of a message that was tried, and after how long it is tried again."""
    if not reason:
        return store.TOLD, timedelta()
    if notice.attempt_count > len(_RESTS):
        return store.FAILED, timedelta()
    return store.QUEUED, _RESTS[notice.attempt_count - 1]
