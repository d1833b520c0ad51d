"""What somebody may do about messages that did not leave, or of which nobody knows."""

from datetime import datetime

from sqlalchemy import Engine

from core.domain.durations import to_microseconds
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.live.worlds import planned
from core.services import phrases
from core.services.live_launches import LaunchState
from core.store import live_launches, live_mails
from core.store.database import reading, writing
from core.store.live_outbox import FAILED, UNKNOWN, OutboxMessage

MOST_ROWS = 100
Mail = OutboxMessage


def mails(
    database: Engine,
    *,
    state: str | None = None,
    launch_id: int | None = None,
    user_id: str | None = None,
    limit: int = MOST_ROWS,
) -> list[Mail]:
    """List messages of the outbox that fit, the latest due first."""
    with reading(database) as session:
        return live_mails.latest_messages(
            session, state=state, launch_id=launch_id, user_id=user_id, limit=limit
        )


def queue_failed(database: Engine, key: str, *, at: datetime) -> Mail:
    """Let a message that failed be sent once more.

    Raises UnusableInput where it did not fail, is too old by now, or its campaign was stopped.
    """
    return _queue(database, key, FAILED, at)


def send_again(database: Engine, key: str, *, at: datetime) -> Mail:
    """Send a message again of which nobody knows whether it arrived: its person may get it twice.

    Raises UnusableInput where that is known by now, it is too old, or its campaign was stopped.
    """
    return _queue(database, key, UNKNOWN, at)


def _queue(database: Engine, key: str, state: str, at: datetime) -> Mail:
    now = as_microseconds(at)
    with writing(database) as session:
        found = live_mails.message_of(session, key)
        if found is None or found.state != state:
            raise UnusableInput("This e-mail is in another state by now; look at it again.")
        launch = next(
            one for one in live_launches.stored_launches(session) if one.id == found.launch_id
        )
        if launch.state == LaunchState.STOPPED:
            raise UnusableInput(f"The campaign {launch.name!r} was stopped; nothing of it is sent.")
        campaign = planned(launch.versions[-1].document).campaign
        if found.due_at < now - to_microseconds(campaign.stale_after):
            raise UnusableInput(
                "This e-mail was due more than "
                f"{phrases.duration(campaign.stale_after)} ago: too late to be of use."
            )
        live_mails.queue_again(session, key, [state], now=now)
    return found
