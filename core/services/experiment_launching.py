"""Launching a campaign together with the test of its split: both of it, or nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, ExperimentSettings, ExperimentState
from core.domain.steps import SplitStep
from core.history.reading import Dataset
from core.services import drafts, flow_drafts, flow_forms
from core.services.campaigns import save_campaign, saved_version
from core.services.drafts import Document
from core.services.experiments import (
    draft_experiment,
    experiment,
    experiments,
    launch_experiment,
)
from core.services.live_launches import Launch, LaunchMode, LaunchState, launch, launches, stop
from core.store.database import one_transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedTest:
    """A test that runs, and the launch of the campaign whose split it reads."""

    experiment: Experiment
    launch: Launch


def launch_test(
    database: Engine,
    campaign: Campaign,
    settings: ExperimentSettings,
    *,
    mode: LaunchMode,
    history: Dataset | None,
    by: str,
    at: datetime,
    note: str = "",
) -> LaunchedTest:
    """Launch a campaign, shared out as the test says, and its test.

    The campaign is saved as a version first, unless it is one. All of it is one transaction: if any
    part is refused, or the process ends on the way, no version, launch or test is there. Raises
    UnusableInput where the campaign runs in that mode already, or the test was launched before.
    """
    as_tested = campaign_of_test(campaign, settings)
    saved = _saved_version(database, as_tested, settings)
    former = experiment(database, settings.name)
    with one_transaction(database) as joined:
        number = saved or _saved_now(joined, as_tested, settings.name, at)
        fixed = settings.model_copy(update={"version": number, "campaign": as_tested.name})
        begun = launch(
            joined,
            as_tested,
            launched_at=at,
            mode=mode,
            history=history,
            version_number=number,
        )
        if former is None or former.settings != fixed:
            draft_experiment(joined, fixed, by=by, at=at, note=note)
        test = launch_experiment(joined, fixed.name, launch_id=begun.id, by=by, at=at)
        if test.settings != fixed:
            raise UnusableInput(f"The draft of {fixed.name!r} has just changed; launch it again.")
    logger.info(
        "test launched",
        extra={
            "mode": mode.value,
            "test": fixed.name,
            "launch_id": begun.id,
            "campaign_version": number,
        },
    )
    return LaunchedTest(experiment=test, launch=begun)


def campaign_of_test(campaign: Campaign, settings: ExperimentSettings) -> Campaign:
    """Give a campaign with the variants, weights and holdout of a test of its split.

    A variant that the test leaves out goes, with the steps that nobody else can reach; without a
    difference the campaign stays as it is. Raises UnusableInput where it has no such split or
    variant, or where another step speaks of one that would go.
    """
    step = next((step for step in campaign.steps if step.id == settings.split), None)
    if not isinstance(step, SplitStep):
        raise UnusableInput(
            f"The campaign {campaign.name!r} has no split called {settings.split!r}; choose the "
            "split again."
        )
    _check_variants(step, settings)
    weights = {variant.name: variant.weight for variant in settings.variants}
    is_same = weights == {variant.name: variant.weight for variant in step.variants}
    if is_same and settings.holdout == campaign.holdout:
        return campaign
    changed = {**drafts.document_of(campaign), "holdout": settings.holdout}
    if len(weights) == len(step.variants):
        return drafts.campaign_of(_with_split(changed, step.id, weights))
    # Steps may go, and with them what follows in the list: where each way leads is written out.
    fewer = _with_split(flow_forms.explicit(changed), step.id, weights)
    return flow_forms.campaign_of(flow_drafts.delete_unreachable(fewer))


def running_launch(database: Engine, campaign: str, mode: LaunchMode) -> Launch | None:
    """Give the launch that keeps a campaign from being launched in a mode; None if none does."""
    for found in launches(database):
        is_same = found.name == campaign and found.mode is mode
        if is_same and found.state is not LaunchState.STOPPED:
            return found
    return None


def running_test_of(database: Engine, launch_id: int) -> Experiment | None:
    """Give the running test that reads a launch; None if none does."""
    for found in experiments(database):
        if found.launch_id == launch_id and found.state is ExperimentState.RUNNING:
            return found
    return None


def stop_launch(database: Engine, launch_id: int, *, at: datetime) -> Launch:
    """End a launch. Raises UnusableInput while a running test reads it."""
    test = running_test_of(database, launch_id)
    if test is not None:
        raise UnusableInput(
            f"The test {test.name!r} reads this campaign; end it before the campaign is stopped."
        )
    return stop(database, launch_id, at=at)


def _saved_version(
    database: Engine, campaign: Campaign, settings: ExperimentSettings
) -> int | None:
    """Give the number of the saved version that the campaign is; None if it is none."""
    if settings.version is None:
        return None
    saved = saved_version(database, campaign.name, settings.version)
    return saved.number if saved is not None and saved.campaign == campaign else None


def _saved_now(database: Engine, campaign: Campaign, test: str, at: datetime) -> int:
    note = f"for the test {test}"
    saved = save_campaign(database, campaign, name=campaign.name, note=note, saved_at=at)
    return saved.number


def _check_variants(step: SplitStep, settings: ExperimentSettings) -> None:
    names = [variant.name for variant in step.variants]
    unknown = next((name for name in settings.variant_names if name not in names), None)
    if unknown is not None:
        raise UnusableInput(
            f"The split {step.id!r} has no variant {unknown!r}; it has: {', '.join(names)}."
        )


def _with_split(document: Document, split: str, weights: Mapping[str, float]) -> Document:
    """Give a campaign's document with these variants of a split only."""
    former = flow_drafts.step_of(document, split)
    kept = [each for each in former["variants"] if each["name"] in weights]
    changed = [{**each, "weight": weights[each["name"]]} for each in kept]
    step = {**former, "variants": changed}
    steps = [step if each["id"] == split else each for each in document["steps"]]
    return {**document, "steps": steps}
