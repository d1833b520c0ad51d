"""Campaigns and their versions: every save is a version, and a version never changes."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import ValidationError
from sqlalchemy import delete, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError, UnusableInput
from core.domain.problems import problems_of
from core.domain.versions import CampaignSummary, CampaignVersion
from core.store.claiming import check_text, claim
from core.store.tables import CampaignRow, CampaignVersionRow


def save_version(
    session: Session, campaign: Campaign, *, note: str, saved_at: datetime
) -> CampaignVersion:
    """Keep the campaign as its next version, or give the latest one if that has the same content.

    `session` comes from `database.writing`, so that two savers take turns. Raises UnusableInput for
    what no database can hold: characters that are none, infinite numbers.
    """
    check_text(note, "note")
    check_text(campaign.name, "name")
    document = _document(campaign)
    campaign_id = claim(session, CampaignRow, campaign.name, saved_at)
    newest = session.exec(_newest_first(campaign_id).limit(1)).first()
    if newest is not None and newest.document == document:
        return _version(newest, campaign.name)
    row = CampaignVersionRow(
        campaign_id=campaign_id,
        number=1 if newest is None else newest.number + 1,
        document=document,
        note=note,
        saved_at=saved_at,
    )
    session.add(row)
    session.flush()
    return CampaignVersion(
        campaign=campaign, number=row.number, note=note, saved_at=saved_at.astimezone(UTC)
    )


def latest(session: Session, name: str) -> CampaignVersion | None:
    """Give the campaign's latest version; None if no campaign has that name."""
    return next(iter(_versions(session, name, limit=1)), None)


def versions(session: Session, name: str) -> list[CampaignVersion]:
    """List the campaign's versions, latest first; none if no campaign has that name."""
    return list(_versions(session, name, limit=None))


def version(session: Session, name: str, number: int) -> CampaignVersion | None:
    """Give one version of a campaign; None if there is no such name or number."""
    row = session.exec(
        select(CampaignVersionRow)
        .join(CampaignRow, col(CampaignRow.id) == CampaignVersionRow.campaign_id)
        .where(CampaignRow.name == name, CampaignVersionRow.number == number)
    ).first()
    return None if row is None else _version(row, name)


def list_campaigns(session: Session) -> list[CampaignSummary]:
    """List all campaigns, the one saved last first."""
    newest = (
        select(CampaignVersionRow.campaign_id, func.max(CampaignVersionRow.number).label("number"))
        .group_by(col(CampaignVersionRow.campaign_id))
        .subquery()
    )
    rows = session.exec(
        select(CampaignRow, CampaignVersionRow)
        .join(newest, newest.c.campaign_id == CampaignRow.id)
        .join(
            CampaignVersionRow,
            (col(CampaignVersionRow.campaign_id) == newest.c.campaign_id)
            & (col(CampaignVersionRow.number) == newest.c.number),
        )
        .order_by(col(CampaignVersionRow.saved_at).desc(), col(CampaignRow.name))
    )
    return [_summary(campaign, version) for campaign, version in rows]


def delete_campaign(session: Session, name: str) -> bool:
    """Forget a campaign and all its versions; say whether there was one."""
    deleted = session.exec(
        delete(CampaignRow).where(col(CampaignRow.name) == name).returning(col(CampaignRow.id))
    )
    return deleted.first() is not None


def _newest_first(campaign_id: int) -> SelectOfScalar[CampaignVersionRow]:
    return (
        select(CampaignVersionRow)
        .where(CampaignVersionRow.campaign_id == campaign_id)
        .order_by(col(CampaignVersionRow.number).desc())
    )


def _versions(session: Session, name: str, *, limit: int | None) -> Iterable[CampaignVersion]:
    campaign_id = session.exec(select(CampaignRow.id).where(CampaignRow.name == name)).first()
    if campaign_id is None:
        return []
    rows = session.exec(_newest_first(campaign_id).limit(limit))
    return [_version(row, name) for row in rows]


def _document(campaign: Campaign) -> str:
    """Write the whole file, defaults included: a later default must not change an old version."""
    values = campaign.model_dump(mode="json", by_alias=True)
    try:
        is_kept = Campaign.model_validate(values) == campaign
    except ValidationError:
        is_kept = False
    if not is_kept:
        raise UnusableInput(
            f"the campaign {campaign.name!r} holds a value that no file can hold, "
            "such as an infinite number; give a finite one"
        )
    return json.dumps(values)


def _version(row: CampaignVersionRow, name: str) -> CampaignVersion:
    document = json.loads(row.document)
    try:
        campaign = Campaign.model_validate(document)
    except ValidationError as error:
        raise CampaignError(
            f"version {row.number} of the campaign {name!r} cannot be read by this release: "
            f"{problems_of(error, document)[0]}"
        ) from error
    return CampaignVersion(
        campaign=campaign, number=row.number, note=row.note, saved_at=row.saved_at
    )


def _summary(campaign: CampaignRow, version: CampaignVersionRow) -> CampaignSummary:
    return CampaignSummary(
        name=campaign.name,
        created_at=campaign.created_at,
        latest_number=version.number,
        latest_note=version.note,
        latest_saved_at=version.saved_at,
    )
