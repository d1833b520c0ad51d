"""What live decided, in a marketer's words; addresses are masked."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.domain.instants import as_microseconds
from core.domain.live_reasons import LiveReason
from core.domain.outcomes import StepOutcome
from core.domain.steps import BranchStep, Step, UpdateProfileStep, WaitForStep, WebhookStep
from core.rehearsal.person_path import PathRow
from core.services import phrases
from core.services.delivering import REASON_WORDS
from core.services.live_deeds import Mail
from core.services.live_launches import LaunchMode, LaunchState
from core.services.live_overview import Kind, Line
from core.ui import formats, masked
from core.ui.rehearse import rehearse_words

_CASE = re.compile(r"cases\[(\d+)\]")

KINDS = {
    Kind.ENTERED: "Entered",
    Kind.REFUSED: "Not let in",
    Kind.MAIL: "E-mail due",
    Kind.HELD_BACK: "E-mail held back",
    Kind.WAITING: "Waits",
    Kind.WAY: "Goes on",
    Kind.LEFT: "Left or came through",
}
STATES = {
    LaunchState.RUNNING: "runs",
    LaunchState.PAUSED: "is paused",
    LaunchState.STOPPED: "was stopped",
}
MESSAGES = {
    "queued": "waiting to leave",
    "sending": "leaving now",
    "sent": "sent",
    "failed": "failed",
    "unknown": "unknown whether it arrived",
    "withheld": "held back",
}
_MESSAGES_OF_SANDBOX = {
    **MESSAGES,
    "queued": "would have been sent",
    "sent": "sent to the seed list",
}
_REFUSED = {**rehearse_words.REFUSED, LiveReason.TOO_OLD: "Arrived too late to act on"}
_WITHHELD = {
    **rehearse_words.WITHHELD,
    LiveReason.STALE: "Too late to be of use",
    LiveReason.STOPPED: "The campaign was stopped",
}
REASONS = {**_REFUSED, **_WITHHELD}
_LEFT = {
    "new_version": "Leaves the flow: a new version took its place",
    "step_gone": "Leaves the flow: the new version has no such step",
    "joined": "Leaves the flow: turned out to be somebody who is in it already",
    LiveReason.STOPPED: "Leaves the flow: the campaign was stopped",
}


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago something was: `just now`, `3 minutes ago`."""
    length = now - at
    return "just now" if length < timedelta(seconds=5) else f"{rounded(length)} ago"


def rounded(length: timedelta) -> str:
    """Write a time in its largest unit: `3 minutes`."""
    whole = timedelta(seconds=max(1, round(length.total_seconds())))
    unit = next(
        (u for u in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)) if whole >= u),
        timedelta(seconds=1),
    )
    return phrases.duration(whole // unit * unit)


def messages(counts: Mapping[str, int], mode: LaunchMode) -> str:
    """Say what became of the e-mails of a launch; empty where none became due."""
    named = _MESSAGES_OF_SANDBOX if mode is LaunchMode.SANDBOX else MESSAGES
    parts = [f"{counts[state]:,} {said}" for state, said in named.items() if counts.get(state)]
    return ", ".join(parts)


def state(name: str, mode: LaunchMode) -> str:
    """Say in which state an e-mail is: in a sandbox one that waits is never to leave."""
    named = _MESSAGES_OF_SANDBOX if mode is LaunchMode.SANDBOX else MESSAGES
    return named[name].capitalize()


def why(mail: Mail) -> str:
    """Say why an e-mail is in its state, with what the mail server answered."""
    said = REASON_WORDS.get(mail.reason) or _WITHHELD.get(mail.reason, mail.reason)
    said = said[:1].upper() + said[1:]
    return f"{said}: {masked.text(mail.detail)}" if mail.detail else said


def line(said: Line, campaign: Campaign, mode: LaunchMode, zone: str) -> str:
    """Say what a line of the log means."""
    outcome = said.outcome
    if said.step is None and outcome == Admission.ENROLLED.word:
        return "Entered: the trigger caught them"
    if said.step is None:
        return f"Not let in: {rehearse_words.lower(_REFUSED.get(outcome, outcome))}"
    step = rehearse_words.step_of(campaign, said.step)
    row = PathRow(
        at=said.at,
        step_id=said.step or None,
        outcome=StepOutcome[outcome.upper()],
        reason=said.reason,
        until_at=None,
    )
    return _step(row, step, campaign, mode, zone)


def _step(row: PathRow, step: Step | None, campaign: Campaign, mode: LaunchMode, zone: str) -> str:
    match row.outcome:
        case StepOutcome.SENT:
            due = rehearse_words.mail_labels(campaign).get(row.step_id or "", "an e-mail")
            stays = " (sandbox)" if mode is LaunchMode.SANDBOX else ""
            return f"E-mail due: {due}{stays}"
        case StepOutcome.WITHHELD:
            due = rehearse_words.mail_labels(campaign).get(row.step_id or "", "an e-mail")
            return f"Held back: {due}. {_WITHHELD.get(row.reason, row.reason)}"
        case StepOutcome.WAITING:
            return _waiting(step, _until(row.reason, zone))
        case StepOutcome.DEFERRED:
            return "Quiet hours: the e-mail waits until they are over"
        case StepOutcome.RECORDED:
            return _deed(step)
        case StepOutcome.EXITED if row.reason in _LEFT:
            return _LEFT[row.reason]
        case StepOutcome.TOOK if not _is_way_of(step, row.reason):
            return "Takes a way that the present version does not have"
        case _:
            return rehearse_words.row_meaning(row, campaign, zone)


def _waiting(step: Step | None, until: str) -> str:
    if isinstance(step, WaitForStep):
        return f"Waits for {phrases.matcher(step.event)}, at the latest until {until}"
    return f"Waits until {until}"


def _until(reason: str, zone: str) -> str:
    """Write the time at which a rest is to end, which the trace holds as `until TIME`."""
    at = datetime.fromisoformat(reason.removeprefix("until "))
    return formats.moment(as_microseconds(at), zone)


def _deed(step: Step | None) -> str:
    if isinstance(step, UpdateProfileStep):
        return "The profile is changed"
    return "Another system is to be told" if isinstance(step, WebhookStep) else "Noted"


def _is_way_of(step: Step | None, reason: str) -> bool:
    """Say whether a branch has the way that somebody took, who may have entered before."""
    found = _CASE.fullmatch(reason)
    return found is None or (isinstance(step, BranchStep) and int(found[1]) < len(step.cases))
