"""Everything the pages read, cached here and nowhere else.

A dataset is cached by its generation, so that an import is seen at once and nothing stale is shown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.domain.matchers import Matcher
from core.domain.outcomes import Reactions
from core.domain.values import JsonValue
from core.domain.versions import CampaignSummary, CampaignVersion
from core.history import facts
from core.history.facts import DailyCounts, PropertyFacts
from core.history.manifest import Manifest
from core.history.preview import PreviewRow
from core.history.reading import Dataset, list_datasets, open_dataset
from core.history.settling import Answers
from core.rehearsal.curves import CurvePoint
from core.rehearsal.history import History
from core.rehearsal.near_misses import NearMisses
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import CampaignReplay
from core.rehearsal.story import Story
from core.services import (
    campaigns,
    file_looks,
    oddities,
    questions,
    stored_rehearsals,
)
from core.services import datasets as dataset_questions
from core.services import emails as email_service
from core.services.assumed_response import ObservedReactions, observed_reactions
from core.services.datasets import Person
from core.services.emails import EmailSummary
from core.services.file_looks import FileLook
from core.services.oddities import Finding
from core.services.questions import WorthAnswer
from core.services.stored_rehearsals import RehearsalRecord

P = ParamSpec("P")
T = TypeVar("T")

_HOUR = 3600
# What an e-mail's subject fills in, and what it decides, for each person.
_BLANK, _RULE = re.compile(r"\{\{.*?\}\}"), re.compile(r"\{%.*?%\}")
# Of what is said one way or another, the first way stands for all.
_OTHERWISE = re.compile(r"\{%-?\s*(?:else|elif).*?(?=\{%-?\s*endif)", re.DOTALL)
SUGGESTED = 50


@dataclass(frozen=True, slots=True)
class DatasetKey:
    """A dataset as it is now: what the caches go by.

    Generations start anew when a dataset was deleted and made again, so its content counts too.
    """

    name: str
    generation: int
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """What a marketer sees of an e-mail when choosing it."""

    name: str
    title: str
    description: str
    subject: str


def datasets() -> list[Manifest]:
    """List the datasets, by name; read anew each time, for it is small."""
    return list_datasets(bootstrap.home())


def key_of(manifest: Manifest) -> DatasetKey:
    """Give the key under which everything about this state of a dataset is cached."""
    tables = (manifest.profiles, manifest.catalogue)
    prints = ("" if table is None else table.fingerprint for table in tables)
    return DatasetKey(manifest.name, manifest.generation, (manifest.fingerprint, *prints))


@st.cache_resource(ttl=_HOUR, max_entries=4, show_spinner=False)
def dataset(key: DatasetKey) -> Dataset:
    """Open a dataset."""
    return open_dataset(bootstrap.home(), key.name)


@st.cache_resource(ttl=_HOUR, max_entries=3, show_spinner="Reading the events …")
def history(key: DatasetKey, properties: tuple[str, ...]) -> History:
    """Hold a dataset's events in memory, with the columns of some properties."""
    return questions.load_history(dataset(key), properties)


@st.cache_resource(ttl=_HOUR, max_entries=24, show_spinner="Trying the trigger …")
def replayed(key: DatasetKey, campaign: Campaign) -> CampaignReplay:
    """Replay a campaign's trigger over a dataset."""
    return questions.try_trigger(campaign, dataset(key), _history(key, campaign))


@st.cache_data(ttl=_HOUR, max_entries=64, show_spinner=False)
def people_by_window(key: DatasetKey, campaign: Campaign) -> list[CurvePoint]:
    """Count the people other windows would catch."""
    return questions.people_by_window(campaign, dataset(key), _history(key, campaign))


@st.cache_data(ttl=_HOUR, max_entries=64, show_spinner=False)
def people_by_threshold(key: DatasetKey, campaign: Campaign) -> list[CurvePoint]:
    """Count the people other thresholds would catch."""
    return questions.people_by_threshold(campaign, dataset(key), _history(key, campaign))


@st.cache_data(ttl=_HOUR, max_entries=64, show_spinner=False)
def near_misses(key: DatasetKey, campaign: Campaign) -> NearMisses:
    """Find who was almost caught."""
    return questions.nearly_caught(
        campaign, dataset(key), _history(key, campaign), replayed(key, campaign)
    )


