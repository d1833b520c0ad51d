"""The chosen step, edited in words: one form for each kind of step."""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

import streamlit as st

from core.domain.steps import Weekday
from core.services.drafts import Document
from core.ui.flows.flow_matcher_form import edit_flow_event, edit_where
from core.ui.flows.flow_pairs_form import edit_update, edit_webhook
from core.ui.flows.flow_surroundings import StepSurroundings
from core.ui.flows.flow_ways_form import edit_branch, edit_split
from core.ui.flows.flow_words import email_title
from core.ui.triggers.trigger_form import edit_duration

_CLICK, _OPENING, _EVENT = "email_clicked", "email_opened", ""
_AWAITED = {_CLICK: "A click", _OPENING: "An opening", _EVENT: "Something else"}
_SINCE = {"arrival": "from then on", "entry": "since they entered"}
_MORNING = "09:00"


def edit_step(key: str, step: Document, around: StepSurroundings) -> Document:
    """Show the form of a step and give it as edited, its ways as they were."""
    edited = _EDITORS[step["kind"]](f"{key}_{step['kind']}", step, around)
    return {**step, **edited}


def _edit_send(key: str, step: Document, around: StepSurroundings) -> Document:
    by_name = {email.name: email for email in around.emails}
    held = step.get("template") or ""
    options = [*by_name, *([held] if held and held not in by_name else [])]
    name = st.selectbox(
        "E-mail",
        options,
        index=options.index(held) if held else None,
        format_func=lambda option: email_title(option, by_name),
        key=f"{key}_template",
        placeholder="choose an e-mail",
    )
    email = by_name.get(name or "")
    if email is not None:
        st.caption(email.description)
    subject = st.text_input(
        "Subject (optional)",
        value=step.get("subject") or "",
        key=f"{key}_subject",
        placeholder="" if email is None else email.subject,
        help="Leave it empty to use the e-mail's own subject.",
    )
    return {"template": name or "", "subject": subject.strip() or None}


def _edit_delay(key: str, step: Document, around: StepSurroundings) -> Document:
    is_until = step.get("until") is not None
    mode = st.segmented_control(
        "How to wait",
        ["for", "until"],
        format_func={"for": "For a while", "until": "Until a time of day"}.__getitem__,
        default="until" if is_until else "for",
        required=True,
        key=f"{key}_mode",
        label_visibility="collapsed",
    )
    if mode == "for":
        with _words():
            st.markdown("Wait for", width="content")
            length = edit_duration(f"{key}_for", step.get("for") or "24h", "Wait for")
        return {"for": length, "until": None, "on": []}
    with _words():
        st.markdown("Wait until the next", width="content")
        until = edit_clock(f"{key}_until", step.get("until") or _MORNING, "Until")
    days = st.pills(
        "Only on these days (none means any day)",
        [day.value for day in Weekday],
        selection_mode="multi",
        format_func=str.capitalize,
        default=step.get("on") or [],
        key=f"{key}_on",
    )
    st.caption("In each person's own time zone, else in the campaign's.")
    return {"for": None, "until": until, "on": [day.value for day in Weekday if day in days]}


def edit_clock(key: str, text: str, label: str) -> str:
    """Show a time of day and give it as `09:30`."""
    chosen = st.time_input(
        label,
        value=time.fromisoformat(text),
        key=key,
        required=True,
        label_visibility="collapsed",
        width=120,
    )
    return text if chosen is None else chosen.strftime("%H:%M")


def _edit_wait(key: str, step: Document, around: StepSurroundings) -> Document:
    asking, former = around.asking, step["event"]
    names = list(former.get("event") or [])
    held = names[0] if len(names) == 1 and names[0] in (_CLICK, _OPENING) else _EVENT
    awaited = st.segmented_control(
        "Wait for",
        list(_AWAITED),
        format_func=_AWAITED.__getitem__,
        default=held,
        required=True,
        key=f"{key}_awaited",
    )
    if awaited == _EVENT:
        meant = former if held == _EVENT else {"event": [], "where": []}
        event = edit_flow_event(f"{key}_event", meant, "Event", asking.vocabulary, asking.trigger)
    else:
        meant = former if held == awaited else {"event": [awaited], "where": []}
        event = edit_where(f"{key}_{awaited}", meant, asking.vocabulary, asking.trigger)
    with _words():
        st.markdown("at most", width="content")
        timeout = edit_duration(f"{key}_timeout", step["timeout"], "At most")
    since = st.segmented_control(
        "It counts if it happens",
        list(_SINCE),
        format_func=_SINCE.__getitem__,
        default=step.get("since") or "arrival",
        required=True,
        key=f"{key}_since",
    )
    return {"event": event, "timeout": timeout, "since": since}


def _edit_exit(key: str, step: Document, around: StepSurroundings) -> Document:
    st.caption("Whoever comes here leaves the flow.")
    return {}


def _words() -> Any:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


_EDITORS: Mapping[str, Callable[[str, Document, StepSurroundings], Document]] = {
    "send": _edit_send,
    "delay": _edit_delay,
    "wait_for": _edit_wait,
    "branch": edit_branch,
    "split": edit_split,
    "update_profile": edit_update,
    "webhook": edit_webhook,
    "exit": _edit_exit,
}
