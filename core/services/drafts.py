"""Drafts of campaigns as plain data: what the designer edits before it is a valid campaign."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.problems import problems_of

Document = dict[str, Any]

_FIRST_MATCHER = {
    "event": "match",
    "count": "match",
    "sum": "match",
    "absence": "start",
    "inactivity": "of",
}


def document_of(campaign: Campaign) -> Document:
    """Give a campaign as plain data, all keys written."""
    document: Document = campaign.model_dump(mode="json", by_alias=True)
    return document


def campaign_of(document: Document) -> Campaign:
    """Check a draft. Raises UnusableInput with its first fault in one sentence."""
    try:
        return Campaign.model_validate(document)
    except ValidationError as error:
        raise UnusableInput(str(problems_of(error, document)[0])) from error


def new_trigger(kind: str, former: Document, other_event: str) -> Document:
    """Give a trigger of another kind about the same event; `other_event` fills the second part."""
    first = first_matcher(former)
    second = {"event": [other_event], "where": []}
    key = {"key": former.get("key")}
    match kind:
        case "count":
            return {"kind": kind, "match": first, "at_least": 4, "within": "48h", **key}
        case "sum":
            return {
                "kind": kind,
                "match": first,
                "property": "",
                "at_least": 100,
                "within": "7d",
                **key,
            }
        case "absence":
            return {
                "kind": kind,
                "start": first,
                "unless": second,
                "within": "24h",
                "anchor": "last",
                **key,
            }
        case "inactivity":
            return {"kind": kind, "of": first, "for": "7d", **key}
        case "sequence":
            return {"kind": kind, "steps": [first, second], "within": "24h", **key}
        case _:
            return {"kind": "event", "match": first, **key}


def first_matcher(trigger: Document) -> Document:
    """Give the matcher of the event that a trigger begins with."""
    if trigger["kind"] == "sequence":
        steps: Sequence[Document] = trigger["steps"]
        return steps[0]
    matcher: Document = trigger[_FIRST_MATCHER[trigger["kind"]]]
    return matcher
