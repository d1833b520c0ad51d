"""Looking up one person: everything they did, in order, with their profile beside it."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.domain.events import Event
from core.domain.values import JsonValue
from core.services.datasets import Person
from core.ui import formats, masked, readers, signed_in
from core.ui.data import data_words
from core.ui.readers import DatasetKey

_MOST_EVENTS = 1_000


@signed_in.fragment()
def show(key: DatasetKey) -> None:
    """Show the search for a person, and what it found."""
    text = st.text_input(
        "Find a person",
        key="data_search",
        type="search",
        placeholder="The beginning of an id or e-mail address",
        persist_state="session",
        width=420,
    )
    found = readers.people(key, text or "")
    if not found and not text:
        st.caption(
            "Nobody did anything here yet. A person with a profile is found by the whole id."
        )
        return
    if not found:
        st.caption(f"Nobody's id or e-mail address begins with {formats.plain(masked.text(text))}.")
        return
    chosen = _choose(found)
    events, profile = readers.timeline(key, chosen.user_id), readers.profile(key, chosen.user_id)
    left, right = st.columns([5, 3], gap="large")
    with left:
        _show_timeline(events, chosen.user_id)
    with right:
        _show_profile(profile, chosen.user_id)


def _choose(found: Sequence[Person]) -> Person:
    by_id = {person.user_id: person for person in found}
    if st.session_state.get("data_person") not in by_id:
        st.session_state["data_person"] = found[0].user_id
    chosen = st.selectbox(
        "Person",
        list(by_id),
        format_func=lambda user_id: _label(by_id[user_id]),
        key="data_person",
        width=420,
    )
    return by_id[chosen]


def _label(person: Person) -> str:
    said = person.user_id if person.email is None else f"{person.user_id} · {person.email}"
    return masked.text(said)


def _show_timeline(events: Sequence[Event], user_id: str) -> None:
    if not events:
        st.markdown("This person has a profile, but did nothing in this data.")
        return
    first, last = formats.day(events[0].timestamp), formats.day(events[-1].timestamp)
    count = "1 event" if len(events) == 1 else f"{len(events):,} events"
    st.markdown(f"**{count}**, from {first} to {last}")
    shown = events[-_MOST_EVENTS:]
    if len(shown) < len(events):
        st.caption(f"The last {len(shown):,} are shown.")
    st.dataframe(
        pd.DataFrame(
            {
                "When": [event.timestamp.replace(tzinfo=None) for event in shown],
                "What": [event.event for event in shown],
                "Details": [
                    masked.text(data_words.details(event.properties), user_id) for event in shown
                ],
            }
        ),
        hide_index=True,
        alt="Everything this person did, in order",
        height=480,
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", width=150),
            "What": st.column_config.TextColumn(width=130),
            "Details": st.column_config.TextColumn(width="large"),
        },
    )


def _show_profile(profile: Mapping[str, JsonValue] | None, user_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Profile**")
        if profile is not None:
            masked.offer(user_id, key="data_show")
    if profile is None:
        st.caption("None. Profiles come from a file with one row for each person.")
        return
    st.table(
        {
            formats.plain(masked.text(name)): formats.plain(
                masked.text(data_words.value(shown), user_id)
            )
            for name, shown in profile.items()
        },
        border="horizontal",
        alt="What is known about this person",
    )
