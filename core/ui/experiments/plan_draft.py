"""The plan that is being made: which split, and the settings of its test as plain data.

Widgets show what is kept here and give it back edited. What else changes it, such as a button that
applies a suggestion, counts the revision up, so that all widgets begin with the new values.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.domain.campaigns import Campaign, Goal
from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentSettings, settings_for, settings_of
from core.domain.matchers import Matcher, is_reference
from core.services import phrases
from core.services.drafts import Document
from core.services.experiment_history import SplitChoice

DEFAULT_LIFT = 0.1
_KEPT, _WANTED = "experiments_plan", "experiments_plan_wanted"
_STAND_IN = Goal(event=Matcher(event=("purchase",)), within=timedelta(days=7))
_NO_EVENT: Document = {"event": [], "where": []}
_LONGEST_NAME = 200


def key_of(rehearsal_id: str, place: int, split: str) -> str:
    """Give the key under which a split of a kept rehearsal is chosen."""
    return f"{rehearsal_id}:{place}:{split}"


def choice_key(choice: SplitChoice) -> str:
    """Give the key of a choice."""
    return key_of(choice.rehearsal_id, choice.place, choice.split)


def ask_for(key: str) -> None:
    """Have the view begin with a split, from another page."""
    st.session_state[_WANTED] = key


def take_wanted() -> str | None:
    """Give the split that another page asked for, once."""
    wanted: str | None = st.session_state.pop(_WANTED, None)
    return wanted


def kept() -> dict[str, Any] | None:
    """Give the plan that is made: its choice, document, start, name of its draft, revision."""
    found: dict[str, Any] | None = st.session_state.get(_KEPT)
    return found


def begin(choice: str, document: Document, draft_name: str = "") -> None:
    """Begin with other settings."""
    former = kept()
    st.session_state[_KEPT] = {
        "choice": choice,
        "document": document,
        "starts_on": None,
        "draft_name": draft_name,
        "revision": 0 if former is None else former["revision"] + 1,
    }


def keep(document: Document, starts_on: date | None) -> None:
    """Keep what was edited in widgets; `starts_on` is None for today."""
    plan = kept()
    assert plan is not None  # the view has begun one
    st.session_state[_KEPT] = {**plan, "document": document, "starts_on": starts_on}


def renew() -> None:
    """Have all widgets begin with what is kept: those of a page that was left have forgotten."""
    change()


def name_draft(name: str) -> None:
    """Note under which name the plan is kept as a draft."""
    st.session_state[_KEPT] = {**st.session_state[_KEPT], "draft_name": name}


def change(**changes: Any) -> None:
    """Change some settings from outside of the widgets."""
    plan = kept()
    assert plan is not None  # the view has begun one
    document = {**plan["document"], **changes}
    revision = plan["revision"] + 1
    st.session_state[_KEPT] = {**plan, "document": document, "revision": revision}


def start_today() -> None:
    """Have the test start today."""
    plan = st.session_state[_KEPT]
    st.session_state[_KEPT] = {**plan, "starts_on": None, "revision": plan["revision"] + 1}


def first_document(
    campaign: Campaign, split: str, version: int | None, taken: Collection[str]
) -> Document:
    """Give the settings to begin with; without a goal that a test can have, no event is chosen.

    `taken` are names that other tests have. Raises UnusableInput for a split that cannot be
    tested.
    """
    settings, has_goal = _first_settings(campaign, split, version)
    document = {**document_of(settings), "smallest_lift": DEFAULT_LIFT}
    document["name"] = _free_name(settings.name, taken)
    if not has_goal:
        document["primary"] = {**document["primary"], "event": dict(_NO_EVENT)}
    return document


def document_of(settings: ExperimentSettings) -> Document:
    """Give settings as plain data."""
    document: Document = settings.model_dump(mode="json", by_alias=True)
    return document


def settings_from(document: Document) -> ExperimentSettings:
    """Check what was edited. Raises UnusableInput with one sentence for what is wrong."""
    goals = [document["primary"], *document["secondary"]]
    if not document["primary"]["event"]["event"]:
        raise UnusableInput(
            "Choose what people should do: the goal by which the test is decided, such as a "
            "purchase."
        )
    if len(document["variants"]) < 2:
        raise UnusableInput(
            "A test compares at least two variants; let another one in under “Allocation and "
            "certainty”."
        )
    named = _named([goal for goal in goals if goal["event"]["event"]])
    return settings_of({**document, "primary": named[0], "secondary": named[1:]})


def _named(goals: Sequence[Document]) -> list[Document]:
    """Call each goal by its events, and those of the same events by numbers."""
    found: list[Document] = []
    for goal in goals:
        name = _goal_name(goal)[: _LONGEST_NAME - 5]
        taken = {other["name"] for other in found}
        number = next(n for n in range(1, len(goals) + 2) if _numbered(name, n) not in taken)
        found.append({**goal, "name": _numbered(name, number)})
    return found


def _goal_name(goal: Document) -> str:
    try:
        return phrases.matcher(Matcher.model_validate(goal["event"]))
    except ValueError:
        return " or ".join(goal["event"]["event"])


def _first_settings(
    campaign: Campaign, split: str, version: int | None
) -> tuple[ExperimentSettings, bool]:
    """Try the campaign's goal, then without what refers to the start, then none."""
    goal = campaign.goal
    given = [] if goal is None else [goal, _without_references(goal)]
    for tried in given:
        try:
            changed = campaign.model_copy(update={"goal": tried})
            return settings_for(changed, split, version=version), True
        except UnusableInput:
            continue
    within = _STAND_IN.within if goal is None else goal.within
    stand_in = _STAND_IN.model_copy(update={"within": within})
    changed = campaign.model_copy(update={"goal": stand_in})
    return settings_for(changed, split, version=version), False


def _without_references(goal: Goal) -> Goal:
    where = tuple(part for part in goal.event.where if not is_reference(part.value))
    return goal.model_copy(update={"event": goal.event.model_copy(update={"where": where})})


def _free_name(name: str, taken: Collection[str]) -> str:
    number = next(n for n in range(1, len(taken) + 2) if _numbered(name, n) not in taken)
    return _numbered(name, number)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"
