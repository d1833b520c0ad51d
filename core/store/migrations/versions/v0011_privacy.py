"""Consent by purpose, and who changed what."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing yet."""
