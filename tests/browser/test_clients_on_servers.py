"""The clients for servers, against a running Rehearsal, through a network that fails first."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.browser.websites import Receiver
from tests.clients.tools import HERE
from tests.clients.troubles import Trouble, troubled

pytestmark = pytest.mark.xdist_group("clients")

PROGRAMS = ("segment_python.py", "rudder_python.py", "segment_node.mjs", "rudder_node.cjs")
COUNT = 130
SECONDS = 120

Ended = tuple[int, str, list[Trouble]]  # exit status, what was said, and troubles it never met


@pytest.fixture(scope="module")
def ended(started: Receiver, python: str, node: str) -> Mapping[str, Ended]:
    """Let all clients send at the same time, and give how each of them ended."""
    commands = {
        name: [python if name.endswith(".py") else node, str(HERE / "programs" / name)]
        for name in PROGRAMS
    }

    def send(name: str) -> Ended:
        with troubled(started.address) as (address, troubles):
            said = subprocess.run(
                [*commands[name], started.server_key, address, str(COUNT)],
                check=False,
                text=True,
                capture_output=True,
                timeout=SECONDS,
            )
            return said.returncode, said.stdout + said.stderr, troubles

    with ThreadPoolExecutor(len(PROGRAMS)) as pool:
        return dict(zip(PROGRAMS, pool.map(send, PROGRAMS), strict=True))


@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_a_client_sends_arrives_once(
    started: Receiver, ended: Mapping[str, Ended], program: str
) -> None:
    who = program.partition(".")[0]

    status, said, troubles = ended[program]

    assert (status, troubles) == (0, []), said
    events = [
        (user, event, properties)
        for user, event, properties in started.events("user_id, event, properties")
        if user.startswith(who)
    ]
    viewed = Counter(properties["n"] for _, event, properties in events if event.startswith("Pro"))
    assert viewed == Counter(range(COUNT))
    assert {p["sign"] for _, event, p in events if event.startswith("Pro")} == {"ä🎉"}
    others = Counter((user, event) for user, event, _ in events if not event.startswith("Pro"))
    assert others == Counter([(who, "Added"), (who, "page"), (who, "screen")])
    profiles = started.rows("SELECT user_id, email, traits FROM live_profiles")
    ((email, traits),) = [(email, traits) for user, email, traits in profiles if user == who]
    assert email == f"{who}@example.com"
    assert '"group_id": "g1"' in traits
    assert (f"anon:{who}-old", who) in started.rows("SELECT person_id, user_id FROM person_links")
