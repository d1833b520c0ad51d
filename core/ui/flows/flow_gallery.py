"""Where a flow comes from: a ready one, a saved one, a file, or a trigger and nothing yet."""

from collections.abc import Collection, Mapping
from typing import Literal

import streamlit as st

from core.domain.campaigns import Campaign, Stage
from core.domain.errors import CampaignError, UnusableInput
from core.domain.steps import SendStep
from core.services import drafts, fitting, flow_files, flow_forms, phrases
from core.services.drafts import Document
from core.services.flow_ways import fresh_id
from core.services.stored_rehearsals import NamedVersion
from core.ui import (
    formats,
    readers,
    words,
)
from core.ui.flows import flow_draft
from core.ui.triggers import trigger_draft

_CHOOSING = "flows_is_choosing"
_LIST_WIDTH = 760
_NEW_NAME = "New flow"
_COLOURS: dict[Stage, Literal["blue", "violet", "orange", "green"]] = {
    Stage.AWARENESS: "blue",
    Stage.CONSIDERATION: "violet",
    Stage.CONVERSION: "orange",
    Stage.LOYALTY: "green",
}


def is_wanted() -> bool:
    """Say whether the gallery is shown instead of a flow."""
    return not flow_draft.is_open() or st.session_state.get(_CHOOSING, False)


def ask_for() -> None:
    """Show the gallery at the next look at the page."""
    st.session_state[_CHOOSING] = True


def open_from_elsewhere(name: str) -> None:
    """Open a saved campaign from another page; a draft with changes is shown the way back first."""
    if _has_unsaved():
        ask_for()
    else:
        _open_saved(name)


def draw_from_elsewhere(campaign: Campaign) -> None:
    """Draw the flow of a campaign of another page, as `open_from_elsewhere` does."""
    if _has_unsaved():
        ask_for()
    else:
        flow_draft.load(flow_forms.opened(campaign))
        _close()


def open_rehearsed(named: NamedVersion) -> None:
    """Open a campaign as it was rehearsed, as `open_from_elsewhere` does, unless it is there."""
    if flow_draft.is_open() and flow_draft.campaign() == named.campaign:
        _close()
    elif _has_unsaved():
        ask_for()
    else:
        name, is_saved = named.campaign.name, named.version is not None
        flow_draft.load(
            flow_forms.opened(named.campaign),
            saved_as=(name, named.version) if named.version is not None else None,
            places=readers.campaign_layout(name) if is_saved else None,
        )
        _close()


def _has_unsaved() -> bool:
    return flow_draft.is_open() and flow_draft.can_undo() and flow_draft.is_changed()


def show(events: Collection[str]) -> None:
    """Show everything that a flow can start from."""
    if flow_draft.is_open():
        _offer_way_back()
    ready, saved, own, file = st.tabs(
        ["Ready flows", "Your campaigns", "Draw your own", "From a file"],
        key="flows_gallery_tab",
        on_change="rerun",
    )
    if ready.open:
        with ready:
            _show_ready(events)
    if saved.open:
        with saved:
            _show_saved()
    if own.open:
        with own:
            _show_own(events)
    if file.open:
        with file:
            _show_file()


def _offer_way_back() -> None:
    name = formats.plain(flow_draft.document()["name"])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Back to {name}", icon=":material/arrow_back:", key="flows_back", on_click=_close
        )
        if _has_unsaved():
            st.caption("It has changes that are not saved; another flow takes its place.")


def _show_ready(events: Collection[str]) -> None:
    st.caption("Each is a whole flow: change whatever you like, then rehearse it on your data.")
    flows = [campaign for campaign in readers.starter_campaigns() if campaign.steps]
    order = list(Stage)
    flows.sort(key=lambda flow: len(order) if flow.stage is None else order.index(flow.stage))
    grid = st.grid(3, min_column_width=270)
    for campaign in flows:
        with grid, st.container(border=True, height="stretch"):
            _show_card(campaign, events)


