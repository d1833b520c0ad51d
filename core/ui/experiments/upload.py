"""Reading results from elsewhere: a CSV of any e-mail tool's test, and how it is to be read."""

import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentSettings
from core.domain.roles import Role
from core.services.experiment_example import EXAMPLE_NAME, EXAMPLE_WINDOW, example_csv
from core.services.experiment_files import read_results
from core.services.experiment_uploads import keep_results
from core.services.uploads import drop_forgotten_uploads, drop_upload, keep_upload
from core.ui import formats, notices, signed_in
from core.ui.experiments import place
from core.ui.experiments.place import View

_TURN, _PATH, _NAME = "experiments_turn", "experiments_path", "experiments_file_name"
_AS_IT_IS, _WITHIN = "Every goal in the file counts", "Only goals within some days of the split"
_COLUMNS = """
| column | what it holds |
|---|---|
| `user` | who: one id per person |
| `variant` | which variant they got |
| `exposed_at` | when they got it, such as `2026-03-02` or `2026-03-02T10:00:00Z` |
| `goal` | `1` or `0`, or the time at which they reached the goal |
| `value` | money, if there is any (optional) |

Optional: `value_before`, what they spent before the test, makes the comparison of money more
precise; `source`, and other columns with few different values, are compared as groups.
"""


def show() -> None:
    """Show the upload, then the questions about the file, until it is read."""
    path = _chosen()
    if path is None:
        _show_upload()
        return
    try:
        settings = _looked_at(str(path), path.stat().st_mtime_ns)
    except UnusableInput as error:
        _close()
        st.error(formats.plain(str(error)), title="This file cannot be read")
        _show_upload()
        return
    _ask(path, settings)


def _show_upload() -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    uploaded = st.file_uploader(
        "A CSV with one row per person",
        type=["csv", "gz", "txt", "tsv"],
        key=f"experiments_upload_{turn}",
        help=signed_in.why_not(Role.EDITOR)
        or "Also packed (.gz). What is read stays on this computer.",
        disabled=not signed_in.may(Role.EDITOR),
    )
    with st.expander("What has to be in the file"):
        st.markdown(_COLUMNS)
        with st.container(horizontal=True):
            st.download_button(
                "Download an example",
                example_csv,
                file_name="example-test.csv",
                mime="text/csv",
                key="experiments_example_file",
                icon=":material/download:",
                on_click="ignore",
                help="Invented people, in the columns above.",
            )
            st.button(
                "Look at the example",
                icon=":material/visibility:",
                key="experiments_example",
                on_click=_read_example,
                disabled=not signed_in.may(Role.EDITOR),
                help="What this page makes of it. The people are invented.",
            )
    if uploaded is None:
        return
    signed_in.require(Role.EDITOR)
    drop_forgotten_uploads(bootstrap.home(), now())
    try:
        path = keep_upload(bootstrap.home(), uploaded, uploaded.name)
    except UnusableInput as error:
        st.error(formats.plain(str(error)))
        return
    st.session_state.update({_PATH: str(path), _NAME: uploaded.name, _TURN: turn + 1})
    st.rerun()


@st.cache_resource(ttl=600, max_entries=4, show_spinner="Looking at the file …")
def _looked_at(path: str, changed_at: int) -> ExperimentSettings:
    return read_results(Path(path)).settings


def _ask(path: Path, settings: ExperimentSettings) -> None:
    st.markdown(f":material/description: **{formats.plain(st.session_state[_NAME])}**")
    names = list(settings.variant_names)
    with st.form("experiments_file", border=True):
        name = st.text_input("Name of the test", value=_title(), key="experiments_file_title")
        control = st.selectbox(
            "Control: what the others are compared with",
            names,
            index=settings.control_place,
            key="experiments_file_control",
        )
        counting = st.radio(
            "Which goals count", [_AS_IT_IS, _WITHIN], key="experiments_file_counting"
        )
        days = st.number_input(
            "Days (only for the second choice)",
            min_value=1,
            max_value=365,
            value=7,
            key="experiments_file_days",
            width=260,
        )
        planned = st.number_input(
            "How many people were planned, all variants together (optional)",
            min_value=2,
            value=None,
            step=100,
            key="experiments_file_planned",
            width=260,
            help="If the size of the test was fixed before it began, the result at that size "
            "counts as a planned end. Leave it empty if it was not.",
        )
        with st.expander("Shares other than equal"):
            weights = {
                name: st.number_input(
                    formats.plain(name),
                    min_value=0.01,
                    value=1.0,
                    key=f"experiments_file_weight_{number}",
                    width=260,
                )
                for number, name in enumerate(names)
            }
        is_asked = st.form_submit_button("Read the results", type="primary")
    st.button("Take another file", key="experiments_file_drop", on_click=_close)
    if is_asked:
        window = timedelta(days=days) if counting == _WITHIN else None
        _read(path, name, control, window, weights, planned)


@signed_in.only(Role.EDITOR)
def _read(
    path: Path,
    name: str,
    control: str,
    window: timedelta | None,
    weights: Mapping[str, float],
    planned: int | None,
) -> None:
    try:
        with st.spinner("Reading the people of the test …"):
            kept = keep_results(
                bootstrap.home(),
                name.strip() or st.session_state[_NAME],
                path,
                kept_at=now(),
                control=control,
                window=window,
                weights=weights,
                planned_people_count=planned,
            )
    except UnusableInput as error:
        st.error(formats.plain(str(error)))
        return
    _close()
    place.go(View.FILE, kept.results_id)
    st.rerun()


@signed_in.only(Role.EDITOR)
def _read_example() -> None:
    """Read the example as if it had been uploaded."""
    home = bootstrap.home()
    try:
        path = keep_upload(home, io.BytesIO(example_csv().encode()), "example-test.csv")
        kept = keep_results(home, EXAMPLE_NAME, path, kept_at=now(), window=EXAMPLE_WINDOW)
    except UnusableInput as error:
        notices.keep(place.NOTICE, str(error))
        return
    drop_upload(home, path)
    place.go(View.FILE, kept.results_id)


def _chosen() -> Path | None:
    kept = st.session_state.get(_PATH)
    return Path(kept) if kept and Path(kept).is_file() else None


def _title() -> str:
    return Path(st.session_state[_NAME]).name.split(".")[0].replace("_", " ")


def _close() -> None:
    kept = st.session_state.pop(_PATH, None)
    if kept:
        drop_upload(bootstrap.home(), Path(kept))
