"""Why one person got, or did not get, the e-mails of a kept rehearsal."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.campaigns import ZONES, Campaign
from core.domain.durations import to_microseconds
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.outcomes import MessageOutcome
from core.domain.reach import TIMEZONE
from core.engine.batches import Bools
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome
from core.rehearsal.person_path import PathMessage, PersonPath, messages_of, person_path
from core.rehearsal.replay import audience_of
from core.rehearsal.story import Mark, Moment, tell
from core.services.stored_rehearsals import RehearsalRecord

_REACHED = (Mark.ENROLLED, Mark.REENTRY, Mark.AUDIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerMoment:
    """What a moment meant to the trigger; `admission` is what the rehearsal made of a firing.

    It is None for moments without one, and `was_off` says that the trigger was reached before the
    day on which the campaign was switched on.
    """

    moment: Moment
    admission: str | None
    was_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStory:
    """One person and one campaign: what led to entering, the ways through, and all messages.

    `own_zone` is the person's time zone where the profile names one; `messages` are those of all
    campaigns of the run; `is_complete` says whether all moments of the trigger are told.
    """

    user_id: str
    campaign: Campaign
    own_zone: str | None
    moments: Sequence[TriggerMoment]
    is_complete: bool
    path: PersonPath
    messages: Sequence[PathMessage]


def person_story(
    record: RehearsalRecord, outcome: Outcome, place: int, dataset: Dataset, user_id: str
) -> PersonStory:
    """Tell one person's story with the campaign at a place; raises UnusableInput for a stranger.

    The dataset must be the one that was rehearsed, unchanged.
    """
    code = dataset.user_code(user_id)
    if code is None:
        raise UnusableInput(f"Nobody in {dataset.manifest.name!r} has the id {user_id!r}.")
    campaign = outcome.campaigns[place]
    told = tell(
        campaign,
        dataset.user_events(user_id),
        watermark=outcome.watermark,
        in_audience=_belongs(audience_of(campaign, dataset), code),
    )
    path = person_path(outcome, place, code)
    since = None if record.since is None else as_microseconds(record.since)
    return PersonStory(
        user_id=user_id,
        campaign=campaign,
        own_zone=_own_zone(dataset, user_id),
        moments=[_with_admission(moment, path, since) for moment in told.moments],
        is_complete=told.is_complete,
        path=path,
        messages=messages_of(outcome, code),
    )


def counted_before(story: PersonStory, message: PathMessage) -> list[PathMessage]:
    """List the sent messages that used up the cap when this one was withheld for it (5.5)."""
    cap = story.campaign.frequency_cap
    if cap is None or message.outcome is not MessageOutcome.FREQUENCY_CAP:
        return []
    length = to_microseconds(cap.per)
    return [
        sent
        for sent in story.messages
        if sent.outcome is MessageOutcome.SENT
        and message.due_at - length < sent.due_at <= message.due_at
    ]


def _with_admission(moment: Moment, path: PersonPath, since: int | None) -> TriggerMoment:
    """Say what the rehearsal, which knows the flow, made of a firing that the trigger tells of."""
    if moment.mark not in _REACHED:
        return TriggerMoment(moment=moment, admission=None, was_off=False)
    if since is not None and moment.at < since:
        return TriggerMoment(moment=moment, admission=None, was_off=True)
    same = (f for f in path.firings if f.at == moment.at and f.key == moment.key)
    found = next(same, None)
    admission = moment.mark.value if found is None else found.admission.word
    return TriggerMoment(moment=moment, admission=admission, was_off=False)


def _belongs(audience: Bools | None, code: int) -> bool:
    return audience is None or bool(audience[code])


def _own_zone(dataset: Dataset, user_id: str) -> str | None:
    profile = dataset.profile(user_id)
    zone = None if profile is None else profile.get(TIMEZONE)
    return zone if isinstance(zone, str) and zone in ZONES else None
