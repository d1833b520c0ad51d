"""Where the cards of a campaign's steps stand on the canvas."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table: one row per campaign, gone with it."""
    op.create_table(
        "campaign_layouts",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_layouts"),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_campaign_layouts_campaign_id",
            ondelete="CASCADE",
        ),
    )
