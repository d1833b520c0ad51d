"""Which rehearsal is open, by the address of the page, and what of it is looked at."""

from dataclasses import dataclass

import streamlit as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services.stored_rehearsals import RehearsalRecord, fingerprint_of
from core.ui import readers
from core.ui.readers import DatasetKey

PARAMETER = "rehearsal"
_OPEN = "rehearse_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One campaign of an open rehearsal.

    `key` is the dataset as it was rehearsed; None once it changed or is gone: people are then known
    by number only, so that nobody can be named.
    """

    record: RehearsalRecord
    place: int
    key: DatasetKey | None

    @property
    def rehearsal_id(self) -> str:
        """Give the id under which answers are kept."""
        return self.record.rehearsal_id

    @property
    def campaign(self) -> Campaign:
        """Give the campaign that is looked at, as it was rehearsed."""
        return self.record.campaigns[self.place].campaign


def opened() -> RehearsalRecord | None:
    """Give the rehearsal that the address names, or the one opened last; None for neither.

    A link to one that is gone is said in a sentence.
    """
    named = st.query_params.get(PARAMETER) or st.session_state.get(_OPEN)
    if not named:
        return None
    try:
        record = readers.rehearsal(named)
    except UnusableInput as error:
        close()
        st.warning(str(error), icon=":material/link_off:")
        return None
    open_one(record.rehearsal_id)
    return record


def open_one(rehearsal_id: str) -> None:
    """Open a rehearsal; the address of the page becomes its link."""
    st.session_state[_OPEN] = rehearsal_id
    if st.query_params.get(PARAMETER) != rehearsal_id:
        st.query_params[PARAMETER] = rehearsal_id


def ask_for(rehearsal_id: str) -> None:
    """Have the page Rehearse open one, from another page."""
    st.session_state[_OPEN] = rehearsal_id


def close() -> None:
    """Go back to the set-up."""
    st.session_state.pop(_OPEN, None)
    if PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def dataset_of(record: RehearsalRecord) -> DatasetKey | None:
    """Find the dataset as it was rehearsed; None if it changed since, or is gone."""
    for manifest in readers.datasets():
        if manifest.name == record.dataset:
            key = readers.key_of(manifest)
            is_same = fingerprint_of(readers.dataset(key)) == record.fingerprint
            return key if is_same else None
    return None
