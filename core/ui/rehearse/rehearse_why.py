"""Why: one person's way told as a story, and why an e-mail was or was not sent."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.domain.errors import UnusableInput
from core.domain.outcomes import EnrolmentState, MessageOutcome
from core.rehearsal.outcome import Outcome
from core.services.person_stories import PersonStory, person_story
from core.ui import formats, readers
from core.ui.rehearse import rehearse_story, rehearse_words
from core.ui.rehearse.rehearse_story import StoryLine
from core.ui.rehearse.rehearse_view import View

LISTED = 1_000
_PERSON = "rehearse_person"
_STATES = {
    EnrolmentState.ACTIVE: "still under way",
    EnrolmentState.COMPLETED: "through the flow",
    EnrolmentState.EXITED: "left the flow",
}
_EVERY = ""
Int64s = NDArray[np.int64]
Message = tuple[str, int]  # the step that sends it, and when it is due (µs)


def show(view: View) -> None:
    """Let a person be chosen, from the people who entered or the e-mails; tell the story."""
    if view.key is None:
        st.info(
            "The data has changed since this rehearsal was made, or is gone, so nobody can be "
            "named any more. Press *Rehearse again*, and look there.",
            icon=":material/person_off:",
        )
        return
    by = st.segmented_control(
        "Start from",
        ["People", "E-mails"],
        default="People",
        key="rehearse_why_by",
        label_visibility="collapsed",
        required=True,
        persist_state="session",
    )
    outcome = readers.outcome(view.rehearsal_id)
    message = None
    if by == "E-mails":
        message = _choose_message(view, outcome)
    else:
        _choose_enrolment(view, outcome)
    st.session_state.setdefault(_PERSON, "")
    user_id = st.text_input(
        "Person",
        key=_PERSON,
        placeholder="A user id, or choose a row above",
        persist_state="session",
        width=420,
    )
    if user_id and user_id.strip():
        _show_story(view, outcome, user_id.strip(), message)


def _choose_enrolment(view: View, outcome: Outcome) -> None:
    enrolments = outcome.enrolments
    own = np.flatnonzero(enrolments.campaign == view.place)
    if not len(own):
        st.info("Nobody entered this campaign. Type an id to see why somebody did not.")
        return
    newest = own[np.argsort(-enrolments.entered_at[own], kind="stable")][:LISTED]
    zone = view.campaign.timezone
    table = {
        "Person": readers.user_ids(_key(view), enrolments.user[newest].tolist()),
        "Entered": [formats.moment(int(at), zone) for at in enrolments.entered_at[newest]],
        "Then": [_state(outcome, int(n)) for n in newest],
        "Goal": [
            formats.moment(int(at), zone) if at > 0 else "" for at in enrolments.goal_at[newest]
        ],
    }
    if view.campaign.trigger.key is not None:
        texts = [*enrolments.key_texts, ""]
        table[view.campaign.trigger.key] = [texts[code] for code in enrolments.key[newest]]
    _pick(pd.DataFrame(table), "rehearse_people", "Entries, the latest first")
    _say_listed(len(own), "entries", zone)


def _state(outcome: Outcome, number: int) -> str:
    state = EnrolmentState(int(outcome.enrolments.state[number]))
    enrolments = outcome.enrolments
    if state is EnrolmentState.EXITED and enrolments.goal_at[number] == enrolments.ended_at[number]:
        return "left at the goal"
    return _STATES[state]


def _choose_message(view: View, outcome: Outcome) -> Message | None:
    """Let an e-mail be chosen; its person goes into the field for the person."""
    places = _filtered(view, outcome)
    if not len(places):
        st.caption("No such e-mail came up.")
        return None
    newest = places[np.argsort(-outcome.messages.due_at[places], kind="stable")][:LISTED]
    row = _pick(
        _messages_table(view, outcome, newest), "rehearse_messages", "E-mails, the latest first"
    )
    _say_listed(len(places), "e-mails", view.campaign.timezone)
    if row is None:
        return None
    place = newest[row]
    step = view.campaign.steps[outcome.messages.step[place]]
    return step.id, int(outcome.messages.due_at[place])


def _filtered(view: View, outcome: Outcome) -> Int64s:
    """Let e-mails be chosen by step and by what became of them; give their places."""
    messages, labels = outcome.messages, rehearse_words.mail_labels(view.campaign)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        step_id = st.selectbox(
            "E-mail",
            [_EVERY, *labels],
            format_func=lambda step: labels.get(step, "Every e-mail"),
            key=f"rehearse_why_step_{view.place}",
            width=260,
        )
        word = st.selectbox(
            "What became of it",
            [_EVERY, *(outcome.word for outcome in MessageOutcome)],
            format_func=_outcome_word,
            key="rehearse_why_outcome",
            width=260,
        )
    chosen = outcome.enrolments.campaign[messages.enrolment] == view.place
    if step_id:
        chosen &= messages.step == [step.id for step in view.campaign.steps].index(step_id)
    if word:
        chosen &= messages.outcome == MessageOutcome[word.upper()]
    return np.flatnonzero(chosen)


def _messages_table(view: View, outcome: Outcome, places: Int64s) -> pd.DataFrame:
    messages, zone = outcome.messages, view.campaign.timezone
    labels = rehearse_words.mail_labels(view.campaign)
    words = [MessageOutcome(int(n)).word for n in messages.outcome[places]]
    users = outcome.enrolments.user[messages.enrolment[places]].tolist()
    return pd.DataFrame(
        {
            "Person": readers.user_ids(_key(view), users),
            "E-mail": [labels[view.campaign.steps[n].id] for n in messages.step[places]],
            "When": [formats.moment(int(at), zone) for at in messages.due_at[places]],
            "What became of it": [_outcome_word(word) for word in words],
        }
    )


def _outcome_word(word: str) -> str:
    if not word:
        return "Everything"
    return "Sent" if word == "sent" else f"Held back: {rehearse_words.WITHHELD[word].lower()}"


def _key(view: View) -> readers.DatasetKey:
    assert view.key is not None  # asked first of all
    return view.key


def _pick(table: pd.DataFrame, key: str, alt: str) -> int | None:
    """Show people in a table; a chosen row goes into the field for the person, once."""
    chosen = st.dataframe(
        table,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=240,
        alt=alt,
    )
    rows = chosen.selection.rows
    picked = (key, rows[0], str(table.iloc[rows[0]]["Person"])) if rows else None
    if picked is not None and st.session_state.get("rehearse_picked") != picked:
        st.session_state[_PERSON] = picked[2]
    st.session_state["rehearse_picked"] = picked
    return rows[0] if rows else None


def _say_listed(total: int, what: str, zone: str) -> None:
    shown = f"The latest {LISTED:,} of {total:,} {what}" if total > LISTED else f"{total:,} {what}"
    st.caption(f"{shown}. Choose a row to read the story. Times in {zone}.")


def _show_story(view: View, outcome: Outcome, user_id: str, message: Message | None) -> None:
    dataset = readers.dataset(_key(view))
    try:
        story = person_story(view.record, outcome, view.place, dataset, user_id)
    except UnusableInput as error:
        st.warning(str(error))
        return
    st.subheader(formats.plain(user_id), anchor=False)
    about = None if message is None else rehearse_story.about_message(story, message)
    if about is not None:
        st.info(f"The e-mail you chose: {about}", icon=":material/mail:")
    for sentence in rehearse_story.headline(story):
        st.markdown(sentence)
    lines = rehearse_story.lines(story)
    if not lines:
        st.info("Nothing this person did has to do with this campaign.")
        return
    st.table(story_table(lines), alt="What happened, in order, and what it meant")
    _show_notes(story)


def story_table(lines: Sequence[StoryLine]) -> pd.DataFrame:
    """Lay the story out: when, where in the campaign, what it meant."""
    return pd.DataFrame(
        {
            "When": [line.when for line in lines],
            "Where": [formats.plain(line.where) for line in lines],
            "What happened": [line.what for line in lines],
        }
    ).set_index("When")


def _show_notes(story: PersonStory) -> None:
    zone = story.campaign.timezone
    own = story.own_zone
    said = f"Times in {zone}."
    if own is not None and own != zone:
        said += f" Quiet hours and times of day go by this person's own time zone, {own}."
    if not story.is_complete:
        said += " Only the first moments of the trigger are told: there are too many."
    st.caption(said)
