"""Builds the contexts of e-mails from a dataset: of one person, or of everybody who gets one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.email_context import (
    CampaignPlace,
    EmailContext,
    Occasion,
    Plain,
    Surroundings,
    TriggerFacts,
    catalogue_card,
    context_from_events,
    email_context,
)
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.meanings import Meanings
from core.domain.outcomes import MessageOutcome
from core.domain.recommendations import Recommend, nothing_recommended
from core.domain.steps import SendStep
from core.engine.batches import MISSING, Int64s
from core.history.reading import Dataset, EventColumns
from core.rehearsal.outcome import Outcome
from core.services.deed_columns import DeedColumns, event_properties, property_paths
from core.services.meanings import guess_meanings


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """The firing that led to an e-mail: the row of the event that caused it, times in µs."""

    row: int
    key: str | None
    fired_at: int
    entered_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who gets an e-mail at a time (µs), as a rehearsal says or somebody asks."""

    user_id: str
    at: int
    firing: Firing | None = None
    campaign: CampaignPlace | None = None


class ContextSource:
    """What contexts are made of; made once per generation of a dataset and shared by threads."""

    def __init__(
        self,
        dataset: Dataset,
        *,
        meanings: Meanings | None = None,
        recommend: Recommend = nothing_recommended,
        recommendation_count: int = 4,
        company: Plain | None = None,
    ) -> None:
        """Take the meanings given, else those that can be guessed."""
        self.dataset = dataset
        self.meanings = meanings or guess_meanings(dataset.manifest)
        self.surroundings = Surroundings(
            meanings=self.meanings,
            cards={
                product_id: catalogue_card(row, self.meanings.catalogue)
                for product_id, row in dataset.catalogue().items()
            },
            recommend=recommend,
            recommendation_count=recommendation_count,
            company=company or {},
        )

    @cached_property
    def traits(self) -> "Traits":
        """The profiles of everybody with events."""
        return Traits(self.dataset)


class Traits:
    """Profiles by user code, read trait by trait."""

    def __init__(self, dataset: Dataset) -> None:
        """Read all traits, as codes."""
        record = dataset.manifest.profiles
        names = [] if record is None else [column.name for column in record.properties]
        # A dotted name can also be read as a way into another trait, which `profile` never does.
        self._is_plain = not any("." in name for name in names)
        self._dataset = dataset
        self._known = dataset.has_profile()
        self._columns = [(name, dataset.trait(name)) for name in names] if self._is_plain else []

    def of(self, user: int, user_id: str) -> Plain | None:
        """Give what `Dataset.profile` gives; `user` is the code, -1 for people without events."""
        if user < 0 or not self._is_plain:
            return self._dataset.profile(user_id)
        if not self._known[user]:
            return None
        return {
            name: column.values[code]
            for name, column in self._columns
            if (code := column.codes[user]) >= 0
        }


def recipients_of(
    outcome: Outcome, dataset: Dataset, place: int, template: str | None = None
) -> list[Recipient]:
    """List whom the campaign at a place would have sent e-mails (of a template), by person."""
    campaign, sent = outcome.campaigns[place], outcome.messages
    steps = [
        isinstance(step, SendStep) and template in (None, step.template) for step in campaign.steps
    ]
    owner = outcome.enrolments.campaign[sent.enrolment]
    wanted = np.flatnonzero((owner == place) & (sent.outcome == MessageOutcome.SENT))
    wanted = wanted[np.array([*steps, False], dtype=np.bool_)[sent.step[wanted]]]
    users = outcome.enrolments.user[sent.enrolment[wanted]]
    ids = dataset.user_ids().take(pa.array(users)).to_pylist()
    return [
        _recipient(outcome, message, user_id)
        for message, user_id in zip(wanted.tolist(), ids, strict=True)
    ]


def context_of(
    source: ContextSource, recipient: Recipient, links: Mapping[str, str] | None = None
) -> EmailContext:
    """Build one person's context; raises UnusableInput for somebody nothing is known of."""
    dataset = source.dataset
    events = dataset.user_events(recipient.user_id)
    profile = dataset.profile(recipient.user_id)
    if not events and profile is None:
        raise _stranger(dataset, recipient.user_id)
    trigger = None
    if recipient.firing is not None:
        event = _event_of(dataset, events, recipient.firing)
        trigger = _trigger(recipient.firing, event.event, event.properties)
    occasion = _occasion(recipient, trigger, links or {})
    return context_from_events(events, profile, occasion, source.surroundings)


def contexts_of(
    source: ContextSource, recipients: Sequence[Recipient], links: Mapping[str, str] | None = None
) -> Iterator[tuple[int, EmailContext]]:
    """Build the contexts of many, each with its place in `recipients`, in the order of the data.

    Everyone's is what `context_of` gives; each part of the data is read once. Raises UnusableInput
    before the first for somebody nothing is known of.
    """
    users = _codes(source.dataset, [recipient.user_id for recipient in recipients])
    for place in np.flatnonzero(users < 0).tolist():
        if source.traits.of(-1, recipients[place].user_id) is None:
            raise _stranger(source.dataset, recipients[place].user_id)
    many = _Many(source, recipients, users, links or {})
    yield from many.without_events()
    for groups, places in _by_group(source.dataset, users):
        yield from many.of_group(groups, places)


