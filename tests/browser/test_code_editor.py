"""Typing into the source editor, on a page that takes its time."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import serving

pytestmark = pytest.mark.xdist_group("browser")

SCRIPT = """
import json, time
import streamlit as st
from core.ui.code_editor import editor
from core.ui.code_editor.editor import Completion, Mark

asked, state = st.query_params, st.session_state
state.setdefault("text", asked.get("text", ""))
state.setdefault("revision", 0)
state.setdefault("came", [])
state.setdefault("saved", "")
if "slow" in asked:
    time.sleep(1)
offers = [
    Completion(label=label, detail=detail, kind=kind, insert=insert)
    for label, detail, kind, insert in (
        ("profile.first_name", "Marie", "variable", "profile.first_name"),
        ("cart.products[].title", "Hiking Boot", "variable", "cart.products[].title"),
        ("money", "12.50 as €12.50", "filter", 'money("EUR")'),
        ("button", "a button with a link", "snippet", '<mj-button href="${link}">Go</mj-button>'),
    )
]
if st.button("Replace"):
    state.text, state.revision = "<mjml>another</mjml>", state.revision + 1
text = editor.edited(state.text, "body", revision=state.revision)
marks = [
    Mark(line=number, level="error", message="Nobody writes XXX here.")
    for number, line in enumerate(text.split("\\n"), 1) if "XXX" in line
]
if st.toggle("Show", value=True):
    state.text = editor.show(text, "body", language=asked.get("language", "mjml"),
        completions=offers, marks=marks, height=240, revision=state.revision, label="Source")
if not state.came or state.came[-1] != state.text:
    state.came.append(state.text)
if st.button("Save"):
    state.saved = state.text
