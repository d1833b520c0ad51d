"""Builds the contexts of live e-mails: what their person did before the launch and since."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.deeds import Deed, deeds_of
from core.domain.email_context import (
    CampaignPlace,
    EmailContext,
    Occasion,
    Plain,
    Surroundings,
    TriggerFacts,
    email_context,
)
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import from_microseconds
from core.domain.values import JsonValue
from core.history.manifest import Encoding, Manifest, PropertyColumn
from core.history.reading import Dataset, open_dataset
from core.services.email_context import ContextSource
from core.services.history_deeds import HistoryDeeds
from core.services.kept_recommender import FOLDER, kept_recommender
from core.services.meanings import guess_meanings
from core.store import live_events, live_launches, live_people, tracking
from core.store.live_events import HISTORY, ReceivedEvent
from core.store.live_launches import StoredLaunch
from core.store.live_outbox import OutboxMessage

_LOOKED_AT = 20_000  # live events from which meanings are guessed where there is no dataset

Links = Callable[[OutboxMessage], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Background:
    """What contexts of a launch share, and what people did before it, if a dataset tells."""

    surroundings: Surroundings
    deeds: HistoryDeeds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the database says of some messages; events are in order, by user id."""

    launches: Mapping[int, StoredLaunch]
    histories: Mapping[int, str]
    key_by_enrolment: Mapping[str, str | None]
    causes: Mapping[int, ReceivedEvent]
    events: Mapping[str, Sequence[ReceivedEvent]]
    traits: Mapping[str, Plain]


class LiveContexts:
    """Builds contexts as a rehearsal's preview does; keeps what datasets tell. Safe for threads."""

    def __init__(self, database: Engine, home: Path) -> None:
        """Begin without anything read; `home` holds the datasets."""
        self._database, self._home = database, home
        self._backgrounds: dict[str, tuple[object, _Background]] = {}
        self._lock = Lock()

    def of(
        self,
        session: Session,
        messages: Sequence[OutboxMessage],
        links: Links,
        company: Plain,
        now: datetime,
    ) -> list[EmailContext]:
        """Build the context of each message, as of the time it was due.

        It tells what a preview tells of the same person and time: the launch's dataset up to the
        launch, what was received live since, and the person's traits of now.
        """
        histories = tracking.histories(session)
        backgrounds = {
            launch_id: self._background(session, histories.get(launch_id), now)
            for launch_id in {message.launch_id for message in messages}
        }
        known = _known(session, messages, histories, backgrounds)
        return [
            _context(message, known, backgrounds[message.launch_id], links(message), company)
            for message in messages
        ]

    def _background(self, session: Session, name: str | None, now: datetime) -> _Background:
        """Give what a dataset tells, read once per generation; without one, what live events do."""
        dataset = None if name is None else self._opened(name)
        state = now.replace(second=0, microsecond=0) if dataset is None else dataset.manifest
        with self._lock:
            kept = self._backgrounds.get(name or "")
            if kept is None or kept[0] != state:
                kept = state, self._made(session, dataset)
                self._backgrounds[name or ""] = kept
            return kept[1]

    def _opened(self, name: str) -> Dataset | None:
        try:
            return open_dataset(self._home, name)
        except UnusableInput:  # it was deleted since; what was received live is still there
            return None

    def _made(self, session: Session, dataset: Dataset | None) -> _Background:
        if dataset is None:
            latest = tracking.latest_events(session, _LOOKED_AT)
            meanings = guess_meanings(_manifest_of(latest))
            return _Background(surroundings=Surroundings(meanings=meanings), deeds=None)
        recommender = kept_recommender(dataset, self._home / FOLDER)
        source = ContextSource(dataset, recommend=recommender.recommend)
        return _Background(
            surroundings=source.surroundings, deeds=HistoryDeeds(dataset, source.meanings)
        )


