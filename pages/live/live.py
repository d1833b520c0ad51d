"""Live: whether the evaluator runs, what was launched, and what is decided as it happens."""

import streamlit as st

from core.ui.live import connecting, launch_form, now_view, troubles

figures = now_view.show_overview()
launch_form.show(is_first=not figures.launches)
if figures.launches:
    st.subheader("What is decided", anchor=False)
    now_view.show_log()
troubles.show()
connecting.show(is_first=not figures.received_count)
