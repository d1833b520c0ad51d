"""Triggers: say when somebody should hear from you, and see whom that would have reached."""

import streamlit as st

from core.domain.errors import UnusableInput
from core.services import drafts, phrases
from core.ui import datasets, readers
from core.ui.triggers import (
    trigger_draft,
    trigger_gallery,
    trigger_results,
)
from core.ui.triggers.trigger_form import Vocabulary, edit_trigger
from core.ui.triggers.trigger_settings import edit_audience, edit_goal, edit_reentry, edit_zone

manifest = datasets.choose()
key = readers.key_of(manifest)
events = manifest.counts_by_name
vocabulary = Vocabulary(
    counts_by_name=events,
    properties=[column.name for column in manifest.properties],
    traits=readers.trait_names(key),
    values_of=lambda names, name: readers.suggestions(key, tuple(names), name),
    trait_values_of=lambda name: readers.trait_values(key, name),
)

trigger_gallery.show(events)
draft = trigger_draft.current(manifest.name, events)
widgets = f"triggers_{trigger_draft.revision()}"

left, right = st.columns([5, 6], gap="large")
with left:
    trigger_gallery.show_matched_names()
    with st.container(border=True):
        trigger = edit_trigger(widgets, draft["trigger"], vocabulary)
    draft = {**draft, "trigger": trigger}
    with st.container(border=True):
        draft |= edit_reentry(f"{widgets}_reentry", draft)
    with st.container(border=True):
        st.markdown("**Only people who**")
        audience = edit_audience(f"{widgets}_audience", draft["audience"], vocabulary)
    with st.container(border=True):
        goal = edit_goal(f"{widgets}_goal", draft["goal"], vocabulary)
        zone = edit_zone(f"{widgets}_zone", draft["timezone"])
    draft |= {"audience": audience, "goal": goal, "timezone": zone}
    trigger_draft.keep(draft)

try:
    campaign = drafts.campaign_of(draft)
except UnusableInput as error:
    right.warning(str(error), title="Not complete yet", icon=":material/edit:")
    st.stop()

with left:
    trigger_gallery.show_saving(campaign)

with right:
    said = phrases.sentence(campaign.trigger, phrases.MARKDOWN)
    st.markdown(f"{said}. {phrases.reentry(campaign, phrases.MARKDOWN)}.")
    replayed = readers.replayed(key, campaign)
    goal_event = None if campaign.goal is None else campaign.goal.event
    answer = None if goal_event is None else readers.worth(key, campaign, goal_event)
    trigger_results.show_counts(replayed, manifest, answer)
    when, people, nearly, worth = st.tabs(
        ["When", "People", "Nearly", "Worth"], key="triggers_tab", on_change="rerun"
    )
    if when.open:
        with when:
            trigger_results.show_when(replayed, campaign.timezone)
    if people.open:
        with people:
            trigger_results.show_people(replayed, campaign, key)
    if nearly.open:
        with nearly:
            trigger_results.show_nearly(readers.near_misses(key, campaign), campaign, key)
            trigger_results.show_curve(
                readers.people_by_window(key, campaign),
                "People caught with another time",
                "triggers_by_window",
            )
            trigger_results.show_curve(
                readers.people_by_threshold(key, campaign),
                "People caught with another number",
                "triggers_by_threshold",
            )
    if worth.open:
        with worth:
            trigger_results.show_worth(answer, campaign)
