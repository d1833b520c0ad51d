"""A rehearsed flow as the canvas draws it, with the count of entries on each step and way."""

from collections.abc import Mapping

from core.domain.campaigns import Campaign
from core.rehearsal.reports.funnel import CampaignFunnel, StepFunnel
from core.services import step_words
from core.services.drafts import Document
from core.services.flow_forms import opened
from core.services.flow_ways import ways
from core.ui.flow_canvas.canvas import CanvasGraph, CanvasStep, CanvasWay
from core.ui.flows import flow_graph
from core.ui.rehearse import rehearse_words


def graph_of(
    campaign: Campaign,
    funnel: CampaignFunnel,
    places: Mapping[str, tuple[float, float]],
    chosen: str | None,
) -> CanvasGraph:
    """Give the flow as cards and ways that cannot be changed, with counts of entries."""
    document, titles = opened(campaign), rehearse_words.step_titles(campaign)
    return CanvasGraph(
        entry_label=flow_graph.entry_words(document),
        entry_count=f"{funnel.enrolment_count:,}",
        steps=[
            _card(step, titles[step["id"]], funnel.step(step["id"]), places)
            for step in document["steps"]
        ],
        selected=chosen,
        editable=False,
        can_undo=False,
        can_redo=False,
    )


def _card(
    step: Document, title: str, counted: StepFunnel, places: Mapping[str, tuple[float, float]]
) -> CanvasStep:
    labels = step_words.way_labels(step)
    x, y = places.get(step["id"], (None, None))
    return CanvasStep(
        step_id=step["id"],
        kind=step["kind"],
        title=title,
        detail=_detail(step, counted),
        ways=[_way(place, labels[place], target or None, counted) for place, target in ways(step)],
        count=f"{counted.arrived_count:,}",
        x=x,
        y=y,
    )


def _detail(step: Document, counted: StepFunnel) -> str:
    if counted.kind == "send":
        return f"{counted.sent_count:,} sent, {counted.withheld_count:,} held back"
    return step_words.detail(step)


def _way(place: str, label: str, target: str | None, counted: StepFunnel) -> CanvasWay:
    count = counted.passed_count_by_way.get(place, 0)
    share = count / counted.arrived_count if counted.arrived_count else None
    return CanvasWay(way=place, label=label, target=target, count=f"{count:,}", share=share)


def step_lines(campaign: Campaign, step: StepFunnel) -> list[str]:
    """Say in plain text what became of the entries that came to a step."""
    lines = [*_mail_lines(step), *_way_lines(campaign, step)]
    if step.left_by_goal_count:
        lines.append(f"{step.left_by_goal_count:,} left here, for they reached the goal")
    if step.exited_count:
        lines.append(f"{step.exited_count:,} left the flow here")
    if step.waiting_count:
        lines.append(f"{step.waiting_count:,} are still here when the data ends")
    return lines


def _mail_lines(step: StepFunnel) -> list[str]:
    if step.kind != "send":
        return []
    lines = [f"{rehearse_words.emails(step.sent_count)} sent"]
    if step.withheld_count:
        reasons = ", ".join(
            f"{rehearse_words.lower(rehearse_words.WITHHELD[reason])} {count:,}"
            for reason, count in step.withheld_count_by_reason.items()
        )
        lines.append(f"{step.withheld_count:,} held back ({reasons})")
    if step.deferred_count:
        lines.append(f"{step.deferred_count:,} waited for the end of the quiet hours first")
    return lines


def _way_lines(campaign: Campaign, step: StepFunnel) -> list[str]:
    found = rehearse_words.step_of(campaign, step.step_id)
    if found is None:
        return []
    return [
        f"{step.passed_count_by_way.get(way, 0):,} went on" + (f" by “{label}”" if label else "")
        for way, label in step_words.way_labels(found).items()
    ]
