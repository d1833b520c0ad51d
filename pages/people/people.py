"""People: what is known of somebody, what they agreed to, and how it is given out or erased."""

import streamlit as st

from core.ui import notices, readers
from core.ui.people import person_consent, person_facts, person_rights, person_search

notices.show(person_consent.NOTICE)
person_rights.show_progress()

manifests = readers.datasets()
user_id = person_search.choose(manifests)
if user_id is None:
    person_rights.show_past()
    st.stop()

found = person_facts.known(user_id, manifests)
who, deeds, mails, rights = st.tabs(
    ["Who they are", "What they did", "E-mails and decisions", "Their rights"],
    key="people_view",
    on_change="rerun",
)
if who.open:
    with who:
        left, right = st.columns([5, 4], gap="large")
        with left:
            person_facts.show_profile(found)
        with right:
            person_consent.show(found)
if deeds.open:
    with deeds:
        person_facts.show_deeds(found, manifests)
if mails.open:
    with mails:
        person_facts.show_decisions(found)
if rights.open:
    with rights:
        person_rights.show(user_id, person_facts.address_of(found))
        person_rights.show_past()
