"""A launched test as people: who came to its split, and what live events say of them since."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Engine

from core.domain.durations import to_microseconds
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, ExperimentGoal, ExperimentState, Guardrail
from core.domain.instants import as_microseconds
from core.domain.matchers import Matcher
from core.domain.values import JsonValue, as_number, at_path
from core.engine.batches import Bools, Int64s
from core.services.experiment_files import MOST_LABELS, MOST_SEGMENTS
from core.services.experiment_holdout import HoldoutPeople
from core.services.experiment_people import (
    Exclusion,
    ExposedPeople,
    Floats,
    GoalColumn,
    GoalEvents,
    MailColumns,
    Origin,
    SegmentColumn,
    flagged,
    goal_column,
    in_order,
    spent_before,
)
from core.services.live_exposures import ExposedEvents, Exposures, events_of, exposures
from core.store import experiments as store
from core.store.database import reading

MACHINE = "is_machine"  # property of an opening or a click that no person made
BEFORE = timedelta(days=90)  # of which the money is what CUPED takes out
_NO_GROUPS = frozenset({"email", "consent", "unsubscribed"})
_GONE = frozenset({"sent", "sending", "unknown"})


def live_people(database: Engine, experiment: Experiment, *, until: datetime) -> ExposedPeople:
    """Give everybody who came to the split of a launched test up to `until`.

    People of the holdout, who get no e-mail, and those who came before the test are left out and
    counted. Raises UnusableInput for a test that no campaign runs.
    """
    launch_id = _launch_of(experiment)
    settings, started_at = experiment.settings, experiment.launched_at
    assert started_at is not None  # of a launch
    everybody = exposures(database, launch_id, settings.split)
    with reading(database) as session:
        held_out = {user for user, _, is_out in store.entries(session, launch_id) if is_out}
        messages = store.mailed(session, launch_id)
        others = store.exposed_to(session, _other_splits(database, experiment))
    chosen, excluded = _sorted_out(everybody, experiment, held_out, as_microseconds(until))
    people = _taken(everybody, chosen)
    with reading(database) as session:
        known = store.traits(session, people.user_ids)
    window = settings.window or timedelta(0)
    window_ends_at = people.exposed_at + to_microseconds(window)

    def joined(goal: ExperimentGoal | Guardrail) -> GoalColumn:
        value = goal.value if isinstance(goal, ExperimentGoal) else None
        events = _goal_events(_events(database, people, goal.event, window, until), value)
        return goal_column(goal.name, people.exposed_at, window_ends_at, events)

    found = ExposedPeople(
        origin=Origin.LIVE,
        variants=settings.variant_names,
        variant=np.array([settings.variant_names.index(v) for v in people.variants], dtype=np.int8),
        exposed_at=people.exposed_at,
        window_ends_at=window_ends_at,
        goals=tuple(joined(goal) for goal in settings.goals),
        guardrails=tuple(joined(guardrail) for guardrail in settings.guardrails),
        value_before=_value_before(database, people, settings.primary, until),
        mails=_mails(database, people, messages, window, until),
        segments=_segments(people.user_ids, known),
        is_in_other_tests=np.array([user in others for user in people.user_ids], dtype=np.bool_),
        excluded=excluded,
        row_count=len(everybody),
    )
    return in_order(found)


def live_holdout(
    database: Engine, experiment: Experiment, *, until: datetime
) -> HoldoutPeople | None:
    """Give everybody who entered the test's campaign; None where it holds nobody out."""
    settings, launch_id = experiment.settings, _launch_of(experiment)
    if settings.holdout == 0:
        return None
    with reading(database) as session:
        entries = store.entries(session, launch_id)
    last = as_microseconds(until)
    entries = [entry for entry in entries if entry[1] <= last]
    people = Exposures(
        user_ids=[user_id for user_id, _, _ in entries],
        variants=["" for _ in entries],
        exposed_at=np.array([entered_at for _, entered_at, _ in entries], dtype=np.int64),
    )
    window = settings.window or timedelta(0)
    window_ends_at = people.exposed_at + to_microseconds(window)
    goal = settings.primary
    events = _goal_events(_events(database, people, goal.event, window, until), goal.value)
    return HoldoutPeople(
        share=settings.holdout,
        is_held_out=np.array([is_out for _, _, is_out in entries], dtype=np.bool_),
        entered_at=people.exposed_at,
        window_ends_at=window_ends_at,
        goal=goal_column(goal.name, people.exposed_at, window_ends_at, events),
    )


def _launch_of(experiment: Experiment) -> int:
    if experiment.launch_id is None:
        raise UnusableInput(
            f"No campaign runs the test {experiment.name!r}; launch it with its campaign."
        )
    return experiment.launch_id


def _other_splits(database: Engine, experiment: Experiment) -> list[tuple[int, str]]:
    """List the splits of other running tests: somebody in both may be moved by the other one."""
    with reading(database) as session:
        known = store.experiments(session)
    return [
        (other.launch_id, other.settings.split)
        for other in known
        if other.launch_id is not None
        and other.state is ExperimentState.RUNNING
        and other.experiment_id != experiment.experiment_id
    ]