def _known(
    session: Session,
    messages: Sequence[OutboxMessage],
    histories: Mapping[int, str],
    backgrounds: Mapping[int, _Background],
) -> _Known:
    users = {message.user_id for message in messages}
    names = {
        name
        for background in backgrounds.values()
        for name in background.surroundings.meanings.kind_by_event()
    }
    events: dict[str, list[ReceivedEvent]] = {}
    for event in live_events.events_named(session, users, sorted(names)) if names else ():
        events.setdefault(event.user_id, []).append(event)
    profiles = live_people.profiles_of(session, users)
    return _Known(
        launches={launch.id: launch for launch in live_launches.stored_launches(session)},
        histories=histories,
        key_by_enrolment=tracking.keys_of_enrolments(session, {m.enrolment_id for m in messages}),
        causes=live_events.events_by_seq(session, {_cause_of(message) for message in messages}),
        events=events,
        traits={user_id: profile.traits for user_id, profile in profiles.items()},
    )


def _cause_of(message: OutboxMessage) -> int:
    """Read the order of arrival of the event behind the firing, of which enrolments have theirs."""
    return int(message.enrolment_id.split("-")[1])


def _context(
    message: OutboxMessage,
    known: _Known,
    background: _Background,
    links: Mapping[str, str],
    company: Plain,
) -> EmailContext:
    launch = known.launches[message.launch_id]
    deeds = _deeds(message, known, background, launch.launched_at)
    place = CampaignPlace(name=launch.name, step=message.step, variant=message.variant or None)
    occasion = Occasion(
        user_id=message.user_id,
        at=message.due_at,
        trigger=_trigger(message, known, background),
        campaign=place,
        links=links,
    )
    surroundings = replace(background.surroundings, company=company)
    return email_context(deeds, known.traits.get(message.user_id), occasion, surroundings)


def _deeds(
    message: OutboxMessage, known: _Known, background: _Background, launched_at: int
) -> Sequence[Deed]:
    """Put together what the dataset and live events tell.

    Of what both may tell the dataset counts, as when the launch's trigger began to remember.
    """
    before, last_at = (
        ([], None)
        if background.deeds is None
        else background.deeds.of(message.user_id, launched_at)
    )
    since = [
        _event(event)
        for event in known.events.get(message.user_id, ())
        if (last_at is None or event.at > last_at) and event.at <= message.due_at
    ]
    return [*before, *deeds_of(since, background.surroundings.meanings)]


def _trigger(message: OutboxMessage, known: _Known, background: _Background) -> TriggerFacts | None:
    cause = known.causes.get(_cause_of(message))
    if cause is None:
        return None
    properties: dict[str, JsonValue] | None = None
    if cause.source == HISTORY and background.deeds is not None:
        # Live keeps only what flows ask of an uploaded event; the e-mail may ask for more.
        properties = background.deeds.properties_of(cause.user_id, cause.event_id)
    return TriggerFacts(
        event=cause.event,
        properties=json.loads(cause.properties) if properties is None else properties,
        key=known.key_by_enrolment.get(message.enrolment_id),
        fired_at=message.entered_at,
        entered_at=message.entered_at,
    )


def _event(received: ReceivedEvent) -> Event:
    return Event(
        event_id=received.event_id,
        user_id=received.user_id,
        event=received.event,
        timestamp=from_microseconds(received.at),
        properties=json.loads(received.properties),
    )


def _manifest_of(events: Sequence[tuple[str, str]]) -> Manifest:
    """Describe live events as if they were a dataset, for guessing what they mean."""
    names, properties = dict[str, int](), dict[str, None]()
    for name, said in events:
        names[name] = names.get(name, 0) + 1
        properties.update(dict.fromkeys(json.loads(said)))
    return Manifest(
        name="live",
        generation=0,
        names=tuple(names),
        name_counts=tuple(names.values()),
        properties=tuple(
            PropertyColumn(name=name, column=name, encoding=Encoding.JSON) for name in properties
        ),
    )
