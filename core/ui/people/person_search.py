"""Finding somebody by id or e-mail address, in what came in live and in the loaded data."""

from collections.abc import Sequence

import streamlit as st

from core import bootstrap
from core.history.manifest import Manifest
from core.services import people
from core.services.datasets import Person
from core.ui import formats, masked, navigation, readers

LIST = "the list of people"


def choose(manifests: Sequence[Manifest]) -> str | None:
    """Show the search and what it found; give the id of the person who is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Find a person",
            key="people_search",
            type="search",
            placeholder="The beginning of an id or e-mail address",
            persist_state="session",
            width=360,
        )
        found = _found(manifests, (text or "").strip())
        if found:
            chosen = _choose(found)
    if found:
        return chosen
    if text:
        st.caption(f"Nobody's id or e-mail address begins with {formats.plain(masked.text(text))}.")
    else:
        _show_empty()
    return None


def _found(manifests: Sequence[Manifest], text: str) -> list[Person]:
    found = {person.user_id: person for person in people.find(bootstrap.database(), text)}
    for manifest in manifests:
        if len(found) >= people.MOST_FOUND:
            break
        for person in readers.people(readers.key_of(manifest), text):
            owner = people.present_id(bootstrap.database(), person.user_id)
            found.setdefault(owner, Person(user_id=owner, email=person.email))
    return list(found.values())[: people.MOST_FOUND]


def _choose(found: Sequence[Person]) -> str:
    by_id = {person.user_id: person for person in found}
    if st.session_state.get("people_person") not in by_id:
        st.session_state["people_person"] = found[0].user_id
    return str(
        st.selectbox(
            "Person",
            list(by_id),
            format_func=lambda user_id: _label(by_id[user_id]),
            key="people_person",
            width=360,
        )
    )


def _label(person: Person) -> str:
    said = person.user_id if person.email is None else f"{person.user_id} · {person.email}"
    return masked.text(said)


def _show_empty() -> None:
    st.markdown(
        "**Nobody is known yet.** People appear here as soon as you load an export of what your "
        "customers did, or your shop sends its first event."
    )
    with st.container(horizontal=True):
        st.page_link(navigation.DATA, label="Load your data")
        st.page_link(navigation.CONNECT, label="Connect your shop")
