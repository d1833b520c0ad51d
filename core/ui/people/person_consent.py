"""What a person agreed to, with its history, and changing it by hand."""

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.consents import ConsentSource, ConsentState
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services import consents
from core.ui import audit, formats, masked, notices, signed_in
from core.ui.people import people_words
from core.ui.people.person_facts import Known

NOTICE = "people_notice"
_REFUSED, _REASON = "people_consent_refused", "people_consent_reason"
_CHOICES = (ConsentState.GIVEN, ConsentState.WITHDRAWN)
_LONGEST = 300


def show(person: Known) -> None:
    """Show what counts for each purpose, how it came about, and the form to change it."""
    st.subheader("Consent", anchor=False)
    user_id = person.user_id
    found = consents.consents_of(
        bootstrap.database(), user_id, loaded=person.loaded, loaded_asks=person.loaded_asks
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "For": one.purpose.title,
                    "They": people_words.STATES[one.state],
                    "Gets e-mails": people_words.is_mailed(one),
                    "Since (UTC)": "–" if one.at is None else formats.moment(one.at, "UTC"),
                    "Known from": one.source or "–",
                }
                for one in found
            ]
        ),
        hide_index=True,
        alt="What this person agreed to",
    )
    titles = {one.purpose.name: one.purpose.title for one in found}
    _show_history(user_id, titles, is_silent=all(one.state is None for one in found))
    _show_form(user_id, titles)


def _show_history(user_id: str, titles: dict[str, str], *, is_silent: bool) -> None:
    history = consents.history_of(bootstrap.database(), user_id)
    if not history:
        st.caption(
            "They never said anything about it."
            if is_silent
            else "Said in your loaded data. It counts for live from the launch of a campaign on."
        )
        return
    with st.expander(f"How it came about ({len(history)})", key="people_consent_history"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "When": formats.exact_moment(record.at, "UTC"),
                        "For": titles.get(record.purpose, record.purpose),
                        "They": people_words.STATES[record.state],
                        "Known from": record.source,
                        "Proof": masked.text(record.evidence, user_id),
                    }
                    for record in history
                ]
            ),
            hide_index=True,
            alt="Everything this person said about consent, the latest first",
        )
        st.caption("Times in UTC. Nothing here is ever changed; what is said later is added.")


def _show_form(user_id: str, titles: dict[str, str]) -> None:
    with (
        st.expander("Change it for them", key="people_consent_change"),
        st.form("people_consent", border=False),
    ):
        st.caption(
            "Only when they told you: by phone, in the shop, in a letter. A no that they gave "
            "themselves is lifted by nothing but their own word."
        )
        st.selectbox(
            "For", list(titles), format_func=titles.__getitem__, key="people_consent_purpose"
        )
        st.radio(
            "They",
            _CHOICES,
            format_func=people_words.STATES.__getitem__,
            key="people_consent_state",
            horizontal=True,
        )
        st.text_input(
            "How do you know?",
            key=f"{_REASON}_{user_id}",
            placeholder="for example: said so by phone on 3 August",
            max_chars=_LONGEST,
        )
        st.form_submit_button(
            "Save",
            key="people_consent_save",
            on_click=_change,
            args=(user_id,),
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )
        refused = st.session_state.pop(_REFUSED, None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")


@signed_in.only(Role.ADMIN)
def _change(user_id: str) -> None:
    reason = " ".join(str(st.session_state[f"{_REASON}_{user_id}"] or "").split())
    if not reason:
        st.session_state[_REFUSED] = "Write how you know it: this is the proof that is kept."
        return
    purpose = str(st.session_state["people_consent_purpose"])
    state = ConsentState(st.session_state["people_consent_state"])
    try:
        consents.record_consent(
            bootstrap.database(),
            user_id,
            purpose,
            state,
            at=now(),
            source=ConsentSource.PEOPLE_PAGE.value,
            evidence=f"{reason} (noted by {signed_in.actor()})",
        )
    except CampaignError as error:
        st.session_state[_REFUSED] = str(error)
        return
    said = people_words.STATES[state].lower()
    audit.noted("Changed a consent", user_id, f"{purpose}: now “{said}”, because: {reason}")
    st.session_state[f"{_REASON}_{user_id}"] = ""
    notices.keep(NOTICE, f"Saved: {said}. It counts from now on.")
