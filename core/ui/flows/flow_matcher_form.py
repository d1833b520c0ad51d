"""An event of the flow, in words: its name, conditions, and that it is about the same cart."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.matchers import is_reference
from core.services import phrases
from core.services.drafts import Document
from core.ui import formats
from core.ui.condition_form import edit_conditions
from core.ui.flows import flow_draft
from core.ui.triggers.trigger_form import Vocabulary, edit_events

_OF_REACTIONS = ("campaign", "step")


def edit_flow_event(
    key: str, former: Document, label: str, vocabulary: Vocabulary, trigger: Document
) -> Document:
    """Show an event and everything asked of it; it may have to be about what the trigger was.

    Gives the former back where nothing else is meant, in whatever order it is written.
    """
    names = edit_events(f"{key}_events", former.get("event") or [], label, vocabulary)
    return edit_where(key, {**former, "event": names}, vocabulary, trigger)


def edit_where(key: str, former: Document, vocabulary: Vocabulary, trigger: Document) -> Document:
    """Show the conditions on an event."""
    known = _with_reaction_properties(former["event"], vocabulary)
    where: Sequence[Document] = former.get("where") or []
    rows = edit_conditions(
        f"{key}_where",
        [part for part in where if not is_reference(part.get("value"))],
        "property",
        known.properties,
        lambda name: known.values_of(former["event"], name),
    )
    references = [part for part in where if is_reference(part.get("value"))]
    same = _edit_same(f"{key}_same", references, known, trigger)
    others = _edit_others(f"{key}_other", [r for r in references if not _is_same(r, trigger)])
    edited = [*rows, *same, *others]
    is_former = sorted(map(flow_draft.meaning, edited)) == sorted(map(flow_draft.meaning, where))
    return {**former, "where": where if is_former else edited}


def _edit_same(
    key: str, references: Sequence[Document], vocabulary: Vocabulary, trigger: Document
) -> list[Document]:
    """Show which properties have to be those of the event that the flow began with."""
    held = {part["property"]: part for part in references if _is_same(part, trigger)}
    keyed = trigger.get("key")
    options = list(dict.fromkeys([*filter(None, [keyed]), *vocabulary.properties, *held]))
    if not options:
        return []
    chosen = st.multiselect(
        "About the same … as at the start",
        options,
        default=list(held),
        key=key,
        placeholder="any",
        help="For example the same cart or the same order as the event that the flow began with.",
    )
    return [held.get(name) or _same(name, trigger) for name in chosen]


def _edit_others(key: str, references: Sequence[Document]) -> list[Document]:
    """Show comparisons with the start that only a file can say; each can be left out."""
    kept = []
    for number, part in enumerate(references):
        is_kept = st.toggle(
            f"{formats.plain(part['property'])} {phrases.OPS[part['op']]} "
            f"{_said(str(part['value']))}",
            value=True,
            key=f"{key}_{number}",
        )
        kept += [part] if is_kept else []
    return kept


def _said(reference: str) -> str:
    if reference == "$key":
        return "what the trigger is counted by"
    return f"the {formats.plain(reference.removeprefix('$trigger.'))} of the start"


def _same(name: str, trigger: Document) -> Document:
    value = "$key" if name == trigger.get("key") else f"$trigger.{name}"
    return {"op": "eq", "value": value, "property": name}


def _is_same(part: Document, trigger: Document) -> bool:
    name = part["property"]
    values = {f"$trigger.{name}", *(["$key"] if name == trigger.get("key") else [])}
    return part["op"] == "eq" and part["value"] in values


def _with_reaction_properties(names: Sequence[str], vocabulary: Vocabulary) -> Vocabulary:
    """Let conditions on a click or an opening name the campaign and step that it is to."""
    if not names or not all(name.startswith("email_") for name in names):
        return vocabulary
    properties = [*_OF_REACTIONS, *(p for p in vocabulary.properties if p not in _OF_REACTIONS)]
    return replace(vocabulary, properties=properties)
