"""A person's story with a campaign as lines to read: moments of the trigger, steps, e-mails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.domain.campaigns import Campaign
from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.domain.steps import SendStep
from core.rehearsal.person_path import PathEnrolment, PathMessage, PathRow
from core.rehearsal.reports.flow_times import ahead_of
from core.rehearsal.story import Mark
from core.services import phrases, step_words
from core.services.person_stories import PersonStory, TriggerMoment, counted_before
from core.ui import formats, words
from core.ui.rehearse import rehearse_words

TOLD = 200
LISTED = 40
_TRIGGER, _FLOW = "Trigger", "Flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One line: `at` in µs, `when` in the campaign's zone, `where` plain, `what` Markdown."""

    at: int
    when: str
    where: str
    what: str


def about_message(story: PersonStory, chosen: tuple[str, int]) -> str | None:
    """Say why one e-mail (step, due at in µs) was sent or held back; None if there is none such."""
    own = (m for enrolment in story.path.enrolments for m in enrolment.messages)
    found = next((m for m in own if (m.step_id, m.due_at) == chosen), None)
    return None if found is None else _why(story, found)


def headline(story: PersonStory) -> list[str]:
    """Say in sentences what came of it all (Markdown): entries, e-mails sent and not sent."""
    enrolments = story.path.enrolments
    if not enrolments:
        return [_never_entered(story)]
    own = [m for enrolment in enrolments for m in enrolment.messages]
    said = [f"Entered **{rehearse_words.times(len(enrolments))}**. {_counted(own)}"]
    if any(enrolment.is_held_out for enrolment in enrolments):
        said[0] += " Belongs to the comparison group, which gets nothing from this campaign."
    lines = [
        *(_why(story, message) for message in own),
        *(line for enrolment in enrolments for line in _never_came_up(story, enrolment)),
    ]
    return [*said, *(f"- {line}" for line in lines[:LISTED])]


def _counted(own: Sequence[PathMessage]) -> str:
    if not own:
        return "No e-mail came up."
    sent = sum(message.outcome is MessageOutcome.SENT for message in own)
    if sent == len(own):
        return f"Would have got **{rehearse_words.emails(sent)}**."
    return f"Would have got **{rehearse_words.emails(sent)}**; {len(own) - sent:,} held back."


def _never_entered(story: PersonStory) -> str:
    refused = story.path.firings
    if refused:
        reasons = sorted({rehearse_words.REFUSED[f.admission.word].lower() for f in refused})
        return (
            f"Met the trigger **{rehearse_words.times(len(refused))}**, but was not let in: "
            f"{', '.join(reasons)}."
        )
    if any(moment.was_off for moment in story.moments):
        return "Met the trigger only **before the campaign was switched on**."
    return "**Never entered**: the trigger was not met."


def _why(story: PersonStory, message: PathMessage) -> str:
    """Say why a message was sent or held back."""
    when = formats.moment(message.due_at, story.campaign.timezone)
    labels = rehearse_words.mail_labels(story.campaign)
    name = f"*{formats.plain(labels[message.step_id])}*"
    if message.outcome is MessageOutcome.SENT:
        return f"{name} **sent** on {when}: nothing stood in its way."
    reason = rehearse_words.WITHHELD[message.outcome.word]
    return f"{name} **held back** on {when}: {rehearse_words.lower(reason)}{_cap(story, message)}."


def _cap(story: PersonStory, message: PathMessage) -> str:
    """List the e-mails that used up the limit."""
    before = counted_before(story, message)
    if not before:
        return ""
    zone = story.campaign.timezone
    told = ", ".join(
        f"{formats.plain(step_words.email_title(sent.template))} from "
        f"{formats.plain(sent.campaign)} on {formats.moment(sent.due_at, zone)}"
        for sent in before
    )
    cap = story.campaign.frequency_cap
    assert cap is not None  # something was counted against it
    return f" (at most {cap.max:,} in {phrases.exact_duration(cap.per)}; there were {told})"


def _never_came_up(story: PersonStory, enrolment: PathEnrolment) -> Iterator[str]:
    """Say of each e-mail that never came up on this way what kept it from doing so."""
    due = {message.step_id for message in enrolment.messages}
    missing = [
        step.id
        for step in story.campaign.steps
        if isinstance(step, SendStep) and step.id not in due
    ]
    ahead = _still_ahead(story.campaign, enrolment)
    for reason, kept in (
        (_kept_from(story, enrolment), [step_id for step_id in missing if step_id in ahead]),
        ("the flow took another way", [step_id for step_id in missing if step_id not in ahead]),
    ):
        if kept:
            yield _missed(story, enrolment, kept, reason)


