"""Charts of a plan and its checks: data in, a Plotly figure out."""

import plotly.graph_objects as go

from core.services.experiment_plan import ExperimentPlan
from core.stats.duration import Traffic
from core.stats.simulated import AACheck, PowerCheck
from core.ui.figures import ACCENT, COLOURS, MUTED, WEEKDAYS

_MARGIN = {"l": 8, "r": 16, "t": 8, "b": 8}
_TEXT = "#5B6474"
_WANTED = COLOURS[1]
_MOST_DRAWN = 2.5  # a rise of 250 %: nobody plans for more
_LONGEST_DRAWN = 180
_ALARM_PROMISE = 0.05


def weekdays(traffic: Traffic) -> go.Figure:
    """Draw the people a day by weekday with their 95 % ranges."""
    days = traffic.weekdays
    figure = go.Figure(
        go.Bar(
            x=[WEEKDAYS[day.weekday] for day in days],
            y=[day.mean for day in days],
            marker_color="#AEB8F4",
            error_y={
                "type": "data",
                "array": [day.high - day.mean for day in days],
                "arrayminus": [day.mean - day.low for day in days],
                "color": _TEXT,
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[[day.low, day.high, day.day_count] for day in days],
            hovertemplate="%{x}: %{y:,.1f} (%{customdata[0]:,.1f} to %{customdata[1]:,.1f}), "
            "from %{customdata[2]} days<extra></extra>",
        )
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(rangemode="tozero")
    return _plain(figure, y_title="people a day")


def effect_by_day(plan: ExperimentPlan) -> go.Figure:
    """Draw the smallest lift that shows, by the day on which the test is read."""
    ends = None if plan.duration is None else plan.duration.days
    last = max(90, ends if ends is not None and ends <= _LONGEST_DRAWN else 0)
    points = [p for p in plan.effect_by_day if p.lift is not None and p.day <= last]
    figure = go.Figure(
        go.Scatter(
            x=[point.day for point in points],
            y=[point.lift for point in points],
            mode="lines+markers",
            line={"color": ACCENT, "width": 2.5},
            marker={"size": 8},
            customdata=[point.people_count for point in points],
            hovertemplate="day %{x}: %{y:+.0%} or more, by %{customdata:,} people<extra></extra>",
        )
    )
    _add_level(figure, plan.lift, f"{100 * plan.lift:+.3g} %, your smallest")
    if ends is not None and ends <= last:
        _add_day(figure, ends, "planned end")
    highest = max([plan.lift, *(point.lift or 0 for point in points)])
    figure.update_yaxes(tickformat="+.0%", range=[0, 1.12 * min(highest, _MOST_DRAWN)])
    figure.update_xaxes(title="read after so many days", range=[0, last * 1.03])
    return _plain(figure, y_title="smallest rise that shows")


def power_by_lift(plan: ExperimentPlan) -> go.Figure:
    """Draw the chance of finding a lift with the planned number of people."""
    points = plan.power_by_lift
    figure = go.Figure(
        go.Scatter(
            x=[point.lift for point in points],
            y=[point.power for point in points],
            mode="lines",
            line={"color": ACCENT, "width": 2.5},
            hovertemplate="an effect of %{x:+.1%} is found in %{y:.0%} of cases<extra></extra>",
        )
    )
    _add_level(figure, plan.power, f"{plan.power:.0%} of cases")
    figure.add_vline(x=plan.lift, line_dash="dot", line_color=_WANTED)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figure.update_xaxes(tickformat="+.0%", title="true effect")
    return _plain(figure, y_title="chance to find it")


def alarms(found: AACheck) -> go.Figure:
    """Draw the share of tests that had raised a false alarm by each day, by the way of reading."""
    figure = go.Figure()
    lines = (
        ("looking every day for p < 0.05", found.naive_by_look, COLOURS[4]),
        ("our rule", found.hybrid_by_look, ACCENT),
    )
    for name, shares, colour in lines:
        figure.add_scatter(
            x=found.looks,
            y=shares,
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5, "shape": "hv"},
            hovertemplate=f"{name}: %{{y:.1%}} by day %{{x}}<extra></extra>",
        )
    _add_level(figure, _ALARM_PROMISE, "5 %, the promise")
    highest = max(float(found.naive_by_look.max()), float(found.hybrid_by_look.max()), 0.08)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.12 * highest])
    figure.update_xaxes(title="day of the test")
    return _plain(figure, y_title="false alarms so far")


def found(check: PowerCheck, planned: float) -> go.Figure:
    """Draw the share of tests that had found the effect by each day."""
    figure = go.Figure(
        go.Scatter(
            x=check.looks,
            y=check.found_by_look,
            mode="lines",
            line={"color": ACCENT, "width": 2.5, "shape": "hv"},
            fill="tozeroy",
            fillcolor="rgba(76, 95, 213, 0.12)",
            hovertemplate="%{y:.0%} had found it by day %{x}<extra></extra>",
        )
    )
    _add_level(figure, planned, f"{planned:.0%}, planned")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figure.update_xaxes(title="day of the test")
    return _plain(figure, y_title="found so far")


def _add_level(figure: go.Figure, level: float, text: str) -> None:
    figure.add_hline(y=level, line_dash="dot", line_color=_WANTED)
    figure.add_annotation(
        x=1,
        xref="paper",
        y=level,
        text=text,
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font={"color": _TEXT, "size": 12},
    )


def _add_day(figure: go.Figure, day: int, text: str) -> None:
    figure.add_vline(x=day, line_color=MUTED, line_width=1.5)
    figure.add_annotation(
        x=day,
        y=1,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="right",
        xshift=-4,
        font={"color": _TEXT, "size": 12},
    )


def _plain(figure: go.Figure, *, y_title: str) -> go.Figure:
    figure.update_layout(
        margin=_MARGIN,
        height=300,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        hoverlabel={"namelength": -1},
        separators=".,",
    )
    figure.update_yaxes(title=y_title)
    return figure
