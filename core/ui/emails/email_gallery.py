"""Where an e-mail comes from: a starter, a saved one, or source that somebody pastes."""

from collections.abc import Sequence

import streamlit as st

from core.domain.email_sources import EmailVersion
from core.domain.errors import CampaignError
from core.rendering.emails import EmailTemplate
from core.services.emails import EmailSummary
from core.ui import formats, words
from core.ui.emails import (
    email_draft,
    email_import,
    email_readers,
)

STAGES = ("awareness", "consideration", "conversion", "loyalty")
_CHOOSING = "emails_is_choosing"
_LIST_WIDTH = 760


def is_wanted() -> bool:
    """Say whether the gallery is shown instead of an e-mail."""
    return not email_draft.is_open() or st.session_state.get(_CHOOSING, False)


def ask_for() -> None:
    """Show the gallery at the next look at the page."""
    st.session_state[_CHOOSING] = True


def close() -> None:
    """Show the e-mail that is open."""
    st.session_state[_CHOOSING] = False


def show() -> None:
    """Show everything that an e-mail can start from."""
    if email_draft.is_open():
        _offer_way_back()
    summaries = email_readers.summaries()
    ready, saved, pasted = st.tabs(
        ["Starters", "Your e-mails", "Paste your own"], key="emails_gallery_tab", on_change="rerun"
    )
    if ready.open:
        with ready:
            _show_starters({summary.name: summary for summary in summaries})
    if saved.open:
        with saved:
            _show_saved([summary for summary in summaries if summary.latest_number is not None])
    if pasted.open:
        with pasted:
            email_import.show(close)


def _offer_way_back() -> None:
    name = formats.plain(email_draft.source().name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Back to {name}", icon=":material/arrow_back:", key="emails_back", on_click=close
        )
        if email_draft.is_changed():
            st.caption("It has changes that are not saved; another e-mail takes its place.")


def _show_starters(by_name: dict[str, EmailSummary]) -> None:
    st.caption("Each is a whole e-mail for one occasion: make it yours, look at it as real people.")
    starters = email_readers.starters().values()
    for stage in STAGES:
        own = [starter for starter in starters if starter.stage == stage]
        if not own:
            continue
        st.subheader(words.STAGES[stage], anchor=False)
        grid = st.grid(3, min_column_width=270)
        for starter in own:
            with grid, st.container(border=True, height="stretch"):
                _show_card(starter, by_name[starter.name])
    others = [starter for starter in starters if starter.stage not in STAGES]
    for starter in others:
        with st.container(border=True):
            _show_card(starter, by_name[starter.name])


def _show_card(starter: EmailTemplate, summary: EmailSummary) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{formats.plain(summary.title)}**", width="content")
        if summary.latest_number is not None:
            st.badge(f"your version {summary.latest_number}", color="gray")
    st.caption(formats.plain(starter.description))
    is_changed = summary.latest_number is not None
    st.button(
        "Open your version" if is_changed else "Start from this",
        key=f"emails_ready_{starter.name}",
        on_click=open_email,
        args=(starter.name,),
    )


def _show_saved(saved: Sequence[EmailSummary]) -> None:
    if not saved:
        st.caption("Nothing saved yet. Start from a ready e-mail, or paste your own, and save it.")
    for summary in saved:
        with st.container(horizontal=True, vertical_alignment="center", width=_LIST_WIDTH):
            st.markdown(_saved_words(summary), width="stretch")
            st.button(
                "Open",
                key=f"emails_saved_{summary.name}",
                on_click=open_email,
                args=(summary.name,),
            )


def _saved_words(summary: EmailSummary) -> str:
    said = f"version {summary.latest_number}"
    if summary.saved_at is not None:
        said += f", saved {formats.day(summary.saved_at)}"
    if summary.variant_of is not None:
        said += f", variant of {formats.plain(summary.variant_of)}"
    return f"**{formats.plain(summary.title)}** · :gray[{said}]"


def open_email(name: str, number: int | None = None) -> None:
    """Open an e-mail by name: its latest version, the one of a number, or the starter."""
    try:
        found = email_readers.email(name, number)
    except CampaignError as error:
        email_draft.notice(str(error))
        return
    if isinstance(found, EmailVersion):
        email_draft.load(found.source, number=found.number, is_saved=True)
    else:
        email_draft.load(found, is_saved=True)
    close()