st.code(json.dumps({"came": state.came, "saved": state.saved}))
"""


@pytest.fixture
def page(used_page: Page) -> Page:
    return used_page


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SCRIPT, tmp_path_factory.mktemp("editor")) as started:
        yield started


def open_editor(page: Page, address: str, choices: str = "") -> Locator:
    """Open the page, put the cursor at the end of the text, and give the editor."""
    page.goto(f"{address}/?{choices}")
    editor = page.get_by_role("textbox", name="Source")
    editor.click()
    page.keyboard.press("Control+End")
    return editor


def text_of(editor: Locator) -> str:
    return "\n".join(line.rstrip("\n") for line in editor.locator(".cm-line").all_inner_texts())


def expect_told(page: Page, told: str, text: str) -> None:
    """Wait until the page has `text` as what was `told` to it last ("came" or "saved")."""
    words = json.dumps(text)
    ending = f'{words}], "saved"' if told == "came" else f'"saved": {words}}}'
    expect(page.locator("code")).to_contain_text(ending)


def height_of_mark(editor: Locator) -> float:
    """Measure how far below the first line the mark stands, once the editor has drawn itself."""
    height = editor.evaluate(
        """async (lines) => {
          for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
          const mark = lines.getRootNode().querySelector(".cm-lint-marker-error");
          return mark.getBoundingClientRect().top - lines.getBoundingClientRect().top;
        }"""
    )
    return float(height)


def offered(page: Page) -> Locator:
    return page.locator(".cm-tooltip-autocomplete .cm-completionLabel")


def choose(page: Page, label: str) -> None:
    page.locator(".cm-tooltip-autocomplete li", has_text=label).first.click()


def test_letters_typed_while_the_page_is_busy_are_neither_lost_nor_moved(
    page: Page, address: str
) -> None:
    editor = open_editor(page, address, "slow&text=begin:end")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    words = "one two three four five six seven eight nine ten "

    for word in words.split(" ")[:-1]:
        page.keyboard.type(f"{word} ", delay=25)
        page.wait_for_timeout(350)

    assert text_of(editor) == f"begin:{words}end"
    expect_told(page, "came", f"begin:{words}end")
    page.keyboard.type("!")
    assert text_of(editor) == f"begin:{words}!end"


def test_each_text_comes_once_and_the_last_one_always(page: Page, address: str) -> None:
    open_editor(page, address)

    for word in ("one", " two", " three"):
        page.keyboard.type(word)
        page.wait_for_timeout(800)
    expect_told(page, "came", "one two three")

    came = json.loads(page.locator("code").inner_text())["came"]
    assert len(set(came)) == len(came)
    assert all("one two three".startswith(text) for text in came)


def test_what_was_typed_just_before_a_button_is_part_of_what_the_button_does(
    page: Page, address: str
) -> None:
    open_editor(page, address, "slow&text=Hello")

    page.keyboard.type(" you")
    page.get_by_role("button", name="Save").click()

    expect_told(page, "saved", "Hello you")


def test_an_editor_that_was_out_of_sight_has_its_text_and_can_be_undone(
    page: Page, address: str
) -> None:
    editor = open_editor(page, address, "text=Hello")
    page.keyboard.type(" you")

    page.get_by_text("Show").click()
    expect(editor).to_have_count(0)
    page.get_by_text("Show").click()
    expect(editor).to_have_text("Hello you")
    expect_told(page, "came", "Hello you")

    editor.click()
    page.keyboard.press("Control+z")
    expect(editor).to_have_text("Hello")


def test_another_revision_takes_the_place_of_the_text_for_good(page: Page, address: str) -> None:
    editor = open_editor(page, address, "text=Hello")
    page.keyboard.type(" you")

    page.get_by_role("button", name="Replace").click()
    expect(editor).to_have_text("<mjml>another</mjml>")
    editor.click()
    page.keyboard.press("Control+z")

    expect(editor).to_have_text("<mjml>another</mjml>")


def test_a_mark_goes_along_with_its_line_and_says_its_sentence(page: Page, address: str) -> None:
    editor = open_editor(page, address, "slow&text=one%0Atwo")
    page.keyboard.type(" XXX")
    mark = page.locator(".cm-lint-marker-error")
    expect(mark).to_be_visible()
    before = height_of_mark(editor)

    page.keyboard.press("Control+Home")
    page.keyboard.type("\n\n")

    assert height_of_mark(editor) > before + 20
    mark.hover()
    expect(page.get_by_text("Nobody writes XXX here.")).to_be_visible()
    assert text_of(editor) == "\n\none\ntwo XXX"


def test_merge_tags_are_offered_between_braces_with_an_example(page: Page, address: str) -> None:
    editor = open_editor(page, address)

    page.keyboard.type("{{")
    expect(page.locator(".cm-completionDetail").first).to_have_text("Marie")
    choose(page, "profile.first_name")
    page.keyboard.type(" | ")
    expect(offered(page)).to_have_text(["money"])
    choose(page, "money")

    expect(editor).to_have_text('{{ profile.first_name | money("EUR") }}')


def test_a_loop_gives_its_name_to_the_fields_of_its_list(page: Page, address: str) -> None:
    editor = open_editor(page, address, "text={%25 for item in cart.products[:3] %25}")

    page.keyboard.type("{{ item.")
    expect(offered(page)).to_have_text(["item.title"])
    choose(page, "item.title")

    expect(editor).to_contain_text("{{ item.title }}")


def test_outside_of_jinja_the_tags_of_mjml_are_offered_where_they_may_stand(
    page: Page, address: str
) -> None:
    editor = open_editor(page, address, "text=<mjml><mj-body><mj-section><mj-column>")

    page.keyboard.type("<mj-")
    expect(offered(page).filter(has_text="mj-button")).to_be_visible()
    expect(offered(page).filter(has_text="mj-section")).to_have_count(0)
    choose(page, "mj-button")
    page.keyboard.type(" align=")
    page.keyboard.type('"')
    expect(offered(page)).to_have_text(["center", "left", "right"])
    choose(page, "center")

    expect(editor).to_contain_text('<mj-button align="center"')


def test_a_subject_is_one_line(page: Page, address: str) -> None:
    editor = open_editor(page, address, "language=line&text=Hello")

    page.keyboard.insert_text(" you\nthere\nand there")
    page.keyboard.press("Enter")

    expect_told(page, "came", "Hello you there and there")
    expect(editor.locator(".cm-line")).to_have_count(1)


def test_the_text_is_searched_with_the_keys_that_people_know(page: Page, address: str) -> None:
    editor = open_editor(page, address, "text=one two three two")

    page.keyboard.press("Control+f")
    page.get_by_role("textbox", name="Find").press_sequentially("two")
    expect(page.locator(".cm-searchMatch")).to_have_count(2)
    page.keyboard.press("Escape")

    expect(editor).to_be_focused()
