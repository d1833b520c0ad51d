"""What the page Live keeps between looks: counts that take longer the more there is."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.services.live_overview import LaunchCounts, LaunchFigures, launch_counts, launch_figures
from core.services.sparing import Sparing


def figures() -> list[LaunchFigures]:
    """List the launches with their figures, counted as often as counting is cheap."""
    counts = _counts(str(bootstrap.home())).get()
    return launch_figures(bootstrap.database(), counts)


def count_anew() -> None:
    """Have the next look count anew, because something was just done to a launch."""
    _counts(str(bootstrap.home())).forget()


@st.cache_resource(max_entries=4, show_spinner=False)
def _counts(home: str) -> Sparing[LaunchCounts]:
    return Sparing(lambda: launch_counts(bootstrap.database()), now)
