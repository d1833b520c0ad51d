"""Keys for browsers and keys for servers."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Nothing yet."""
