"""A withdrawal by a person stands until the person lifts it, whatever shops and files say."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME, ConsentState
from core.domain.reach import CONSENT, UNSUBSCRIBED, is_yes
from core.domain.values import JsonValue
from core.live.people import profile_of
from core.store.consents import standing
from core.store.live_people import asks_consent, profiles_of, save_profiles


def guarded(
    session: Session, told: Mapping[str, Mapping[str, JsonValue]], *, saved_at: int
) -> Mapping[str, Mapping[str, JsonValue]]:
    """Leave out of the traits that come in what would let mail go to people who withdrew.

    To be called before traits by user id are merged into profiles, at an instant (µs). Traits that
    say nothing about consent cost nothing.
    """
    if any(traits.get(CONSENT) is not None for traits in told.values()):
        _keep_reach_of_consenting(session, saved_at)
    lifting = [user_id for user_id, traits in told.items() if _lifts(traits)]
    if not lifting:
        return told
    word = standing(session, MARKETING_NAME, lifting)
    firm = {user_id for user_id, state in word.items() if state is ConsentState.WITHDRAWN}
    firm |= _new_and_pending(session, word)
    return {
        user_id: _without_lifting(traits) if user_id in firm else traits
        for user_id, traits in told.items()
    }


def _new_and_pending(session: Session, word: Mapping[str, ConsentState]) -> set[str]:
    """Name those who are known by an unconfirmed sign-up alone: it let nobody write to them.

    What is pending of a customer is none: anybody can write anybody's address into a form.
    """
    pending = [user_id for user_id, state in word.items() if state is ConsentState.PENDING]
    if not pending:
        return set()
    known = profiles_of(session, pending)
    return {user_id for user_id in pending if user_id not in known or known[user_id].unsubscribed}


def mirror(session: Session, user_id: str, *, now: int) -> None:
    """Let a profile say what the person said last about marketing, at an instant (µs).

    Sends ask profiles. `consent` is written where profiles have it at all: the first one that has
    it makes everybody's consent asked for. What is pending keeps somebody new from being mailed,
    and ends nothing for those who are known: anybody can write anybody's address into a form.
    """
    profile = profiles_of(session, [user_id], for_change=True).get(user_id)
    word = standing(session, MARKETING_NAME, [user_id]).get(user_id)
    if word is None or (word is ConsentState.PENDING and profile is not None):
        return
    traits = {} if profile is None else dict(profile.traits)
    is_given = word is ConsentState.GIVEN
    changed: dict[str, JsonValue] = {**traits, UNSUBSCRIBED: not is_given}
    if CONSENT in traits or asks_consent(session):
        changed[CONSENT] = is_given
    save_profiles(session, [profile_of(user_id, changed)], changed_at=now)


def _keep_reach_of_consenting(session: Session, saved_at: int) -> None:
    """Write the consent of those who gave it into their profiles when it begins to be asked for."""
    if asks_consent(session):
        return
    word = standing(session, MARKETING_NAME)
    for user_id in sorted(u for u, state in word.items() if state is ConsentState.GIVEN):
        known = profiles_of(session, [user_id], for_change=True).get(user_id)
        if known is not None and not known.unsubscribed:
            consenting = profile_of(user_id, {**known.traits, CONSENT: True})
            save_profiles(session, [consenting], changed_at=saved_at)


def _lifts(traits: Mapping[str, JsonValue]) -> bool:
    """Say whether traits could let mail go to somebody who gets none."""
    return is_yes(traits.get(CONSENT)) or _says_subscribed(traits)


def _says_subscribed(traits: Mapping[str, JsonValue]) -> bool:
    return UNSUBSCRIBED in traits and not is_yes(traits[UNSUBSCRIBED])


def _without_lifting(traits: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    left = dict(traits)
    if is_yes(left.get(CONSENT)):
        del left[CONSENT]
    if _says_subscribed(left):
        del left[UNSUBSCRIBED]
    return left
