"""Charts of a test: results in, a Plotly figure out; nothing here talks to Streamlit."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.domain.instants import as_microseconds
from core.services.experiment_counts import GoalResult
from core.services.experiment_looks import VariantLooks
from core.services.experiment_reading import DAY
from core.services.experiment_results import ExperimentResults
from core.services.experiment_segments import ConversionCurve
from core.stats.intervals import Reason
from core.stats.multiple import Compared
from core.ui.experiments.result_words import mark
from core.ui.figures import ACCENT, COLOURS, chart_text

_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_BAND, _ZERO, _TEXT = "rgba(76, 95, 213, 0.16)", "#667085", "#1F2430"
_MOST_DRAWN = 3.0  # lifts beyond +300 % say nothing but "hardly anybody yet"
_LINE_HEIGHT = 44
_LONGEST_LABEL = 22


def lift_over_time(results: ExperimentResults, looks: VariantLooks) -> go.Figure:
    """Draw what could be said of a variant's lift at each look, with the line of no difference."""
    at = _drawn_at(looks).astype("datetime64[us]")
    found = looks.looks
    figure = go.Figure()
    edge = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    figure.add_scatter(x=at, y=found.high, showlegend=False, **edge)
    figure.add_scatter(
        x=at, y=found.low, fill="tonexty", fillcolor=_BAND, name="range at any look", **edge
    )
    figure.add_scatter(
        x=at,
        y=found.lift,
        mode="lines+markers",
        name="difference so far",
        line={"color": ACCENT, "width": 2},
        marker={"size": 5},
        customdata=np.column_stack([found.low, found.high, found.converter_count]),
        hovertemplate="%{x|%-d %b}: %{y:+.0%} (%{customdata[0]:.0%} to %{customdata[1]:.0%}), "
        "%{customdata[2]:,} with the goal<extra></extra>",
    )
    _mark_times(figure, results, looks)
    figure.add_hline(y=0, line_color=_ZERO, line_width=1.5)
    low, high = _drawn(looks)
    figure.update_yaxes(range=[low, high], tickformat=".0%", zeroline=False)
    figure.update_xaxes(range=_days(looks), tickformat="%-d %b", nticks=6)
    return _plain(figure, height=320)


def _mark_times(figure: go.Figure, results: ExperimentResults, looks: VariantLooks) -> None:
    """Mark the planned end, and where weights were changed."""
    marks = [(as_microseconds(at), "weights changed") for at in results.weights_changed_at]
    if looks.planned_end_at is not None:
        marks.append((looks.planned_end_at, "planned end"))
    elif results.settings.planned_end_at is not None:
        marks.append((as_microseconds(results.settings.planned_end_at), "planned end"))
    for at, said in marks:
        moment = np.datetime64(at, "us").item()
        figure.add_vline(x=moment, line_dash="dot", line_color=COLOURS[1])
        figure.add_annotation(
            x=moment,
            y=1,
            yref="paper",
            text=said,
            showarrow=False,
            xanchor="right",
            xshift=-4,
            font={"color": _TEXT, "size": 12},
        )


def _drawn(looks: VariantLooks) -> tuple[float, float]:
    """Choose the lifts that are drawn: all that is known in the later half, zero among them."""
    half = len(looks.at) // 2
    ends = np.concatenate([looks.looks.low[half:], looks.looks.high[half:]])
    known = ends[np.isfinite(ends)]
    if len(known) == 0:
        return -1.0, 1.0
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    room = 0.15 * (high - low)
    return max(-1.05, low - room), min(_MOST_DRAWN, high + room)


def _drawn_at(looks: VariantLooks) -> NDArray[np.int64]:
    """Draw the look of now no later than a day after the one before: nothing came in between."""
    at = looks.at.copy()
    if len(at) > 1:
        usual = int(np.diff(at[:-1]).max()) if len(at) > 2 else DAY
        at[-1] = min(at[-1], at[-2] + max(usual, DAY))
    return at


