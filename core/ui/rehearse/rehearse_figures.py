"""Charts of a rehearsal: data in, a Plotly figure out; nothing here talks to Streamlit."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.rehearsal.reports.sankey import NodeKind, Sankey
from core.rehearsal.reports.timing import CampaignSends
from core.services.sends_forecast import SendsForecast
from core.ui.figures import ACCENT, COLOURS, MUTED, chart_text

_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_BAND = "rgba(76, 95, 213, 0.18)"
_ENDS = {
    NodeKind.ENTERED: ("entered", "#AEB8F4"),
    NodeKind.COMPLETED: ("through the flow", "#93DDB3"),
    NodeKind.GOAL: ("reached the goal", "#D5BBF3"),
    NodeKind.EXITED: ("left the flow", "#93DDB3"),
    NodeKind.WAITING: ("still under way", "#F9CFA5"),
}
_STEP = "#C6CCD8"
_LAYER = 62  # pixels from one layer of the ways to the next


def sends(counted: CampaignSends, labels: Mapping[str, str], ahead: SendsForecast) -> go.Figure:
    """Draw e-mails sent per day, stacked by step, and the forecast of the days after."""
    figure = go.Figure()
    for position, step in enumerate(counted.steps):
        figure.add_bar(
            x=list(counted.days),
            y=step.counts.tolist(),
            name=chart_text(labels.get(step.step_id, step.step_id)),
            marker_color=COLOURS[position % len(COLOURS)],
            hovertemplate="%{x|%a %-d %b}: %{y:,}",
        )
    if ahead.days:
        _add_forecast(figure, ahead)
    figure.update_layout(barmode="stack", bargap=0.12, hovermode="x unified")
    return _plain(figure, y_title="e-mails per day")


def _add_forecast(figure: go.Figure, ahead: SendsForecast) -> None:
    days = list(ahead.days)
    band = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(x=days, y=list(ahead.high), **band)
    figure.add_scatter(x=days, y=list(ahead.low), fill="tonexty", fillcolor=_BAND, **band)
    figure.add_scatter(
        x=days,
        y=list(ahead.expected),
        mode="lines",
        name="forecast",
        line={"color": ACCENT, "width": 2, "dash": "dot"},
        customdata=[[low, high] for low, high in zip(ahead.low, ahead.high, strict=True)],
        hovertemplate="%{y:,.0f} (%{customdata[0]:,.0f} to %{customdata[1]:,.0f})",
    )


def sankey(
    drawn: Sankey, labels: Mapping[str, str], way_label: Mapping[tuple[str, str], str]
) -> go.Figure:
    """Draw the ways from entering, at the top, to the end; `way_label` goes by (step, way)."""
    nodes = drawn.nodes
    names = [
        chart_text(labels.get(node.step_id, node.step_id)) if node.step_id else _ENDS[node.kind][0]
        for node in nodes
    ]
    said = [_way_said(drawn, number, way_label) for number in range(len(drawn.links))]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            orientation="v",  # bars as wide as the page have room for their names
            textfont={"color": "#1F2430", "size": 12},
            node={
                "label": [
                    f"{name} · {node.count:,}" for name, node in zip(names, nodes, strict=True)
                ],
                "color": [_STEP if n.step_id else _ENDS[n.kind][1] for n in nodes],
                "pad": 28,
                "thickness": 22,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [link.source for link in drawn.links],
                "target": [link.target for link in drawn.links],
                "value": [link.count for link in drawn.links],
                "label": said,
                "color": "rgba(138, 147, 166, 0.28)",
                "hovertemplate": "%{value:,} entries%{label}<extra></extra>",
            },
            valueformat=",",
        )
    )
    # Room at the right for the name of a narrow last bar.
    margin = {**_MARGIN, "t": 36, "r": 96}
    figure.update_layout(margin=margin, height=60 + _LAYER * _layer_count(drawn))
    return figure


def _layer_count(drawn: Sankey) -> int:
    """Count the bars on the longest way; a link leads to a later node or to an end."""
    depth = dict.fromkeys(range(len(drawn.nodes)), 1)
    for _ in drawn.nodes:
        for link in drawn.links:
            depth[link.target] = max(depth[link.target], depth[link.source] + 1)
    return max(depth.values(), default=1)


def _way_said(drawn: Sankey, number: int, way_label: Mapping[tuple[str, str], str]) -> str:
    link = drawn.links[number]
    step_id = drawn.nodes[link.source].step_id
    label = way_label.get((step_id, link.way), "") if step_id else ""
    return f": {chart_text(label)}" if label else ""


def node_name(kind: NodeKind) -> str:
    """Name the entry or an end of the ways."""
    return _ENDS[kind][0]


def people_by_emails(people_by_count: Mapping[int, int], most: int = 10) -> go.Figure:
    """Draw how many people got how many e-mails; more than `most` together."""
    shown = {n: people_by_count.get(n, 0) for n in range(min(most, max(people_by_count)) + 1)}
    labels = [str(n) for n in shown]
    counts = list(shown.values())
    rest = sum(people for n, people in people_by_count.items() if n > most)
    if rest:
        labels, counts = [*labels, f"over {most}"], [*counts, rest]
    colours = [MUTED if label == "0" else ACCENT for label in labels]
    figure = go.Figure(
        go.Bar(
            x=labels,
            y=counts,
            marker_color=colours,
            text=[f"{count:,}" for count in counts],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x} e-mails: %{y:,} people<extra></extra>",
        )
    )
    figure.update_xaxes(type="category", title="e-mails to one person")
    return _plain(figure, y_title="people")


def bought_before(labels: Sequence[str], rates: Sequence[float], texts: Sequence[str]) -> go.Figure:
    """Draw the share who had reached the goal by the time each e-mail would leave."""
    figure = go.Figure(
        go.Bar(
            x=list(rates),
            y=[chart_text(label) for label in labels],
            orientation="h",
            marker_color=ACCENT,
            text=list(texts),
            textposition="auto",
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", title="reached the goal before it")
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure = _plain(figure, y_title=None)
    figure.update_layout(height=90 + 44 * len(labels))
    return figure


def _plain(figure: go.Figure, *, y_title: str | None) -> go.Figure:
    figure.update_layout(
        margin=_MARGIN,
        height=300,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hoverlabel={"namelength": -1},
        separators=".,",
    )
    figure.update_yaxes(title=y_title)
    return figure
