"""Going to the line of an editor that a sentence speaks of."""

from collections.abc import Mapping

import streamlit as st

from core.clock import now
from core.rendering.emails import EmailTemplate
from core.ui import formats
from core.ui.code_editor.editor import Jump

_ASKED = "emails_jump"
_LINES = {"subject": "Subject", "preheader": "Preheader"}


def jump_in(part: str) -> Jump | None:
    """Give the last jump, if it went to this editor: body, subject or preheader."""
    asked: Mapping[str, str | int] | None = st.session_state.get(_ASKED)
    if asked is None or asked["part"] != part:
        return None
    return Jump(name=str(asked["name"]), line=int(asked["line"]))


def show(template: EmailTemplate, file: str | None, line: int | None, key: str) -> None:
    """Show a place: as a button that goes there, or in words where no editor shows it."""
    if file is None or line is None:
        return
    part = _part(template, file, line)
    if part is None:
        st.markdown(f"**{place_words(template, file, line)}**", width="content")
        return
    words = place_words(template, file, line)
    st.button(
        words[:1].upper() + words[1:],
        key=key,
        type="tertiary",
        icon=":material/arrow_insert:",
        help="Go there",
        on_click=_go,
        args=(part, line if part == "body" else 1),
    )


def place_words(template: EmailTemplate, file: str, line: int) -> str:
    """Say a place: `line 12` of the e-mail itself, `subject`, or a file and line."""
    part = _part(template, file, line)
    if part is None:
        return formats.plain(f"{file}, line {line}")
    return f"line {line}" if part == "body" else _LINES[part].lower()


def _part(template: EmailTemplate, file: str, line: int) -> str | None:
    """Name the editor in which a place is; None for a file that is edited elsewhere."""
    if file == template.file:
        return "body"
    if file != template.settings_file:
        return None
    is_preheader = template.line_by_key.get("preheader") == line
    return "preheader" if is_preheader else "subject"


def _go(part: str, line: int) -> None:
    st.session_state[_ASKED] = {"name": now().isoformat(), "part": part, "line": line}
