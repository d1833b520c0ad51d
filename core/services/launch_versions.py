"""Giving a launch a new version from a page: with its history, and not under a running test."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.versions import CampaignVersion
from core.engine.versions import UnderWay
from core.history.reading import Dataset, open_dataset
from core.services.experiment_launching import running_test_of
from core.services.live_launches import Launch, publish_version
from core.store.database import reading
from core.store.launch_changes import launch_changes

__all__ = ["UnderWay", "publish"]


def publish(
    database: Engine,
    home: Path,
    launch_id: int,
    version: CampaignVersion,
    *,
    under_way: UnderWay,
    at: datetime,
) -> Launch:
    """Let a launch go on with another saved version; people under way stay, move or leave (5.9).

    A trigger that is another one learns what people did before from the upload that the launch
    began with. Raises UnusableInput while a running test reads the launch.
    """
    test = running_test_of(database, launch_id)
    if test is not None:
        raise UnusableInput(
            f"The test {test.name!r} reads this campaign; end it before a new version goes live."
        )
    return publish_version(
        database,
        launch_id,
        version.campaign,
        under_way=under_way,
        at=at,
        version_number=version.number,
        history=_history(database, home, launch_id),
    )


def _history(database: Engine, home: Path, launch_id: int) -> Dataset | None:
    """Open the upload that the launch began with, if it began with one that is still there."""
    with reading(database) as session:
        names = [change.dataset for change in launch_changes(session, launch_id)]
    named = next((name for name in names if name is not None), None)
    try:
        return None if named is None else open_dataset(home, named)
    except UnusableInput:
        return None
