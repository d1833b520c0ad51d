"""Home: what to do next, and the state of data and campaigns."""

import streamlit as st

from core.services.checklist import checklist
from core.ui import readers
from core.ui.data import import_panel
from core.ui.home import checklist as steps
from core.ui.home import home_state

manifests = readers.datasets()
campaigns = home_state.saved_campaigns()
rehearsals = readers.rehearsals()
items = checklist(
    dataset_names=[manifest.name for manifest in manifests if manifest.rows],
    campaign_names=[campaign.name for campaign in campaigns],
    flow_names=[campaign.name for campaign in campaigns if campaign.has_flow],
    rehearsal_names=home_state.rehearsed_names(rehearsals),
    email_names=readers.saved_email_titles(),
    launch_names=home_state.launched_names(),
)

st.markdown(
    "Try a campaign on what your customers really did, before it sends a single e-mail: "
    "whom it would have reached, when, and who would have bought anyway."
)
import_panel.show(is_at_data=False)

way, state = st.columns(2, gap="large")
with way:
    steps.show(items)
with state:
    home_state.show_datasets(manifests)
    home_state.show_rehearsals(rehearsals)
    home_state.show_campaigns(campaigns)
    home_state.show_place(readers.home())
