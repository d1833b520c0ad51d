"""Above the flow: its name and state, undo, how it is shown, saving, versions, file."""

import streamlit as st

from core.services import flow_files
from core.ui import formats, navigation
from core.ui.flows import (
    flow_deeds,
    flow_draft,
    flow_gallery,
    flow_versions,
)
from core.ui.rehearse import rehearse_choices, rehearse_setup

CANVAS, LIST = "Canvas", "List"
_VIEW = "flows_view"
_VIEW_ICONS = {CANVAS: ":material/account_tree: Canvas", LIST: ":material/list: List"}


def choose_view() -> str:
    """Show the choice between canvas and list; telephones begin with the list."""
    if _VIEW not in st.session_state:
        is_telephone = "Mobi" in st.context.headers.get("User-Agent", "")
        st.session_state[_VIEW] = LIST if is_telephone else CANVAS
    view = st.segmented_control(
        "Show as",
        list(_VIEW_ICONS),
        format_func=_VIEW_ICONS.__getitem__,
        required=True,
        key=_VIEW,
        persist_state="session",
        label_visibility="collapsed",
    )
    return str(view)


def show_title(problem_count: int) -> None:
    """Show the campaign's name, its version, and whether something is to be mended."""
    document, saved_as = flow_draft.document(), flow_draft.saved_as()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(
            formats.plain(document["name"]) or "No name yet", anchor=False, width="content"
        )
        if saved_as is not None:
            st.badge(f"version {saved_as[1]}", color="gray")
        if flow_draft.is_changed():
            state = "not saved" if saved_as is None else "changes not saved"
            st.badge(state, icon=":material/edit:", color="blue")
        if problem_count:
            words = "1 thing to mend" if problem_count == 1 else f"{problem_count} things to mend"
            st.badge(words, icon=":material/error:", color="orange")


def show_tools(*, is_complete: bool, shows_undo: bool) -> None:
    """Show the buttons for the draft as a whole; the canvas has undo on its own."""
    st.button(
        "Other flow",
        icon=":material/folder_open:",
        key="flows_other",
        help="Ready flows, your campaigns, a file, or an empty page",
        on_click=flow_deeds.later,
        args=(flow_gallery.ask_for,),
    )
    if shows_undo:
        _show_undo()
    if st.button("Versions", icon=":material/history:", key="flows_versions"):
        flow_versions.show_versions()
    _offer_file(is_complete=is_complete)
    saving = st.popover("Save", icon=":material/save:", key=flow_versions.SAVING, on_change="rerun")
    if saving.open:
        with saving:
            flow_versions.show_saving(is_complete=is_complete)
    if st.button(
        "Rehearse",
        icon=":material/theater_comedy:",
        type="primary",
        key="flows_rehearse",
        disabled=not is_complete,
        help=None if is_complete else "Mend what is listed first",
    ):
        _rehearse()


def _rehearse() -> None:
    """Go to the page Rehearse with this campaign chosen: the draft, or what is saved of it."""
    saved_as = flow_draft.saved_as()
    is_saved = saved_as is not None and not flow_draft.is_changed()
    choice = f"{rehearse_choices.SAVED}:{saved_as[0]}" if saved_as and is_saved else None
    rehearse_setup.ask_for([choice or rehearse_choices.DRAFT])
    st.switch_page(navigation.REHEARSE)


def _show_undo() -> None:
    st.button(
        "Undo",
        icon=":material/undo:",
        key="flows_undo",
        disabled=not flow_draft.can_undo(),
        on_click=flow_deeds.later,
        args=(flow_draft.undo,),
    )
    st.button(
        "Redo",
        icon=":material/redo:",
        key="flows_redo",
        disabled=not flow_draft.can_redo(),
        on_click=flow_deeds.later,
        args=(flow_draft.redo,),
    )


def _offer_file(*, is_complete: bool) -> None:
    document = flow_draft.document()
    st.download_button(
        "Download",
        flow_files.exported(document) if is_complete else "",
        file_name=flow_files.file_name(document),
        mime="application/yaml",
        icon=":material/download:",
        key="flows_download",
        disabled=not is_complete,
        help="The campaign as a YAML file" if is_complete else "Mend what is listed first",
        on_click="ignore",
    )
