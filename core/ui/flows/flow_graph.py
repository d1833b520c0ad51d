"""The draft as the canvas draws it."""

from collections.abc import Mapping, Sequence

from core.domain.errors import UnusableInput
from core.services import drafts, phrases, step_words
from core.services.drafts import Document
from core.services.flow_ways import ways
from core.ui.flow_canvas.canvas import CanvasGraph, CanvasStep, CanvasWay
from core.ui.flows.flow_draft import Places

Problems = Mapping[str, Sequence[str]]


def graph_of(
    document: Document,
    problems: Problems,
    places: Places,
    *,
    chosen: str | None = None,
    can_undo: bool = False,
    can_redo: bool = False,
) -> CanvasGraph:
    """Give the draft as cards and ways; the first problem of a step is marked on its card."""
    return CanvasGraph(
        entry_label=entry_words(document),
        steps=[_card(step, problems, places) for step in document["steps"]],
        selected=chosen,
        can_undo=can_undo,
        can_redo=can_redo,
    )


def entry_words(document: Document) -> str:
    """Say when people enter; of a trigger that is not complete, that it is not."""
    try:
        bare = drafts.campaign_of({**document, "audience": None, "goal": None, "steps": []})
    except UnusableInput:
        return "The start is not complete yet"
    return phrases.sentence(bare.trigger)


def _card(step: Document, problems: Problems, places: Places) -> CanvasStep:
    labels = step_words.way_labels(step)
    x, y = places.get(step["id"], (None, None))
    return CanvasStep(
        step_id=step["id"],
        kind=step["kind"],
        title=step_words.title(step),
        detail=step_words.detail(step),
        ways=[
            CanvasWay(way=place, label=labels[place], target=target or None)
            for place, target in ways(step)
        ],
        problem=" ".join(problems.get(step["id"], ())),
        x=x,
        y=y,
    )
