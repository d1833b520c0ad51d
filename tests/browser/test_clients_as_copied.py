"""The code that the page Connect shows, run as it is with the real clients."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.ui.connect import code_samples
from tests.browser.websites import Receiver
from tests.clients.tools import MODULES, needed

pytestmark = pytest.mark.xdist_group("clients")

Sample = Callable[[str, str], str]


def python_program(folder: Path, code: str, python: str) -> list[str]:
    (folder / "program.py").write_text(code, encoding="utf-8")
    return [python, str(folder / "program.py")]


def node_program(folder: Path, code: str, node: str) -> list[str]:
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "program.mjs").write_text(code, encoding="utf-8")
    return [node, str(folder / "program.mjs")]


@pytest.mark.parametrize(
    "sample",
    [
        code_samples.segment_python,
        code_samples.rudderstack_python,
        code_samples.segment_node,
        code_samples.rudderstack_node,
        code_samples.shell,
    ],
    ids=lambda sample: sample.__name__,
)
def test_what_is_copied_sends_what_it_says(
    receiver: Receiver, python: str, node: str, tmp_path: Path, sample: Sample
) -> None:
    code = sample(receiver.address, receiver.server_key)
    if sample.__name__.endswith("python"):
        command = python_program(tmp_path, code, python)
    elif sample.__name__.endswith("node"):
        command = node_program(tmp_path, code, node)
    else:
        curl = needed(shutil.which("curl"), "curl is missing: install it")
        command = [needed(shutil.which("sh"), "a shell is missing"), "-ec", code]
        assert curl

    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 0, ended.stderr
    assert receiver.events("user_id, event, properties") == [
        ("customer-17", "cart_add", {"product_id": "tent-2", "price": 129.0})
    ]
    assert receiver.rows("SELECT user_id, email FROM live_profiles") == [
        ("customer-17", "jo@example.com")
    ]


def test_the_pixel_that_is_copied_counts(receiver: Receiver) -> None:
    from html import unescape
    from urllib.request import urlopen

    image = code_samples.pixel(receiver.address, receiver.browser_key)
    source = unescape(image.split('src="')[1].split('"')[0])

    with urlopen(source, timeout=30) as answer:
        assert answer.headers["content-type"] == "image/gif"

    assert receiver.events("user_id, event, properties") == [
        ("customer-17", "landing_seen", {"page": "spring"})
    ]
