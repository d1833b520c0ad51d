"""Writing an e-mail: subject, preheader and MJML, and what belongs to it."""

from collections.abc import Sequence

import streamlit as st

from core.rendering.emails import EmailTemplate
from core.services.email_findings import Finding
from core.ui import words
from core.ui.code_editor import editor
from core.ui.code_editor.editor import Completion, Mark
from core.ui.emails import (
    email_draft,
    email_jumps,
    email_readers,
)
from core.ui.emails.email_gallery import STAGES
from core.ui.readers import DatasetKey

_LINES = {"subject": "Subject", "preheader": "Preheader"}
_BODY = "emails_body"
_HEIGHT = 620


def take_text() -> None:
    """Take what was typed into the draft, before anything of the page is drawn."""
    source, revision = email_draft.source(), email_draft.revision()
    typed = {
        part: editor.edited(getattr(source, part), f"emails_{part}", revision=revision)
        for part in (*_LINES, "body")
    }
    email_draft.keep(**typed)


def show(
    template: EmailTemplate, findings: Sequence[Finding], offered: Sequence[Completion]
) -> None:
    """Show the editors; what the checks found stands at its line."""
    revision = email_draft.revision()
    lines = [offer for offer in offered if offer.kind in ("variable", "filter")]
    for part, label in _LINES.items():
        editor.show(
            getattr(template, part),
            f"emails_{part}",
            language="line",
            completions=lines,
            height=42,
            revision=revision,
            label=label,
            jump=email_jumps.jump_in(part),
        )
    editor.show(
        template.source,
        _BODY,
        language="mjml",
        completions=offered,
        marks=_marks(template, findings),
        height=_HEIGHT,
        revision=revision,
        label="MJML",
        jump=email_jumps.jump_in("body"),
    )
    st.caption("Type `{{` for what is known of people, `|` for filters, `<` for blocks.")


def _marks(template: EmailTemplate, findings: Sequence[Finding]) -> list[Mark]:
    return [
        Mark(line=one.line, level=one.level.value, message=f"{one.what} {one.mend}")
        for one in findings
        if one.file == template.file and one.line is not None
    ]


def show_settings(key: DatasetKey) -> None:
    """Show what belongs to the e-mail besides its text."""
    source, begin = email_draft.source(), f"emails_{email_draft.revision()}"
    st.text_input(
        "What it is for",
        source.description,
        key=f"{begin}_description",
        on_change=lambda: _keep("description", f"{begin}_description"),
    )
    stages: list[str | None] = [None, *STAGES]
    st.selectbox(
        "Stage",
        stages,
        index=stages.index(source.stage) if source.stage in stages else 0,
        format_func=lambda stage: "None" if stage is None else words.STAGES[stage],
        key=f"{begin}_stage",
        on_change=lambda: _keep("stage", f"{begin}_stage"),
    )
    known = [field.path for field in email_readers.fields(key) if "[]" not in field.path]
    st.multiselect(
        "Nobody gets it without",
        list(dict.fromkeys([*source.requires, *known])),
        default=source.requires,
        key=f"{begin}_requires",
        accept_new_options=True,
        help="A person for whom one of these fields is missing is left out.",
        on_change=lambda: _keep("requires", f"{begin}_requires"),
    )


def _keep(part: str, key: str) -> None:
    value = st.session_state[key]
    email_draft.keep(**{part: tuple(value) if part == "requires" else value})
