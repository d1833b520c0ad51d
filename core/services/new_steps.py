"""New steps as the designer offers them: complete where nobody has to guess."""

from collections.abc import Sequence
from typing import Any

from core.services.drafts import Document
from core.services.flow_ways import fresh_id

# In the order in which a marketer reaches for them.
KINDS: Sequence[str] = (
    *("send", "delay", "wait_for", "branch", "split", "update_profile", "webhook", "exit"),
)

_NAMES = {
    "send": "mail",
    "delay": "pause",
    "wait_for": "wait",
    "update_profile": "profile",
}


def new_step(
    document: Document, kind: str, *, template: str = "", event: str = "purchase"
) -> Document:
    """Give a step for a draft, not yet in it, with an id that is free there.

    `template` is the e-mail of a send; `event` is what a branch asks for where there is no e-mail
    to ask about. Only the e-mail of a send and the address of a webhook may be left to fill in.
    """
    steps = document.get("steps") or []
    step_id = fresh_id(_NAMES.get(kind, kind), [step["id"] for step in steps])
    return {"id": step_id, "kind": kind, **_content(document, kind, template, event)}


def _content(document: Document, kind: str, template: str, event: str) -> dict[str, Any]:
    match kind:
        case "send":
            return {"template": template, "subject": None}
        case "delay":
            return {"for": "24h", "until": None, "on": []}
        case "wait_for":
            clicked = {"event": ["email_clicked"], "where": []}
            return {"event": clicked, "timeout": "24h", "since": "arrival"}
        case "branch":
            return {"cases": [{"if": _first_question(document, event)}]}
        case "split":
            variants = [{"name": name, "weight": 1.0} for name in ("A", "B")]
            return {"salt": None, "variants": variants}
        case "update_profile":
            return {"set": {"last_campaign": document.get("name", "")}}
        case "webhook":
            return {"url": "https://", "body": {}}
        case "exit":
            return {}
        case _:
            raise ValueError(f"no kind of step is called {kind!r}")


def _first_question(document: Document, event: str) -> Document:
    """Ask for a click in the flow's latest e-mail, else for the event."""
    sends = [step["id"] for step in document.get("steps") or [] if step["kind"] == "send"]
    return {"clicked": sends[-1]} if sends else {"did": {"event": [event], "where": []}}
