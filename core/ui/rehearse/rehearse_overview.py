"""The headline of a campaign's rehearsal, and its flow with the counts on steps and ways."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.domain.campaigns import Campaign
from core.rehearsal.reports.funnel import CampaignFunnel, StepFunnel, funnels
from core.services import phrases, rehearsal_questions
from core.services.flow_forms import opened
from core.services.rehearsal_questions import GoalRates
from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.flow_canvas.canvas import CanvasGraph, Selected
from core.ui.flow_canvas.canvas import show as show_canvas
from core.ui.flows import flow_gallery, flow_graph
from core.ui.rehearse import rehearse_graph, rehearse_words
from core.ui.rehearse.rehearse_view import View

_DRAWING, _LIST = "Drawing", "List"
_LAYER = 118  # pixels that one step after another takes in the drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A big figure, and what it says exactly."""

    label: str
    value: str
    help: str


def choose_campaign(names: Sequence[str]) -> int:
    """Let one campaign of the run be chosen, where there are several; give its place."""
    if len(names) == 1:
        return 0
    chosen = st.segmented_control(
        "Campaign",
        range(len(names)),
        default=0,
        format_func=lambda place: formats.plain(names[place]),
        key="rehearse_campaign",
        label_visibility="collapsed",
        required=True,
        persist_state="page",
    )
    return chosen if chosen is not None and chosen < len(names) else 0


def offer_flow(view: View) -> None:
    """Offer to change the flow that is looked at."""
    if st.button(
        "Change the flow",
        icon=navigation.FLOWS.icon,
        key="rehearse_flow_open",
        help="Opens it on the page Flows, as it was rehearsed. Rehearse it again from there, and "
        "*What changes* shows the difference.",
    ):
        flow_gallery.open_rehearsed(view.record.campaigns[view.place])
        st.switch_page(navigation.FLOWS)


def show_numbers(view: View) -> None:
    """Show how many entered, what was sent and held back, who reached the goal anyway."""
    funnel = readers.report(view.rehearsal_id, funnels)[view.place]
    rates = readers.report(view.rehearsal_id, rehearsal_questions.goal_rates)[view.place]
    with st.container(horizontal=True):
        for number in headline(view.campaign, funnel, rates):
            st.metric(number.label, number.value, help=number.help)


def headline(campaign: Campaign, funnel: CampaignFunnel, rates: GoalRates) -> list[Number]:
    """Give the big figures of a campaign."""
    sent = sum(step.sent_count for step in funnel.steps)
    withheld = sum(step.withheld_count for step in funnel.steps)
    return [
        Number(
            label="People entered", value=f"{funnel.people_count:,}", help=_entered_help(funnel)
        ),
        Number(
            label="E-mails sent",
            value=f"{sent:,}",
            help="E-mails that would have left. One person may get several.",
        ),
        Number(
            label="E-mails held back",
            value=f"{withheld:,}",
            help="E-mails that came up, but would not have left. *Held back* has the reasons.",
        ),
        *([] if campaign.goal is None else [_anyway(campaign, rates)]),
        Number(
            label="Still under way",
            value=f"{funnel.waiting_count:,}",
            help="Entries still inside the flow when the data ends: what comes of them is not "
            "known, and no share counts them.",
        ),
    ]


def _entered_help(funnel: CampaignFunnel) -> str:
    said = (
        f"They entered {rehearse_words.times(funnel.enrolment_count)}: one person may enter more "
        "than once."
    )
    if funnel.held_out_people_count:
        said += (
            f" {formats.people(funnel.held_out_people_count)} of them get no e-mails, for "
            "comparison."
        )
    return said


def _anyway(campaign: Campaign, rates: GoalRates) -> Number:
    assert campaign.goal is not None
    count, rate = rates.not_held_out.count, rates.not_held_out.rate
    unknown = (
        f" {formats.people(count.censored_count)} entered so late that it is not known yet."
        if count.censored_count
        else ""
    )
    return Number(
        label=rehearse_words.goal_title(campaign.goal),
        value=formats.percent(None if rate is None else rate.value),
        help=f"{count.goal_count:,} of {formats.people(count.people_count)} within "
        f"{phrases.duration(campaign.goal.within)} of entering, without any of these "
        f"e-mails.{unknown} More under *Bought anyway*.",
    )


