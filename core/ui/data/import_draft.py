"""The import somebody is preparing, as plain data of their session: files, and where it stands."""

from collections.abc import Collection
from pathlib import Path

import streamlit as st

from core import bootstrap
from core.services.uploads import drop_upload

_OPEN, _FILES, _REVISION = "data_adding", "data_files", "data_revision"
_SUBMITTED, _WANTED = "data_submitted", "data_wanted"


def is_open() -> bool:
    """Say whether the form is open."""
    return bool(st.session_state.get(_OPEN))


def open_form() -> None:
    """Open the form."""
    st.session_state[_OPEN] = True


def close_form() -> None:
    """Close the form and drop what was uploaded."""
    st.session_state[_OPEN] = False
    st.session_state.pop(_SUBMITTED, None)
    for path in files():
        drop_upload(bootstrap.home(), path)
    st.session_state[_FILES] = []
    _start_anew()


def files() -> list[Path]:
    """List the files of the draft that are still there."""
    paths = [Path(text) for text in st.session_state.get(_FILES, [])]
    return [path for path in paths if path.exists()]


def add_file(path: Path) -> None:
    """Add a file; the answers given so far were about other files."""
    known = st.session_state.setdefault(_FILES, [])
    if str(path) not in known:
        st.session_state[_FILES] = [*known, str(path)]
        _start_anew()


def remove_file(path: Path) -> None:
    """Take a file out, and delete it if it was uploaded."""
    st.session_state[_FILES] = [known for known in st.session_state[_FILES] if known != str(path)]
    drop_upload(bootstrap.home(), path)
    _start_anew()


def revision() -> int:
    """Give a number that changes with the files: it belongs into the keys of the form's widgets."""
    return int(st.session_state.setdefault(_REVISION, 0))


def submit(dataset: str) -> None:
    """Note that the draft is being imported into a dataset, which is to be shown afterwards."""
    st.session_state[_SUBMITTED] = True
    st.session_state[_WANTED] = dataset


def end_submission(*, is_done: bool) -> None:
    """Close the form if what it held was imported; after a failure it stays as it was."""
    if st.session_state.pop(_SUBMITTED, False) and is_done:
        close_form()


def take_wanted(names: Collection[str]) -> str | None:
    """Give the dataset to show after an import, once it is there, and only once."""
    wanted = st.session_state.get(_WANTED)
    if wanted not in names or st.session_state.get(_SUBMITTED):
        return None
    del st.session_state[_WANTED]
    return str(wanted)


def _start_anew() -> None:
    st.session_state[_REVISION] = revision() + 1
