"""The way from entry to outcome as nodes and links."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.campaigns import Campaign
from core.domain.flows import ways_out
from core.rehearsal.reports.funnel import CampaignFunnel, StepFunnel


class NodeKind(StrEnum):
    """What a node stands for: the entry, a step, or how it came out."""

    ENTERED = "entered"
    STEP = "step"
    COMPLETED = "completed"
    GOAL = "goal"
    EXITED = "exited"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class SankeyNode:
    """A place and the enrolments that came through it; `step_id` is None but for a step."""

    kind: NodeKind
    step_id: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SankeyLink:
    """Enrolments that went from one node to another (places in the nodes) by a way of the step.

    `way` is empty for the link from the entry and for links to the goal, the exit and the waiting.
    """

    source: int
    target: int
    way: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sankey:
    """Nodes and links with counts above 0; what goes into a step also comes out of it."""

    nodes: Sequence[SankeyNode]
    links: Sequence[SankeyLink]


_Node = tuple[NodeKind, str | None]
_Flow = tuple[_Node, _Node, str, int]
_ENTERED: _Node = (NodeKind.ENTERED, None)
_COMPLETED: _Node = (NodeKind.COMPLETED, None)


def sankey(campaign: Campaign, funnel: CampaignFunnel) -> Sankey:
    """Draw up nodes and links from a campaign's funnel."""
    flows = [flow for flow in _flows(campaign, funnel) if flow[3] > 0]
    count_into: dict[_Node, int] = {}
    if funnel.enrolment_count:
        count_into[_ENTERED] = funnel.enrolment_count
    for _, target, _, count in flows:
        count_into[target] = count_into.get(target, 0) + count
    nodes = sorted(count_into, key=lambda node: _rank(node, campaign))
    place = {node: n for n, node in enumerate(nodes)}
    return Sankey(
        nodes=[SankeyNode(kind=kind, step_id=i, count=count_into[kind, i]) for kind, i in nodes],
        links=[
            SankeyLink(source=place[source], target=place[target], way=way, count=count)
            for source, target, way, count in flows
        ],
    )


def _flows(campaign: Campaign, funnel: CampaignFunnel) -> list[_Flow]:
    first = (NodeKind.STEP, campaign.steps[0].id) if campaign.steps else _COMPLETED
    ways = ways_out(campaign.steps)
    flows: list[_Flow] = [(_ENTERED, first, "", funnel.enrolment_count)]
    for step in funnel.steps:
        flows += _out_of(step, dict(ways[step.step_id]))
    return flows


def _out_of(step: StepFunnel, target_by_way: dict[str, str | None]) -> list[_Flow]:
    here: _Node = (NodeKind.STEP, step.step_id)
    flows: list[_Flow] = []
    for way, count in step.passed_count_by_way.items():
        target = target_by_way[way]
        flows.append((here, _COMPLETED if target is None else (NodeKind.STEP, target), way, count))
    return [
        *flows,
        (here, (NodeKind.GOAL, None), "", step.left_by_goal_count),
        (here, (NodeKind.EXITED, None), "", step.exited_count),
        (here, (NodeKind.WAITING, None), "", step.waiting_count),
    ]


def _rank(node: _Node, campaign: Campaign) -> tuple[int, int]:
    """Order: the entry, the steps as the file lists them, then how it came out."""
    kind, step_id = node
    ids = [step.id for step in campaign.steps]
    return list(NodeKind).index(kind), 0 if step_id is None else ids.index(step_id)
