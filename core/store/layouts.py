"""Where the cards of a campaign's steps stand on the canvas; no part of what the campaign means."""

import json
from collections.abc import Mapping
from math import isfinite

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from core.domain.errors import UnusableInput
from core.store.tables import CampaignLayoutRow, CampaignRow

Positions = Mapping[str, tuple[float, float]]


def save_layout(session: Session, name: str, positions: Positions) -> None:
    """Keep the positions of a campaign's cards by step id, in place of the former.

    Raises UnusableInput if no campaign has that name, or if a position is no finite number.
    """
    if not all(isfinite(part) for position in positions.values() for part in position):
        raise UnusableInput("a card stands at no finite position; arrange the cards anew")
    campaign_id = session.exec(select(CampaignRow.id).where(CampaignRow.name == name)).first()
    if campaign_id is None:
        raise UnusableInput(f"no campaign is called {name!r}; save it before its layout")
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(CampaignLayoutRow).values(
        campaign_id=campaign_id, positions=json.dumps(dict(positions))
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["campaign_id"], set_={"positions": statement.excluded.positions}
        )
    )


def layout(session: Session, name: str) -> dict[str, tuple[float, float]]:
    """Give the positions of a campaign's cards by step id; none if none were kept."""
    positions = session.exec(
        select(CampaignLayoutRow.positions)
        .join(CampaignRow, col(CampaignRow.id) == CampaignLayoutRow.campaign_id)
        .where(CampaignRow.name == name)
    ).first()
    kept: dict[str, list[float]] = {} if positions is None else json.loads(positions)
    return {step_id: (x, y) for step_id, (x, y) in kept.items()}
