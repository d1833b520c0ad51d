"""The files of a rehearsal hold what the plain reading says of the same events, once imported."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from core.domain.instants import from_microseconds, iso
from core.services.rehearse import rehearse_to_files
from tests.reference.flow import Told, rehearse
from tests.reference.flows import FlowCase, flow_cases
from tests.rehearsal.worlds import as_domain
from tests.services.shops import campaign, rows_of, stored

Rows = list[list[str]]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=flow_cases())
def test_messages_and_trace_hold_what_the_plain_reading_says_of_the_imported_events(
    case: FlowCase,
) -> None:
    assume(case.events)
    # A null is a missing property, which the store does not keep.
    events = [e._replace(properties=_kept(e.properties)) for e in case.events]

    with tempfile.TemporaryDirectory() as folder:
        dataset = stored(Path(folder), [as_domain(e) for e in events], case.profiles)
        # As imported: a "y" for consent has become a yes.
        profiles = dataset.profiles() if dataset.has_profiles else None
        told = rehearse(case.campaigns, events, profiles, case.watermark)
        out = Path(folder) / "out"
        rehearse_to_files(
            [campaign(written) for written in case.campaigns],
            dataset,
            out,
            until=from_microseconds(case.watermark),
        )
        messages, trace = rows_of(out / "messages.csv"), rows_of(out / "trace.csv")

    assert messages == _messages(told)
    assert trace == _trace(told)


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _messages(told: Told) -> Rows:
    rows = [
        [name, user, iso(entered), step, variant, iso(due), outcome, template]
        for name, user, entered, step, variant, due, outcome, template in told.messages
    ]
    return _as_in_the_file(rows, time=5)


def _trace(told: Told) -> Rows:
    rows = [
        [name, user, iso(entered), step, iso(at), outcome, reason]
        for name, user, entered, step, at, outcome, reason in told.trace
    ]
    return _as_in_the_file(rows, time=4)


def _as_in_the_file(rows: Rows, *, time: int) -> Rows:
    """Sort by campaign, user, time and step (10); what is equal in all stays in its order."""
    return sorted(rows, key=lambda r: (r[0], r[1].encode(), r[time], r[3].encode()))
