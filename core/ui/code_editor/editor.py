"""The source editor: MJML or one line of text, both with Jinja, as the marketer types it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

_BUILT = Path(__file__).with_name("built")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Something that is offered while typing; `detail` stands beside it, as an example value.

    A variable is a path (`profile.first_name`, `cart.products[].title`). A tag or a snippet whose
    `insert` begins with `<` is offered outside of Jinja; `${name}` in a snippet is a place to fill.
    """

    label: str
    detail: str
    kind: Literal["variable", "filter", "tag", "snippet"]
    insert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A sentence about one line, counted from 1."""

    line: int
    level: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A line to go to, counted from 1; another `name` than before makes it another jump."""

    name: str
    line: int


def show(
    text: str,
    key: str,
    *,
    language: Literal["mjml", "line"],
    completions: Sequence[Completion] = (),
    marks: Sequence[Mark] = (),
    jump: Jump | None = None,
    height: int = 480,
    revision: int = 0,
    label: str = "",
) -> str:
    """Draw the editor and return the text as edited: a moment after typing, at once on leaving it.

    The editor keeps its text. A page that puts another text in its place gives another `revision`;
    undo then begins anew. `marks` are about `text`; letters typed since move them along. A `jump`
    that is new puts the cursor on its line and brings it into sight.
    """
    draft = _draft(key)
    draft.begin(text, revision)
    with st.container(gap=None):
        _bring_code()
        result = _EDITOR(
            key=key,
            data={
                "version": _VERSION,
                "name": key,
                "label": label,
                "language": language,
                "height": height,
                "text": draft.text,
                "revision": revision,
                "completions": [asdict(completion) for completion in completions],
                "marks": [asdict(mark) for mark in marks],
                "receipt": draft.receipt(text),
                "jump": None if jump is None else asdict(jump),
            },
            on_text_change=partial(_receive, key),
        )
    # After a restart of the server the browser tells again what it had told before.
    draft.put(result.get("text"))
    return draft.text


def edited(text: str, key: str, *, revision: int = 0) -> str:
    """Return what `show` will return, before anything is drawn: for marks that fit the text."""
    draft = _draft(key)
    draft.begin(text, revision)
    return draft.text


class Draft:
    """The text of one editor: the page's to begin with, then what the browser delivered.

    Deliveries are numbered by the browser, anew each time that it draws the editor from nothing
    (`client`); one that is repeated, late, or about a replaced text changes nothing.
    """

    def __init__(self) -> None:
        self.text = ""
        self._revision: int | None = None
        self._client = ""
        self._number = 0
        self._before: tuple[str, int] = ("", 0)

    def begin(self, text: str, revision: int) -> None:
        """Take the page's text, if it is another revision than before."""
        if revision != self._revision:
            self.text, self._revision = text, revision
            self._before = (text, self._number)

    def put(self, delivery: object) -> bool:
        """Take a delivered text; False if nothing came of it."""
        match delivery:
            case {
                "client": str(client),
                "number": int(number),
                "revision": revision,
                "text": str(text),
            } if revision == self._revision:
                pass
            case _:
                return False
        if client == self._client and number <= self._number:
            return False
        before = self._number if client == self._client else 0
        self._before = (self.text, before)
        self.text, self._client, self._number = text, client, number
        return True

    def receipt(self, text: str) -> dict[str, str | int]:
        """Say which delivery the page's `text` is: the last one, or the one before."""
        before, number = self._before
        is_behind = text == before and text != self.text
        return {"client": self._client, "number": number if is_behind else self._number}


def _draft(key: str) -> Draft:
    name = f"{key}_draft"
    if name not in st.session_state:
        st.session_state[name] = Draft()
    draft: Draft = st.session_state[name]
    return draft


def _receive(key: str) -> None:
    # Kept here and not by the element alone: a run that ends early, to show another page, would
    # lose the last letters.
    state: Mapping[str, Any] = st.session_state[key]
    _draft(key).put(state.get("text"))


def _bring_code() -> None:
    # One element brings the code for all editors of a page: it never changes, so that Streamlit
    # sends it once. The place is kept in every run, so that what follows stays where it is.
    with st.container(gap=None):
        try:
            _CODE(key="code_editor_code", data={"version": _VERSION, "css": _CSS})
        except StreamlitDuplicateElementKey:
            return


def _read(name: str) -> str:
    return (_BUILT / name).read_text(encoding="utf-8")


_VERSION = _read("sources.sha256").strip()
_CSS = _read("editor.css")

_CODE = st.components.v2.component("code_editor_code", js=_read("editor.js"))
_EDITOR = st.components.v2.component(
    "code_editor",
    js="""
export default async function (component) {
  const { version } = component.data;
  const shelves = (globalThis.rehearsalCodeEditor ??= new Map());
  if (!shelves.has(version)) {
    let put;
    const promise = new Promise((resolve) => (put = resolve));
    shelves.set(version, { promise, put });
  }
  return (await shelves.get(version).promise)(component);
}
""",
)
