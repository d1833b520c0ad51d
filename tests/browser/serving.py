"""A Streamlit script of a test's own, running in front of the browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings import REPOSITORY
from tests.browser.conftest import end, free_port, wait_until_healthy


@contextmanager
def serving(script: str, folder: Path) -> Iterator[str]:
    """Run `script` from a file in `folder` and give its address."""
    path, log, port = folder / "script.py", folder / "log.txt", free_port()
    path.write_text(script, encoding="utf-8")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(path), "--server.port", str(port)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)
