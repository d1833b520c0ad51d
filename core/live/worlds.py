"""The launched campaigns of one mode, ready for deciding."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.domain.matchers import ANY_EVENT, Matcher
from core.domain.triggers import SumTrigger, Trigger, matchers_of
from core.engine.plans import Plan, plan_of
from core.store.live_launches import STOPPED, StoredLaunch, StoredVersion

LIVE, SANDBOX = "live", "sandbox"
MODES = (LIVE, SANDBOX)
_LEAST_KEPT = 90 * 86_400_000_000  # µs: a campaign launched later may have a longer cap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """The versions of all launches of a mode, each launch's former ones before its present one.

    `ids` and `family_ids` name versions and launches as kept states do, `families` gives the
    launches by number. `is_current` says which versions let people in; `readers` names per property
    path the events whose properties matter, None for all of them.
    """

    mode: str
    launches: Sequence[StoredLaunch]
    versions: Sequence[StoredVersion]
    plans: Sequence[Plan]
    ids: Sequence[str]
    family_ids: Sequence[str]
    families: Sequence[int]
    salts: Sequence[str]
    is_current: Sequence[bool]
    longest_cap: int
    readers: Mapping[str, frozenset[str] | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Entry:
    launch: StoredLaunch
    version: StoredVersion
    is_current: bool


def world_of(launches: Iterable[StoredLaunch], mode: str) -> World | None:
    """Make the launches of a mode that are not stopped ready; None if there is none.

    Paused launches go on deciding, so that nothing is lost: their messages are kept back.
    """
    entries = [
        _Entry(launch=launch, version=version, is_current=version is launch.versions[-1])
        for launch in launches
        if launch.mode == mode and launch.state != STOPPED
        for version in launch.versions
        if version.is_open or version is launch.versions[-1]
    ]
    if not entries:
        return None
    plans = [planned(entry.version.document) for entry in entries]
    caps = [plan.cap[1] for plan in plans if plan.cap is not None]
    return World(
        mode=mode,
        launches=[entry.launch for entry in entries],
        versions=[entry.version for entry in entries],
        plans=plans,
        ids=[str(entry.version.id) for entry in entries],
        family_ids=[str(entry.launch.id) for entry in entries],
        families=[entry.launch.id for entry in entries],
        salts=sorted({salt for plan in plans for salt in plan.salts}),
        is_current=[entry.is_current for entry in entries],
        longest_cap=max([_LEAST_KEPT, *caps]),
        readers=_readers(plans, [entry.is_current for entry in entries]),
    )


@lru_cache(maxsize=256)
def planned(document: str) -> Plan:
    """Make a stored campaign ready for walking."""
    return plan_of(Campaign.model_validate(json.loads(document)))


def max_event_age(plan: Plan) -> int:
    """Give the age (µs) from which on an event enrols nobody (8.2)."""
    return to_microseconds(plan.campaign.max_event_age)


def trigger_readers(trigger: Trigger) -> dict[str, frozenset[str] | None]:
    """Name the event properties that a trigger reads, and of which events."""
    readers: dict[str, frozenset[str] | None] = {}
    for matcher in matchers_of(trigger):
        paths = {condition.property for condition in matcher.where}
        paths |= {trigger.key} if trigger.key is not None else set()
        paths |= {trigger.property} if isinstance(trigger, SumTrigger) else set()
        _add(readers, paths, matcher)
    return readers


def _readers(plans: Sequence[Plan], is_current: Sequence[bool]) -> dict[str, frozenset[str] | None]:
    readers: dict[str, frozenset[str] | None] = {}
    for plan, is_present in zip(plans, is_current, strict=True):
        if is_present:
            for path, names in trigger_readers(plan.campaign.trigger).items():
                _join(readers, path, names)
        for awaited in plan.awaited:
            conditions = [*awaited.matcher.where, *awaited.references]
            _add(readers, {condition.property for condition in conditions}, awaited.matcher)
    return readers


def _add(readers: dict[str, frozenset[str] | None], paths: Iterable[str], matcher: Matcher) -> None:
    names = None if ANY_EVENT in matcher.event else frozenset(matcher.event)
    for path in paths:
        _join(readers, path, names)


def _join(
    readers: dict[str, frozenset[str] | None], path: str, names: frozenset[str] | None
) -> None:
    known = readers.get(path, frozenset())
    readers[path] = None if known is None or names is None else known | names
