"""The first part of the import form: which files, through the browser or from this computer."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.reachable import Reach
from core.domain.roles import Role
from core.services.uploads import drop_forgotten_uploads, keep_upload
from core.ui import formats, front_door, readers, signed_in
from core.ui.data import import_draft

_TURN = "data_upload_turn"
_BIG_UPLOAD = 20_000_000


def choose_files() -> Sequence[Path]:
    """Show the upload and the files chosen so far, each with a button to take it out."""
    _show_upload()
    if not import_draft.files():
        st.caption(
            f"Recognised by themselves: {', '.join(readers.known_layouts())}. In any other layout "
            "you say which column is what."
        )
    with st.expander("The file is too large for the browser, or lies on the server"):
        _show_path()
    chosen = import_draft.files()
    for position, path in enumerate(chosen):
        _show_file(path, position)
    return chosen


def _show_upload() -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    uploaded = st.file_uploader(
        "Exports of your shop or tool: CSV, Parquet or JSON lines, also packed (.gz, .zip)",
        accept_multiple_files=True,
        key=f"data_upload_{turn}",
        help="Several files of the same layout are loaded together, such as one per month.",
    )
    if not uploaded:
        return
    drop_forgotten_uploads(bootstrap.home(), now())
    for file in uploaded:
        try:
            import_draft.add_file(_keep(file, file.name, file.size))
        except UnusableInput as error:
            st.error(formats.plain(str(error)))
            return
    # The browser's copy goes: from now on the file on disk counts.
    st.session_state[_TURN] = turn + 1
    st.rerun()


def _keep(file: st.typing.UploadedFile, name: str, size: int) -> Path:
    signed_in.check(Role.EDITOR)
    if size < _BIG_UPLOAD:
        return keep_upload(bootstrap.home(), file, name)
    bar = st.progress(0.0, text=f"Keeping {formats.plain(name)}")
    path = keep_upload(
        bootstrap.home(), file, name, on_progress=lambda done: _tell(bar, done / size)
    )
    bar.empty()
    return path


def _tell(bar: st.delta_generator.DeltaGenerator, share: float) -> None:
    bar.progress(min(share, 1.0))


def _show_path() -> None:
    if front_door.reached() not in (None, Reach.THIS_COMPUTER):
        # Whoever comes from elsewhere could otherwise have any file of this computer read to them.
        st.markdown(
            "A browser can send at most 2 GB. Whoever runs Rehearsal loads a larger export there, "
            "with `python -m core import FILE --dataset NAME`."
        )
        return
    st.markdown(
        "A browser can send at most 2 GB. A larger export is read from where it is: give its full "
        "path on the computer that runs Rehearsal. The file itself is only read, never changed."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Path of the file",
            key="data_path",
            placeholder="/data/exports/events-2026.csv.gz",
        )
        is_given = st.button("Use this file", key="data_use_path")
    if not is_given:
        return
    path = Path(text.strip()).expanduser()
    if path.is_file():
        import_draft.add_file(path)
        st.rerun()
    said = formats.plain(repr(text.strip()))
    st.error(f"There is no file {said} on this computer: check the folder and the name.")


def _show_file(path: Path, position: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        size = formats.size(path.stat().st_size)
        st.markdown(
            f":material/description: **{formats.plain(path.name)}** · {size}", width="content"
        )
        st.button(
            "Take out",
            type="tertiary",
            icon=":material/close:",
            key=f"data_take_out_{position}",
            on_click=import_draft.remove_file,
            args=(path,),
        )