def _still_ahead(campaign: Campaign, enrolment: PathEnrolment) -> set[str]:
    """Name the steps that could still come from where the enrolment stands, or stood at its end."""
    steps = [row.step_id for row in enrolment.rows if row.step_id is not None]
    if not steps:
        return set()
    return {steps[-1], *ahead_of(campaign)[steps[-1]]}


def _missed(
    story: PersonStory, enrolment: PathEnrolment, step_ids: Sequence[str], reason: str
) -> str:
    labels = rehearse_words.mail_labels(story.campaign)
    entered = formats.moment(enrolment.entered_at, story.campaign.timezone)
    names = ", ".join(f"*{formats.plain(labels[step_id])}*" for step_id in step_ids)
    return f"{names} **never came up** after entering on {entered}: {reason}."


def _kept_from(story: PersonStory, enrolment: PathEnrolment) -> str:
    """Say what ended the way before the e-mails that were still ahead."""
    if enrolment.state is EnrolmentState.ACTIVE or enrolment.ended_at is None:
        return "the data ends before it could"
    done = formats.plain(rehearse_words.goal_done(story.campaign.goal))
    when = formats.moment(enrolment.ended_at, story.campaign.timezone)
    return f"had {done} on {when} and left the flow"


def lines(story: PersonStory) -> list[StoryLine]:
    """Tell all in order of time; of a very long story the last lines."""
    told = [
        *(_moment(moment, story) for moment in story.moments),
        *(line for enrolment in story.path.enrolments for line in _way(enrolment, story)),
    ]
    return sorted(told, key=lambda line: line.at)[-TOLD:]


def _moment(told: TriggerMoment, story: PersonStory) -> StoryLine:
    moment, campaign = told.moment, story.campaign
    if told.was_off:
        meaning = "Met the trigger, but the campaign was not switched on yet"
    elif told.admission == "active":
        meaning = "Met the trigger again while still inside the flow: not let in twice"
    elif told.admission == "enrolled":
        meaning = "**Enters**: the flow starts here"
    else:
        # The trigger alone may tell a refusal otherwise than the run, which knew more.
        mark = moment.mark if told.admission is None else Mark(told.admission)
        meaning = words.moment(replace(moment, mark=mark), campaign, campaign.timezone)
    key = "" if moment.key is None else f" ({campaign.trigger.key} {moment.key})"
    return StoryLine(
        at=moment.at,
        when=formats.exact_moment(moment.at, campaign.timezone),
        where=f"{_TRIGGER}{key}",
        what=f"{_deed(told)}{meaning}",
    )


def _deed(told: TriggerMoment) -> str:
    event = told.moment.event
    if event is None:
        return ""
    details = [
        f"{name} {value}"
        for name, value in list(event.properties.items())[:2]
        if isinstance(value, str | int | float) and len(str(value)) < 40
    ]
    shown = f" ({formats.plain(', '.join(details))})" if details else ""
    return f"*{formats.plain(event.event)}*{shown}: "


def _way(enrolment: PathEnrolment, story: PersonStory) -> Iterator[StoryLine]:
    for row in enrolment.rows:
        yield _row(row, story)
    ended = enrolment.ended_at
    if enrolment.goal_at is not None and ended is not None and enrolment.goal_at > ended:
        done = formats.plain(rehearse_words.goal_done(story.campaign.goal))
        yield StoryLine(
            at=enrolment.goal_at,
            when=formats.exact_moment(enrolment.goal_at, story.campaign.timezone),
            where=_FLOW,
            what=f"Had {done}, after the flow was over; counted as reached anyway",
        )


def _row(row: PathRow, story: PersonStory) -> StoryLine:
    zone = story.campaign.timezone
    step = rehearse_words.step_of(story.campaign, row.step_id)
    meaning = formats.plain(rehearse_words.row_meaning(row, story.campaign, zone))
    strong = row.outcome in (StepOutcome.SENT, StepOutcome.WITHHELD)
    return StoryLine(
        at=row.at,
        when=formats.exact_moment(row.at, zone),
        where=_FLOW if step is None else step_words.title(step),
        what=f"**{meaning}**" if strong else meaning,
    )
