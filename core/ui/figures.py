"""Charts: data in, a Plotly figure out; nothing here talks to Streamlit."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.rehearsal.curves import CurvePoint
from core.services import phrases

Instants = NDArray[np.int64]

COLOURS = ("#4C5FD5", "#F2994A", "#27AE60", "#9B51E0", "#EB5757", "#2D9CDB")
ACCENT, MUTED = COLOURS[0], "#C9CEDA"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def chart_text(text: str) -> str:
    """Escape a text of somebody else for a chart, which takes <b> and <a> for markup as well."""
    return escape(text, quote=False).replace("%{", "% {")  # what a hover's template fills in


def per_day(at_by_label: Mapping[str, Instants], zone: str) -> go.Figure:
    """Draw how often things happened per local day, stacked by label; times in µs since 1970."""
    figure = go.Figure()
    days = {label: _local(at, zone).dt.floor("D") for label, at in at_by_label.items()}
    every = [series for series in days.values() if len(series)]
    if every:
        first, last = min(s.min() for s in every), max(s.max() for s in every)
        index = pd.date_range(first, last, freq="D")
        for position, (label, series) in enumerate(days.items()):
            counts = series.value_counts().reindex(index, fill_value=0)
            colour = ACCENT if position == 0 else MUTED
            figure.add_bar(x=index, y=counts, name=chart_text(label), marker_color=colour)
    figure.update_layout(barmode="stack", bargap=0.15, showlegend=len(days) > 1)
    return _plain(figure, y_title="per day")


def weekly_heat(at: Instants, zone: str) -> go.Figure:
    """Draw a map of local hour × weekday of instants in µs since 1970."""
    local = _local(at, zone)
    counts = np.zeros((7, 24), dtype=np.int64)
    np.add.at(counts, (local.dt.day_of_week.to_numpy(), local.dt.hour.to_numpy()), 1)
    figure = go.Figure(
        go.Heatmap(
            z=counts,
            x=[f"{hour:02d}" for hour in range(24)],
            y=WEEKDAYS,
            colorscale=[[0, "#F4F5FB"], [1, ACCENT]],
            showscale=False,
            hovertemplate="%{y} %{x}:00: %{z:,}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="hour of the day", type="category", tickangle=0)
    return _plain(figure)


def people_by_setting(points: Sequence[CurvePoint]) -> go.Figure:
    """Draw how many people each window or threshold would catch, the current one marked."""
    labels = [setting_label(point.setting) for point in points]
    colours = [ACCENT if point.is_current else MUTED for point in points]
    counts = [point.people_count for point in points]
    text = [f"{count:,}" for count in counts]
    figure = go.Figure(
        go.Bar(x=labels, y=counts, marker_color=colours, text=text, textposition="outside")
    )
    figure.update_traces(cliponaxis=False)
    figure.update_xaxes(type="category")
    return _plain(figure, y_title="people caught")


def setting_label(setting: timedelta | float) -> str:
    """Write a window or a threshold."""
    if isinstance(setting, timedelta):
        return phrases.duration(setting)
    return phrases.number(setting)


def reached(hours: Sequence[float], shares: Sequence[float], wait: float | None) -> go.Figure:
    """Draw the share of people who reached the goal by each hour; a line at the trigger's wait."""
    figure = go.Figure(
        go.Scatter(
            x=list(hours),
            y=list(shares),
            mode="lines",
            line={"color": ACCENT, "width": 3, "shape": "hv"},
            hovertemplate="%{y:.1%} after %{x:.0f} hours<extra></extra>",
        )
    )
    if wait is not None and wait <= hours[-1]:
        figure.add_vline(x=wait, line_dash="dot", line_color=COLOURS[1])
        figure.add_annotation(
            x=wait, y=1, yref="paper", text="your wait", showarrow=False, xanchor="left", xshift=4
        )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(title="hours since the first start")
    return _plain(figure, y_title="reached the goal")


def events_per_day(frame: pd.DataFrame, most: int = 8) -> go.Figure:
    """Draw events per day by name from columns `day`, `event`, `count`; rare names together."""
    totals = frame.groupby("event")["count"].sum().sort_values(ascending=False)
    shown = list(totals.index[:most])
    named = frame.assign(event=frame["event"].where(frame["event"].isin(shown), "all others"))
    table = named.pivot_table(
        index="day", columns="event", values="count", aggfunc="sum", fill_value=0
    )
    figure = go.Figure()
    order = [*shown, "all others"] if "all others" in table.columns else shown
    for position, name in enumerate(order):
        colour = MUTED if name == "all others" else _QUALITATIVE[position % len(_QUALITATIVE)]
        figure.add_bar(x=table.index, y=table[name], name=chart_text(name), marker_color=colour)
    figure.update_layout(barmode="stack", bargap=0.1)
    return _plain(figure, y_title="events per day")


_QUALITATIVE = (*COLOURS, "#56CCF2", "#BB6BD9")


def _local(at: Instants, zone: str) -> pd.Series:
    instants = pd.Series(at.astype("datetime64[us]")).dt.tz_localize("UTC")
    return instants.dt.tz_convert(zone).dt.tz_localize(None)


def _plain(figure: go.Figure, *, y_title: str | None = None) -> go.Figure:
    """Give a figure the look that all share."""
    figure.update_layout(
        margin=_MARGIN,
        height=280,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hoverlabel={"namelength": -1},
        separators=".,",
    )
    figure.update_yaxes(title=y_title, tickformat=figure.layout.yaxis.tickformat)
    return figure
