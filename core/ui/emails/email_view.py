"""The e-mail on the page: as written, as the chosen person gets it, and what is said of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.domain.errors import UnusableInput
from core.history.manifest import Manifest
from core.rendering.emails import Context, EmailTemplate, Mode, Outcome
from core.services.email_findings import Finding
from core.services.email_rendering import sample_context
from core.services.email_words import recommended_in
from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.code_editor.editor import Completion
from core.ui.emails import (
    email_audience,
    email_check_list,
    email_completions,
    email_draft,
    email_people,
    email_readers,
    email_variants,
)
from core.ui.readers import DatasetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The draft and what came of it: `sent` as it would be, `shown` with missing fields marked."""

    key: DatasetKey
    template: EmailTemplate
    context: Context
    shown: Outcome
    sent: Outcome
    findings: list[Finding]


def look(manifest: Manifest) -> View:
    """Show the choice of a person, and make the e-mail for them."""
    key, template = readers.key_of(manifest), email_draft.template()
    context = _context(key, manifest, template)
    renderer = email_readers.renderer()
    sent = renderer.render(template, context, Mode.SEND)
    return View(
        key=key,
        template=template,
        context=context,
        shown=renderer.render(template, context, Mode.PREVIEW),
        sent=sent,
        findings=email_check_list.findings(template, sent, email_readers.names(key)),
    )


def _context(key: DatasetKey, manifest: Manifest, template: EmailTemplate) -> Context:
    """Give the context of the person who is chosen; the example's where nobody can be shown."""
    try:
        recipient = email_people.choose(key, manifest, template)
        if recipient is not None:
            return email_readers.context(key, template, recipient)
    except UnusableInput as error:
        st.warning(formats.plain(str(error)), icon=":material/person_off:")
    return sample_context(template, email_readers.company())


def completions(view: View) -> list[Completion]:
    """List what is offered while typing; reading it from a new dataset takes a moment."""
    return email_completions.completions(view.template, email_readers.fields(view.key))


def show_sender_note() -> None:
    """Say where the company is set, until it is."""
    if email_readers.company().is_set:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            ":material/storefront: Where you have not said who you are, e-mails show stand-ins "
            "such as “Your company”.",
            width="content",
        )
        st.page_link(navigation.SETTINGS, label="Set your company", icon="", width="content")


def show_notes() -> None:
    """Show what could not be converted of a pasted e-mail, until somebody has read it."""
    notes: Sequence[str] = email_draft.notes()
    if not notes:
        return
    with st.container(border=True):
        st.markdown("**Look at these places: they could not be converted as they were**")
        st.markdown("\n".join(f"- {formats.plain(note)}" for note in notes))
        st.button("Understood", key="emails_notes_read", on_click=email_draft.forget_notes)


def show_reasons(view: View) -> None:
    """Say why the products that the e-mail recommends are recommended to the person shown."""
    recommended = recommended_in(view.template, view.context)
    if not recommended:
        return
    reasons = st.expander(
        "Why these products are recommended", icon=":material/lightbulb:", key="emails_reasons"
    )
    with reasons:
        st.markdown(
            "\n".join(
                f"- **{formats.plain(title)}**: {formats.plain(reason)}"
                for title, reason in recommended
            )
        )


def show_tabs(view: View) -> None:
    """Show what is said of the e-mail: the checks, and how it compares."""
    checked, tested, compared = st.tabs(
        ["Checks", "Audience test", "Compare"], key="emails_tab", on_change="rerun"
    )
    if checked.open:
        with checked:
            email_check_list.show(view.template, view.findings)
    if tested.open:
        with tested:
            email_audience.show(view.key, view.template)
    if compared.open:
        with compared:
            email_variants.show_comparison(view.template, view.context)
