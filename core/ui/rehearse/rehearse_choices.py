"""The campaigns that can be rehearsed: the draft on Flows, saved versions, ready-made ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError
from core.services import fitting
from core.services.stored_rehearsals import NamedVersion
from core.ui import readers
from core.ui.flows import flow_draft

DRAFT, SAVED, READY = "draft", "saved", "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A campaign to rehearse; `version` is None unless it is a saved one's latest."""

    choice_id: str
    label: str
    campaign: Campaign
    version: int | None

    @property
    def named(self) -> NamedVersion:
        """Give the campaign as a rehearsal takes it."""
        return NamedVersion(campaign=self.campaign, version=self.version)


def all_choices(known_events: Collection[str]) -> dict[str, Choice]:
    """List what can be rehearsed, by id: the draft first, then saved ones, the latest first.

    The event names of ready-made campaigns are matched to those of the data.
    """
    found = [*_draft(), *_saved()]
    taken = {choice.campaign.name for choice in found if choice.version is not None}
    found += [
        Choice(
            choice_id=f"{READY}:{starter.name}",
            label=f"{starter.name} · ready-made",
            campaign=fitting.fitted(starter, fitting.fitted_names(starter, known_events)),
            version=None,
        )
        for starter in readers.starter_campaigns()
        if starter.name not in taken
    ]
    return {choice.choice_id: choice for choice in found}


def first_choice(choices: Collection[Choice]) -> str | None:
    """Give what is most likely wanted: the draft, else the first with e-mails in it."""
    with_mails = (c for c in choices if c.campaign.templates())
    chosen = next((c for c in choices if c.choice_id == DRAFT), next(with_mails, None))
    return None if chosen is None else chosen.choice_id


def of_version(choice: Choice, number: int) -> Choice:
    """Give another version of a saved campaign."""
    for version in readers.campaign_versions(choice.campaign.name):
        if version.number == number:
            return Choice(
                choice_id=choice.choice_id,
                label=f"{version.campaign.name} · version {number}",
                campaign=version.campaign,
                version=number,
            )
    return choice


def unknown_events(campaign: Campaign, known_events: Collection[str]) -> Sequence[str]:
    """Name the events that a campaign's trigger and goal speak of and the data does not hold."""
    return [name for name in fitting.names_in(campaign) if name not in known_events]


def _draft() -> list[Choice]:
    is_saved = flow_draft.is_open() and flow_draft.saved_as() and not flow_draft.is_changed()
    if not flow_draft.is_open() or is_saved:
        return []
    campaign = flow_draft.campaign()
    if campaign is None:
        return []
    label = f"{campaign.name} · draft on the page Flows"
    return [Choice(choice_id=DRAFT, label=label, campaign=campaign, version=None)]


def _saved() -> list[Choice]:
    found = []
    for summary in readers.saved_campaigns():
        try:
            latest = readers.saved_campaign(summary.name)
        except CampaignError:
            continue  # the page Home says what is wrong with it
        if latest is not None:
            found.append(
                Choice(
                    choice_id=f"{SAVED}:{summary.name}",
                    label=f"{summary.name} · version {latest.number}",
                    campaign=latest.campaign,
                    version=latest.number,
                )
            )
    return found
