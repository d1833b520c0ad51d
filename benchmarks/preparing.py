"""What has to be there before anything is measured: the generated history and the datasets."""

import shutil
from pathlib import Path

from benchmarks.history import write_history
from benchmarks.places import DATASET, Place
from core import bootstrap, clock
from core.history.files import open_source
from core.history.importing import import_events
from core.history.manifest import ImportMode
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.services.imports import load_sample

MAPPING = ColumnMapping(
    user_id=("user_id",),
    timestamp=("timestamp",),
    time=TimeFormat(shape=TimeShape.ISO),
    event="event",
    event_id="event_id",
)


def write_csv(place: Place) -> None:
    """Generate the history unless it is there, and forget those of former generators."""
    for old in place.root.glob(f"{place.event_count}-*"):
        if old != place.folder:
            shutil.rmtree(old)
    if not place.csv.exists():
        write_history(place.csv, place.event_count)


def import_csv(place: Place) -> None:
    """Import the history as a fresh dataset, as the command `import` does."""
    with open_source(place.csv) as source:
        import_events(
            place.home,
            DATASET,
            [(source, MAPPING)],
            mode=ImportMode.REPLACE,
            imported_at=clock.now(),
        )


def prepare(place: Place) -> None:
    """See to it that the history and its dataset are there."""
    write_csv(place)
    if place.manifest is None:
        import_csv(place)


def import_sample(home: Path) -> None:
    """Import the sample shop anew."""
    shutil.rmtree(home, ignore_errors=True)
    load_sample(home, bootstrap.SAMPLE, imported_at=clock.now())
