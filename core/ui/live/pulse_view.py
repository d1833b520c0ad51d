"""How the evaluator does, in a line, and what came in, in figures."""

from datetime import datetime, timedelta

import streamlit as st

from core import bootstrap
from core.services.live_overview import Pulse
from core.services.live_questions import is_needed
from core.ui import formats
from core.ui.live import words

_BEHIND = timedelta(seconds=30)


def show(pulse: Pulse, under_way_count: int, now: datetime) -> None:
    """Show the state of the evaluator and the figures of what came in."""
    _show_evaluator(pulse, now)
    with st.container(horizontal=True):
        for label, count, said in (
            ("Events received", pulse.received_count, _received(pulse)),
            ("Waiting", pulse.waiting_count, "Events that came in and are not decided on yet."),
            ("Late", pulse.late_count, "Events older than what was decided when they came in."),
            ("Under way", under_way_count, "People inside a campaign now, once per campaign."),
        ):
            st.metric(label, f"{count:,}", border=True, help=said)


def _received(pulse: Pulse) -> str:
    again = pulse.duplicate_count
    return f"All that came in since the start; {again:,} of them came twice and count once."


def _show_evaluator(pulse: Pulse, now: datetime) -> None:
    if pulse.heard_at is not None:
        heard = words.ago(pulse.heard_at, now)
        st.markdown(
            f":green[:material/check_circle:] **The evaluator runs**, {_lag(pulse)}. "
            f":gray[Last heard of {heard}.]"
        )
    elif is_needed(bootstrap.database()):
        st.warning(
            "Nothing is decided while it is down, and nothing is lost: it catches up in order. "
            "It starts by itself beside the dashboard within seconds. If it was switched off with "
            "`REHEARSAL_WORKER=off`, start it elsewhere: `python -m core worker`.",
            title="The evaluator does not run",
            icon=":material/heart_broken:",
        )
        if pulse.waiting_count:
            st.caption(formats.plain(f"Events wait for it: {pulse.waiting_count:,}."))
    else:
        st.markdown(
            ":gray[:material/bedtime:] **Nothing to decide.** The evaluator starts by itself once "
            "a campaign is launched or events come in."
        )


def _lag(pulse: Pulse) -> str:
    if pulse.lag >= _BEHIND:
        return f"and is {words.rounded(pulse.lag)} behind"
    return "and everything is decided on that has come in"