@st.cache_data(ttl=_HOUR, max_entries=64, show_spinner=False)
def worth(key: DatasetKey, campaign: Campaign, goal: Matcher) -> WorthAnswer | None:
    """Measure what the caught people did anyway; None where the goal cannot be measured."""
    return questions.worth(
        campaign, goal, dataset(key), _history(key, campaign, goal), replayed(key, campaign)
    )


def story(key: DatasetKey, campaign: Campaign, user_id: str) -> Story:
    """Tell why one person was or was not caught."""
    return questions.why(campaign, dataset(key), user_id)


def user_ids(key: DatasetKey, codes: Sequence[int]) -> list[str]:
    """Look up the ids of users by code."""
    wanted = np.asarray(codes, dtype=np.int64)  # an empty list has no type of its own
    return [str(user_id) for user_id in dataset(key).user_ids().take(wanted).to_pylist()]


def timeline(key: DatasetKey, user_id: str) -> list[Event]:
    """Read one person's events in order; empty for a stranger."""
    return dataset(key).user_events(user_id)


def saved_campaigns() -> list[CampaignSummary]:
    """List the saved campaigns, the latest first."""
    return campaigns.saved_campaigns(bootstrap.database())


def saved_campaign(name: str) -> CampaignVersion | None:
    """Give the latest version of a saved campaign."""
    return campaigns.saved_campaign(bootstrap.database(), name)


def emails() -> list[Email]:
    """List the e-mails that a flow can send, by title."""
    return list(map(_email, email_service.emails(bootstrap.database(), bootstrap.starter_emails())))


def saved_email_titles() -> list[str]:
    """Name the e-mails that somebody saved, ready ones made their own included."""
    found = email_service.emails(bootstrap.database(), bootstrap.starter_emails())
    return [summary.title for summary in found if summary.latest_number is not None]


def _email(summary: EmailSummary) -> Email:
    return Email(
        name=summary.name,
        title=summary.title,
        description=summary.description,
        subject=_BLANK.sub("…", _RULE.sub("", _OTHERWISE.sub("", summary.subject))),
    )


def starter_campaigns() -> Sequence[Campaign]:
    """Give the campaigns that come with the project."""
    return bootstrap.starter_campaigns()


@st.cache_data(ttl=_HOUR, max_entries=256, show_spinner=False)
def suggestions(key: DatasetKey, events: tuple[str, ...], name: str) -> list[JsonValue]:
    """Suggest the most frequent values of a property, over one event or all."""
    one = events[0] if len(events) == 1 and events[0] in dataset(key).manifest.names else None
    return [counted.value for counted in facts.suggestions(dataset(key), one, name).values]


def trait_names(key: DatasetKey) -> list[str]:
    """Name the traits that profiles have."""
    profiles = dataset(key).manifest.profiles
    return [] if profiles is None else [column.name for column in profiles.properties]


@st.cache_data(ttl=_HOUR, max_entries=256, show_spinner=False)
def trait_values(key: DatasetKey, name: str) -> list[JsonValue]:
    """Suggest values of a trait."""
    return list(dataset(key).trait(name).values[:SUGGESTED])


@st.cache_data(ttl=_HOUR, max_entries=64, show_spinner=False)
def dataset_bytes(key: DatasetKey) -> int:
    """Add up the files of a dataset."""
    return dataset_questions.size_bytes(bootstrap.home(), key.name)


@st.cache_data(ttl=_HOUR, max_entries=16, show_spinner="Counting the events per day …")
def daily_counts(key: DatasetKey) -> DailyCounts:
    """Count the events of each name on each day (UTC)."""
    return facts.daily_counts(dataset(key))


def events_per_day(key: DatasetKey) -> pd.DataFrame:
    """Give the daily counts as columns `day`, `event`, `count`, without zeros."""
    daily, names = daily_counts(key), dataset(key).manifest.names
    name, place = np.nonzero(daily.counts)
    return pd.DataFrame(
        {
            "day": pd.to_datetime(pd.Series([daily.days[p] for p in place.tolist()], dtype=object)),
            "event": [names[n] for n in name.tolist()],
            "count": daily.counts[name, place],
        }
    )


@st.cache_data(ttl=_HOUR, max_entries=16, show_spinner=False)
def people_by_event(key: DatasetKey) -> dict[str, int]:
    """Count the people who did each event at least once."""
    return facts.users_by_name(dataset(key))


