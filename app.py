"""The one process of Rehearsal: `streamlit run app.py` finds and serves `app`."""

import streamlit as st

# Loaded at the start, so that nobody's first page waits for them.
import core.bootstrap
import core.services.questions
import core.ui.figures  # noqa: F401 - see above
from core.settings import REPOSITORY

app = st.App(str(REPOSITORY / "core" / "ui" / "main.py"))
