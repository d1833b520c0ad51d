"""What a campaign and its steps say, fact by fact: for comparing, and in words for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from core.domain.campaigns import Campaign
from core.domain.steps import (
    BranchStep,
    DelayStep,
    ExitStep,
    SendStep,
    Since,
    SplitStep,
    Step,
    UpdateProfileStep,
    WaitForStep,
    WebhookStep,
)
from core.services import drafts, phrases, step_words
from core.services.drafts import Document
from core.services.flow_ways import checked_step
from core.services.step_names import default_salt

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing said: what about, what it means as plain data, and in words."""

    what: str
    meant: Any
    said: str


def campaign_facts(campaign: Campaign) -> list[Fact]:
    """List what a campaign says besides its steps and `holdout_draw`."""
    document = drafts.document_of(campaign)
    keyed = campaign.trigger.key if document["reentry_per"] == "key" else "person"
    said = {
        "name": ("Name", campaign.name),
        "description": ("Description", campaign.description or NONE),
        "stage": ("Stage", campaign.stage or NONE),
        "timezone": ("Time zone", campaign.timezone),
        "trigger": ("Trigger", phrases.sentence(campaign.trigger)),
        "reentry": ("How often people may enter", phrases.reentry(campaign)),
        "reentry_per": ("Entries are counted per", str(keyed)),
        "audience": ("Audience", _audience(campaign)),
        "concurrent": ("Enter again while still inside", _yes(campaign.concurrent)),
        "holdout": ("Holdout", step_words.share(campaign.holdout) if campaign.holdout else NONE),
        "goal": ("Goal", _goal(campaign)),
        "exit_on_goal": ("Leave at the goal", _yes(campaign.exit_on_goal)),
        "quiet_hours": ("Quiet hours", _quiet_hours(campaign)),
        "frequency_cap": ("Most messages per person", _cap(campaign)),
        "max_event_age": (
            "Oldest event that lets people enter",
            phrases.exact_duration(campaign.max_event_age),
        ),
        "stale_after": (
            "A message is dropped when late by",
            phrases.exact_duration(campaign.stale_after),
        ),
    }
    return [Fact(what=what, meant=document[key], said=words) for key, (what, words) in said.items()]


def holdout_draw(campaign: Campaign) -> Fact:
    """Say by which salt people are held out; it means something only where some are."""
    salt = campaign.holdout_salt_or_default()
    return Fact(what="Who is held out, drawn by", meant=salt, said=salt)


def step_facts(step: Document, campaign_name: str) -> list[Fact]:
    """List what a complete step of a draft says besides its ways: equally many per kind."""
    model = checked_step(step)
    said = _said(model)
    if isinstance(model, SplitStep):
        salt = model.salt or default_salt(campaign_name, model.id)
        said = [*said, ("Who gets which variant, drawn by", salt, salt)]
    return [Fact(what=what, meant=meant, said=words) for what, meant, words in said]


def _said(step: Step) -> Sequence[tuple[str, Any, str]]:
    """List (what, meaning as plain data, words)."""
    plain: Document = step.model_dump(mode="json", by_alias=True)
    match step:
        case DelayStep():
            meant = [plain["for"], plain["until"], sorted(plain["on"])]
            return [("How long", meant, step_words.delay(step))]
        case WaitForStep():
            since = "entry" if step.since is Since.ENTRY else "arrival at the step"
            return [
                ("Event", plain["event"], phrases.matcher(step.event)),
                ("At most", plain["timeout"], phrases.exact_duration(step.timeout)),
                ("Counts from", plain["since"], since),
            ]
        case BranchStep():
            asked = [case["if"] for case in plain["cases"]]
            return [("Cases", asked, step_words.cases(step))]
        case SplitStep():
            shares = [[variant.name, variant.weight] for variant in step.variants]
            return [("Variants", shares, step_words.variants(step.variants))]
        case SendStep():
            return [
                ("E-mail", step.template, step.template),
                ("Subject", step.subject, "the e-mail's own" if not step.subject else step.subject),
            ]
        case UpdateProfileStep():
            return [("Traits", plain["set"], step_words.traits(step.set_))]
        case WebhookStep():
            return [
                ("Address", step.url, step.url),
                ("Content", plain["body"], step_words.traits(step.body) or NONE),
            ]
        case ExitStep():
            return []
        case _:
            assert_never(step)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _audience(campaign: Campaign) -> str:
    return "everybody" if campaign.audience is None else phrases.condition(campaign.audience)


def _goal(campaign: Campaign) -> str:
    if campaign.goal is None:
        return NONE
    within = phrases.exact_duration(campaign.goal.within)
    return f"{phrases.matcher(campaign.goal.event)} within {within}"


def _quiet_hours(campaign: Campaign) -> str:
    quiet = campaign.quiet_hours
    return NONE if quiet is None else f"{quiet.from_} to {quiet.to}"


def _cap(campaign: Campaign) -> str:
    cap = campaign.frequency_cap
    return NONE if cap is None else f"{cap.max:,} in {phrases.exact_duration(cap.per)}"
