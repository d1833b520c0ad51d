"""Flows: draw what happens to somebody after the trigger, step by step."""

import streamlit as st

from core.ui import datasets
from core.ui.flows import (
    flow_draft,
    flow_gallery,
    flow_names,
    flow_problem_list,
    flow_surroundings,
    flow_toolbar,
    flow_view,
)

manifest = datasets.choose()
events = manifest.counts_by_name

flow_draft.show_notice()
if flow_gallery.is_wanted():
    flow_gallery.show(events)
    st.stop()

with st.container(horizontal=True, horizontal_alignment="distribute"):
    title = st.container(width="content")
    tools = st.container(horizontal=True, vertical_alignment="center", width="content")
flow_names.show(events)
with tools:
    view = flow_toolbar.choose_view()

is_canvas = view == flow_toolbar.CANVAS
around = flow_surroundings.of(manifest)
(flow_view.show_canvas if is_canvas else flow_view.show_list)(around)

# The forms have run: what is said above the flow is about the draft as it is now.
problems = flow_view.problems(around)
with title:
    flow_toolbar.show_title(sum(map(len, problems.values())))
with tools:
    flow_toolbar.show_tools(is_complete=not problems, shows_undo=not is_canvas)
flow_problem_list.show(problems)