def _show_card(campaign: Campaign, events: Collection[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if campaign.stage is not None:
            st.badge(words.STAGES[campaign.stage], color=_COLOURS[campaign.stage])
        st.caption(extent(campaign), width="content")
    st.markdown(f"**{formats.plain(campaign.name)}**")
    st.caption(formats.plain(campaign.description))
    st.button(
        "Start from this",
        key=f"flows_ready_{campaign.name}",
        on_click=_load_ready,
        args=(campaign, events),
    )


def extent(campaign: Campaign) -> str:
    """Say how much a flow holds: `7 steps, 3 e-mails`."""
    count, mails = len(campaign.steps), sum(isinstance(s, SendStep) for s in campaign.steps)
    return f"{count} step{'' if count == 1 else 's'}, {mails} e-mail{'' if mails == 1 else 's'}"


def _load_ready(campaign: Campaign, events: Collection[str]) -> None:
    names = fitting.fitted_names(campaign, events)
    draft = flow_forms.opened(fitting.fitted(campaign, names))
    flow_draft.load(draft, matched=names)
    _close()


def _show_saved() -> None:
    saved = readers.saved_campaigns()
    if not saved:
        st.caption("Nothing saved yet. Start from a ready flow, or draw your own, and save it.")
    for summary in saved:
        with st.container(horizontal=True, vertical_alignment="center", width=_LIST_WIDTH):
            when = formats.day(summary.latest_saved_at)
            note = f" · {formats.plain(summary.latest_note)}" if summary.latest_note else ""
            st.markdown(
                f"**{formats.plain(summary.name)}** · "
                f":gray[version {summary.latest_number}, saved {when}{note}]",
                width="stretch",
            )
            st.button(
                "Open",
                key=f"flows_saved_{summary.name}",
                on_click=_open_saved,
                args=(summary.name,),
            )


def _open_saved(name: str) -> None:
    try:
        version = readers.saved_campaign(name)
    except CampaignError as error:
        flow_draft.notice(str(error))
        return
    if version is None:
        flow_draft.notice("This campaign does not exist any more.")
        return
    flow_draft.load(
        flow_forms.opened(version.campaign),
        saved_as=(name, version.number),
        places=readers.campaign_layout(name),
    )
    _close()


def _show_own(events: Collection[str]) -> None:
    st.caption("Choose when people enter, then add one step after the other.")
    starts = _starts(events)
    name = st.selectbox("When people enter", list(starts), key="flows_own_start")
    st.markdown(f"{_trigger_words(starts[name])}.")
    st.button(
        "Draw a flow from here",
        type="primary",
        icon=":material/draw:",
        key="flows_own",
        on_click=_load_own,
        args=(starts[name],),
    )


def _starts(events: Collection[str]) -> Mapping[str, Document]:
    """Give what a new flow may start with: the trigger on the page Triggers, then ready ones."""
    edited = trigger_draft.edited()
    own = {} if edited is None else {"As set on the page Triggers": edited}
    ready = {
        campaign.name: drafts.document_of(
            fitting.fitted(campaign, fitting.fitted_names(campaign, events))
        )
        for campaign in readers.starter_campaigns()
    }
    return own | ready


def _trigger_words(document: Document) -> str:
    try:
        campaign = drafts.campaign_of({**document, "steps": []})
    except UnusableInput:
        return "This trigger is not complete yet; the flow's settings say what is missing"
    return phrases.sentence(campaign.trigger, phrases.MARKDOWN)


def _load_own(start: Document) -> None:
    taken = [summary.name for summary in readers.saved_campaigns()]
    name = fresh_id(_NEW_NAME, taken).replace("_", " ")
    flow_draft.load({**start, "name": name, "description": "", "steps": []})
    _close()


def _show_file() -> None:
    uploaded = st.file_uploader(
        "A campaign file (YAML or JSON)",
        type=["yaml", "yml", "json"],
        key="flows_file",
        max_upload_size=1,
    )
    pasted = st.text_area("Or paste its text", key="flows_pasted", height=160)
    if not st.button("Open this", icon=":material/upload_file:", key="flows_open_file"):
        return
    try:
        if uploaded is not None:
            draft = flow_files.imported(uploaded.getvalue().decode("utf-8"), uploaded.name)
        elif pasted and pasted.strip():
            draft = flow_files.imported(pasted, "pasted.yaml")
        else:
            st.warning("Choose a file or paste its text first.")
            return
    except UnicodeDecodeError:
        st.error(f"{uploaded.name if uploaded else 'The file'} is no text in UTF-8; save it so.")
        return
    except UnusableInput as error:
        st.error(formats.plain(str(error)))
        return
    flow_draft.load(draft)
    _close()
    st.rerun()


def _close() -> None:
    st.session_state[_CHOOSING] = False
