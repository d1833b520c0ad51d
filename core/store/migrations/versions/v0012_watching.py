"""Alert rules, and days that were checked again."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing yet."""