def _days(looks: VariantLooks) -> list[object]:
    """Leave room around a single look, which would be drawn at microseconds."""
    at = _drawn_at(looks)
    first, last = int(at[0]), int(at[-1])
    room = max((last - first) // 40, 12 * 3_600_000_000 if first == last else 0)
    return [np.datetime64(at, "us").item() for at in (first - room, last + room)]


def by_day(curves: Sequence[ConversionCurve], control: str) -> go.Figure:
    """Draw the share that had reached the goal by each day since the split, per variant."""
    figure = go.Figure()
    for place, curve in enumerate(curves):
        is_control = curve.name == control
        figure.add_scatter(
            x=curve.days,
            y=curve.reached_rate,
            mode="lines",
            name=_label(curve.name, control),
            line={
                "color": _colour(place, is_control),
                "width": 2.5,
                "dash": "dot" if is_control else "solid",
            },
            hovertemplate=f"{_short(curve.name)}: %{{y:.2%}} by day %{{x:.1f}}<extra></extra>",
        )
    figure.update_yaxes(tickformat=".1%", rangemode="tozero")
    figure.update_xaxes(title="days since the split", rangemode="tozero")
    return _plain(figure, y_title="reached the goal", height=320)


def rates(goal: GoalResult, control: str) -> go.Figure:
    """Draw the share with the goal of each variant, with its range."""
    known = [count for count in goal.counts if not isinstance(count.rate, Reason)]
    estimates = [count.rate for count in known if not isinstance(count.rate, Reason)]
    figure = _dots(
        labels=[_label(c.name, control) for c in known],
        values=[e.value for e in estimates],
        lows=[e.low for e in estimates],
        highs=[e.high for e in estimates],
        colours=[_ZERO if count.name == control else ACCENT for count in known],
        template="%{y}: %{x:.2%} (%{customdata[0]:.2%} to %{customdata[1]:.2%})<extra></extra>",
    )
    figure.update_xaxes(tickformat=".1%", title="share with the goal")
    return figure


def groups(rows: Sequence[Compared], *, has_several: bool) -> go.Figure:
    """Draw the lift in each group with its range; exploratory, so without a colour that decides."""
    labels, values, lows, highs = [], [], [], []
    for row in rows:
        contrast = row.contrast
        if isinstance(contrast, Reason) or isinstance(contrast.lift, Reason):
            continue
        group = _short(row.segment or "")
        labels.append(f"{group}<br>{_short(contrast.variant)}" if has_several else group)
        values.append(contrast.lift.value)
        lows.append(max(contrast.lift.low, -1.0))
        highs.append(contrast.lift.high)
    figure = _dots(
        labels=labels,
        values=values,
        lows=lows,
        highs=highs,
        colours=["#8A93A6"] * len(labels),
        template="%{y}: %{x:+.0%} (%{customdata[0]:.0%} to %{customdata[1]:.0%})<extra></extra>",
    )
    figure.add_vline(x=0, line_color=_ZERO, line_width=1.5)
    most = min(_MOST_DRAWN, max((*highs, 0.1)) * 1.1)
    least = max(-1.05, min((*lows, -0.1)) * 1.1)
    figure.update_xaxes(tickformat=".0%", range=[least, most], title="difference to the control")
    return figure


def _dots(
    *,
    labels: Sequence[str],
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    colours: Sequence[str],
    template: str,
) -> go.Figure:
    figure = go.Figure()
    for label, value, low, high, colour in zip(labels, values, lows, highs, colours, strict=True):
        figure.add_scatter(
            x=[value],
            y=[label],
            mode="markers",
            marker={"color": colour, "size": 11},
            error_x={
                "type": "data",
                "array": [high - value],
                "arrayminus": [value - low],
                "color": colour,
                "thickness": 2.5,
                "width": 5,
            },
            customdata=[[low, high]],
            hovertemplate=template,
            showlegend=False,
        )
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    return _plain(figure, height=80 + _LINE_HEIGHT * max(1, len(labels)))


def _colour(place: int, is_control: bool) -> str:
    if is_control:
        return _ZERO
    return COLOURS[place % len(COLOURS)] if place else ACCENT


def _label(name: str, control: str) -> str:
    return _short(name) + mark(name, control)


def _short(name: str) -> str:
    """Shorten a name for a label beside a chart that is read on phones as well."""
    is_long = len(name) > _LONGEST_LABEL
    return chart_text(name[: _LONGEST_LABEL - 1] + "…" if is_long else name)


def _plain(figure: go.Figure, *, y_title: str | None = None, height: int) -> go.Figure:
    figure.update_layout(
        margin=_MARGIN,
        height=height,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        hoverlabel={"namelength": -1},
        separators=".,",
    )
    figure.update_yaxes(title=y_title)
    return figure
