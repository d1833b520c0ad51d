"""Live does on drawn histories what the plain reading of SEMANTICS 4 to 7 says of them (7.5).

REHEARSAL_HISTORIES draws more of them than the everyday run does.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.instants import from_microseconds, iso
from core.live.evaluator import GRACE
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import LaunchMode, launch
from core.services.live_ticks import tick
from core.store.database import open_database
from tests.engine.test_against_reference import _watermarks
from tests.live.feeding import firing_rows, message_rows, trace_rows
from tests.reference.flow import Told, rehearse
from tests.reference.flows import FlowCase, flow_cases
from tests.reference.matching import Event, in_order
from tests.rehearsal.worlds import as_domain

HISTORIES = int(os.environ.get("REHEARSAL_HISTORIES", "15"))

brief = settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FOR_EVER = {"max_event_age": "3650d", "stale_after": "3650d"}
TIMES = {"firings": (3,), "messages": (2, 5), "trace": (2, 4)}


@brief
@given(case=flow_cases(), data=st.data())
def test_drawn_histories_are_decided_as_the_plain_reading_says(
    migrated_file: Path, case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    consents = [p.get("consent") for p in (case.profiles or {}).values() if "consent" in p]
    # Without profiles nobody has an address live; and a consent of nobody is no question.
    assume(events and case.profiles is not None and (not consents or any(consents)))
    batches = _batches(events, case.cuts)
    marks = _watermarks(data, batches, case.watermark)

    mode = data.draw(st.sampled_from(LaunchMode))

    with fresh(migrated_file) as database:
        save_profiles(database, case.profiles or {}, saved_at=from_microseconds(0))
        for written in case.campaigns:
            campaign = Campaign.model_validate({**written, **FOR_EVER})
            launched_at = from_microseconds(events[0].timestamp - 1)
            launch(database, campaign, launched_at=launched_at, mode=mode)
        for batch, mark in zip(batches, marks, strict=True):
            received_at = from_microseconds(batch[-1].timestamp)
            ingest(database, [as_domain(e) for e in batch], received_at=received_at)
            tick(database, from_microseconds(max(mark, 0) + GRACE))
        found = (firing_rows(database), message_rows(database), trace_rows(database))

    told = rehearse(case.campaigns, events, case.profiles, case.watermark)
    assert found == _rows(told)


@contextmanager
def fresh(migrated_file: Path) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.sqlite"
        shutil.copy(migrated_file, path)
        engine = open_database(f"sqlite:///{path}")
        try:
            yield engine
        finally:
            engine.dispose()


def _batches(events: list[Event], cuts: list[int]) -> list[list[Event]]:
    bounds = sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    return [events[low:high] for low, high in pairwise(bounds)]


def _rows(told: Told) -> tuple[list[list[str]], ...]:
    """Write what the plain reading tells as the files do."""
    found = []
    for name, times in TIMES.items():
        rows = []
        for row in getattr(told, name):
            texts = [
                iso(value) if place in times else "" if value is None else str(value)
                for place, value in enumerate(row)
            ]
            rows.append(texts)
        found.append(sorted(rows))
    return tuple(found)
