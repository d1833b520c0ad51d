"""Whom an e-mail can be shown as: everybody of the data, or those whom a rehearsal sent one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from core.domain.instants import as_microseconds
from core.domain.steps import SendStep
from core.history.manifest import Manifest
from core.services.email_context import Recipient
from core.services.step_words import email_title
from core.services.stored_rehearsals import RehearsalRecord
from core.ui import formats, readers
from core.ui.emails import email_readers
from core.ui.readers import DatasetKey
from core.ui.rehearse import rehearse_view

EVERYBODY = "everybody"
_MOST_REHEARSALS = 12
_MOST_FOUND = 20


class Crowd(Protocol):
    """People in an order, to step through and to search."""

    @property
    def crowd_id(self) -> str:
        """Give the id by which the session knows it."""

    @property
    def label(self) -> str:
        """Say who they are."""

    def count(self) -> int:
        """Count them."""

    def recipient(self, place: int) -> Recipient:
        """Give the one at a place."""

    def search(self, text: str) -> dict[int, str]:
        """Find people by the beginning of their id or address: labels by place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """All people who did anything, as of the end of the data."""

    key: DatasetKey
    manifest: Manifest
    crowd_id: str = EVERYBODY

    @property
    def label(self) -> str:
        """Say who they are."""
        return "Anybody, as of the last day"

    def count(self) -> int:
        """Count them."""
        return self.manifest.users

    def recipient(self, place: int) -> Recipient:
        """Give the one at a place, who gets it when the data ends."""
        (user_id,) = readers.user_ids(self.key, [place])
        last_at = self.manifest.last_at
        return Recipient(user_id=user_id, at=0 if last_at is None else as_microseconds(last_at))

    def search(self, text: str) -> dict[int, str]:
        """Find people by the beginning of their id or address."""
        ids = readers.dataset(self.key).user_ids()
        found = {
            int(ids.index(person.user_id).as_py()): person
            for person in readers.people(self.key, text)
        }
        return {
            place: person.user_id if person.email is None else f"{person.user_id} · {person.email}"
            for place, person in found.items()
            if place >= 0
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Those to whom a step of a campaign in a kept rehearsal would have sent an e-mail."""

    key: DatasetKey
    rehearsal_id: str
    place: int
    step: SendStep
    label: str

    @property
    def crowd_id(self) -> str:
        """Give the id by which the session knows it."""
        return f"{self.rehearsal_id}:{self.place}:{self.step.id}"

    def recipients(self) -> Sequence[Recipient]:
        """List them, by person."""
        return email_readers.recipients(self.key, self.rehearsal_id, self.place, self.step.id)

    def count(self) -> int:
        """Count the e-mails: a person may get several."""
        return len(self.recipients())

    def recipient(self, place: int) -> Recipient:
        """Give the one at a place, who gets it when the rehearsal sent it."""
        return self.recipients()[place]

    def search(self, text: str) -> dict[int, str]:
        """Find people by the beginning of their id or address."""
        wanted = text.strip()
        known = {person.user_id for person in readers.people(self.key, wanted)}
        own = (
            (place, f"{one.user_id} · {formats.moment(one.at, 'UTC')}")
            for place, one in enumerate(self.recipients())
            if one.user_id in known or one.user_id.startswith(wanted)
        )
        return dict(islice(own, _MOST_FOUND))


def sends(key: DatasetKey, names: Collection[str]) -> list[Send]:
    """List the sends of the latest rehearsals of a dataset, those of the named e-mails first."""
    found: list[Send] = []
    records = [record for record in readers.rehearsals() if record.dataset == key.name]
    for record in records[:_MOST_REHEARSALS]:
        if rehearse_view.dataset_of(record) == key:
            found += _sends_of(key, record)
    return sorted(found, key=lambda send: send.step.template not in names)


def _sends_of(key: DatasetKey, record: RehearsalRecord) -> Iterator[Send]:
    made = formats.day(record.made_at)
    for place, named in enumerate(record.campaigns):
        for step in named.campaign.steps:
            if isinstance(step, SendStep):
                title = email_title(step.template)
                yield Send(
                    key=key,
                    rehearsal_id=record.rehearsal_id,
                    place=place,
                    step=step,
                    label=f"{named.campaign.name} · {title} ({step.id}), rehearsed {made}",
                )
