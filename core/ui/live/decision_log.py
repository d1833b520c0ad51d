"""The log of decisions as they happen, with its filters."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.instants import as_microseconds
from core.services.live_launches import Launch, LaunchMode
from core.services.live_overview import LINES, Kind, Line, log
from core.ui import formats, masked
from core.ui.live import words
from core.ui.rehearse import rehearse_records


def show(launches: Sequence[Launch]) -> None:
    """Show the latest decisions that fit the filters."""
    by_id = {launch.id: launch for launch in launches}
    person, launch_id, kind, reason = _filters(by_id)
    lines = log(bootstrap.database(), user_id=person, launch_id=launch_id, kind=kind, reason=reason)
    lines = [line for line in lines if line.launch_id in by_id]
    if not lines:
        is_any = person or launch_id is not None or kind is not None or reason
        st.caption("Nothing fits." if is_any else "Nothing was decided yet.")
        return
    zone = rehearse_records.common_zone([launch.campaign for launch in launches])
    st.dataframe(
        pd.DataFrame([_row(line, by_id[line.launch_id], zone) for line in lines]),
        hide_index=True,
        width="stretch",
        alt="The latest decisions: when, about whom, in which campaign, and what",
        column_config={"What": st.column_config.TextColumn(width="large")},
    )
    more = f"The latest {LINES}. " if len(lines) == LINES else ""
    st.caption(f"{more}Times in {zone}. Shown anew every few seconds.")


def _filters(by_id: Mapping[int, Launch]) -> tuple[str | None, int | None, Kind | None, str | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.text_input(
            "Person", key="live_person", placeholder="Everybody", width=200, help="Their id."
        )
        launch_id = st.selectbox(
            "Campaign",
            list(by_id),
            index=None,
            key="live_of_campaign",
            placeholder="All",
            format_func=labels(list(by_id.values())).__getitem__,
            width=300,
        )
        kind = st.selectbox(
            "What happened",
            list(Kind),
            index=None,
            key="live_kind",
            placeholder="All",
            format_func=lambda chosen: words.KINDS[chosen],
            width=200,
        )
        reason = st.selectbox(
            "Reason",
            list(words.REASONS),
            index=None,
            key="live_reason",
            placeholder="Any",
            format_func=lambda chosen: words.REASONS[chosen],
            width=260,
            help="Why somebody was not let in, or an e-mail was held back.",
        )
    return person.strip() or None, launch_id, kind, reason


def labels(launches: Sequence[Launch]) -> dict[int, str]:
    """Name launches to choose from; those of the same name also by the time of their launch."""
    counts = Counter(label(launch) for launch in launches)
    return {
        launch.id: label(launch) if counts[label(launch)] == 1 else _dated(launch)
        for launch in launches
    }


def _dated(launch: Launch) -> str:
    zone = launch.campaign.timezone
    return f"{label(launch)}, {formats.moment(as_microseconds(launch.launched_at), zone)} ({zone})"


def label(launch: Launch) -> str:
    """Name a launch where only text stands, such as in a choice or a table."""
    return f"{launch.name} (sandbox)" if launch.mode is LaunchMode.SANDBOX else launch.name


def _row(line: Line, launch: Launch, zone: str) -> dict[str, str]:
    campaign: Campaign = launch.campaign
    return {
        "Decided": formats.exact_moment(line.decided_at, zone),
        "Person": masked.text(line.user_id),
        "What": words.line(line, campaign, launch.mode, zone),
        "Campaign": label(launch),
    }
