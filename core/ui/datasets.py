"""Choosing the dataset a page works on."""

from collections.abc import Iterable

import streamlit as st

from core.history.manifest import Manifest
from core.ui import (
    formats,
    navigation,
    readers,
)

CHOICE = "dataset"


def choose() -> Manifest:
    """Show the choice of dataset, the same on all pages; stop the page where there is none."""
    found = {manifest.name: manifest for manifest in readers.datasets() if manifest.rows}
    if not found:
        _offer_first_step()
        st.stop()
    names = list(found)
    if st.session_state.get(CHOICE) not in names:
        st.session_state[CHOICE] = newest(found.values())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Data", names, key=CHOICE, persist_state="session", width=260)
        st.caption(_extent(found[name]), width="content")
    return found[name]


def newest(manifests: Iterable[Manifest]) -> str:
    """Name the dataset into which something was imported last: the one most likely wanted."""

    def last_import(manifest: Manifest) -> str:
        return max((record.imported_at.isoformat() for record in manifest.imports), default="")

    return max(manifests, key=last_import).name


def _extent(manifest: Manifest) -> str:
    events, people = f"{manifest.rows:,} events", formats.people(manifest.users)
    if manifest.first_at is None or manifest.last_at is None:
        return f"{events} of {people}"
    return (
        f"{events} of {people}, {formats.day(manifest.first_at)} to {formats.day(manifest.last_at)}"
    )


def _offer_first_step() -> None:
    st.info(
        "Everything here is tried on what your customers really did. Upload an export of their "
        "events, or load the sample shop and look around.",
        title="No data yet",
        icon=":material/database:",
    )
    st.page_link(navigation.DATA, label="Go to Data", icon=":material/arrow_forward:")
