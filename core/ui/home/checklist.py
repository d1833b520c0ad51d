"""The checklist on the page Home: each step in words, with the button that takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.services.checklist import ChecklistItem, Step, StepState, next_step
from core.services.jobs import JobState
from core.ui import (
    cards,
    formats,
    navigation,
)
from core.ui.data import import_panel

_MOST_NAMES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """How a step is told: its name, why it is done, what it is once done, and its button."""

    title: str
    purpose: str
    done: str = ""
    button: str = ""
    page: st.Page | None = None


_WORDS = {
    Step.DATA: _Words(
        title="Your data",
        purpose="Load what your customers did: an export of your shop, or the sample shop to look "
        "around first.",
        done="Loaded",
        button="Upload an export",
        page=navigation.DATA,
    ),
    Step.TRIGGER: _Words(
        title="A trigger",
        purpose="Say when somebody should hear from you, such as a cart left for a day, and see at "
        "once whom that would have reached.",
        done="Saved",
        button="Define a trigger",
        page=navigation.TRIGGERS,
    ),
    Step.FLOW: _Words(
        title="The flow",
        purpose="Draw what follows: an e-mail, a wait, two versions to try, a reason to stop.",
        done="Drawn",
        button="Draw a flow",
        page=navigation.FLOWS,
    ),
    Step.REHEARSAL: _Words(
        title="The rehearsal",
        purpose="Let the customers you recorded walk through it: who would have received what, and "
        "when.",
        done="Made",
        button="Rehearse it",
        page=navigation.REHEARSE,
    ),
    Step.EMAIL: _Words(
        title="The e-mail",
        purpose="Make a ready e-mail your own, and see what each of your customers would get.",
        done="Saved",
        button="Edit an e-mail",
        page=navigation.EMAILS,
    ),
    Step.LIVE: _Words(
        title="Live",
        purpose="Let it run: on the events that your shop sends, in a sandbox first or for real.",
        done="Launched",
        button="Launch it",
        page=navigation.LIVE,
    ),
}

_ICONS = {
    StepState.DONE: ":green[:material/check_circle:]",
    StepState.NEXT: ":primary[:material/arrow_circle_right:]",
    StepState.OPEN: ":material/radio_button_unchecked:",
}


def show(items: Sequence[ChecklistItem]) -> None:
    """Show the steps in their order; the next one stands out and bears the button."""
    if next_step(items) is None:
        _show_what_else()
    for item in items:
        with st.container(border=item.state is StepState.NEXT, key=f"home_step_{item.step}"):
            _show_item(item)


def _show_what_else() -> None:
    """Say what to do when every step that can be taken is taken."""
    with st.container(border=True, key="home_what_else"):
        st.subheader(f"{_ICONS[StepState.NEXT]} Try the next idea", anchor=False)
        st.markdown(
            "Your first campaign is launched. Change one delay and see what that changes, look "
            "whom another trigger would have reached, or load a newer export."
        )
        with st.container(horizontal=True):
            for page, label, kind in _WHAT_ELSE:
                if st.button(label, type=kind, icon=page.icon, key=f"home_more_{page.url_path}"):
                    st.switch_page(page)


_WHAT_ELSE: tuple[tuple[st.Page, str, Literal["primary", "secondary"]], ...] = (
    (navigation.FLOWS, "Open Flows", "primary"),
    (navigation.LIVE, "Open Live", "secondary"),
    (navigation.REHEARSE, "Open Rehearse", "secondary"),
    (navigation.EMAILS, "Open E-mails", "secondary"),
    (navigation.TRIGGERS, "Open Triggers", "secondary"),
    (navigation.DATA, "Open Data", "secondary"),
)


def _show_item(item: ChecklistItem) -> None:
    words = _WORDS[item.step]
    icon = _ICONS[item.state]
    match item.state:
        case StepState.NEXT:
            st.subheader(f"{icon} Next: {_lowered(words.title)}", anchor=False)
            st.markdown(words.purpose)
            _show_buttons(item.step, words)
        case StepState.DONE:
            with st.container(horizontal=True, vertical_alignment="center"):
                told = f"{icon} **{words.title}** · {words.done}: {_named(item.names)}"
                st.markdown(told, width="content")
                if words.page is not None:
                    st.page_link(words.page, label="Open", icon="", help="")
        case StepState.OPEN:
            st.markdown(f"{icon} **{words.title}** · {words.purpose}")


def _show_buttons(step: Step, words: _Words) -> None:
    if step is Step.DATA and import_panel.state() is JobState.RUNNING:
        st.caption("It is being loaded right now.")
        return
    with st.container(horizontal=True):
        if step is Step.DATA:
            cards.offer_sample("home_sample")
        if words.page is None:
            return
        is_only = step is not Step.DATA
        if st.button(
            words.button,
            type="primary" if is_only else "secondary",
            key=f"home_go_{step}",
            icon=words.page.icon,
        ):
            st.switch_page(words.page)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(formats.plain(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _lowered(title: str) -> str:
    return title[0].lower() + title[1:]
