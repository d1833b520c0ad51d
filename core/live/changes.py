"""Changes of profiles that flows ask for, carried out with the decision that asks (5.6)."""

import json
from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.domain.reach import settable
from core.live.people import profile_of
from core.store.live_decisions import Row
from core.store.live_people import profiles_of, save_profiles

UPDATE_PROFILE = "update_profile"
DONE = "done"


def apply_changes(session: Session, effects: Sequence[Row], now: int) -> None:
    """Set the traits that steps set, in their order, and mark the effects as done.

    A sandbox changes nothing: its effects are done without being carried out.
    """
    wanted = [effect for effect in effects if effect["kind"] == UPDATE_PROFILE]
    if not wanted:
        return
    own = [effect for effect in wanted if not effect["is_sandbox"]]
    known = profiles_of(session, {effect["user_id"] for effect in own}, for_change=True)
    traits = {user_id: dict(profile.traits) for user_id, profile in known.items()}
    for effect in own:
        changes = settable(json.loads(effect["document"])["set"])
        if changes:
            traits.setdefault(effect["user_id"], {}).update(changes)
    changed = [profile_of(user_id, values) for user_id, values in traits.items()]
    save_profiles(session, changed, changed_at=now)
    for effect in wanted:
        effect["state"] = DONE
