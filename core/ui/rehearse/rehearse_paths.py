"""The ways people took, from entering to the end."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.domain.campaigns import Campaign
from core.rehearsal.reports.funnel import CampaignFunnel, funnels
from core.rehearsal.reports.sankey import sankey
from core.services import step_words
from core.ui import formats, readers
from core.ui.rehearse import rehearse_figures, rehearse_words
from core.ui.rehearse.rehearse_figures import node_name
from core.ui.rehearse.rehearse_view import View

_LONGEST = 56


def show(view: View) -> None:
    """Draw the ways; say how they ended."""
    funnel = readers.report(view.rehearsal_id, funnels)[view.place]
    if not funnel.enrolment_count:
        st.info("Nobody entered, so there is no way to show.", icon=":material/route:")
        return
    if not view.campaign.steps:
        st.info("This campaign has no flow yet: there are no ways.", icon=":material/route:")
        return
    st.markdown(ended(funnel))
    st.plotly_chart(
        figure_of(view.campaign, funnel),
        key="rehearse_sankey",
        alt="The ways from entering to the end, as wide as the number of entries",
    )
    st.caption("Counts are entries: somebody who enters twice counts twice.")
    with st.expander("The same as a table", key="rehearse_paths_open", on_change="rerun") as opened:
        if opened.open:
            st.table(ways_table(view.campaign, funnel), alt="How many went from where to where")


def ended(funnel: CampaignFunnel) -> str:
    """Say how the entries ended, as Markdown."""
    ends = {
        "came through to the end": funnel.completed_count + funnel.exited_count,
        "left early, for they reached the goal": funnel.left_by_goal_count,
        "are still under way when the data ends": funnel.waiting_count,
    }
    told = [f"**{count:,}** {what}" for what, count in ends.items() if count]
    return f"Of **{rehearse_words.entries(funnel.enrolment_count)}**, {', '.join(told)}."


def ways_table(campaign: Campaign, funnel: CampaignFunnel) -> pd.DataFrame:
    """List how many went from where to where."""
    drawn, titles = sankey(campaign, funnel), rehearse_words.step_titles(campaign)
    names = [
        formats.plain(titles[node.step_id]) if node.step_id else node_name(node.kind)
        for node in drawn.nodes
    ]
    labels = way_labels(campaign)
    return pd.DataFrame(
        {
            "From": [names[link.source] for link in drawn.links],
            "To": [names[link.target] for link in drawn.links],
            "Way": [
                formats.plain(labels.get((drawn.nodes[link.source].step_id or "", link.way), ""))
                for link in drawn.links
            ],
            "Entries": [f"{link.count:,}" for link in drawn.links],
        }
    ).set_index("From")


def way_labels(campaign: Campaign) -> dict[tuple[str, str], str]:
    """Label the ways out of all steps, by (step, way)."""
    return {
        (step.id, way): label
        for step in campaign.steps
        for way, label in step_words.way_labels(step).items()
    }


def figure_of(campaign: Campaign, funnel: CampaignFunnel) -> go.Figure:
    """Draw the ways of a campaign."""
    titles = rehearse_words.step_titles(campaign)
    labels = {step_id: _short(title) for step_id, title in titles.items()}
    return rehearse_figures.sankey(sankey(campaign, funnel), labels, way_labels(campaign))


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1].rstrip()}…"
