"""What the model says about a campaign that is not sound."""

from typing import Any

from pydantic import ValidationError

from core.domain.campaigns import Campaign
from core.domain.problems import problems_of

EVENT = {"kind": "event", "match": {"event": "view"}}


def campaign_with(**parts: Any) -> dict[str, Any]:
    return {"name": "c", "trigger": EVENT, **parts}


def faults_of(document: dict[str, Any]) -> list[str]:
    """List the faults as `place: what is wrong`; none for a sound campaign."""
    try:
        Campaign.model_validate(document)
    except ValidationError as error:
        return [str(problem) for problem in problems_of(error, document)]
    return []


def fault_of(document: dict[str, Any]) -> str:
    """Give the only fault."""
    faults = faults_of(document)
    assert len(faults) == 1, faults
    return faults[0]
