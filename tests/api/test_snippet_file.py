"""The script for pages, as it is served: small, built from its sources, and kept by browsers."""

import gzip
import re
from hashlib import sha256

import pytest

from core.settings import REPOSITORY
from tests.api.asking import Shop

FOLDER = REPOSITORY / "core" / "api" / "snippet"
SETTINGS = ("build.mjs", "package-lock.json", "package.json")
PATH = "/v1/snippet.js"


def test_the_built_script_belongs_to_its_sources() -> None:
    sources = [f"src/{path.name}" for path in (FOLDER / "src").iterdir()]
    found = sha256()
    for name in sorted([*SETTINGS, *sources]):
        found.update(f"{name}\0".encode() + (FOLDER / name).read_bytes() + b"\0")

    built = (FOLDER / "built" / "sources.sha256").read_text().strip()

    assert built == found.hexdigest(), "run `npm ci && npm run build` in core/api/snippet"


def test_it_travels_in_less_than_3_kb(shop: Shop) -> None:
    answer = shop.get(PATH, {"accept-encoding": "br, gzip;q=0.8"})

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 3_000
    assert gzip.decompress(answer.body) == (FOLDER / "built" / "snippet.js").read_bytes()


def test_pages_of_every_origin_may_load_and_keep_it(shop: Shop) -> None:
    answer = shop.get(PATH)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_browser_that_has_it_is_sent_nothing(shop: Shop) -> None:
    tag = shop.get(PATH).headers["etag"]

    again = shop.get(PATH, {"if-none-match": f'"other", W/{tag}'})
    other = shop.get(PATH, {"if-none-match": '"other"'})

    assert (again.status, again.body, other.status) == (304, b"", 200)


@pytest.mark.parametrize("forbidden", [r"\beval\b", r"new Function", r"cookie", r"innerHTML"])
def test_it_runs_under_a_strict_policy_and_sets_no_cookie(forbidden: str) -> None:
    script = (FOLDER / "built" / "snippet.js").read_text(encoding="utf-8")

    assert not re.search(forbidden, script)


def test_nothing_names_a_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock
