"""The one process of Rehearsal: `streamlit run app.py` finds and serves `app`."""

import streamlit as st

import core.ui.readers  # noqa: F401 - loaded at the start, so that nobody's first page waits for it
from core.settings import REPOSITORY

app = st.App(str(REPOSITORY / "core" / "ui" / "main.py"))
