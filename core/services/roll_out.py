"""Acting on a test's split: its winner becomes the flow's new version, or its weights change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, ExperimentState, check_weights
from core.engine.versions import UnderWay
from core.services import experiments
from core.services.campaigns import save_campaign, saved_campaign
from core.services.experiment_launching import campaign_of_test
from core.services.flow_without_split import without_split
from core.services.live_launches import Launch, LaunchState, launches, publish_version
from core.store.database import one_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOut:
    """What became of a winner: the campaign's version, and whether a launch goes on with it."""

    campaign: str
    version: int
    is_launched: bool


def roll_out(
    database: Engine, experiment: Experiment, winner: str, *, by: str, at: datetime
) -> RollOut:
    """Save a version in which everybody goes the winner's way; people on their way stay (5.9).

    A launch that runs the test goes on with that version for people who enter from now on. The
    test's log tells of it. Raises UnusableInput for a test that is not over, and where the campaign
    has no such split any more.
    """
    if experiment.state is not ExperimentState.ENDED:
        raise UnusableInput(f"The test {experiment.name!r} is not over; end it first.")
    launch = launch_of(database, experiment)
    former = tested_campaign(database, experiment)
    campaign = without_split(former, experiment.settings.split, winner)
    note = f"{winner} for everybody, as the test {experiment.name!r} showed"
    with one_transaction(database) as joined:
        version = _publish(joined, campaign, launch, UnderWay.STAY, note=note, at=at)
        said = f"{winner} became the way for everybody: {campaign.name}, version {version}."
        experiments.note_experiment(joined, experiment.name, said, by=by, at=at)
    return RollOut(campaign=campaign.name, version=version, is_launched=launch is not None)


def reweigh(
    database: Engine,
    experiment: Experiment,
    weights: Sequence[float],
    *,
    by: str,
    at: datetime,
    note: str = "",
) -> Experiment:
    """Share out people who come to the split from now on by other weights; nobody assigned moves.

    People on their way to the split meet the new weights as well: they move to the version that
    has them, in which nothing else differs. Raises UnusableInput for a test that does not run, for
    weights that do not fit, and where the campaign has no such split any more.
    """
    settings = experiment.settings
    if experiment.state is not ExperimentState.RUNNING:
        raise UnusableInput(f"The test {experiment.name!r} is not running; its weights stay.")
    fitting = check_weights(settings, weights)
    launch = launch_of(database, experiment)
    former = tested_campaign(database, experiment)
    variants = [
        variant.model_copy(update={"weight": weight})
        for variant, weight in zip(settings.variants, fitting, strict=True)
    ]
    changed = settings.model_copy(update={"variants": tuple(variants)})
    campaign = campaign_of_test(former, changed)
    said = f"other weights in the test {experiment.name!r}"
    with one_transaction(database) as joined:
        _publish(joined, campaign, launch, UnderWay.MOVE, note=said, at=at)
        return experiments.change_weights(
            joined, experiment.name, fitting, by=by, at=at, note=note.strip()
        )


def launch_of(database: Engine, experiment: Experiment) -> Launch | None:
    """Give the launch that runs a test's campaign; None if there is none, or it was stopped."""
    for launch in launches(database):
        if launch.id == experiment.launch_id and launch.state is not LaunchState.STOPPED:
            return launch
    return None


def tested_campaign(database: Engine, experiment: Experiment) -> Campaign:
    """Give the campaign that runs a test, else the one of its name that was saved last.

    Raises UnusableInput where it is not saved any more.
    """
    launch = launch_of(database, experiment)
    if launch is not None:
        return launch.campaign
    saved = saved_campaign(database, experiment.settings.campaign)
    if saved is None:
        raise UnusableInput(
            f"The campaign {experiment.settings.campaign!r} is not saved any more; draw it on the "
            "page Flows."
        )
    return saved.campaign


def _publish(
    joined: Engine,
    campaign: Campaign,
    launch: Launch | None,
    under_way: UnderWay,
    *,
    note: str,
    at: datetime,
) -> int:
    """Save the next version and give it to the launch; give its number."""
    saved = save_campaign(joined, campaign, name=campaign.name, note=note, saved_at=at)
    if launch is not None:
        publish_version(
            joined, launch.id, campaign, under_way=under_way, at=at, version_number=saved.number
        )
    return saved.number
