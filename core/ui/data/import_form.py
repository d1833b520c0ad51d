"""The form for an import: which files, how they are read, a preview, and where they go."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.history.manifest import FileKind, ImportMode, Manifest
from core.history.settling import Answers
from core.history.storing import ImportReport
from core.services.file_looks import FileLook
from core.services.imports import SAMPLE_NAME, Watching, check_name, holds, import_files
from core.services.uploads import drop_upload
from core.ui import (
    audit,
    cards,
    formats,
    readers,
    signed_in,
)
from core.ui.data import (
    data_words,
    import_draft,
    import_panel,
    import_preview,
    mapping_form,
)
from core.ui.data.import_files import choose_files
from core.ui.datasets import CHOICE

_ANY_NAME = "My shop"
_TELLING_NOTHING = ("", "events", "event", "export", "data", "orders", "profiles", "catalogue")


def show(manifests: Sequence[Manifest]) -> None:
    """Show the form from the files down to the button that starts the import."""
    if manifests:
        st.button(
            "Back to the data",
            type="tertiary",
            icon=":material/arrow_back:",
            key="data_back",
            on_click=import_draft.close_form,
        )
    else:
        _offer_sample()
    st.subheader("Load an export", anchor=False)
    # Files are kept as soon as they are chosen.
    signed_in.require(Role.EDITOR)
    files = choose_files()
    if not files:
        if manifests and SAMPLE_NAME not in [manifest.name for manifest in manifests]:
            _offer_sample()
        return
    try:
        _show_reading(files, manifests)
    except UnusableInput as error:
        st.error(formats.plain(str(error)), icon=":material/error:")


def _offer_sample() -> None:
    with st.container(border=True):
        st.subheader("New here? Look around first", anchor=False)
        st.markdown(
            f"**{SAMPLE_NAME}** is an invented outdoor shop: 5,000 people, 200 products and "
            "everything they did in three months. It is loaded in seconds."
        )
        cards.offer_sample("data_sample")


def _show_reading(files: Sequence[Path], manifests: Sequence[Manifest]) -> None:
    revision = import_draft.revision()
    first = readers.file_look(files[0], Answers())
    _check_same_columns(files, first)
    kind = st.segmented_control(
        "What is in it?",
        list(FileKind),
        default=first.kind,
        format_func=data_words.KINDS.__getitem__,
        required=True,
        key=f"data_kind_{revision}",
        persist_state="session",
    )
    st.caption(data_words.KIND_HELP[kind])
    answers = mapping_form.edit(f"data_{revision}_{kind}", files[0], kind, first)
    if answers is None:
        return
    import_preview.show(files[0], kind, answers)
    _show_start(files, kind, answers, manifests)


def _check_same_columns(files: Sequence[Path], first: FileLook) -> None:
    for path in files[1:]:
        if readers.file_look(path, Answers()).columns != first.columns:
            raise UnusableInput(
                f"{path.name} has other columns than {files[0].name}, so the two cannot be read "
                "the same way: take one out and load it afterwards."
            )


def _show_start(
    files: Sequence[Path], kind: FileKind, answers: Answers, manifests: Sequence[Manifest]
) -> None:
    st.subheader("Where it goes", anchor=False)
    name = _ask_name(files[0], kind, [manifest.name for manifest in manifests])
    if not name:
        st.caption("Give it a name.")
        return
    check_name(name)
    there = next((manifest for manifest in manifests if manifest.name == name), None)
    mode = _ask_mode(name, kind) if holds(there, kind) else ImportMode.APPEND
    st.button(
        "Start the import",
        type="primary",
        icon=":material/play_arrow:",
        key="data_start",
        disabled=mode is None,
        on_click=_start,
        args=(name, list(files), kind, answers, mode),
    )
    if mode is None:
        st.caption("Say first whether to add or to replace.")


def _ask_name(path: Path, kind: FileKind, names: Sequence[str]) -> str | None:
    """Ask for the dataset; people and products belong to one that is there."""
    suggested = _suggested_name(path)
    options = [*names] if suggested in names else [suggested, *names]
    is_new = kind is FileKind.EVENTS or not names
    first = suggested if is_new else st.session_state.get(CHOICE, names[0])
    return st.selectbox(
        "Name of the data",
        options,
        index=options.index(first) if first in options else 0,
        accept_new_options=True,
        key=f"data_name_{import_draft.revision()}_{kind}",
        persist_state="session",
        help="Choose one to add to it, or type a new name.",
        width=420,
    )


def _ask_mode(name: str, kind: FileKind) -> ImportMode | None:
    mode: ImportMode | None = st.segmented_control(
        f"{formats.plain(name)} has {data_words.THINGS[kind]} already",
        list(ImportMode),
        format_func=data_words.MODES.__getitem__,
        default=None,
        key=f"data_mode_{import_draft.revision()}_{kind}_{name}",
        help="Adding leaves out what is there already, so loading the same file twice is harmless.",
    )
    return mode


@signed_in.only(Role.EDITOR)
def _start(
    name: str, files: Sequence[Path], kind: FileKind, answers: Answers, mode: ImportMode
) -> None:
    home, imported_at = bootstrap.home(), now()

    def task(watching: Watching) -> list[ImportReport]:
        report = import_files(
            home,
            name,
            files,
            kind=kind,
            answers=answers,
            mode=mode,
            imported_at=imported_at,
            watching=watching,
        )
        for path in files:
            drop_upload(home, path)
        return [report]

    if import_panel.start(name, task):
        audit.noted("Loaded data", name, f"{kind.value}, {mode.value}")
        import_draft.submit(name)


def _suggested_name(path: Path) -> str:
    """Make a name for the data of a file's name."""
    stem = path.name.split(".")[0].replace("_", " ").replace("-", " ").strip()
    words = "".join(sign for sign in stem if sign.isascii() and (sign.isalnum() or sign == " "))
    name = " ".join(words.split())[:60]
    return _ANY_NAME if name.lower() in _TELLING_NOTHING else name[:1].upper() + name[1:]
