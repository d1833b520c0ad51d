"""What people do with e-mails, and what mail servers say of them."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