def show_flow(view: View) -> None:
    """Show the flow with its counts, as a drawing or as a list."""
    funnel = readers.report(view.rehearsal_id, funnels)[view.place]
    if not view.campaign.steps:
        st.info(
            f"{rehearse_words.entries(funnel.enrolment_count).capitalize()}, and then nothing: "
            "this campaign has a trigger, but no flow yet. Open it on the page Flows and add an "
            "e-mail.",
            icon=":material/account_tree:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = st.segmented_control(
            "How the flow is shown",
            [_DRAWING, _LIST],
            default=_DRAWING,
            key="rehearse_flow_as",
            label_visibility="collapsed",
            required=True,
            persist_state="session",
        )
        st.caption("Counts are entries: somebody who enters twice counts twice.", width="content")
    if shown == _LIST:
        st.markdown(entry_line(view.campaign, funnel))
        st.table(
            flow_table(view.campaign, funnel),
            alt="The steps of the flow, how many came to each and what they did then",
        )
    else:
        _show_drawing(view, funnel)


def _show_drawing(view: View, funnel: CampaignFunnel) -> None:
    chosen_key = f"rehearse_step_{view.rehearsal_id}_{view.place}"
    chosen = st.session_state.get(chosen_key)
    named = view.record.campaigns[view.place]
    places = {} if named.version is None else readers.campaign_layout(view.campaign.name)
    graph = rehearse_graph.graph_of(view.campaign, funnel, places, chosen)
    action = show_canvas(graph, f"rehearse_canvas_{view.rehearsal_id}_{view.place}", _height(graph))
    if isinstance(action, Selected) and action.step_id != chosen:
        st.session_state[chosen_key] = action.step_id
        st.rerun()
    if chosen in {step.step_id for step in funnel.steps}:
        with st.container(border=True):
            st.markdown(step_story(view.campaign, funnel.step(str(chosen))))
    else:
        st.caption("Choose a step to read what happened there.")


def _height(graph: CanvasGraph) -> int:
    """Give the drawing room for its longest way, within what a screen shows."""
    return min(680, max(360, 150 + _LAYER * _depth(graph)))


def _depth(graph: CanvasGraph) -> int:
    depth: dict[str, int] = {}
    for step in reversed(graph.steps):  # in the order of the flow: those behind come first here
        ahead = [depth.get(way.target, 0) for way in step.ways if way.target is not None]
        depth[step.step_id] = 1 + max(ahead, default=0)
    return max(depth.values(), default=0)


def step_story(campaign: Campaign, step: StepFunnel) -> str:
    """Say what happened at a step, as Markdown."""
    title = formats.plain(rehearse_words.step_title(campaign, step.step_id))
    lines = [f"- {formats.plain(said)}" for said in rehearse_graph.step_lines(campaign, step)]
    came = f"**{title}** · {rehearse_words.entries(step.arrived_count)} came here"
    return "\n".join([came, "", *lines])


def entry_line(campaign: Campaign, funnel: CampaignFunnel) -> str:
    """Say when people enter and how often they did, as Markdown."""
    said = formats.plain(flow_graph.entry_words(opened(campaign)))
    return f"{said}: **{rehearse_words.entries(funnel.enrolment_count)}**"


def _briefly(lines: Sequence[str]) -> str:
    """Join what is said of a step, the reasons in brackets left out."""
    return "; ".join(line.split(" (")[0] for line in lines)


def flow_table(campaign: Campaign, funnel: CampaignFunnel) -> pd.DataFrame:
    """List the steps of a flow with what became of the entries that came there."""
    rows = [funnel.step(step["id"]) for step in opened(campaign)["steps"]]
    titles = [rehearse_words.step_title(campaign, row.step_id) for row in rows]
    said = [_briefly(rehearse_graph.step_lines(campaign, row)) for row in rows]
    return pd.DataFrame(
        {
            "Step": [formats.plain(title) for title in titles],
            "Came here": [f"{row.arrived_count:,}" for row in rows],
            "Then": [formats.plain(text) for text in said],
        }
    ).set_index("Step")
