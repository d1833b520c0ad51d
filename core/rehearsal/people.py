"""The people of a dataset as flows see them: zone, traits, who can be reached, who is held out."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.reach import (
    CONSENT,
    EMAIL,
    SUPPRESSED,
    TIMEZONE,
    UNSUBSCRIBED,
    is_yes,
    zone_called,
)
from core.domain.steps import UpdateProfileStep, conditions_of
from core.domain.values import JsonValue
from core.engine.assignment import buckets
from core.engine.batches import MISSING, Bools, Int32s
from core.engine.enrolments import Person
from core.engine.plans import Plan
from core.history.reading import Dataset


class People:
    """Makes persons by user code; traits are read once per dataset and trait."""

    def __init__(self, dataset: Dataset, plans: Sequence[Plan]) -> None:
        """Read the traits that the plans ask for."""
        self._dataset = dataset
        self._salts = sorted({salt for plan in plans for salt in plan.salts})
        self._zone_codes, zones = self._trait(TIMEZONE)
        self._zones = [zone_called(name) for name in zones]
        self._traits = {name: self._trait(name) for name in _asked_traits(plans)}
        self._has_address = self._has(EMAIL)
        self._has_profile = dataset.has_profile()
        profiles = dataset.manifest.profiles
        named = [] if profiles is None else [column.name for column in profiles.properties]
        self._asks_consent = CONSENT in named
        self._is_unsubscribed = self._is_yes(UNSUBSCRIBED) | self._lacks_consent()
        self._is_suppressed = self._is_yes(SUPPRESSED)

    def persons(self, users: Int32s) -> list[Person]:
        """Make the persons of some users, by code."""
        ids: list[str] = self._dataset.user_ids().take(users).to_pylist()
        by_salt = {salt: buckets(salt, ids).tolist() for salt in self._salts}
        return [
            Person(
                user_id=user_id,
                zone=self._zone(user),
                traits=self._traits_of(user) if self._traits else {},
                buckets={salt: values[place] for salt, values in by_salt.items()},
                always_reachable=not self._dataset.has_profiles,
                has_address=bool(self._has_address[user]),
                has_profile=bool(self._has_profile[user]),
                asks_consent=self._asks_consent,
                is_unsubscribed=bool(self._is_unsubscribed[user]),
                is_suppressed=bool(self._is_suppressed[user]),
            )
            for place, (user, user_id) in enumerate(zip(users.tolist(), ids, strict=True))
        ]

    def _zone(self, user: int) -> ZoneInfo | None:
        code = self._zone_codes[user]
        return None if code == MISSING else self._zones[code]

    def _traits_of(self, user: int) -> dict[str, JsonValue]:
        return {
            name: None if codes[user] == MISSING else values[codes[user]]
            for name, (codes, values) in self._traits.items()
        }

    def _trait(self, name: str) -> tuple[Int32s, Sequence[JsonValue]]:
        column = self._dataset.trait(name)
        return column.codes, column.values

    def _has(self, name: str) -> Bools:
        """Say who has a trait; everybody in a dataset without profiles."""
        if not self._dataset.has_profiles:
            return np.ones(self._dataset.manifest.users, dtype=np.bool_)
        codes, values = self._trait(name)
        is_given = [value not in (None, "") for value in values]
        return np.array([*is_given, False], dtype=np.bool_)[codes]

    def _is_yes(self, name: str) -> Bools:
        codes, values = self._trait(name)
        return np.array([*map(is_yes, values), False], dtype=np.bool_)[codes]

    def _lacks_consent(self) -> Bools:
        """Say whose profile does not say yes, where profiles say anything about consent at all."""
        if not self._asks_consent:
            return np.zeros(self._dataset.manifest.users, dtype=np.bool_)
        return self._has_profile & ~self._is_yes(CONSENT)


def changed_traits(campaigns: Iterable[Campaign]) -> set[str]:
    """Name the traits that flows set on the way (5.6)."""
    steps = [step for campaign in campaigns for step in campaign.steps]
    return {name for step in steps if isinstance(step, UpdateProfileStep) for name in step.set_}


def _asked_traits(plans: Sequence[Plan]) -> set[str]:
    """Name the traits that branches ask for, and audiences where flows change somebody."""
    campaigns = [plan.campaign for plan in plans]
    conditions = [c for own in campaigns for step in own.steps for c in conditions_of(step)]
    asked = {name for condition in conditions for name in traits_of(condition)}
    if changed_traits(campaigns):
        asked |= {name for own in campaigns for name in traits_of(own.audience)}
    return asked
