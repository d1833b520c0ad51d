"""Above the e-mail: its name and state, and what can be done with it as a whole."""

import streamlit as st

from core.rendering.emails import Outcome, RenderedEmail
from core.services.email_findings import Finding
from core.services.step_words import email_title
from core.ui import formats
from core.ui.emails import (
    email_draft,
    email_editor,
    email_gallery,
    email_test_send,
    email_variants,
    email_versions,
)
from core.ui.emails.email_view import View


def show_title(findings: list[Finding]) -> None:
    """Show the e-mail's name, its version, and whether something is to be looked at."""
    source, number = email_draft.source(), email_draft.number()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(formats.plain(email_title(source.name)), anchor=False, width="content")
        st.badge("starter" if number is None else f"version {number}", color="gray")
        if source.variant_of is not None:
            st.badge(f"variant of {formats.plain(source.variant_of)}", color="violet")
        if email_draft.is_changed():
            st.badge("not saved", icon=":material/edit:", color="blue")
        if findings:
            count = len(findings)
            words = "1 thing to look at" if count == 1 else f"{count} things to look at"
            st.badge(words, icon=":material/rule:", color="orange")


def show_tools(view: View) -> None:
    """Show the buttons for the e-mail as a whole."""
    st.button(
        "Other e-mail",
        icon=":material/folder_open:",
        key="emails_other",
        help="Starters, your e-mails, or source of your own",
        on_click=email_gallery.ask_for,
    )
    settings = st.popover(
        "Settings", icon=":material/tune:", key="emails_settings", on_change="rerun"
    )
    if settings.open:
        with settings:
            email_editor.show_settings(view.key)
    email_variants.offer()
    if st.button("Versions", icon=":material/history:", key="emails_versions"):
        email_versions.show_versions()
    _offer_files(view.sent)
    email_test_send.offer(view.template, view.sent)
    saving = st.popover(
        "Save", icon=":material/save:", key=email_versions.SAVING, on_change="rerun", type="primary"
    )
    if saving.open:
        with saving:
            email_versions.show_saving()


def _offer_files(sent: Outcome) -> None:
    source = email_draft.source()
    files = st.popover(
        "Download", icon=":material/download:", key="emails_files", on_change="rerun"
    )
    if not files.open:
        return
    with files:
        st.download_button(
            "The e-mail (MJML)",
            source.body,
            file_name=f"{source.name}.mjml",
            mime="text/plain",
            key="emails_download_mjml",
            on_click="ignore",
        )
        if isinstance(sent, RenderedEmail):
            st.download_button(
                "As this person gets it (HTML)",
                sent.html,
                file_name=f"{source.name}.html",
                mime="text/html",
                key="emails_download_html",
                on_click="ignore",
            )
