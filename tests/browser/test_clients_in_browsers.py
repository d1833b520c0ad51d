"""The clients for browsers, in Chromium, on a page of another origin than Rehearsal's."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route

from tests.browser.steps import eventually
from tests.browser.websites import Receiver, Website
from tests.clients.troubles import Trouble

pytestmark = pytest.mark.xdist_group("clients")

COUNT = 20
SEGMENT = "@segment/analytics-next/dist/umd/index.js"
RUDDER = "@rudderstack/analytics-js/dist/npm/modern/bundled/esm/index.mjs"
DATA = "**/v1/*"


@pytest.fixture
def alone(page: Page) -> Iterator[Page]:
    """Give a page that reaches nothing but this computer, and notes what else it asked for."""
    asked: list[str] = []

    def stay(route: Route, request: Request) -> None:
        if urlsplit(request.url).hostname == "127.0.0.1":
            route.fallback()
        else:
            asked.append(request.url)
            route.abort()

    page.route("**/*", stay)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
    assert asked == []


def fail_first(page: Page, troubles: list[Trouble]) -> None:
    """Let the first requests with events go wrong."""

    def go(route: Route, request: Request) -> None:
        trouble = troubles.pop(0) if troubles and request.method == "POST" else None
        match trouble:
            case Trouble.UNAVAILABLE:
                route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
            case Trouble.UNHEARD:
                route.fetch()
                route.abort()
            case Trouble.DROPPED:
                route.abort()
            case None:
                route.fallback()

    page.route(DATA, go)


def expect_all(page: Page, receiver: Receiver, who: str) -> None:
    """Wait until everything is there, and see that it is there once and belongs to one person."""

    def found() -> list[tuple[str, dict[str, Any]]]:
        return [
            (event, properties)
            for user, event, properties in receiver.events("user_id, event, properties")
            if user == who
        ]

    eventually(page, lambda: len(found()) >= COUNT + 1)
    viewed = Counter(said["n"] for event, said in found() if event == "Product Viewed")
    assert viewed == Counter(range(COUNT))
    (view,) = [said for event, said in found() if event == "page"]
    assert view["title"] == "Tents"
    assert receiver.rows(f"SELECT email FROM live_profiles WHERE user_id = '{who}'") == [
        (f"{who}@example.com",)
    ]


def test_everything_segments_client_sends_arrives_once(
    receiver: Receiver, site: Website, modules: Path, alone: Page
) -> None:
    host = urlsplit(receiver.address).netloc
    settings = {
        "writeKey": receiver.browser_key,
        "cdnSettings": {"integrations": {"Segment.io": {"apiKey": receiver.browser_key}}},
    }
    delivery = {"Segment.io": {"apiHost": f"{host}/v1", "protocol": "http"}}
    troubles = [Trouble.UNAVAILABLE, Trouble.UNHEARD, Trouble.DROPPED]
    fail_first(alone, troubles)
    site.files["/segment.js"] = modules / SEGMENT
    site.pages["/segment"] = f"""<!doctype html><title>Tents</title>
        <script src="/segment.js"></script>
        <script>
          const client = AnalyticsNext.AnalyticsBrowser.load(
            {json.dumps(settings)}, {{ integrations: {json.dumps(delivery)} }});
          client.page();
          for (let n = 0; n < {COUNT}; n++) client.track("Product Viewed", {{ n }});
          client.identify("segment_next", {{ email: "segment_next@example.com" }});
        </script>"""

    alone.goto(f"{site.address}/segment")

    expect_all(alone, receiver, "segment_next")
    assert troubles == []


def test_everything_rudderstacks_client_sends_arrives_once(
    receiver: Receiver, site: Website, modules: Path, alone: Page
) -> None:
    workspace = {
        "source": {
            "id": "s1",
            "name": "page",
            "writeKey": receiver.browser_key,
            "enabled": True,
            "workspaceId": "w1",
            "config": {"statsCollection": {"errors": {"enabled": False}}},
            "connections": [],
            "destinations": [],
        },
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    troubles = [Trouble.UNAVAILABLE, Trouble.UNHEARD, Trouble.DROPPED]
    fail_first(alone, troubles)
    site.files["/rudder.mjs"] = modules / RUDDER
    site.pages["/rudder"] = f"""<!doctype html><title>Tents</title>
        <script type="module">
          import {{ RudderAnalytics }} from "/rudder.mjs";
          const client = new RudderAnalytics();
          client.load("{receiver.browser_key}", "{receiver.address}", {{
            configUrl: location.origin,
            getSourceConfig: () => ({json.dumps(workspace)}),
            plugins: ["XhrQueue"],
          }});
          client.page();
          for (let n = 0; n < {COUNT}; n++) client.track("Product Viewed", {{ n }});
          client.identify("rudder_js", {{ email: "rudder_js@example.com" }});
        </script>"""

    alone.goto(f"{site.address}/rudder")

    expect_all(alone, receiver, "rudder_js")
    assert troubles == []
