"""The draft on the page Flows: plain data in the session, with undo, and where it came from.

Widgets take their first value from the draft and then live on their own. Whatever changes the
draft from outside them (the canvas, undo, another step) counts the revision up, which gives all
widgets new keys.
"""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services import edit_history, flow_drafts, flow_forms
from core.services.drafts import Document
from core.services.edit_history import Edits
from core.ui import notices

START = "\0start"  # chosen instead of a step: the campaign's settings
Places = Mapping[str, tuple[float, float]]

_EDITS, _REVISION, _CHOSEN, _PLACES, _SAVED, _MATCHED, _NOTICE, _OPENED = (
    "flows_edits",
    "flows_revision",
    "flows_chosen",
    "flows_places",
    "flows_saved",
    "flows_matched",
    "flows_notice",
    "flows_opened",
)


def is_open() -> bool:
    """Say whether there is a draft."""
    return _EDITS in st.session_state


def document() -> Document:
    """Give the draft, every way of its steps written (`core.services.flow_forms`)."""
    return _edits()["present"]


def campaign() -> Campaign | None:
    """Give the draft as a campaign; None while it is not complete."""
    try:
        return flow_forms.campaign_of(document())
    except UnusableInput:
        return None


def load(
    draft: Document,
    *,
    saved_as: tuple[str, int] | None = None,
    places: Places | None = None,
    matched: Mapping[str, str] | None = None,
) -> None:
    """Start anew with a draft; `saved_as` is the campaign and version that it was opened from."""
    st.session_state[_EDITS] = edit_history.started(draft)
    st.session_state[_PLACES] = dict(places or {})
    st.session_state[_MATCHED] = dict(matched or {})
    st.session_state[_CHOSEN] = None
    st.session_state[_OPENED] = opened_count() + 1
    mark_saved(saved_as)
    _renew()


def keep(draft: Document) -> None:
    """Keep what the widgets say, if it means something else than the draft so far."""
    if meaning(draft) != meaning(document()):
        st.session_state[_EDITS] = edit_history.changed(_edits(), draft)


def change(draft: Document) -> None:
    """Go on to another draft, made outside the widgets."""
    st.session_state[_EDITS] = edit_history.changed(_edits(), draft)
    _renew()


def undo() -> None:
    """Take the last change back."""
    st.session_state[_EDITS] = edit_history.undone(_edits())
    _renew()


def redo() -> None:
    """Make the change taken back last again."""
    st.session_state[_EDITS] = edit_history.redone(_edits())
    _renew()


def can_undo() -> bool:
    """Say whether there is a change to take back."""
    return bool(_edits()["past"])


def can_redo() -> bool:
    """Say whether there is a change to make again."""
    return bool(_edits()["future"])


def choose(step_id: str | None) -> None:
    """Choose a step to edit; START for the campaign's settings, None for nothing."""
    st.session_state[_CHOSEN] = step_id
    _renew()


def chosen() -> str | None:
    """Give the chosen step, START, or None."""
    step_id: str | None = st.session_state.get(_CHOSEN)
    ids = {step["id"] for step in document()["steps"]}
    return step_id if step_id in ids or step_id == START else None


def chosen_step() -> str | None:
    """Give the chosen step; None if none is."""
    step_id = chosen()
    return None if step_id == START else step_id


def rename(step_id: str, new_id: str) -> None:
    """Call a step otherwise; it keeps its place and stays chosen. Raises UnusableInput."""
    change(flow_drafts.rename(document(), step_id, new_id))
    own = {new_id if each == step_id else each: place for each, place in places().items()}
    st.session_state[_PLACES] = own
    if st.session_state.get(_CHOSEN) == step_id:
        st.session_state[_CHOSEN] = new_id


def places() -> Places:
    """Give where cards were put by hand, by step."""
    held: Places = st.session_state.get(_PLACES, {})
    return held


def keep_places(held: Places) -> None:
    """Keep where the cards stand."""
    st.session_state[_PLACES] = dict(held)


def mark_saved(saved_as: tuple[str, int] | None) -> None:
    """Note that the draft is now what that version of that campaign says; None for nothing."""
    st.session_state[_SAVED] = saved_as and (*saved_as, meaning(document()))


def saved_as() -> tuple[str, int] | None:
    """Give the campaign and version that the draft was opened from or saved as last."""
    saved = st.session_state.get(_SAVED)
    return None if saved is None else (saved[0], saved[1])


def is_changed() -> bool:
    """Say whether the draft holds what no version does."""
    saved = st.session_state.get(_SAVED)
    return saved is None or meaning(document()) != saved[2]


def matched_names() -> Mapping[str, str]:
    """Give the event names that were replaced to fit the data."""
    names: Mapping[str, str] = st.session_state.get(_MATCHED, {})
    return names


def revision() -> int:
    """Give the number that begins the keys of this draft's widgets."""
    number: int = st.session_state.get(_REVISION, 0)
    return number


def opened_count() -> int:
    """Give how many drafts were opened: tells the canvases of different flows apart."""
    count: int = st.session_state.get(_OPENED, 0)
    return count


def notice(sentence: str) -> None:
    """Have a sentence shown once, at the next look at the page."""
    notices.keep(_NOTICE, sentence)


def show_notice() -> None:
    """Show the sentence that waits, if one does."""
    notices.show(_NOTICE)


def meaning(part: Any) -> str:
    """Write plain data so that only what means the same is equal, however it is written."""
    return json.dumps(_bare(part), sort_keys=True, ensure_ascii=False)


def _bare(part: Any) -> Any:
    """Leave out what says nothing: nulls and empty lists; write 1.0 as 1."""
    if isinstance(part, dict):
        members = {key: _bare(value) for key, value in part.items()}
        return {key: value for key, value in members.items() if value not in (None, [], {})}
    if isinstance(part, list | tuple):
        return [_bare(member) for member in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part


def _edits() -> Edits:
    edits: Edits = st.session_state[_EDITS]
    return edits


def _renew() -> None:
    st.session_state[_REVISION] = revision() + 1