def _sorted_out(
    everybody: Exposures, experiment: Experiment, held_out: set[str], until: int
) -> tuple[list[int], dict[Exclusion, int]]:
    """Choose who is compared (places), and count the others by reason."""
    started_at = experiment.launched_at
    names = set(experiment.settings.variant_names)
    chosen: list[int] = []
    excluded: dict[Exclusion, int] = {}
    exposed_at = everybody.exposed_at.tolist()
    for place, (user, variant) in enumerate(
        zip(everybody.user_ids, everybody.variants, strict=True)
    ):
        if exposed_at[place] > until:
            continue
        why = None
        if user in held_out:
            why = Exclusion.HELD_OUT
        elif started_at is not None and exposed_at[place] < as_microseconds(started_at):
            why = Exclusion.BEFORE_START
        elif variant not in names:
            why = Exclusion.UNKNOWN_VARIANT
        if why is None:
            chosen.append(place)
        else:
            excluded[why] = excluded.get(why, 0) + 1
    return chosen, excluded


def _taken(everybody: Exposures, chosen: Sequence[int]) -> Exposures:
    return Exposures(
        user_ids=[everybody.user_ids[place] for place in chosen],
        variants=[everybody.variants[place] for place in chosen],
        exposed_at=everybody.exposed_at[np.array(chosen, dtype=np.int64)],
    )


def _events(
    database: Engine, people: Exposures, matcher: Matcher, window: timedelta, until: datetime
) -> ExposedEvents:
    return events_of(database, people, matcher, within=window, until=until)


def _goal_events(events: ExposedEvents, value: str | None) -> GoalEvents:
    return GoalEvents(
        person=events.person,
        at=events.at,
        value=None if value is None else _values(events.properties, value),
        is_machine=_machines(events.properties),
    )


def _values(properties: Sequence[Mapping[str, JsonValue]], path: str) -> Floats:
    """Read the money of each event; what is no number is none."""
    found = (as_number(at_path(said, path)) for said in properties)
    return np.array([0.0 if number is None else float(number) for number in found])


def _machines(properties: Sequence[Mapping[str, JsonValue]]) -> Bools:
    return np.array([said.get(MACHINE) is True for said in properties], dtype=np.bool_)


def _value_before(
    database: Engine, people: Exposures, goal: ExperimentGoal, until: datetime
) -> Floats | None:
    """Add up the money of the 90 days before the split; None where there was none."""
    if goal.value is None:
        return None
    earlier = replace(people, exposed_at=people.exposed_at - to_microseconds(BEFORE))
    events = _events(database, earlier, goal.event, BEFORE, until)
    before = spent_before(people.exposed_at, _goal_events(events, goal.value))
    return before if before.any() else None


def _segments(
    user_ids: Sequence[str], known: Mapping[str, Mapping[str, JsonValue]]
) -> tuple[SegmentColumn, ...]:
    """Group people by traits that are text and have few values, such as a country.

    Traits are those of now. What numbers count (orders, visits) the test itself may have moved.
    """
    names = sorted({name for said in known.values() for name in said} - _NO_GROUPS)
    columns = []
    for name in names:
        values = [known.get(user, {}).get(name) for user in user_ids]
        labels = sorted({value for value in values if isinstance(value, str)})
        if 1 < len(labels) <= MOST_LABELS:
            place = {label: n for n, label in enumerate(labels)}
            code = [place[value] if isinstance(value, str) else -1 for value in values]
            column = np.array(code, dtype=np.int32)
            columns.append(SegmentColumn(name=name, labels=tuple(labels), code=column))
    return tuple(columns[:MOST_SEGMENTS])


def _mails(
    database: Engine,
    people: Exposures,
    messages: Sequence[tuple[str, int, str, bool]],
    window: timedelta,
    until: datetime,
) -> MailColumns:
    """Tell what became of each person's e-mails of this campaign since the split.

    In the sandbox what waits for nobody counts as sent. Delivered is sent and not bounced.
    """
    count = len(people)
    sent = _sent(people, messages, as_microseconds(until))
    found = {}
    for name in ("email_bounced", "email_opened", "email_clicked"):
        events = _events(database, people, Matcher(event=(name,)), window, until)
        found[name] = flagged(count, events.person, _machines(events.properties))
    opened, clicked = found["email_opened"], found["email_clicked"]
    return MailColumns(
        sent=sent,
        delivered=sent & ~found["email_bounced"][0],
        clicked=clicked[0],
        clicked_by_machine_only=clicked[1],
        opened=opened[0],
        opened_by_machine_only=opened[1],
    )


def _sent(people: Exposures, messages: Sequence[tuple[str, int, str, bool]], until: int) -> Bools:
    place = {user_id: n for n, user_id in enumerate(people.user_ids)}
    exposed_at: Int64s = people.exposed_at
    sent = np.zeros(len(people), dtype=np.bool_)
    for user_id, due_at, state, is_sandbox in messages:
        n = place.get(user_id)
        if n is None or not exposed_at[n] <= due_at <= until:
            continue
        sent[n] |= state in _GONE or (is_sandbox and state == "queued")
    return sent