@st.cache_data(ttl=_HOUR, max_entries=16, show_spinner=False)
def unknown_people(key: DatasetKey) -> int:
    """Count the people with events about whom the profiles say nothing."""
    return dataset_questions.people_without_profile(dataset(key))


def findings(manifest: Manifest) -> list[Finding]:
    """List what is odd about a dataset."""
    key = key_of(manifest)
    return oddities.findings(
        manifest,
        facts.quiet_days(daily_counts(key)),
        facts.clock_problems(manifest),
        unknown_people(key),
    )


@st.cache_data(ttl=_HOUR, max_entries=8, show_spinner="Looking at the properties …")
def property_facts(key: DatasetKey) -> dict[str, list[PropertyFacts]]:
    """Say for each event name which properties its events have."""
    return facts.property_facts(dataset(key))


def people(key: DatasetKey, text: str) -> Sequence[Person]:
    """Find people whose id or e-mail begins with a text."""
    return dataset_questions.find_people(dataset(key), text)


def profile(key: DatasetKey, user_id: str) -> dict[str, JsonValue] | None:
    """Give the profile of one person; None without one."""
    return dataset(key).profile(user_id)


def rehearsals() -> list[RehearsalRecord]:
    """List the kept rehearsals, newest first; read anew each time, for others add to them."""
    return stored_rehearsals.records(bootstrap.home())


def rehearsal(rehearsal_id: str) -> RehearsalRecord:
    """Give what is known of a kept rehearsal; raises UnusableInput where there is none."""
    return stored_rehearsals.record_of(bootstrap.home(), rehearsal_id)


@st.cache_resource(ttl=_HOUR, max_entries=6, show_spinner="Opening the rehearsal …")
def outcome(rehearsal_id: str, reactions: Reactions = Reactions.OBSERVED) -> Outcome:
    """Open the outcome of a kept rehearsal; its id stands for all that decides it."""
    return stored_rehearsals.open_rehearsal(bootstrap.home(), rehearsal_id, reactions)[1]


def report(
    rehearsal_id: str, ask: Callable[Concatenate[Outcome, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Ask something about the outcome of a kept rehearsal; an answer is kept for next time."""
    question = f"{ask.__module__}.{ask.__qualname__}"
    answer: T = _report(rehearsal_id, question, args, kwargs, ask)
    return answer


@st.cache_resource(ttl=_HOUR, max_entries=256, show_spinner="Counting …")
def _report(
    rehearsal_id: str,
    question: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    _ask: Callable[..., Any],
) -> Any:
    return _ask(outcome(rehearsal_id), *args, **kwargs)


@st.cache_data(ttl=_HOUR, max_entries=16, show_spinner="Looking at the recorded e-mails …")
def reactions(key: DatasetKey, until: int) -> ObservedReactions | None:
    """Estimate from the e-mails that a dataset records how people open and click; `until` in µs."""
    return observed_reactions(dataset(key), until=until)


def campaign_versions(name: str) -> list[CampaignVersion]:
    """List the versions of a saved campaign, latest first."""
    return campaigns.versions(bootstrap.database(), name)


def campaign_layout(name: str) -> dict[str, tuple[float, float]]:
    """Give where the cards of a saved campaign's steps stand, by step."""
    return campaigns.layout(bootstrap.database(), name)


def home() -> Path:
    """Give the folder in which everything is kept."""
    return bootstrap.home()


def known_layouts() -> list[str]:
    """Name the exports that are recognised by their header."""
    return file_looks.known_layouts()


def file_look(path: Path, answers: Answers) -> FileLook:
    """Look at the beginning of a file somebody wants to import."""
    return _file_look(path, path.stat().st_mtime_ns, answers)


@st.cache_resource(ttl=_HOUR, max_entries=32, show_spinner="Looking at the file …")
def _file_look(path: Path, changed_at: int, answers: Answers) -> FileLook:
    return file_looks.look_into(path, answers)


def file_preview(path: Path, answers: Answers) -> list[PreviewRow]:
    """Give the first rows of a file of events as they will be read."""
    return file_looks.preview_events(path, answers)


def file_table(path: Path) -> pd.DataFrame:
    """Give the first rows of a file of people or products as they stand."""
    return file_looks.preview_table(path)


def _history(key: DatasetKey, campaign: Campaign, goal: Matcher | None = None) -> History:
    return history(key, tuple(sorted(questions.properties_needed(campaign.trigger, goal))))
