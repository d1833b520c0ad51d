"""Everything the page Experiments reads, cached here: tests, files of results, what came of them.

Live results are kept by the moment at which they were read, so that all of a page speaks of one
moment; a file's by its id and by how it is read.
"""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core import bootstrap
from core.domain.errors import UnusableInput
from core.domain.experiments import Experiment, ExperimentSettings
from core.services import experiment_live, experiment_uploads, experiments
from core.services.experiment_results import ExperimentResults, experiment_results
from core.services.experiment_uploads import KeptResults

_HOUR = 3600


def all_experiments() -> Sequence[Experiment]:
    """List planned and launched tests, the one changed last first."""
    return experiments.experiments(bootstrap.database())


def experiment(name: str) -> Experiment:
    """Give a test with its log. Raises UnusableInput if there is none of that name."""
    found = experiments.experiment(bootstrap.database(), name)
    if found is None:
        raise UnusableInput(f"There is no test called {name!r}; choose one of the list.")
    return found


def live_results(experiment: Experiment, read_at: datetime) -> ExperimentResults:
    """Read a launched test at a moment. Raises UnusableInput for one that no campaign runs."""
    return _live_results(experiment.name, len(experiment.changes), read_at, experiment)


@st.cache_resource(ttl=_HOUR, max_entries=16, show_spinner="Counting the people of the test …")
def _live_results(
    name: str, change_count: int, read_at: datetime, _experiment: Experiment
) -> ExperimentResults:
    database = bootstrap.database()
    return experiment_results(
        experiment_live.live_people(database, _experiment, until=read_at),
        _experiment.settings,
        now=read_at,
        experiment=_experiment,
        holdout=experiment_live.live_holdout(database, _experiment, until=read_at),
    )


def files() -> Sequence[KeptResults]:
    """List the results that were read from files, newest first."""
    return experiment_uploads.kept_results(bootstrap.home())


def file(results_id: str) -> KeptResults:
    """Give what is known of kept results. Raises UnusableInput where there are none."""
    for kept in files():
        if kept.results_id == results_id:
            return kept
    raise UnusableInput("There are no results under this link any more; upload them again.")


def file_results(kept: KeptResults) -> ExperimentResults:
    """Read the results of a file. Raises UnusableInput where they are gone or damaged."""
    return _file_results(kept.results_id, kept.known_until, kept.settings)


@st.cache_resource(ttl=_HOUR, max_entries=16, show_spinner="Counting the people of the test …")
def _file_results(
    results_id: str, known_until: datetime, settings: ExperimentSettings
) -> ExperimentResults:
    people = experiment_uploads.open_results(bootstrap.home(), results_id)[1]
    return experiment_results(people, settings, now=known_until)
