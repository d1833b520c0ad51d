import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.rendering.mjml_tags import ATTRIBUTES
from core.ui.code_editor import editor, schema
from core.ui.code_editor.editor import Draft

FOLDER = Path(editor.__file__).parent
SOURCES = [
    *("build.mjs", "package-lock.json", "package.json", "tsconfig.json"),
    *(f"src/{path.name}" for path in (FOLDER / "src").iterdir()),
]


def delivery(number: int, text: str, client: str = "one", revision: int = 1) -> dict[str, Any]:
    return {"client": client, "number": number, "revision": revision, "text": text}


@pytest.fixture
def draft() -> Draft:
    begun = Draft()
    begun.begin("hello", 1)
    return begun


def test_the_built_editor_belongs_to_its_sources() -> None:
    found = hashlib.sha256()
    for name in sorted(SOURCES):
        found.update(f"{name}\0".encode() + (FOLDER / name).read_bytes() + b"\0")

    built = (FOLDER / "built" / "sources.sha256").read_text().strip()

    assert built == found.hexdigest(), "run `npm ci && npm run build` in core/ui/code_editor"


def test_the_bundle_asks_nothing_of_other_hosts_and_stays_small() -> None:
    script = (FOLDER / "built" / "editor.js").read_text(encoding="utf-8")
    style = (FOLDER / "built" / "editor.css").read_text(encoding="utf-8")

    assert len(script.encode()) < 500_000
    assert not re.search(r"\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|importScripts", script)
    assert set(re.findall(r"https?://[\w.]+", script)) <= {"http://www.w3.org"}
    assert not re.search(r"url\(|@import", style)


def test_every_bundled_package_is_named_with_its_licence() -> None:
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    needed = {
        name.removeprefix("node_modules/")
        for name, package in locked.items()
        if name and not package.get("dev") and not package.get("peer")
    }

    notices = (FOLDER / "built" / "LICENSES.txt").read_text(encoding="utf-8")
    named = set(re.findall(r"^(\S+) [\d.]+ \(MIT\)$", notices, re.MULTILINE))

    assert {"@codemirror/view", "@codemirror/lang-jinja", "@lezer/xml"} <= named <= needed
    assert notices.count("Permission is hereby granted") == len(named)


def test_the_lock_file_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text()

    assert "resolved" not in lock
    assert "http" not in lock


def test_the_editor_offers_the_tags_that_the_linter_knows() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.schema_text()
    assert set(json.loads(schema.schema_text())) == set(ATTRIBUTES)


def test_a_delivered_text_is_kept_whatever_text_the_page_still_has(draft: Draft) -> None:
    draft.put(delivery(1, "hello you"))

    draft.begin("hello", 1)

    assert draft.text == "hello you"


def test_a_delivery_that_is_repeated_or_late_changes_nothing(draft: Draft) -> None:
    draft.put(delivery(2, "hello you"))

    assert not draft.put(delivery(2, "hello you"))
    assert not draft.put(delivery(1, "hello y"))
    assert draft.text == "hello you"


def test_a_delivery_about_a_text_that_was_replaced_changes_nothing(draft: Draft) -> None:
    draft.begin("another mail", 2)

    assert not draft.put(delivery(1, "hello you", revision=1))
    assert draft.text == "another mail"


def test_an_editor_drawn_anew_numbers_its_deliveries_anew(draft: Draft) -> None:
    draft.put(delivery(7, "hello you"))

    assert draft.put(delivery(1, "hello all", client="two"))
    assert draft.text == "hello all"


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        "hello",
        {"client": "one", "number": "1", "revision": 1, "text": "x"},
        {"client": "one", "number": 1, "revision": 1, "text": None},
    ],
)
def test_what_no_editor_sends_changes_nothing(draft: Draft, sent: object) -> None:
    assert not draft.put(sent)
    assert draft.text == "hello"


def test_marks_are_about_the_text_that_the_page_made_them_for(draft: Draft) -> None:
    draft.put(delivery(1, "hello you"))
    draft.put(delivery(2, "hello you all"))

    assert draft.receipt("hello you") == {"client": "one", "number": 1}
    assert draft.receipt("hello you all") == {"client": "one", "number": 2}


def test_several_editors_stand_on_one_page() -> None:
    page = AppTest.from_function(_page, default_timeout=30).run()

    assert not page.exception
    assert [line.value for line in page.markdown] == ["Hi", "<mjml></mjml>", "<mjml></mjml>"]


def _page() -> None:
    import streamlit as st

    from core.ui.code_editor.editor import Completion, Mark, edited, show

    name = Completion(label="profile.city", detail="Graz", kind="variable", insert="profile.city")
    mark = Mark(line=1, level="warning", message="This is empty.")
    st.markdown(show("Hi", "subject", language="line", completions=[name], marks=[], height=40))
    body = show("<mjml></mjml>", "body", language="mjml", marks=[mark], height=300, revision=3)
    st.markdown(body)
    st.markdown(edited("<mjml></mjml>", "body", revision=3))
