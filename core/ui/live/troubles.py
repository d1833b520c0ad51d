"""What went wrong on its way: events that came too late, people who could not be decided."""

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.errors import UnusableInput
from core.services.live_events import try_again
from core.services.live_questions import dead_letters, late_events
from core.ui import formats, notices
from core.ui.live import words
from core.ui.live.launch_list import NOTICE

_ZONE = "UTC"


def show() -> None:
    """Show failed people and late events, where there are any."""
    _show_failed()
    _show_late()


def _show_failed() -> None:
    letters = dead_letters(bootstrap.database())
    if not letters:
        return
    st.subheader("People who could not be decided on", anchor=False)
    st.caption(
        "Something about these people, or an event of theirs, could not be worked on. Nobody else "
        "was held up. Mend the cause, then try again: their events are decided in order."
    )
    for letter in letters:
        with st.container(
            border=True,
            horizontal=True,
            vertical_alignment="center",
            horizontal_alignment="distribute",
        ):
            with st.container(gap="xsmall", width=640):
                said = f"{len(letter.seqs):,} {'event' if len(letter.seqs) == 1 else 'events'}"
                when = formats.moment(letter.at, _ZONE)
                person = formats.plain(words.masked(letter.user_id))
                st.markdown(f"**{person}** :gray[{said}, {when} UTC]")
                st.caption(formats.plain(f"Reason: {words.masked(letter.reason)}"))
            st.button(
                "Try again",
                icon=":material/replay:",
                key=f"live_try_{letter.id}",
                on_click=_try_again,
                args=(letter.id,),
            )


def _try_again(letter_id: int) -> None:
    try:
        letter = try_again(bootstrap.database(), letter_id)
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
    else:
        notices.keep(NOTICE, f"{words.masked(letter.user_id)} is decided on once more.")


def _show_late() -> None:
    events = late_events(bootstrap.database())
    if not events:
        return
    with st.expander("Late events", icon=":material/schedule:", key="live_late"):
        st.caption(
            "These are older than what was decided for their person when they came in. A late "
            "purchase still ends a campaign and disarms what has not fired; what was decided stays."
        )
        rows = [
            {
                "Person": words.masked(event.user_id),
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
