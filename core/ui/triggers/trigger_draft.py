"""The draft on the page Triggers: plain data in the session, and where it came from.

Widgets take their first value from the draft and then live on their own. Whatever replaces the
draft from outside (a starter, a saved campaign) therefore counts the revision up, which gives all
widgets new keys.
"""

from collections.abc import Collection, Mapping

import streamlit as st

from core.domain.campaigns import Campaign, Stage
from core.domain.errors import UnusableInput
from core.services import drafts, fitting
from core.services.drafts import Document
from core.ui import readers

_DRAFT, _REVISION, _MATCHED, _DATASET = (
    "triggers_draft",
    "triggers_revision",
    "triggers_matched",
    "triggers_dataset",
)


def current(dataset: str, known_events: Collection[str]) -> Document:
    """Give the draft; the first one is the first starter about conversion.

    On another dataset the event names that it lacks are matched to its own.
    """
    if _DRAFT not in st.session_state:
        starters = readers.starter_campaigns()
        first = next((s for s in starters if s.stage is Stage.CONVERSION), starters[0])
        load(first, known_events)
    elif st.session_state.get(_DATASET) != dataset:
        _fit_to(known_events)
    st.session_state[_DATASET] = dataset
    document: Document = st.session_state[_DRAFT]
    return document


def edited() -> Document | None:
    """Give the draft if there is one; other pages start from it."""
    draft: Document | None = st.session_state.get(_DRAFT)
    return draft


def keep(document: Document) -> None:
    """Keep the draft as edited."""
    st.session_state[_DRAFT] = document


def load(campaign: Campaign, known_events: Collection[str], *, fit: bool = True) -> None:
    """Start from a campaign; a starter's event names are matched to those of the data."""
    names = fitting.fitted_names(campaign, known_events) if fit else {}
    st.session_state[_DRAFT] = drafts.document_of(fitting.fitted(campaign, names))
    st.session_state[_MATCHED] = names
    st.session_state[_REVISION] = revision() + 1


def _fit_to(known_events: Collection[str]) -> None:
    try:
        campaign = drafts.campaign_of(st.session_state[_DRAFT])
    except UnusableInput:
        return  # an unfinished draft stays as it is
    if fitting.fitted_names(campaign, known_events):
        load(campaign, known_events)


def revision() -> int:
    """Give the number that begins the keys of this draft's widgets."""
    number: int = st.session_state.get(_REVISION, 0)
    return number


def matched_names() -> Mapping[str, str]:
    """Give the event names that were replaced to fit the data."""
    names: Mapping[str, str] = st.session_state.get(_MATCHED, {})
    return names
