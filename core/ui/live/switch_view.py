"""The switch of the evaluator: start, pause, stop."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.roles import Role
from core.services.evaluator_switch import EvaluatorState, turn
from core.ui import audit, notices, signed_in
from core.ui.live.places import NOTICE

_DONE = {
    EvaluatorState.RUNNING: "Started the evaluator",
    EvaluatorState.PAUSED: "Paused the evaluator",
    EvaluatorState.STOPPED: "Stopped the evaluator",
}
_SAID = {
    EvaluatorState.RUNNING: "The evaluator goes on: what came in meanwhile is decided in order.",
    EvaluatorState.PAUSED: "The evaluator is paused: nothing is decided or sent.",
    EvaluatorState.STOPPED: "The evaluator is stopped: nothing is decided or sent.",
}


def show(state: EvaluatorState) -> None:
    """Offer what may be done in a state."""
    with st.container(horizontal=True, width="content"):
        if state is EvaluatorState.RUNNING:
            _offer(
                EvaluatorState.PAUSED,
                "Pause all",
                ":material/pause:",
                "Nothing is decided or sent until you let it go on; what comes in is kept.",
            )
        else:
            label = "Go on" if state is EvaluatorState.PAUSED else "Start"
            _offer(
                EvaluatorState.RUNNING,
                label,
                ":material/play_arrow:",
                "It catches up in order. E-mails that are too late to be of use are held back.",
            )
        if state is not EvaluatorState.STOPPED:
            _offer(
                EvaluatorState.STOPPED,
                "Stop",
                ":material/stop:",
                "As a pause, and its program ends. Events go on coming in and are kept.",
            )


def _offer(state: EvaluatorState, label: str, icon: str, said: str) -> None:
    st.button(
        label,
        icon=icon,
        key=f"live_evaluator_{state.value}",
        on_click=_turn,
        args=(state,),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR) or said,
    )


@signed_in.only(Role.EDITOR)
def _turn(state: EvaluatorState) -> None:
    turn(bootstrap.database(), state, at=now())
    audit.noted(_DONE[state], "Evaluator")
    notices.keep(NOTICE, _SAID[state])