class _Many:
    """The contexts of many recipients, one row group at a time."""

    def __init__(
        self,
        source: ContextSource,
        recipients: Sequence[Recipient],
        users: Int64s,
        links: Mapping[str, str],
    ) -> None:
        self._source, self._recipients = source, recipients
        self._users, self._links = users, links

    def without_events(self) -> Iterator[tuple[int, EmailContext]]:
        for place in np.flatnonzero(self._users < 0).tolist():
            yield place, context_of(self._source, self._recipients[place], self._links)

    def of_group(
        self, groups: list[int], places: Sequence[int]
    ) -> Iterator[tuple[int, EmailContext]]:
        """Give the contexts of those whose events lie in one group."""
        source, recipients = self._source, self._recipients
        with_firings = any(recipients[place].firing is not None for place in places)
        paths = property_paths(source.dataset.manifest) if with_firings else []
        columns = source.dataset.read_chunk(groups, [*source.meanings.paths(), *paths])
        names = source.dataset.manifest.names
        deeds_by_user = DeedColumns(columns, names, source.meanings)
        for user, own in _by_user(self._users, places):
            user_id = recipients[own[0]].user_id
            deeds = deeds_by_user.of(user)
            profile = source.traits.of(user, user_id)
            for place in own:
                firing = recipients[place].firing
                trigger = None
                if firing is not None:
                    row = _row_in(columns, firing, user, source.dataset)
                    event = names[columns.name[row]]
                    trigger = _trigger(firing, event, event_properties(columns, row, paths))
                occasion = _occasion(recipients[place], trigger, self._links)
                yield place, email_context(deeds, profile, occasion, source.surroundings)


def _by_user(users: Int64s, places: Sequence[int]) -> list[tuple[int, list[int]]]:
    by_user = defaultdict[int, list[int]](list)
    for place in places:
        by_user[int(users[place])].append(place)
    return sorted(by_user.items())


def _by_group(dataset: Dataset, users: Int64s) -> Iterator[tuple[list[int], list[int]]]:
    """Give the row groups in which somebody's events lie, with the places of these people."""
    order = np.argsort(users, kind="stable")
    in_order = users[order]
    plan = dataset.chunk_plan(1)
    for groups, table in zip(plan, dataset.groups(["user"]), strict=True):
        codes = table["user"].to_numpy()
        first = np.searchsorted(in_order, codes[0], "left")
        last = np.searchsorted(in_order, codes[-1], "right")
        if first < last:
            yield groups, order[first:last].tolist()


def _codes(dataset: Dataset, user_ids: Sequence[str]) -> Int64s:
    """Find the codes of users; -1 for people without events."""
    known = dataset.user_ids()
    found = pc.index_in(pa.array(user_ids, type=known.type), value_set=known)
    codes: Int64s = found.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _recipient(outcome: Outcome, message: int, user_id: str) -> Recipient:
    sent, enrolments = outcome.messages, outcome.enrolments
    enrolment = int(sent.enrolment[message])
    campaign = outcome.campaigns[int(enrolments.campaign[enrolment])]
    key, variant = int(enrolments.key[enrolment]), int(sent.variant[message])
    entered_at = int(enrolments.entered_at[enrolment])
    return Recipient(
        user_id=user_id,
        at=int(sent.due_at[message]),
        firing=Firing(
            row=int(enrolments.row[enrolment]),
            key=None if key == MISSING else enrolments.key_texts[key],
            fired_at=entered_at,
            entered_at=entered_at,
        ),
        campaign=CampaignPlace(
            name=campaign.name,
            step=campaign.steps[int(sent.step[message])].id,
            variant=None if variant == MISSING else sent.variants[variant],
        ),
    )


def _event_of(dataset: Dataset, events: Sequence[Event], firing: Firing) -> Event:
    if 0 <= firing.row < dataset.manifest.rows:
        wanted = dataset.event_ids(np.array([firing.row]))[0].as_py()
        for event in events:
            if event.event_id == wanted:
                return event
    raise _outdated(dataset)


def _row_in(columns: EventColumns, firing: Firing, user: int, dataset: Dataset) -> int:
    """Give the place in a chunk of the event that caused a firing of a user."""
    row = firing.row - int(columns.row[0])
    if not 0 <= row < len(columns.row) or columns.user[row] != user:
        raise _outdated(dataset)
    return row


def _outdated(dataset: Dataset) -> UnusableInput:
    return UnusableInput(
        f"{dataset.manifest.name!r} has changed since it was rehearsed: rehearse the campaign again"
        " before looking at its e-mails."
    )


def _trigger(firing: Firing, event: str, properties: Plain) -> TriggerFacts:
    return TriggerFacts(
        event=event,
        properties=properties,
        key=firing.key,
        fired_at=firing.fired_at,
        entered_at=firing.entered_at,
    )


def _occasion(
    recipient: Recipient, trigger: TriggerFacts | None, links: Mapping[str, str]
) -> Occasion:
    return Occasion(
        user_id=recipient.user_id,
        at=recipient.at,
        trigger=trigger,
        campaign=recipient.campaign,
        links=links,
    )


def _stranger(dataset: Dataset, user_id: str) -> UnusableInput:
    return UnusableInput(
        f"Nobody in {dataset.manifest.name!r} has the id {user_id!r}, neither in the events nor in"
        " the profiles: choose a person of this dataset."
    )
