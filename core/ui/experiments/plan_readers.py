"""What the view "Plan a test" reads, cached as in `readers`: by the generation of a dataset."""

from datetime import date

import streamlit as st

from core import bootstrap
from core.domain.experiments import Experiment, ExperimentSettings
from core.history.facts import ValueType
from core.rehearsal.reports.split_traffic import ExposedHistory
from core.services import experiment_history, experiment_launching, experiments
from core.services.experiment_history import SplitChoice
from core.services.experiment_plan import ExperimentPlan, plan_experiment
from core.services.live_launches import Launch, LaunchMode
from core.ui import readers
from core.ui.readers import DatasetKey

_HOUR = 3600
_SAYS_NOTHING = {"name": "plan", "version": None, "secondary": (), "guardrails": ()}


def splits() -> list[SplitChoice]:
    """List the splits of all kept rehearsals, newest first; read anew each time."""
    return experiment_history.split_choices(bootstrap.home())


def newest_of(campaign: str, split: str) -> SplitChoice | None:
    """Give a campaign's split in the newest rehearsal of it; None if none is kept."""
    for choice in splits():
        if (choice.campaign, choice.split) == (campaign, split):
            return choice
    return None


def test(name: str) -> Experiment | None:
    """Give a planned or launched test; None if there is none of that name."""
    return experiments.experiment(bootstrap.database(), name)


def test_names() -> set[str]:
    """Name all planned and launched tests."""
    return {each.name for each in experiments.experiments(bootstrap.database())}


def running_launch(campaign: str, mode: LaunchMode) -> Launch | None:
    """Give the launch of a campaign that runs in a mode; None if none does."""
    return experiment_launching.running_launch(bootstrap.database(), campaign, mode)


def running_test_of(launch_id: int) -> Experiment | None:
    """Give the running test that reads a launch; None if none does."""
    return experiment_launching.running_test_of(bootstrap.database(), launch_id)


def number_properties(key: DatasetKey, events: tuple[str, ...]) -> list[str]:
    """Name the properties of some events that hold numbers, such as their money."""
    found = readers.property_facts(key)
    numbers = [
        facts.name
        for event in events
        for facts in found.get(event, [])
        if facts.types.get(ValueType.NUMBER, 0)
    ]
    return list(dict.fromkeys(numbers))


def asked(settings: ExperimentSettings) -> ExperimentSettings:
    """Leave out of settings what no figure of a plan depends on."""
    return settings.model_copy(update=_SAYS_NOTHING)


def history(key: DatasetKey, choice: SplitChoice, settings: ExperimentSettings) -> ExposedHistory:
    """Follow the people of a split to the primary goal; raises UnusableInput as `history_for`."""
    goal = (settings.primary.model_dump_json(), settings.window)
    return _history(key, choice.rehearsal_id, choice.place, choice.split, goal, asked(settings))


@st.cache_resource(ttl=_HOUR, max_entries=8, show_spinner="Following the people of the split …")
def _history(
    key: DatasetKey,
    rehearsal_id: str,
    place: int,
    split: str,
    goal: object,
    _settings: ExperimentSettings,
) -> ExposedHistory:
    home = bootstrap.home()
    return experiment_history.history_for(home, rehearsal_id, place, split, _settings)


def plan(
    key: DatasetKey, choice: SplitChoice, settings: ExperimentSettings, starts_on: date
) -> ExperimentPlan:
    """Plan the test of a split; raises UnusableInput as `history`."""
    return _plan(
        key,
        choice.rehearsal_id,
        choice.place,
        choice.split,
        asked(settings),
        starts_on,
        history(key, choice, settings),
    )


@st.cache_resource(ttl=_HOUR, max_entries=32, show_spinner="Working out how long it takes …")
def _plan(
    key: DatasetKey,
    rehearsal_id: str,
    place: int,
    split: str,
    settings: ExperimentSettings,
    starts_on: date,
    _history: ExposedHistory,
) -> ExperimentPlan:
    return plan_experiment(_history, settings, starts_on=starts_on)
