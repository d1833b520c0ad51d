"""E-mails: write what people get, look at it as real customers, and test it on everybody."""

import streamlit as st

from core.ui import datasets, readers
from core.ui.emails import (
    email_draft,
    email_editor,
    email_gallery,
    email_preview,
    email_readers,
    email_toolbar,
    email_view,
)

manifest = datasets.choose()

email_draft.show_notice()
if email_gallery.is_wanted():
    email_gallery.show()
    email_readers.prepare(readers.key_of(manifest))
    st.stop()

email_editor.take_text()
with st.container(horizontal=True, horizontal_alignment="distribute"):
    title = st.container(width="content")
    tools = st.container(horizontal=True, vertical_alignment="center", width="content")
email_view.show_sender_note()
email_view.show_notes()
left, right = st.columns(2, gap="medium")
below = st.container()

with right:
    view = email_view.look(manifest)
    email_preview.show(view.template, view.shown, view.context)
    email_view.show_reasons(view)
with left:
    email_editor.show(view.template, view.findings, email_view.completions(view))
with below:
    email_view.show_tabs(view)
with title:
    email_toolbar.show_title(view.findings)
with tools:
    email_toolbar.show_tools(view)
