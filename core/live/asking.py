"""What deciding asks the database within its transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from sqlalchemy.orm import Session

from core.live.people import Reach
from core.store import live_events, live_people
from core.store.live_events import ReceivedEvent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asking:
    """What deciding may ask: who people are, and events behind old deadlines."""

    reach_of: Callable[[Sequence[str]], Reach]
    events_of: Callable[[Iterable[int]], Mapping[int, ReceivedEvent]]


def asking_in(session: Session) -> Asking:
    """Answer from the database, as this transaction sees it."""
    return Asking(
        reach_of=_Reaching(session).reach_of,
        events_of=partial(live_events.events_by_seq, session),
    )


class _Reaching:
    """Reads profiles; whether consent is asked for at all is asked once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def _asks_consent(self) -> bool:
        return live_people.asks_consent(self._session)

    def reach_of(self, user_ids: Sequence[str]) -> Reach:
        profiles = live_people.profiles_of(self._session, user_ids)
        addresses = {p.email for p in profiles.values() if p.email}
        return Reach(
            profiles=profiles,
            suppressed=frozenset(live_people.suppressed_among(self._session, addresses)),
            asks_consent=self._asks_consent,
        )
