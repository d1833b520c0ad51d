"""What is done to the flow by hand, on the canvas or in the list, as changes of the draft."""

from collections.abc import Callable
from typing import assert_never

from core import bootstrap
from core.domain.roles import Role
from core.services import campaigns, flow_drafts, new_steps
from core.services.drafts import Document
from core.ui import signed_in
from core.ui.flow_canvas.canvas import (
    Added,
    Arrange,
    CanvasAction,
    Connected,
    Deleted,
    Moved,
    Redo,
    Selected,
    Undo,
)
from core.ui.flows import flow_draft


def handle(action: CanvasAction) -> None:
    """Do what was done on the canvas. Raises UnusableInput for what cannot be done."""
    draft = flow_draft.document()
    match action:
        case Selected(step_id):
            flow_draft.choose(step_id)
        case Connected(step_id, way, target):
            flow_draft.change(flow_drafts.connect(draft, step_id, way, target))
        case Moved(places):
            _keep_places({**flow_draft.places(), **places})
        case Deleted(step_id):
            delete(step_id)
        case Added():
            _add(draft, action)
        case Undo():
            flow_draft.undo()
        case Redo():
            flow_draft.redo()
        case Arrange():
            _keep_places({})
        case _:
            assert_never(action)


def add(kind: str, after: str | None = None, way: str | None = None) -> None:
    """Put a new step onto a way, or without one before the first; it is chosen."""
    _add(flow_draft.document(), Added(kind, after, way))


def delete(step_id: str) -> None:
    """Take a step out."""
    flow_draft.change(flow_drafts.delete(flow_draft.document(), step_id))


def duplicate(step_id: str) -> None:
    """Put a copy of a step behind it, and choose the copy."""
    before = {step["id"] for step in flow_draft.document()["steps"]}
    flow_draft.change(flow_drafts.duplicate(flow_draft.document(), step_id))
    new = [s["id"] for s in flow_draft.document()["steps"] if s["id"] not in before]
    flow_draft.choose(new[0])


def rename(step_id: str, new_id: str) -> None:
    """Call a step otherwise; where that is refused, its field shows the former name again."""
    flow_draft.choose(flow_draft.chosen())
    flow_draft.rename(step_id, new_id.strip())


def change_step(step_id: str, change: Callable[[Document], Document]) -> None:
    """Change a step from outside its widgets."""
    draft = flow_draft.document()
    step = change(flow_drafts.step_of(draft, step_id))
    flow_draft.change(flow_drafts.replace(draft, step_id, step))


def _add(draft: Document, action: Added) -> None:
    emails = bootstrap.template_names()
    # Where there is only one e-mail to choose, nobody has to choose it.
    step = new_steps.new_step(draft, action.kind, template=emails[0] if len(emails) == 1 else "")
    if action.after is None or action.way is None:
        flow_draft.change(flow_drafts.insert_entry(draft, step))
    else:
        flow_draft.change(flow_drafts.insert(draft, step, after=action.after, way=action.way))
    if action.x is not None and action.y is not None:
        _keep_places({**flow_draft.places(), step["id"]: (action.x, action.y)})
    flow_draft.choose(step["id"])


def _keep_places(places: flow_draft.Places) -> None:
    """Keep places with the draft, and with its campaign if it is a saved one."""
    flow_draft.keep_places(places)
    saved = flow_draft.saved_as()
    if saved is not None and signed_in.may(Role.EDITOR):
        _save_places(saved[0], places)


def _save_places(name: str, places: flow_draft.Places) -> None:
    signed_in.check(Role.EDITOR)
    campaigns.save_layout(bootstrap.database(), name, places)
