"""Going to a line of the source editor, and typing over what was closed of itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import serving

pytestmark = pytest.mark.xdist_group("browser")

SCRIPT = """
import streamlit as st
from core.ui.code_editor import editor
from core.ui.code_editor.editor import Completion, Jump

asked, state = st.query_params, st.session_state
state.setdefault("text", asked.get("text", ""))
state.setdefault("count", 0)
line = st.number_input("Line", value=40)
if st.button("Go"):
    state.count += 1
st.container(height=1_200)
jump = Jump(name=str(state.count), line=line) if state.count else None
if st.toggle("Show", value=True):
    state.text = editor.show(editor.edited(state.text, "body"), "body", language="mjml",
        completions=[Completion(label="profile.city", detail="", kind="variable",
            insert="profile.city")],
        jump=jump, height=240, label="Source")
st.code(state.text)
"""


@pytest.fixture
def page(used_page: Page) -> Page:
    return used_page


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SCRIPT, tmp_path_factory.mktemp("jumps")) as started:
        yield started


def open_editor(page: Page, address: str, text: str = "") -> Locator:
    page.goto(f"{address}/?text={text}")
    editor = page.get_by_role("textbox", name="Source")
    expect(editor).to_be_visible()
    return editor


def go(page: Page) -> None:
    page.get_by_role("button", name="Go").click()


@pytest.fixture
def lines() -> str:
    return "%0A".join(f"line {number}" for number in range(1, 81))


def test_the_cursor_goes_to_the_line_which_is_seen_and_stands_out(
    page: Page, address: str, lines: str
) -> None:
    editor = open_editor(page, address, lines)

    go(page)

    expect(editor.locator(".cm-jumped")).to_have_text("line 40")
    expect(editor.locator(".cm-jumped")).to_be_in_viewport()
    expect(editor).to_be_focused()
    page.keyboard.type("XX")
    expect(page.get_by_text("XXline 40").first).to_be_visible()
    expect(editor.locator(".cm-jumped")).to_have_count(0)


def test_the_same_line_can_be_gone_to_again_but_only_when_asked(
    page: Page, address: str, lines: str
) -> None:
    editor = open_editor(page, address, lines)
    go(page)
    expect(editor.locator(".cm-jumped")).to_have_text("line 40")
    expect(editor).to_be_focused()

    page.keyboard.press("ArrowUp")
    expect(editor.locator(".cm-jumped")).to_have_count(0)
    page.get_by_text("Show").click()
    expect(editor).to_have_count(0)
    page.get_by_text("Show").click()
    expect(editor).to_be_visible()
    expect(editor.locator(".cm-jumped")).to_have_count(0)
    go(page)

    expect(editor.locator(".cm-jumped")).to_have_text("line 40")


def test_a_line_that_moved_since_is_found_where_it_is_now(
    page: Page, address: str, lines: str
) -> None:
    editor = open_editor(page, address, lines)
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("new\n")
    expect(page.locator("code")).to_contain_text("new")

    go(page)

    expect(editor.locator(".cm-jumped")).to_have_text("line 39")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("{% if x %}", "{% if x %}"),
        ("{%- if x -%}", "{%- if x -%}"),
        ("{{ x }}", "{{ x }}"),
        ("{{x}}", "{{x}}"),
        ("{# x #}", "{# x #}"),
        ('{{ {"a": {"b": 1}} }}', '{{ {"a": {"b": 1}} }}'),
        ('{{ "50%}" }}', '{{ "50%}" }}'),
        ("{% if 7 % 2 %}{{ x }}{% endif %}", "{% if 7 % 2 %}{{ x }}{% endif %}"),
        ("{ 50% }", "{ 50% }"),
    ],
)
def test_what_is_typed_in_full_stands_there_once(
    page: Page, address: str, typed: str, text: str
) -> None:
    editor = open_editor(page, address)
    editor.click()

    for sign in typed:
        page.keyboard.type(sign)
        # What is offered meanwhile is not taken.
        page.keyboard.press("Escape")

    expect(editor).to_have_text(text)


def test_the_closing_braces_are_typed_over_behind_a_tag_that_was_offered(
    page: Page, address: str
) -> None:
    editor = open_editor(page, address)
    editor.click()

    page.keyboard.type("{{")
    page.locator(".cm-tooltip-autocomplete li", has_text="profile.city").first.click()
    page.keyboard.type("}} there")

    expect(editor).to_have_text("{{ profile.city }} there")
