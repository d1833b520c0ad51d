"""The draft on the page E-mails: plain data in the session, and what it was opened from.

The editors keep their own text; whatever changes the draft from outside them counts the revision
up, which gives the editors and fields their new text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import streamlit as st

from core.domain.email_sources import EmailSource
from core.rendering.emails import EmailTemplate
from core.services import emails
from core.ui import notices
from core.ui.emails import email_readers

_SOURCE, _REVISION, _SAVED, _NOTICE, _NOTES, _OPENED = (
    "emails_source",
    "emails_revision",
    "emails_saved",
    "emails_notice",
    "emails_notes",
    "emails_opened",
)


def is_open() -> bool:
    """Say whether there is a draft."""
    return _SOURCE in st.session_state


def source() -> EmailSource:
    """Give the draft."""
    kept = st.session_state[_SOURCE]
    return EmailSource(**{**kept, "requires": tuple(kept["requires"])})


def template() -> EmailTemplate:
    """Give the draft ready to be rendered."""
    return emails.template_of(source(), email_readers.starters())


def family() -> set[str]:
    """Name the draft, and the e-mail that it is a variant of."""
    opened = source()
    return {opened.name, *([] if opened.variant_of is None else [opened.variant_of])}


def load(
    opened: EmailSource, *, number: int | None = None, is_saved: bool, notes: Sequence[str] = ()
) -> None:
    """Start anew with an e-mail; `number` is its version, None for a starter and a new one.

    `notes` are sentences about it that stay on the page until somebody has read them.
    """
    st.session_state[_SOURCE] = asdict(opened)
    st.session_state[_SAVED] = {"number": number, "source": asdict(opened) if is_saved else None}
    st.session_state[_NOTES] = list(notes)
    st.session_state[_OPENED] = opened_count() + 1
    _renew()


def close() -> None:
    """Drop the draft: the gallery is shown instead."""
    st.session_state.pop(_SOURCE, None)


def keep(**parts: Any) -> None:
    """Keep what the editors and fields say."""
    st.session_state[_SOURCE] = asdict(replace(source(), **parts))


def change(**parts: Any) -> None:
    """Change the draft from outside the editors."""
    keep(**parts)
    _renew()


def mark_saved(saved: EmailSource, number: int) -> None:
    """Note that the draft is now what that version says."""
    st.session_state[_SOURCE] = asdict(saved)
    st.session_state[_SAVED] = {"number": number, "source": asdict(saved)}


def number() -> int | None:
    """Give the version that the draft was opened from or saved as last; None for none."""
    found: int | None = st.session_state[_SAVED]["number"]
    return found


def is_changed() -> bool:
    """Say whether the draft holds what neither a version nor a starter does."""
    kept: Mapping[str, Any] | None = st.session_state[_SAVED]["source"]
    return bool(kept != st.session_state[_SOURCE])


def notes() -> list[str]:
    """Give what is to be read about the draft."""
    found: list[str] = st.session_state.get(_NOTES, [])
    return found


def forget_notes() -> None:
    """Drop what was read about the draft."""
    st.session_state[_NOTES] = []


def revision() -> int:
    """Give the number of times that the text came from outside the editors."""
    found: int = st.session_state.get(_REVISION, 0)
    return found


def opened_count() -> int:
    """Give how many drafts were opened: tells what belongs to one e-mail from the next."""
    found: int = st.session_state.get(_OPENED, 0)
    return found


def notice(sentence: str) -> None:
    """Have a sentence shown once, at the next look at the page."""
    notices.keep(_NOTICE, sentence)


def show_notice() -> None:
    """Show the sentence that waits, if one does."""
    notices.show(_NOTICE)


def _renew() -> None:
    st.session_state[_REVISION] = revision() + 1
