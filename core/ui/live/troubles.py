"""What went wrong on its way: late events, people who could not be decided, calls given up."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.services.calling import call_again, dead_calls
from core.services.live_events import try_again
from core.services.live_launches import launches
from core.services.live_questions import MOST_ROWS, dead_letters, late_events
from core.ui import audit, formats, masked, notices, signed_in
from core.ui.live.places import NOTICE
from core.ui.live.trouble_card import trouble_card
from core.ui.rehearse import rehearse_words

_ZONE = "UTC"


def show() -> None:
    """Show failed people, failed calls and late events."""
    if not show_if_any():
        st.caption(
            "Nothing is amiss: everybody could be decided on, every call got through, and no event "
            "came too late."
        )


def show_count() -> None:
    """Say where everybody looks how much waits for somebody under “What went wrong”."""
    people = len(dead_letters(bootstrap.database()))
    calls = len(dead_calls(bootstrap.database()))
    said = []
    if people:
        noun = "person" if people == 1 else "people"
        said.append(f"**{_at_least(people)} {noun}** could not be decided on")
    if calls:
        noun = "call** to another system was" if calls == 1 else "calls** to other systems were"
        said.append(f"**{_at_least(calls)} {noun} given up")
    if said:
        st.markdown(f":orange[:material/report:] {', and '.join(said)}: see *What went wrong*.")


def _at_least(count: int) -> str:
    return f"{count:,} or more" if count == MOST_ROWS else f"{count:,}"


def show_if_any() -> bool:
    """Show what went wrong; say whether anything did."""
    return any([_show_failed(), _show_calls(), _show_late()])


def _show_failed() -> bool:
    letters = dead_letters(bootstrap.database())
    if not letters:
        return False
    st.subheader("People who could not be decided on", anchor=False)
    st.caption(
        "Something about these people, or an event of theirs, could not be worked on. Nobody else "
        "was held up. Mend the cause, then try again: their events are decided in order."
    )
    for letter in letters:
        said = f"{len(letter.seqs):,} {'event' if len(letter.seqs) == 1 else 'events'}"
        when = formats.moment(letter.at, _ZONE)
        person = formats.plain(masked.text(letter.user_id))
        with trouble_card(
            f"**{person}** :gray[{said}, {when} UTC]", f"Reason: {masked.text(letter.reason)}"
        ):
            _offer("Try again", f"live_try_{letter.id}", _try_again, letter.id)
    return True


@signed_in.only(Role.EDITOR)
def _try_again(letter_id: int) -> None:
    try:
        letter = try_again(bootstrap.database(), letter_id)
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
    else:
        audit.noted("Tried again", letter.user_id, "a person who could not be decided on")
        notices.keep(NOTICE, f"{masked.text(letter.user_id)} is decided on once more.")


def _show_calls() -> bool:
    """List calls of other systems that were given up."""
    calls = dead_calls(bootstrap.database())
    if not calls:
        return False
    st.subheader("Other systems that could not be told", anchor=False)
    st.caption("Trying again did not help, or could not. Mend the cause, then call again.")
    names = {launch.id: launch.name for launch in launches(bootstrap.database())}
    for call in calls:
        person = formats.plain(masked.text(call.user_id))
        campaign = formats.plain(names.get(call.launch_id, "a campaign"))
        with trouble_card(
            f"**{formats.plain(call.host)}** :gray[{campaign}, for {person}]",
            f"Tried {rehearse_words.times(call.attempt_count)}. {masked.text(call.reason)}",
        ):
            _offer("Call again", f"live_call_{call.id}", _call_again, call.id)
    return True


@signed_in.only(Role.EDITOR)
def _call_again(call_id: int) -> None:
    try:
        call = call_again(bootstrap.database(), call_id, at=now())
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
    else:
        audit.noted("Tried again", call.user_id, f"a call of {call.host}")
        notices.keep(NOTICE, f"{call.host} is called once more.")


def _offer(label: str, key: str, mend: Callable[[int], None], number: int) -> None:
    st.button(
        label,
        icon=":material/replay:",
        key=key,
        on_click=mend,
        args=(number,),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    )


def _show_late() -> bool:
    events = late_events(bootstrap.database())
    if not events:
        return False
    with st.expander("Late events", icon=":material/schedule:", key="live_late"):
        st.caption(
            "These are older than what was decided for their person when they came in. A late "
            "purchase still ends a campaign and disarms what has not fired; what was decided stays."
        )
        rows = [
            {
                "Person": masked.text(event.user_id),
                "Event": event.event,
                "Happened": formats.exact_moment(event.at, _ZONE),
                "Came in": formats.exact_moment(event.received_at, _ZONE),
                "Late by": formats.microseconds(event.received_at - event.at),
            }
            for event in events
        ]
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, alt="Late events, the latest to arrive first"
        )
        st.caption(f"Times in {_ZONE}.")
    return True
