"""Where the clients of Segment and RudderStack are, each installed as its own world does it."""

import os
from pathlib import Path

import pytest

from core.settings import REPOSITORY

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PYTHON = REPOSITORY / ".venv-clients" / "bin" / "python"


def needed(path: str | Path | None, how: str) -> str:
    """Give the path of a tool; without it the test is skipped, or fails where all must be there."""
    if path is not None and Path(path).exists():
        return str(path)
    if os.environ.get("REHEARSAL_REQUIRE_TOOLS"):
        pytest.fail(how)
    pytest.skip(how)
