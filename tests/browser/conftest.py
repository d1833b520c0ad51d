"""A running Rehearsal and a real browser in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from core.settings import REPOSITORY
from core.store.database import open_database
from tests.browser.websites import Receiver, Website, receiver_at, website
from tests.clients.tools import MODULES, PYTHON, needed

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but our pages is loaded: no updates, no sync, no first-run calls.
WIDE: ViewportSize = {"width": 1440, "height": 1000}
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# A machine that starts Rehearsal for the first time compiles its engine before anything else.
START_SECONDS = 300

# Other tests keep both cores busy meanwhile; what is expected comes late rather than never.
PATIENCE = 90_000
RECEIVING = ("streamlit", "run", "app.py", "--server.port")
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        missing = "Chromium is missing: install it (Debian, Ubuntu: sudo apt-get install chromium)"
        if os.environ.get("REHEARSAL_REQUIRE_TOOLS"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start `python -m core run` in an empty home, as `make run` does, and give its address."""
    with running(tmp_path_factory.mktemp("running") / "home") as started:
        yield started


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """Start a Rehearsal that only receives events."""
    home = tmp_path_factory.mktemp("receiving") / "home"
    with running(home, RECEIVING, REHEARSAL_WORKER="off") as address:
        database = open_database(f"sqlite:///{home / 'rehearsal.sqlite'}")
        yield receiver_at(address, database)
        database.dispose()


@pytest.fixture
def receiver(started: Receiver) -> Receiver:
    """Give a running Rehearsal into which nothing came yet."""
    started.forget()
    return started


@pytest.fixture(scope="session")
def _site() -> Iterator[Website]:
    with website() as served:
        yield served


@pytest.fixture
def site(_site: Website) -> Website:
    """Give a website of somebody else, without pages."""
    _site.pages.clear()
    _site.headers.clear()
    return _site


@pytest.fixture(scope="session")
def python() -> str:
    """Give the Python that has the clients."""
    return needed(PYTHON, "the clients for Python are missing: run make clients")


@pytest.fixture(scope="session")
def node() -> str:
    """Give Node, with the clients installed."""
    needed(MODULES / "@segment", "the clients for Node are missing: run make clients")
    return needed(shutil.which("node"), "Node is missing: install it, then run make clients")


@pytest.fixture(scope="session")
def modules() -> Path:
    """Give the folder of the browsers' clients."""
    return Path(needed(MODULES, "the clients for browsers are missing: run make clients"))


@contextmanager
def running(
    home: Path, command: Sequence[str] = ("core", "run", "--port"), **environment: str
) -> Iterator[str]:
    """Run Rehearsal in a home of its own, and give its address; `command` ends before the port."""
    port = free_port()
    home.mkdir()
    log = home.with_name("log.txt")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, str(port)],
            cwd=REPOSITORY,
            env={**os.environ, "REHEARSAL_HOME": str(home), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with _opened(browser) as page:
        yield page


@pytest.fixture(scope="module")
def used_page(browser: Browser) -> Iterator[Page]:
    """Give a page that has been used before: it has read the scripts, which takes a browser long.

    For tests that look at what is shown and leave nothing behind in the browser.
    """
    with _opened(browser) as page:
        yield page


@contextmanager
def _opened(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport=WIDE)
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Give another host's address, and the list in which it writes down what it is asked for."""
    asked: list[str] = []

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 (the name that the server calls)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{address}/_stcore/health", timeout=10) as answer:
                if answer.status == 200:
                    return
        except OSError:  # not there yet, or not yet able to answer
            time.sleep(0.2)
    pytest.fail(f"Rehearsal did not start:\n{log.read_text()[-3000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server; one that is too busy to go by itself is not waited for."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
