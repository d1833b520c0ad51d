"""A new e-mail from pasted source: MJML or HTML, with the merge tags of other products."""

import re
from collections.abc import Callable

import streamlit as st

from core.domain.email_sources import EmailSource, check_email_name
from core.domain.errors import UnusableInput
from core.rendering.conversion import Note
from core.rendering.merge_tags import convert
from core.ui import formats
from core.ui.emails import email_draft, email_readers

_KEYS = ("emails_pasted_name", "emails_pasted_subject", "emails_pasted")
_IS_MJML = re.compile(r"<mjml[\s>]", re.IGNORECASE)
_STYLES = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*>(.*?)(?:</body\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_HTML_NOTE = (
    "This was HTML: it stands as it was in one mj-raw. It adapts to phones only as far as it did "
    "before."
)


def show(close: Callable[[], None]) -> None:
    """Show the fields; what was pasted becomes the draft."""
    st.caption(
        "MJML or HTML. Merge tags of Mailchimp (`*|FNAME|*`) and Klaviyo "
        "(`{{ first_name|default:'there' }}`) become ours; what cannot be converted is listed."
    )
    with st.form("emails_paste", border=False):
        name, subject, body = _KEYS
        st.text_input("Name", key=name, width=420)
        st.text_input("Subject", key=subject, width=620)
        st.text_area("Source", key=body, height=260)
        if not st.form_submit_button("Open this", icon=":material/content_paste:"):
            return
    try:
        opened, notes = imported(*(str(st.session_state[key] or "") for key in _KEYS))
        _check_is_new(opened.name)
    except UnusableInput as error:
        st.error(formats.plain(str(error)))
        return
    email_draft.load(opened, is_saved=False, notes=notes)
    close()
    st.rerun()


def imported(name: str, subject: str, body: str) -> tuple[EmailSource, list[str]]:
    """Make an e-mail from pasted source, with what somebody has to look at.

    Raises UnusableInput for a name that cannot be one, and for no source.
    """
    if not body.strip():
        raise UnusableInput("Paste the source of the e-mail first.")
    if not name.strip():
        raise UnusableInput("Give the e-mail a name first.")
    check_email_name(name.strip())
    line, text = convert(subject.strip()), convert(body.replace("\r\n", "\n"))
    notes = [_words("Subject", note) for note in line.notes]
    notes += [_words(f"Line {note.line}", note) for note in text.notes]
    if _IS_MJML.search(text.source):
        mjml = text.source
    else:
        mjml, notes = _wrapped(text.source), [_HTML_NOTE, *notes]
    return EmailSource(name=name.strip(), subject=line.source, body=mjml), notes


def _check_is_new(name: str) -> None:
    if any(summary.name == name for summary in email_readers.summaries()):
        raise UnusableInput(f"There is an e-mail called {name!r} already; give this one another.")


def _words(where: str, note: Note) -> str:
    tag = f" {note.tag}" if note.tag else ""
    return f"{where}:{tag} {note.message}"


def _wrapped(html: str) -> str:
    """Put HTML into MJML as it stands, its style sheets into the head."""
    body = _BODY.search(html)
    inner = _STYLES.sub("", html if body is None else body[1]).strip()
    css = "\n".join(found.strip() for found in _STYLES.findall(html))
    style = f"  <mj-head>\n    <mj-style>\n{css}\n    </mj-style>\n  </mj-head>\n" if css else ""
    return (
        f"<mjml>\n{style}  <mj-body>\n    <mj-raw>\n{inner}\n    </mj-raw>\n  </mj-body>\n</mjml>\n"
    )
