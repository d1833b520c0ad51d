"""The flow as a list, for narrow screens and keyboards: the same steps and ways as the canvas."""

from collections.abc import Callable

import streamlit as st

from core.services import step_words
from core.services.drafts import Document
from core.services.flow_ways import ways
from core.ui import formats
from core.ui.flows import (
    flow_actions,
    flow_deeds,
    flow_draft,
)
from core.ui.flows.flow_draft import START
from core.ui.flows.flow_graph import Problems, entry_words
from core.ui.flows.flow_panel import offer_step
from core.ui.flows.flow_words import ICONS, target_words

_WIDTH = 760


def show(
    edit_settings: Callable[[], None],
    edit_step: Callable[[str], None],
    find_problems: Callable[[], Problems],
) -> None:
    """Show the start and every step as a card; the chosen one has its form in place.

    The form runs first, so that all cards show what it says.
    """
    chosen = flow_draft.chosen()
    ids = [START, *(step["id"] for step in flow_draft.document()["steps"])]
    with st.container(width=_WIDTH):
        cards = [st.container(border=True) for _ in ids]
        heads = [card.container() for card in cards]
        bodies = [card.container() for card in cards]
    if chosen is not None:
        with bodies[ids.index(chosen)]:
            edit_settings() if chosen == START else edit_step(chosen)
    flow_deeds.settle()
    draft, problems = flow_draft.document(), find_problems()
    with heads[0]:
        _show_start(draft, problems, is_chosen=chosen == START)
    for number, step in enumerate(draft["steps"], start=1):
        is_chosen = chosen == step["id"]
        with heads[number]:
            _show_head(number, step, is_chosen=is_chosen)
        if not is_chosen:
            with bodies[number]:
                _show_rest(step, draft, problems)


def _show_start(draft: Document, problems: Problems, *, is_chosen: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/play_circle: **Start** · {formats.plain(entry_words(draft))}",
            width="stretch",
        )
        _show_toggle("flows_list_start", START, "Settings", is_chosen=is_chosen)
    for sentence in problems.get("", ()):
        st.markdown(f":orange[:material/error: {formats.plain(sentence)}]")
    offer_step("flows_list_first", None, None, "Add a first step")


def _show_head(number: int, step: Document, *, is_chosen: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = formats.plain(step_words.title(step))
        st.markdown(f"{number}. {ICONS[step['kind']]} **{title}**", width="stretch")
        _show_toggle(f"flows_list_edit_{step['id']}", step["id"], "Edit", is_chosen=is_chosen)
        if not is_chosen:
            st.button(
                "Delete",
                icon=":material/delete:",
                key=f"flows_list_delete_{step['id']}",
                type="tertiary",
                help="Delete this step",
                on_click=flow_deeds.later,
                args=(flow_actions.delete, step["id"]),
            )


def _show_toggle(key: str, chosen: str, label: str, *, is_chosen: bool) -> None:
    st.button(
        "Close" if is_chosen else label,
        icon=":material/expand_less:" if is_chosen else ":material/edit:",
        key=key,
        type="tertiary",
        on_click=flow_deeds.later,
        args=(flow_draft.choose, None if is_chosen else chosen),
    )


def _show_rest(step: Document, draft: Document, problems: Problems) -> None:
    detail = step_words.detail(step)
    if detail and detail != step_words.INCOMPLETE:
        st.caption(formats.plain(detail))
    for sentence in problems.get(step["id"], ()):
        st.markdown(f":orange[:material/error: {formats.plain(sentence)}]")
    labels = step_words.way_labels(step)
    for place, target in ways(step):
        led = formats.plain(target_words(target or "", draft["steps"]))
        label = formats.plain(labels[place]) or "then"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":gray[{label} →] {led}", width="stretch")
            offer_step(f"flows_list_add_{step['id']}_{place}", step["id"], place, "Insert")
