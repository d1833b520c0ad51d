"""Data: load an export, see what is in it, look up a person."""

import streamlit as st

from core.ui import dataset_choice, readers
from core.ui.data import (
    data_views,
    import_form,
    import_panel,
    person_view,
)

manifests = readers.datasets()
import_panel.show(is_at_data=True)

if dataset_choice.is_adding(manifests):
    import_form.show(manifests)
    st.stop()

manifest = dataset_choice.choose(manifests)
key = readers.key_of(manifest)
data_views.show_size(manifest)

overview, properties, people, imports = st.tabs(
    ["Overview", "Properties", "People", "Imports"], key="data_view", on_change="rerun"
)
if overview.open:
    with overview:
        data_views.show_findings(manifest, readers.findings(manifest))
        data_views.show_events(manifest, readers.events_per_day(key), readers.people_by_event(key))
if properties.open:
    with properties:
        data_views.show_properties(readers.property_facts(key))
if people.open:
    with people:
        person_view.show(key)
if imports.open:
    with imports:
        data_views.show_imports(manifest)
        dataset_choice.offer_deletion(manifest)
