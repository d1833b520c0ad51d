"""Choosing the person as whom the e-mail is shown."""

from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random

import streamlit as st

from core.clock import now
from core.history.manifest import Manifest
from core.rendering.emails import EmailTemplate, RenderedEmail
from core.services.email_context import Recipient
from core.ui import formats, masked
from core.ui.emails import email_draft, email_readers
from core.ui.emails.email_crowds import EVERYBODY, Crowd, Everybody, Send, sends
from core.ui.readers import DatasetKey

SAMPLE = "sample"
CROWD = "emails_crowd"
_PLACES, _LOOKED_FOR = "emails_places", "emails_looked_for"
_SEARCH, _FOUND = "emails_search", "emails_found"
_TRIED = 48


def choose(key: DatasetKey, manifest: Manifest, template: EmailTemplate) -> Recipient | None:
    """Show the choice; None for the example that comes with the e-mail."""
    crowds = all_crowds(key, manifest)
    _begin(key, crowds, template)
    labels = {crowd_id: crowd.label for crowd_id, crowd in crowds.items()}
    if template.sample:
        labels[SAMPLE] = "The example that comes with it"
    if st.session_state.get(CROWD) not in labels:
        st.session_state[CROWD] = next(iter(labels))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Shown as",
            list(labels),
            format_func=labels.__getitem__,
            key=CROWD,
            persist_state="session",
            width="stretch",
        )
        crowd = crowds.get(chosen)
        if crowd is None:
            return None
        if not crowd.count():
            st.caption("Nobody got it.")
            return None
        _show_steps(crowd)
    place = place_in(crowd)
    st.caption(_position(crowd, place))
    return crowd.recipient(place)


def all_crowds(key: DatasetKey, manifest: Manifest) -> dict[str, Crowd]:
    """Give everybody whom the draft can be shown as, by id: its own recipients first."""
    names = email_draft.family()
    found: list[Send] = sends(key, names)
    own: list[Crowd] = [send for send in found if send.step.template in names]
    others: list[Crowd] = [send for send in found if send.step.template not in names]
    everybody: list[Crowd] = [Everybody(key=key, manifest=manifest)]
    return {crowd.crowd_id: crowd for crowd in [*own, *everybody, *others]}


def show_person(crowd_id: str, place: int) -> None:
    """Show the e-mail as the person at a place of a crowd, at the next look."""
    st.session_state[CROWD] = crowd_id
    _go(crowd_id, place)


def place_in(crowd: Crowd) -> int:
    """Give the place of the person who is shown, within the crowd as it is now."""
    places: Mapping[str, int] = st.session_state.get(_PLACES, {})
    return min(places.get(crowd.crowd_id, 0), crowd.count() - 1)


def _begin(key: DatasetKey, crowds: Mapping[str, Crowd], template: EmailTemplate) -> None:
    """Choose for an e-mail just opened who is shown: a recipient of it, or somebody it fits."""
    opened = (email_draft.opened_count(), key.name, key.generation)
    if st.session_state.get(_LOOKED_FOR) == opened:
        return
    st.session_state[_LOOKED_FOR] = opened
    first = next(crowd for crowd in crowds.values() if crowd.count())
    place = _fitting(key, first, template)
    if place is None and first.crowd_id == EVERYBODY and template.sample:
        st.session_state[CROWD] = SAMPLE
        return
    _go(first.crowd_id, place or 0)
    st.session_state[CROWD] = first.crowd_id


def _fitting(key: DatasetKey, crowd: Crowd, template: EmailTemplate) -> int | None:
    """Find somebody among a few neighbours who gets the e-mail with the fewest missing fields."""
    middle = crowd.count() // 2
    places = range(middle, min(middle + _TRIED, crowd.count()))
    contexts = email_readers.contexts(key, template, [crowd.recipient(place) for place in places])
    rendered = email_readers.renderer().render_many(template, contexts)
    missing: dict[int, int] = {}
    for place, outcome in zip(places, islice(rendered, len(places)), strict=False):
        if isinstance(outcome, RenderedEmail):
            missing[place] = len(outcome.missing)
            if not outcome.missing:
                break
    return min(missing, key=missing.__getitem__, default=None)


def _show_steps(crowd: Crowd) -> None:
    place, count = place_in(crowd), crowd.count()
    steps = (
        ("before", ":material/chevron_left:", "The person before", (place - 1) % count),
        ("after", ":material/chevron_right:", "The next person", (place + 1) % count),
        ("random", ":material/shuffle:", "Anybody", _anybody(count)),
    )
    for name, icon, said, target in steps:
        st.button(
            "",
            icon=icon,
            key=f"emails_{name}",
            help=said,
            on_click=_go,
            args=(crowd.crowd_id, target),
        )
    finding = st.popover("", icon=":material/search:", key="emails_find", on_change="rerun")
    if finding.open:
        with finding:
            _show_search(crowd)


def _anybody(count: int) -> int:
    return Random(now().timestamp()).randrange(count)


def _show_search(crowd: Crowd) -> None:
    text = st.text_input(
        "Find a person",
        key=_SEARCH,
        type="search",
        placeholder="The beginning of an id or e-mail address",
    )
    found = crowd.search(text or "") if text else {}
    if text and not found:
        st.caption(f"Nobody here begins with {formats.plain(text)}.")
    for place, label in found.items():
        st.button(
            formats.plain(masked.text(label)),
            key=f"{_FOUND}_{place}",
            type="tertiary",
            on_click=_go,
            args=(crowd.crowd_id, place),
        )


def _go(crowd_id: str, place: int) -> None:
    places: Mapping[str, int] = st.session_state.get(_PLACES, {})
    st.session_state[_PLACES] = {**places, crowd_id: place}


def _position(crowd: Crowd, place: int) -> str:
    recipient, count = crowd.recipient(place), crowd.count()
    when = formats.moment(recipient.at, "UTC")
    said: Sequence[str] = (formats.plain(recipient.user_id), f"{place + 1:,} of {count:,}", when)
    return " · ".join(said)
