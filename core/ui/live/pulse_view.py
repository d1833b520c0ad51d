"""How the evaluator does, in a line, and what came in, in figures."""

from datetime import datetime, timedelta

import streamlit as st

from core import bootstrap
from core.services.evaluator_switch import EvaluatorState
from core.services.live_overview import MOST, Pulse
from core.services.live_questions import needed_since
from core.ui import formats
from core.ui.live import switch_view, words

_BEHIND = timedelta(seconds=30)
_STARTS_WITHIN = timedelta(seconds=30)


def show(pulse: Pulse, under_way_count: int, now: datetime) -> None:
    """Show the state of the evaluator and the figures of what came in."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        with st.container(width=760):
            _show_evaluator(pulse, now)
        switch_view.show(pulse.state)
    with st.container(horizontal=True):
        for label, said, tip in _figures(pulse, under_way_count, now):
            st.metric(label, said, border=True, help=tip)


def _figures(pulse: Pulse, under_way_count: int, now: datetime) -> list[tuple[str, str, str]]:
    return [
        ("Events received", f"{pulse.received_count:,}", _received(pulse)),
        ("Per second", _pace(pulse.per_second), "Events received, over the last minute."),
        (
            "Waiting",
            _up_to(pulse.waiting_count),
            "Events that came in and are not decided on yet.",
        ),
        (
            "Late",
            f"{pulse.late_count:,}",
            "Events older than what was decided when they came in.",
        ),
        (
            "Under way",
            f"{under_way_count:,}",
            "People inside a campaign now, once per campaign.",
        ),
        ("Due now", _up_to(pulse.due_count), _next_due(pulse, now)),
    ]


def _up_to(count: int) -> str:
    return f"{count:,}+" if count >= MOST else f"{count:,}"


def _pace(per_second: float) -> str:
    return f"{per_second:,.1f}" if per_second < 10 else f"{per_second:,.0f}"


def _next_due(pulse: Pulse, now: datetime) -> str:
    said = "People whose wait is over and who are decided on next."
    if pulse.next_due_at is None:
        return f"{said} Nobody else waits for a time to come."
    return f"{said} The next wait ends in {words.rounded(pulse.next_due_at - now)}."


def _received(pulse: Pulse) -> str:
    again = pulse.duplicate_count
    return (
        f"All that came in since the start; {again:,} of them came twice and count once. What "
        "became of our own e-mails is not among them."
    )


def _show_evaluator(pulse: Pulse, now: datetime) -> None:
    if pulse.state is EvaluatorState.PAUSED:
        st.markdown(
            ":orange[:material/pause_circle:] **The evaluator is paused.** Nothing is decided or "
            f"sent; what comes in is kept. {_silence(pulse, now)}"
        )
    elif pulse.state is EvaluatorState.STOPPED:
        st.markdown(
            ":gray[:material/stop_circle:] **The evaluator is stopped.** Nothing is decided or "
            "sent until it is started; what comes in is kept."
        )
    elif pulse.heard_at is not None:
        st.markdown(
            f":green[:material/check_circle:] **The evaluator runs**, {_lag(pulse)}. "
            f"{_silence(pulse, now)}"
        )
    else:
        _show_unheard(pulse, now)


def _show_unheard(pulse: Pulse, now: datetime) -> None:
    """Say why no evaluator is heard of: nothing calls for one, it starts, or it is down."""
    since = needed_since(bootstrap.database())
    if since is None:
        st.markdown(
            ":gray[:material/bedtime:] **Nothing to decide.** The evaluator starts by itself once "
            "a campaign is launched or events come in."
        )
    elif now - since < _STARTS_WITHIN:
        st.markdown(
            ":primary[:material/hourglass_top:] **The evaluator is starting.** It takes a few "
            "seconds; what comes in meanwhile is kept."
        )
    else:
        _show_missing(pulse)


def _show_missing(pulse: Pulse) -> None:
    st.warning(
        "Nothing is decided while it is down, and nothing is lost: it catches up in order. "
        "It starts by itself beside the dashboard within seconds. If it was switched off with "
        "`REHEARSAL_WORKER=off`, start it elsewhere: `python -m core worker`.",
        title="The evaluator does not run",
        icon=":material/heart_broken:",
    )
    if pulse.waiting_count:
        st.caption(formats.plain(f"Events wait for it: {_up_to(pulse.waiting_count)}."))


def _silence(pulse: Pulse, now: datetime) -> str:
    if pulse.heard_at is None:
        return ":gray[It is not heard of at present.]"
    several = f", {pulse.worker_count} at work" if pulse.worker_count > 1 else ""
    return f":gray[Last heard of {words.ago(pulse.heard_at, now)}{several}.]"


def _lag(pulse: Pulse) -> str:
    if pulse.lag >= _BEHIND:
        return f"and is {words.rounded(pulse.lag)} behind"
    return "and everything is decided on that has come in"
