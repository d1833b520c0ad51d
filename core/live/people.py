"""People as flows see them, made from their live profiles (SEMANTICS 5.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain.reach import (
    CONSENT,
    EMAIL,
    SUPPRESSED,
    TIMEZONE,
    UNSUBSCRIBED,
    is_yes,
    zone_called,
)
from core.domain.values import JsonValue
from core.engine.assignment import buckets
from core.engine.enrolments import Person
from core.store.live_people import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What is known of some people: profiles by user id, suppressed addresses in lower case."""

    profiles: Mapping[str, Profile]
    suppressed: frozenset[str]
    asks_consent: bool


def persons(user_ids: Sequence[str], reach: Reach, salts: Sequence[str], now: int) -> list[Person]:
    """Make persons; whoever has no profile has no address."""
    drawn = {salt: buckets(salt, user_ids).tolist() for salt in salts}
    return [
        _person(
            user_id,
            reach,
            {salt: values[place] for salt, values in drawn.items()},
            now,
        )
        for place, user_id in enumerate(user_ids)
    ]


def _person(user_id: str, reach: Reach, drawn: Mapping[str, int], now: int) -> Person:
    profile = reach.profiles.get(user_id)
    if profile is None:
        return Person(
            user_id=user_id,
            buckets=drawn,
            always_reachable=False,
            has_address=False,
            has_profile=False,
            asks_consent=reach.asks_consent,
            now=now,
        )
    lacks_consent = reach.asks_consent and not profile.consent
    return Person(
        user_id=user_id,
        zone=zone_called(profile.timezone),
        traits=profile.traits,
        buckets=drawn,
        always_reachable=False,
        has_address=bool(profile.email),
        is_unsubscribed=profile.unsubscribed or lacks_consent,
        is_suppressed=is_yes(profile.traits.get(SUPPRESSED))
        or (profile.email or "").strip().lower() in reach.suppressed,
        now=now,
    )


def profile_of(user_id: str, traits: Mapping[str, JsonValue]) -> Profile:
    """Read what sends ask about from traits named as in a profiles file."""
    email, zone, consent = traits.get(EMAIL), traits.get(TIMEZONE), traits.get(CONSENT)
    return Profile(
        user_id=user_id,
        traits=traits,
        email=email if isinstance(email, str) and email else None,
        consent=None if consent is None else is_yes(consent),
        unsubscribed=is_yes(traits.get(UNSUBSCRIBED)),
        timezone=zone if isinstance(zone, str) else None,
    )
