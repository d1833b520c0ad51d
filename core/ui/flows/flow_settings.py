"""The campaign around the flow: when it starts, for whom, its goal, when it may send."""

from datetime import timedelta
from typing import Any

import streamlit as st

from core.domain.campaigns import Stage
from core.domain.durations import format_duration
from core.services.drafts import Document
from core.ui import words
from core.ui.flows import flow_deeds, flow_draft
from core.ui.flows.flow_matcher_form import edit_flow_event
from core.ui.flows.flow_step_form import edit_clock
from core.ui.triggers.trigger_form import Vocabulary, edit_duration, edit_trigger
from core.ui.triggers.trigger_settings import edit_audience, edit_reentry, edit_zone

TABS = ("Start", "Who", "Goal", "Sending", "About")
_WEEK = format_duration(timedelta(days=7))


def edit_settings(vocabulary: Vocabulary) -> None:
    """Show the settings in tabs and keep what is edited."""
    draft = flow_draft.document()
    key = f"flows_{flow_draft.revision()}"
    start, who, goal, sending, about = st.tabs(
        list(TABS), key="flows_settings_tab", on_change="rerun"
    )
    edited: Document = {}
    if start.open:
        with start:
            edited = _edit_start(f"{key}_start", draft, vocabulary)
    if who.open:
        with who:
            edited = _edit_who(f"{key}_who", draft, vocabulary)
    if goal.open:
        with goal:
            edited = _edit_goal(f"{key}_goal", draft, vocabulary)
    if sending.open:
        with sending:
            edited = _edit_sending(f"{key}_sending", draft)
    if about.open:
        with about:
            edited = _edit_about(f"{key}_about", draft)
    flow_draft.keep({**draft, **edited})


def _edit_start(key: str, draft: Document, vocabulary: Vocabulary) -> Document:
    trigger = edit_trigger(key, draft["trigger"], vocabulary)
    is_same = flow_draft.meaning(trigger) == flow_draft.meaning(draft["trigger"])
    per = draft["reentry_per"] if trigger.get("key") else "user"
    return {"trigger": draft["trigger"] if is_same else trigger, "reentry_per": per}


def _edit_who(key: str, draft: Document, vocabulary: Vocabulary) -> Document:
    reentry = edit_reentry(f"{key}_reentry", draft)
    is_concurrent = st.toggle(
        "Let somebody in again who is still in the flow",
        value=draft["concurrent"],
        key=f"{key}_concurrent",
    )
    st.markdown("**Only people who**")
    audience = edit_audience(f"{key}_audience", draft["audience"], vocabulary)
    held = round(100 * draft["holdout"], 4)
    percent = st.number_input(
        "Left untouched, for comparison (%)",
        min_value=0.0,
        max_value=100.0,
        value=held,
        step=1.0,
        format="%g",
        key=f"{key}_holdout",
        help="These people walk the flow and are measured, but get no e-mail.",
    )
    holdout = draft["holdout"] if percent == held else round(percent / 100, 6)
    return {**reentry, "concurrent": is_concurrent, "audience": audience, "holdout": holdout}


def _edit_goal(key: str, draft: Document, vocabulary: Vocabulary) -> Document:
    goal = draft["goal"] or {"event": {"event": [], "where": []}, "within": _WEEK}
    st.markdown("The campaign has worked when they do")
    event = edit_flow_event(key, goal["event"], "Goal", vocabulary, draft["trigger"])
    with _words():
        st.markdown("within", width="content")
        within = edit_duration(f"{key}_within", goal["within"], "Goal within")
        st.markdown("of entering", width="content")
    does_exit = st.toggle(
        "Leave the flow on reaching the goal",
        value=draft["exit_on_goal"],
        key=f"{key}_exit",
        help="So that nobody is reminded of what they have done.",
    )
    reached = {"event": event, "within": within} if event["event"] else None
    return {"goal": reached, "exit_on_goal": does_exit}


def _edit_sending(key: str, draft: Document) -> Document:
    return {
        "quiet_hours": _edit_quiet(f"{key}_quiet", draft["quiet_hours"]),
        "frequency_cap": _edit_cap(f"{key}_cap", draft["frequency_cap"]),
        "timezone": edit_zone(f"{key}_zone", draft["timezone"]),
    }


def _edit_quiet(key: str, former: Document | None) -> Document | None:
    if not st.toggle("Send nothing at night", value=former is not None, key=f"{key}_is_on"):
        return None
    held = former or {"from": "21:00", "to": "08:00"}
    with _words():
        st.markdown("from", width="content")
        begin = edit_clock(f"{key}_from", held["from"], "Quiet from")
        st.markdown("to", width="content")
        end = edit_clock(f"{key}_to", held["to"], "Quiet to")
    st.caption("What is due then is sent when the quiet hours end, in each person's own time zone.")
    return {"from": begin, "to": end}


def _edit_cap(key: str, former: Document | None) -> Document | None:
    label = "Not too many e-mails for one person"
    if not st.toggle(label, value=former is not None, key=f"{key}_is_on"):
        return None
    held = former or {"max": 3, "per": _WEEK}
    with _words():
        st.markdown("at most", width="content")
        most = st.number_input(
            "Most e-mails",
            min_value=1,
            max_value=1_000,
            value=held["max"],
            key=f"{key}_max",
            label_visibility="collapsed",
            width=100,
        )
        st.markdown("in", width="content")
        per = edit_duration(f"{key}_per", held["per"], "Per")
    st.caption("Counted over the e-mails of all campaigns together.")
    return {"max": int(most), "per": per}


def _edit_about(key: str, draft: Document) -> Document:
    st.text_input(
        "Name",
        value=draft["name"],
        max_chars=200,
        key=f"{key}_name",
        on_change=lambda: flow_deeds.later(_call, st.session_state[f"{key}_name"]),
    )
    description = st.text_area("Description", value=draft["description"], key=f"{key}_description")
    stage = st.selectbox(
        "Stage of the customer's journey",
        [stage.value for stage in Stage],
        index=None if draft["stage"] is None else list(Stage).index(Stage(draft["stage"])),
        format_func=words.STAGES.__getitem__,
        key=f"{key}_stage",
        placeholder="none",
    )
    return {"description": description or "", "stage": stage}


def _call(name: str) -> None:
    """Name the campaign; from outside the widgets, for the field for saving shows the name too."""
    flow_draft.change({**flow_draft.document(), "name": " ".join(name.split())})


def _words() -> Any:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")
