"""The preview in the import form: the first rows as they will be read."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.history.manifest import FileKind
from core.history.preview import PreviewRow
from core.history.settling import Answers
from core.ui import formats, readers
from core.ui.data import data_words


def show(path: Path, kind: FileKind, answers: Answers) -> None:
    """Show the first rows as they will be read."""
    st.subheader("The first rows, as they will be read", anchor=False)
    if kind is FileKind.EVENTS:
        rows = readers.file_preview(path, answers)
        st.dataframe(_events_table(rows), hide_index=True, alt="The first rows as events")
        return
    st.dataframe(readers.file_table(path), hide_index=True, alt="The first rows of the file")


def _events_table(rows: Sequence[PreviewRow]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "Who": [row.user_id for row in rows],
            "What": [row.event for row in rows],
            "When (UTC)": [_moment(row) for row in rows],
            "Details": [data_words.details(row.properties) for row in rows],
        }
    )
    problems = [data_words.problem_of(row) for row in rows]
    if any(problems):
        table.insert(0, "Left out", [problem or "" for problem in problems])
    return table


def _moment(row: PreviewRow) -> str:
    if row.timestamp_us is None:
        return row.timestamp_text or ""
    return formats.exact_moment(row.timestamp_us, "UTC")
