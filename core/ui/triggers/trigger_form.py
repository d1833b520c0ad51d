"""The sentence a marketer edits: widgets in, a trigger as plain data out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import streamlit as st

from core.domain.durations import LONGEST_DAYS, format_duration, parse_duration
from core.domain.values import JsonValue
from core.services import drafts
from core.services.drafts import Document
from core.ui import words
from core.ui.condition_form import edit_conditions

ANYTHING = "*"
_UNITS = {
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
_LONGEST = timedelta(days=LONGEST_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What can be said about a dataset: event names with counts, properties, traits, values."""

    counts_by_name: dict[str, int]
    properties: Sequence[str]
    traits: Sequence[str]
    values_of: Callable[[Sequence[str], str], Sequence[JsonValue]]
    trait_values_of: Callable[[str], Sequence[JsonValue]]

    def second_event(self, first: str) -> str:
        """Give an event to fill a second blank with: the most frequent other one."""
        return next((name for name in self.counts_by_name if name != first), first)


def edit_trigger(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    """Show the sentence of a trigger and give it back as edited; `key` begins all widget keys."""
    kind = st.segmented_control(
        "What has to happen",
        list(words.KINDS),
        format_func=words.KINDS.__getitem__,
        default=trigger["kind"],
        required=True,
        key=f"{key}_kind",
    )
    if kind != trigger["kind"]:
        first = drafts.first_matcher(trigger)["event"][0]
        trigger = drafts.new_trigger(kind, trigger, vocabulary.second_event(first))
    edited = _EDITORS[kind](f"{key}_{kind}", trigger, vocabulary)
    return {**edited, "kind": kind, "key": _edit_key(f"{key}_per", trigger, vocabulary)}


def edit_duration(key: str, text: str, label: str) -> str:
    """Show a duration as a number and a unit, in the row that is open; ten years at most."""
    length = parse_duration(text)
    unit = _unit_of(length)
    amount = st.number_input(
        label,
        min_value=1,
        max_value=_LONGEST // timedelta(seconds=1),
        value=length // _UNITS[unit],
        key=f"{key}_amount",
        label_visibility="collapsed",
        width=110,
    )
    chosen = st.selectbox(
        f"{label}, unit",
        list(_UNITS),
        index=list(_UNITS).index(unit),
        key=f"{key}_unit",
        label_visibility="collapsed",
        width=120,
    )
    return format_duration(min(amount * _UNITS[chosen], _LONGEST))


def edit_events(key: str, names: Sequence[str], label: str, vocabulary: Vocabulary) -> list[str]:
    """Show the choice of event names, with their counts."""
    options = [*vocabulary.counts_by_name, ANYTHING]
    options += [name for name in names if name not in options]
    chosen = st.multiselect(
        label,
        options,
        default=list(names),
        format_func=lambda name: _event_label(name, vocabulary),
        key=key,
        label_visibility="collapsed",
        placeholder="choose an event",
        width=300 if len(names) < 2 else "stretch",
    )
    return [ANYTHING] if ANYTHING in chosen else list(chosen)


def _edit_matcher(key: str, matcher: Document, label: str, vocabulary: Vocabulary) -> Document:
    names = edit_events(f"{key}_events", matcher["event"], label, vocabulary)
    return {**matcher, "event": names}


def _edit_where(key: str, matcher: Document, vocabulary: Vocabulary) -> Document:
    where = edit_conditions(
        f"{key}_where",
        matcher.get("where", []),
        "property",
        vocabulary.properties,
        lambda name: vocabulary.values_of(matcher["event"], name),
    )
    return {**matcher, "where": where}


def _edit_event(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    with _words():
        st.markdown("When someone does", width="content")
        match = _edit_matcher(f"{key}_match", trigger["match"], "Event", vocabulary)
    return {"match": _edit_where(f"{key}_match", match, vocabulary)}


def _edit_count(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    with _words():
        st.markdown("When someone does", width="content")
        match = _edit_matcher(f"{key}_match", trigger["match"], "Event", vocabulary)
    match = _edit_where(f"{key}_match", match, vocabulary)
    with _words():
        st.markdown("at least", width="content")
        at_least = st.number_input(
            "How often",
            min_value=1,
            max_value=10_000,
            value=int(trigger["at_least"]),
            key=f"{key}_at_least",
            label_visibility="collapsed",
            width=110,
        )
        st.markdown("times within", width="content")
        within = edit_duration(f"{key}_within", trigger["within"], "Within")
    return {"match": match, "at_least": int(at_least), "within": within}


def _edit_sum(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    options = list(dict.fromkeys([*vocabulary.properties, trigger["property"]]))
    options = [name for name in options if name]
    with _words():
        st.markdown("When the total of", width="content")
        summed = st.selectbox(
            "Property that adds up",
            options,
            index=options.index(trigger["property"]) if trigger["property"] else None,
            key=f"{key}_property",
            placeholder="choose a property",
            label_visibility="collapsed",
            width=170,
        )
        st.markdown("in", width="content")
        match = _edit_matcher(f"{key}_match", trigger["match"], "Event", vocabulary)
    match = _edit_where(f"{key}_match", match, vocabulary)
    with _words():
        st.markdown("reaches", width="content")
        at_least = st.number_input(
            "How much",
            value=float(trigger["at_least"]),
            key=f"{key}_at_least",
            label_visibility="collapsed",
            width=140,
        )
        st.markdown("within", width="content")
        within = edit_duration(f"{key}_within", trigger["within"], "Within")
    return {"match": match, "property": summed or "", "at_least": at_least, "within": within}


def _edit_absence(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    with _words():
        st.markdown("When someone does", width="content")
        start = _edit_matcher(f"{key}_start", trigger["start"], "Event that starts", vocabulary)
    start = _edit_where(f"{key}_start", start, vocabulary)
    with _words():
        st.markdown("and does not do", width="content")
        unless = _edit_matcher(f"{key}_unless", trigger["unless"], "Event that ends", vocabulary)
    unless = _edit_where(f"{key}_unless", unless, vocabulary)
    with _words():
        st.markdown("within", width="content")
        within = edit_duration(f"{key}_within", trigger["within"], "Within")
        st.markdown("of the", width="content")
        anchor = st.selectbox(
            "Counted from",
            ["last", "first"],
            index=["last", "first"].index(trigger.get("anchor") or "last"),
            format_func={"last": "last time", "first": "first time"}.__getitem__,
            key=f"{key}_anchor",
            label_visibility="collapsed",
            width=130,
        )
    return {"start": start, "unless": unless, "within": within, "anchor": anchor}


def _edit_inactivity(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    with _words():
        st.markdown("When someone has done no", width="content")
        of = _edit_matcher(f"{key}_of", trigger["of"], "Event", vocabulary)
    of = _edit_where(f"{key}_of", of, vocabulary)
    with _words():
        st.markdown("for", width="content")
        length = edit_duration(f"{key}_for", trigger["for"], "For")
    return {"of": of, "for": length}


def _edit_sequence(key: str, trigger: Document, vocabulary: Vocabulary) -> Document:
    count_key = f"{key}_count"
    count: int = st.session_state.setdefault(count_key, len(trigger["steps"]))
    steps = []
    for place in range(count):
        blank = {"event": [vocabulary.second_event("")], "where": []}
        former = trigger["steps"][place] if place < len(trigger["steps"]) else blank
        with _words():
            st.markdown("When someone does" if place == 0 else "then", width="content")
            step = _edit_matcher(f"{key}_{place}", former, f"Step {place + 1}", vocabulary)
        steps.append(_edit_where(f"{key}_{place}", step, vocabulary))
    with st.container(horizontal=True):
        if count < 5:
            st.button(
                "Add a step",
                icon=":material/add:",
                key=f"{key}_more",
                type="tertiary",
                on_click=_set_state,
                args=(count_key, count + 1),
            )
        if count > 2:
            st.button(
                "Remove the last step",
                icon=":material/remove:",
                key=f"{key}_fewer",
                type="tertiary",
                on_click=_set_state,
                args=(count_key, count - 1),
            )
    with _words():
        st.markdown("all within", width="content")
        within = edit_duration(f"{key}_within", trigger["within"], "Within")
    return {"steps": steps, "within": within}


def _edit_key(key: str, trigger: Document, vocabulary: Vocabulary) -> str | None:
    options = list(dict.fromkeys([*vocabulary.properties, *filter(None, [trigger.get("key")])]))
    row = _words()
    row.markdown("counted", width="content")
    chosen: str | None = row.selectbox(
        "Counted separately for each",
        options,
        index=options.index(trigger["key"]) if trigger.get("key") else None,
        format_func=lambda name: f"separately for each {name}",
        key=key,
        placeholder="per person",
        label_visibility="collapsed",
        width=240,
    )
    return chosen


def _event_label(name: str, vocabulary: Vocabulary) -> str:
    if name == ANYTHING:
        return "anything"
    count = vocabulary.counts_by_name.get(name)
    return f"{name} (not in the data)" if count is None else f"{name} · {count:,}"


def _unit_of(length: timedelta) -> str:
    """Give the largest unit that writes the length as a whole number; up to 48 hours in hours."""
    if length % timedelta(days=1) == timedelta(0) and length > timedelta(days=2):
        return "days"
    return next(u for u in ("hours", "minutes", "seconds") if not length % _UNITS[u])


def _words() -> Any:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


def _set_state(key: str, value: int) -> None:
    st.session_state[key] = value


_EDITORS: dict[str, Callable[[str, Document, Vocabulary], Document]] = {
    "event": _edit_event,
    "count": _edit_count,
    "sum": _edit_sum,
    "absence": _edit_absence,
    "inactivity": _edit_inactivity,
    "sequence": _edit_sequence,
}
