"""The flow canvas: a flow as cards and ways, and what the marketer does to it by hand."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import streamlit as st

from core.domain.steps import Step

logger = logging.getLogger(__name__)

_BUILT = Path(__file__).with_name("built")
_KINDS = frozenset(
    get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Step)[0])
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasWay:
    """One way out of a step; `way` is its place in the file, as in `cases[0].next`."""

    way: str
    label: str
    target: str | None
    count: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasStep:
    """A card; without a place of its own it stands where the layout puts it."""

    step_id: str
    kind: str
    title: str
    detail: str
    ways: Sequence[CanvasWay]
    problem: str = ""
    count: str = ""
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasGraph:
    """A flow as it is drawn; people enter at the first of the steps."""

    entry_label: str
    steps: Sequence[CanvasStep]
    entry_count: str = ""
    selected: str | None = None
    editable: bool = True
    can_undo: bool = True
    can_redo: bool = True


@dataclass(frozen=True, slots=True)
class Selected:
    """A card was chosen, or none."""

    step_id: str | None


@dataclass(frozen=True, slots=True)
class Connected:
    """A way was led to another step, or to the end of the flow."""

    step_id: str
    way: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Cards were put somewhere: the places of all cards, by step."""

    places: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Deleted:
    """A step was deleted."""

    step_id: str


@dataclass(frozen=True, slots=True)
class Added:
    """A step was put onto a way of `after`; without `after` it comes first.

    `x` and `y` are where it was dropped, if the flow is laid out by hand.
    """

    kind: str
    after: str | None
    way: str | None
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """The last change is to be taken back."""


@dataclass(frozen=True, slots=True)
class Redo:
    """The change taken back last is to be made again."""


@dataclass(frozen=True, slots=True)
class Arrange:
    """All places are to be forgotten, so that the layout puts every card."""


CanvasAction = Selected | Connected | Moved | Deleted | Added | Undo | Redo | Arrange


def show(
    graph: CanvasGraph,
    key: str,
    height: int = 640,
    on_action: Callable[[CanvasAction], None] | None = None,
) -> CanvasAction | None:
    """Draw the flow and give what was done to it, each action once and in order.

    With `on_action`, actions go there instead, before the script runs: the canvas then needs no
    second run to show what came of them. `key` tells canvases of a page, and of flows, apart.
    """
    inbox = _inbox(key)
    action = inbox.take()
    with st.container(gap=None):
        _CODE(key=f"{key}_code", data={"version": _VERSION, "css": _CSS})
        _CANVAS(
            key=key,
            data={
                "version": _VERSION,
                "name": key,
                "height": height,
                "graph": asdict(graph),
                "receipt": inbox.receipt(is_settled=action is None),
            },
            on_action_change=partial(_receive, key, on_action),
        )
    return action


def parse_action(sent: Mapping[str, Any]) -> CanvasAction | None:
    """Read what the browser sent; None if it is nothing that the canvas sends."""
    match sent:
        case {"kind": "selected", "step": str() | None as step}:
            return Selected(step)
        case {"kind": "connected", "step": str(step), "way": str(way), "target": target} if (
            target is None or isinstance(target, str)
        ):
            return Connected(step, way, target)
        case {"kind": "moved", "positions": dict(positions)}:
            return _moved(positions)
        case {"kind": "deleted", "step": str(step)}:
            return Deleted(step)
        case {"kind": "added", "step_kind": str(kind)} if kind in _KINDS:
            return _added(kind, sent)
        case {"kind": "undo"}:
            return Undo()
        case {"kind": "redo"}:
            return Redo()
        case {"kind": "arrange"}:
            return Arrange()
        case _:
            return None


def _moved(positions: Mapping[Any, Any]) -> Moved | None:
    places: dict[str, tuple[float, float]] = {}
    for step_id, place in positions.items():
        match place:
            case {"x": int() | float() as x, "y": int() | float() as y}:
                places[str(step_id)] = (float(x), float(y))
            case _:
                return None
    return Moved(places)


def _added(kind: str, sent: Mapping[str, Any]) -> Added | None:
    match sent:
        case {"after": str(after), "way": str(way), "x": int() | float() as x, "y": y} if (
            isinstance(y, (int, float))
        ):
            return Added(kind, after, way, float(x), float(y))
        case {"after": str(after), "way": str(way)}:
            return Added(kind, after, way)
        case {"after": None}:
            return Added(kind, None, None)
        case _:
            return None


class Inbox:
    """What came from one canvas: a repeated delivery is known by its number.

    The canvas sends the next action when the former was received. It numbers them anew each time
    that it is drawn from nothing, and says so by another name of its own (`client`).
    """

    def __init__(self) -> None:
        self._client = ""
        self._received = 0
        self._taken = 0
        self._waiting: list[tuple[int, CanvasAction]] = []

    def put(self, delivery: Mapping[str, Any]) -> CanvasAction | None:
        """Keep a delivery's action and return it, unless it has come before."""
        match delivery:
            case {"client": str(client), "number": int(number), "action": dict(sent)}:
                pass
            case _:
                return None
        if client != self._client:
            self._client, self._received, self._taken = client, 0, 0
        if number <= self._received:
            return None
        self._received = number
        action = parse_action(sent)
        if action is None:
            logger.warning("The flow canvas sent something unknown", extra={"sent": sent})
            return None
        self._waiting.append((number, action))
        return action

    def take(self) -> CanvasAction | None:
        """Hand out the action that waits longest."""
        if not self._waiting:
            self._taken = self._received
            return None
        self._taken, action = self._waiting.pop(0)
        return action

    def receipt(self, *, is_settled: bool) -> dict[str, Any] | None:
        """Say how far the page has come: what it received, and what its flow shows."""
        if not self._client:
            return None
        settled = self._taken if is_settled else self._taken - 1
        return {"client": self._client, "received": self._taken, "settled": settled}


def _inbox(key: str) -> Inbox:
    name = f"{key}_inbox"
    if name not in st.session_state:
        st.session_state[name] = Inbox()
    inbox: Inbox = st.session_state[name]
    return inbox


def _receive(key: str, on_action: Callable[[CanvasAction], None] | None) -> None:
    delivery = st.session_state[key].get("action")
    inbox = _inbox(key)
    if not isinstance(delivery, Mapping) or inbox.put(delivery) is None or on_action is None:
        return
    action = inbox.take()
    if action is not None:
        on_action(action)


def _read(name: str) -> str:
    return (_BUILT / name).read_text(encoding="utf-8")


_VERSION = _read("sources.sha256").strip()
_CSS = _read("canvas.css")

# The code is an element of its own. Its message never changes, so that Streamlit sends it once;
# the element that draws holds only the flow.
_CODE = st.components.v2.component("flow_canvas_code", js=_read("canvas.js"))
_CANVAS = st.components.v2.component(
    "flow_canvas",
    js="""
export default async function (component) {
  const { version } = component.data;
  const shelves = (globalThis.rehearsalFlowCanvas ??= new Map());
  if (!shelves.has(version)) {
    let put;
    const promise = new Promise((resolve) => (put = resolve));
    shelves.set(version, { promise, put });
  }
  return (await shelves.get(version).promise)(component);
}
""",
)
