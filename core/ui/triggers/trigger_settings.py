"""Around the trigger: how often one person is caught, who is meant, and what the goal is."""

from collections.abc import Sequence

import streamlit as st

from core.domain.campaigns import ZONES
from core.domain.conditions import TraitCondition
from core.services.drafts import Document
from core.ui.condition_form import edit_conditions
from core.ui.triggers.trigger_form import Vocabulary, edit_duration, edit_events

_ZONES = sorted(ZONES)
_EVERY, _COOLDOWN, _ONCE = "Every time", "Once in a while", "Once ever"
_MODES = {"always": _EVERY, "once": _ONCE}


def edit_reentry(key: str, draft: Document) -> Document:
    """Show how often one person may be caught."""
    reentry = draft["reentry"]
    has_cooldown = isinstance(reentry, dict)
    mode = st.segmented_control(
        "How often the same person may be caught",
        [_EVERY, _COOLDOWN, _ONCE],
        default=_COOLDOWN if has_cooldown else _MODES[reentry],
        required=True,
        key=f"{key}_mode",
    )
    edited: object = "always" if mode == _EVERY else "once"
    if mode == _COOLDOWN:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("once in", width="content")
            former = reentry["cooldown"] if has_cooldown else "7d"
            edited = {"cooldown": edit_duration(f"{key}_cooldown", former, "Once in")}
    return {"reentry": edited, "reentry_per": _edit_per(key, draft, mode)}


def _edit_per(key: str, draft: Document, mode: str) -> str:
    keyed = draft["trigger"].get("key")
    if not keyed or mode == _EVERY:
        return "user"
    is_per_key = st.toggle(
        f"Count this for each {keyed} on its own",
        value=draft["reentry_per"] == "key",
        key=f"{key}_per",
    )
    return "key" if is_per_key else "user"


def edit_audience(key: str, audience: Document | None, vocabulary: Vocabulary) -> Document | None:
    """Show conditions on traits that all have to hold; other audiences are kept as they are."""
    conditions = simple_conditions(audience)
    if conditions is None:
        st.caption("This audience was written in a file with conditions that do not fit here.")
        is_kept = st.toggle("Keep it", value=True, key=f"{key}_keep")
        return audience if is_kept else None
    if not vocabulary.traits:
        st.caption("Import profiles on the page Data to choose people by country, language, …")
        return audience
    edited = edit_conditions(
        key, conditions, "trait", vocabulary.traits, vocabulary.trait_values_of
    )
    return {"all": edited} if edited else None


def simple_conditions(audience: Document | None) -> list[Document] | None:
    """Give an audience as a list of trait conditions; None if it is anything more."""
    if audience is None:
        return []
    parts: Sequence[Document] = audience["all"] if set(audience) == {"all"} else [audience]
    traits = set(TraitCondition.model_fields)
    return list(parts) if all(set(part) <= traits for part in parts) else None


def edit_goal(key: str, goal: Document | None, vocabulary: Vocabulary) -> Document | None:
    """Show the goal: the event the campaign is for, and by when."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("The goal is", width="content")
        former = goal["event"]["event"] if goal else []
        names = edit_events(f"{key}_event", former, "Goal", vocabulary)
        st.markdown("within", width="content")
        within = edit_duration(f"{key}_within", goal["within"] if goal else "7d", "Goal within")
    if not names:
        return None
    where = goal["event"].get("where", []) if goal else []
    return {"event": {"event": names, "where": where}, "within": within}


def edit_zone(key: str, zone: str) -> str:
    """Show the zone for hours and days."""
    return st.selectbox(
        "Time zone for hours and days",
        _ZONES,
        index=_ZONES.index(zone),
        key=key,
        help="For people whose profile names no time zone of its own.",
    )
