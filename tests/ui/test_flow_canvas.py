import hashlib
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.steps import Step
from core.ui.flow_canvas import canvas
from core.ui.flow_canvas.canvas import (
    Added,
    Arrange,
    CanvasAction,
    Connected,
    Deleted,
    Inbox,
    Moved,
    Redo,
    Selected,
    Undo,
    parse_action,
)

FOLDER = Path(canvas.__file__).parent
SOURCES = [
    *("build.mjs", "package-lock.json", "package.json", "tsconfig.json"),
    *(f"src/{path.name}" for path in (FOLDER / "src").iterdir()),
]


def delivery(number: int, sent: dict[str, Any], client: str = "one") -> dict[str, Any]:
    return {"client": client, "number": number, "action": sent}


def kinds() -> set[str]:
    union = get_args(Step)[0]
    return {get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(union)}


def test_the_built_canvas_belongs_to_its_sources() -> None:
    found = hashlib.sha256()
    for name in sorted(SOURCES):
        found.update(f"{name}\0".encode() + (FOLDER / name).read_bytes() + b"\0")

    built = (FOLDER / "built" / "sources.sha256").read_text().strip()

    assert built == found.hexdigest(), "run `npm ci && npm run build` in core/ui/flow_canvas"


def test_the_bundle_asks_nothing_of_other_hosts_and_stays_small() -> None:
    script = (FOLDER / "built" / "canvas.js").read_text(encoding="utf-8")
    style = (FOLDER / "built" / "canvas.css").read_text(encoding="utf-8")

    assert len(script.encode()) < 600_000
    assert not re.search(r"\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|importScripts", script)
    assert not re.search(r"url\((?!#)|@import", style)


def test_every_bundled_package_is_named_with_its_licence() -> None:
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    needed = {
        name.removeprefix("node_modules/")
        for name, package in locked.items()
        if name and not package.get("dev") and not package.get("peer") and "@types" not in name
    }

    notices = (FOLDER / "built" / "LICENSES.txt").read_text(encoding="utf-8")
    named = set(re.findall(r"^(\S+) [\d.]+ \((?:MIT|ISC|BSD-3-Clause)\)$", notices, re.MULTILINE))

    assert {"react", "react-dom", "@xyflow/react", "@dagrejs/dagre"} <= named <= needed
    assert all(word in notices for word in ("Copyright", "WITHOUT WARRANTY"))


def test_the_lock_file_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text()

    assert "resolved" not in lock
    assert "http" not in lock


def test_the_canvas_knows_every_kind_of_step() -> None:
    offered = (FOLDER / "src" / "kinds.tsx").read_text(encoding="utf-8")

    assert set(re.findall(r'\{ kind: "(\w+)"', offered)) == kinds()


@pytest.mark.parametrize(
    ("sent", "action"),
    [
        ({"kind": "selected", "step": "mail"}, Selected("mail")),
        ({"kind": "selected", "step": None}, Selected(None)),
        (
            {"kind": "connected", "step": "ask", "way": "cases[0].next", "target": "mail"},
            Connected("ask", "cases[0].next", "mail"),
        ),
        (
            {"kind": "connected", "step": "ask", "way": "otherwise", "target": None},
            Connected("ask", "otherwise", None),
        ),
        ({"kind": "moved", "positions": {"mail": {"x": 8, "y": -4}}}, Moved({"mail": (8.0, -4.0)})),
        ({"kind": "deleted", "step": "mail"}, Deleted("mail")),
        (
            {
                "kind": "added",
                "step_kind": "send",
                "after": None,
                "way": None,
                "x": None,
                "y": None,
            },
            Added("send", None, None),
        ),
        (
            {"kind": "added", "step_kind": "exit", "after": "a", "way": "then", "x": 1, "y": 2},
            Added("exit", "a", "then", 1.0, 2.0),
        ),
        (
            {"kind": "added", "step_kind": "exit", "after": "a", "way": "then", "x": None, "y": 0},
            Added("exit", "a", "then"),
        ),
        ({"kind": "undo"}, Undo()),
        ({"kind": "redo"}, Redo()),
        ({"kind": "arrange"}, Arrange()),
    ],
)
def test_what_the_canvas_sends_is_read(sent: dict[str, Any], action: CanvasAction) -> None:
    assert parse_action(sent) == action


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"kind": "selected"},
        {"kind": "selected", "step": 3},
        {"kind": "connected", "step": "a", "way": "next", "target": 1},
        {"kind": "moved", "positions": {"a": {"x": "left", "y": 0}}},
        {"kind": "added", "step_kind": "lottery", "after": None, "way": None},
        {"kind": "added", "step_kind": "send", "after": "a", "way": None},
    ],
)
def test_what_no_canvas_sends_is_not_acted_on(sent: dict[str, Any]) -> None:
    assert parse_action(sent) is None


def test_actions_come_out_once_and_in_the_order_they_came() -> None:
    inbox = Inbox()
    inbox.put(delivery(1, {"kind": "undo"}))
    inbox.put(delivery(2, {"kind": "arrange"}))

    assert [inbox.take(), inbox.take(), inbox.take()] == [Undo(), Arrange(), None]


def test_a_delivery_that_is_repeated_is_not_acted_on_again() -> None:
    inbox = Inbox()
    inbox.put(delivery(1, {"kind": "undo"}))
    inbox.take()

    assert inbox.put(delivery(1, {"kind": "undo"})) is None
    assert inbox.take() is None


def test_a_canvas_drawn_anew_numbers_its_actions_anew() -> None:
    inbox = Inbox()
    inbox.put(delivery(7, {"kind": "undo"}))
    inbox.take()

    inbox.put(delivery(1, {"kind": "redo"}, client="two"))

    assert inbox.take() == Redo()


def test_an_action_is_received_when_it_is_handed_out_and_settled_in_the_next_run() -> None:
    inbox = Inbox()
    inbox.put(delivery(1, {"kind": "undo"}))

    inbox.take()
    handed_out = inbox.receipt(is_settled=False)
    inbox.take()
    next_run = inbox.receipt(is_settled=True)

    assert handed_out == {"client": "one", "received": 1, "settled": 0}
    assert next_run == {"client": "one", "received": 1, "settled": 1}


def test_something_unknown_is_received_too_so_that_the_next_action_is_sent() -> None:
    inbox = Inbox()

    inbox.put(delivery(1, {"kind": "sing"}))

    assert inbox.take() is None
    assert inbox.receipt(is_settled=True) == {"client": "one", "received": 1, "settled": 1}


def test_before_the_first_action_there_is_nothing_to_acknowledge() -> None:
    assert Inbox().receipt(is_settled=True) is None


def test_a_page_with_a_canvas_draws_without_error() -> None:
    page = AppTest.from_function(_page, default_timeout=30).run()

    assert not page.exception
    assert page.markdown[0].value == "None"


def _page() -> None:
    import streamlit as st

    from core.ui.flow_canvas.canvas import CanvasGraph, CanvasStep, CanvasWay, show

    way = CanvasWay(way="next", label="", target=None, share=0.5, count="12")
    step = CanvasStep(step_id="mail", kind="send", title="Send", detail="", ways=[way])
    graph = CanvasGraph(entry_label="Left the cart", steps=[step])
    action = show(graph, "canvas")
    show(graph, "another", height=300, on_action=lambda action: None)
    st.markdown(repr(action))
