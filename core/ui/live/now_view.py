"""The two parts of the page that show themselves anew: the overview and the log."""

from dataclasses import dataclass

import streamlit as st

from core import bootstrap
from core.clock import now
from core.services.live_launches import Launch, launches
from core.services.live_overview import LaunchFigures, pulse
from core.ui import notices, signed_in
from core.ui.live import (
    alert_banner,
    decision_log,
    launch_list,
    live_readers,
    pulse_view,
    troubles,
)
from core.ui.live.places import NOTICE, STEERED

OFTEN = 5.0  # seconds between two looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the rest of the page depends on."""

    launches: list[Launch]
    received_count: int


def show_overview() -> Overview:
    """Show the state of the evaluator and the launches; give what there is."""
    _overview()
    state = pulse(bootstrap.database(), now())
    return Overview(launches=launches(bootstrap.database()), received_count=state.received_count)


@signed_in.fragment(run_every=OFTEN)
def _overview() -> None:
    if st.session_state.pop(STEERED, False):
        st.rerun(scope="app")
    moment = now()
    notices.show(NOTICE)
    figures = live_readers.figures()
    alert_banner.show(moment)
    pulse_view.show(pulse(bootstrap.database(), moment), _under_way(figures), moment)
    launch_list.show(figures)
    if figures:  # else they are listed on the page itself
        troubles.show_count()


def _under_way(figures: list[LaunchFigures]) -> int:
    return sum(each.under_way_count for each in figures)


@signed_in.fragment(run_every=OFTEN)
def show_log() -> None:
    """Show the log of decisions."""
    decision_log.show(launches(bootstrap.database()))
