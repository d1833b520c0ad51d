"""Undo and redo: the drafts before and after the present one, as plain data for a session."""

from typing import TypedDict

from core.services.drafts import Document

MOST_UNDONE = 100


class Edits(TypedDict):
    """The drafts so far, oldest first; the present one; those undone, the latest undone first."""

    past: list[Document]
    present: Document
    future: list[Document]


def started(document: Document) -> Edits:
    """Begin a history; there is nothing to undo."""
    return {"past": [], "present": document, "future": []}


def changed(edits: Edits, document: Document) -> Edits:
    """Go on to another draft; what had been undone is gone. The same content changes nothing."""
    # Python takes 1, 1.0 and true for equal; a campaign does not.
    if repr(document) == repr(edits["present"]):
        return edits
    past = [*edits["past"], edits["present"]][-MOST_UNDONE:]
    return {"past": past, "present": document, "future": []}


def undone(edits: Edits) -> Edits:
    """Go back to the draft before; stay if there is none."""
    if not edits["past"]:
        return edits
    *past, present = edits["past"]
    return {"past": past, "present": present, "future": [edits["present"], *edits["future"]]}


def redone(edits: Edits) -> Edits:
    """Go forward to the draft that was undone last; stay if there is none."""
    if not edits["future"]:
        return edits
    present, *future = edits["future"]
    return {"past": [*edits["past"], edits["present"]], "present": present, "future": future}
