"""On the page Data: which dataset is shown, the way to add one, and to delete one."""

from collections.abc import Sequence

import streamlit as st

from core import bootstrap
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.history.manifest import Manifest
from core.services import datasets
from core.services.jobs import JobState
from core.ui import audit, formats, signed_in
from core.ui.data import import_draft, import_panel
from core.ui.datasets import CHOICE, newest

_FAILURE = "data_failure"


def is_adding(manifests: Sequence[Manifest]) -> bool:
    """Say whether the page shows the form for an import instead of a dataset."""
    state = import_panel.state()
    if state is not JobState.RUNNING:
        import_draft.end_submission(is_done=state is JobState.DONE)
    if not manifests:
        return state is not JobState.RUNNING
    return import_draft.is_open() and state is not JobState.RUNNING


def choose(manifests: Sequence[Manifest]) -> Manifest:
    """Show the choice of dataset and the button to add data; stop while there is none yet."""
    if not manifests:
        st.stop()
    by_name = {manifest.name: manifest for manifest in manifests}
    wanted = import_draft.take_wanted(by_name)
    if wanted is not None:
        st.session_state[CHOICE] = wanted
    if st.session_state.get(CHOICE) not in by_name:
        st.session_state[CHOICE] = newest(manifests)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Data", list(by_name), key=CHOICE, persist_state="session", width=260)
        st.button(
            "Add data",
            icon=":material/upload:",
            key="data_add",
            on_click=_open_form,
            disabled=import_panel.state() is JobState.RUNNING or not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        )
    return by_name[name]


def offer_deletion(manifest: Manifest) -> None:
    """Offer to delete the dataset, once confirmed."""
    failure = st.session_state.pop(_FAILURE, None)
    if failure:
        st.error(formats.plain(failure))
    with st.popover(
        "Delete this data",
        icon=":material/delete:",
        key="data_delete",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    ):
        st.markdown(
            f"This deletes **{formats.plain(manifest.name)}** with {manifest.rows:,} events of "
            f"{formats.people(manifest.users)} from this computer. It cannot be undone. Saved "
            "campaigns stay."
        )
        st.button(
            "Delete for good",
            type="primary",
            key="data_delete_for_good",
            on_click=_delete,
            args=(manifest.name,),
        )


@signed_in.only(Role.EDITOR)
def _open_form() -> None:
    import_panel.forget()
    import_draft.open_form()


@signed_in.only(Role.EDITOR)
def _delete(name: str) -> None:
    try:
        datasets.delete(bootstrap.home(), name)
    except CampaignError as error:
        st.session_state[_FAILURE] = str(error)
    else:
        audit.noted("Deleted data", name)
        st.toast(f"Deleted {formats.plain(name)}.", icon=":material/delete:")
