"""What the page Triggers asks when a trigger changed, each question timed."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from benchmarks.campaigns import CAMPAIGNS
from benchmarks.page import LOAD, NEARLY, THRESHOLDS, TRY, WINDOWS, WORTH
from benchmarks.places import DATASET, Place
from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.matchers import Matcher
from core.history.reading import Dataset, open_dataset
from core.services import questions
from core.services.imports import SAMPLE_NAME

SecondsByQuestion = dict[str, float]


def about_history(place: Place) -> dict[str, SecondsByQuestion]:
    """Ask about the four campaigns over the generated history; seconds by campaign and question."""
    dataset = open_dataset(place.home, DATASET)
    goal = Matcher(event=("purchase",))
    return {campaign.name: _asked(campaign, goal, dataset) for campaign in CAMPAIGNS}


def about_sample(place: Place) -> dict[str, SecondsByQuestion]:
    """Ask about the starter campaigns over the sample shop."""
    dataset = open_dataset(place.sample_home, SAMPLE_NAME)
    goal = Matcher(event=("purchase",))
    return {
        campaign.name: _asked(campaign, campaign.goal.event if campaign.goal else goal, dataset)
        for campaign in bootstrap.starter_campaigns()
    }


def _asked(campaign: Campaign, goal: Matcher, dataset: Dataset) -> SecondsByQuestion:
    seconds: SecondsByQuestion = {}
    properties = sorted(questions.properties_needed(campaign.trigger, goal))
    with _timed(seconds, LOAD):
        history = questions.load_history(dataset, properties)
    with _timed(seconds, TRY):
        replayed = questions.try_trigger(campaign, dataset, history)
    asked: Mapping[str, Callable[[], object]] = {
        NEARLY: lambda: questions.nearly_caught(campaign, dataset, history, replayed),
        WINDOWS: lambda: questions.people_by_window(campaign, dataset, history),
        THRESHOLDS: lambda: questions.people_by_threshold(campaign, dataset, history),
        WORTH: lambda: questions.worth(campaign, goal, dataset, history, replayed),
    }
    for question, ask in asked.items():
        with _timed(seconds, question):
            ask()
    return seconds


@contextmanager
def _timed(seconds: SecondsByQuestion, question: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[question] = time.perf_counter() - began
