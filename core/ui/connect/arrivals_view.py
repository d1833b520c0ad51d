"""Did it arrive? What came in last, as it comes, and what was refused."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.calls import ANONYMOUS
from core.domain.mail_events import DELIVERY
from core.domain.roles import Role
from core.services.arrivals import TEST_PERSON, Arrival, latest_events, send_test_event
from core.services.ingesting import rejections
from core.ui import formats, masked, signed_in
from core.ui.data import data_words
from core.ui.live import words

OFTEN = 3.0  # seconds between two looks
_SHOWN = 15
_READ = 100  # what became of our own e-mails lies between
_LONGEST = 120
_LOOKED_AT = 200
_WAYS = {
    "api": "Client or page",
    "pixel": "Pixel",
    "queue": "Queue",
    "test": "This page",
}
_CALLS = {
    "identify": "Who somebody is",
    "track": "Event",
    "page": "Page view",
    "screen": "Screen view",
    "group": "Group",
    "alias": "Two ids of one person",
}


@signed_in.fragment(run_every=OFTEN)
def show() -> None:
    """Show the latest events and refusals, anew every few seconds."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        st.subheader("3. Did it arrive?", anchor=False, width="content")
        st.button(
            "Send a test event",
            icon=":material/send:",
            key="connect_test",
            on_click=_send,
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR)
            or "An event of nobody. No e-mail can follow from it.",
        )
    came_in = latest_events(bootstrap.database(), _READ)
    others = [event for event in came_in if event.source != DELIVERY][:_SHOWN]
    _show_events(others, since="of late" if came_in else "yet")
    _show_refused_requests()
    _show_rejected()


@signed_in.only(Role.EDITOR)
def _send() -> None:
    send_test_event(bootstrap.database(), now())


def _show_events(events: Sequence[Arrival], *, since: str) -> None:
    if not events:
        st.info(
            f"Nothing came in {since}. Put the code into your page or your shop, do something "
            "there, and it appears here within seconds.",
            icon=":material/hourglass_empty:",
        )
        return
    moment = now()
    rows = [
        {
            "Came in": words.ago(event.received_at, moment),
            "Person": _person(event.user_id),
            "Event": masked.text(event.event),
            "What it says": _said(event),
            "By": _WAYS.get(event.source, event.source.replace(":", " ").capitalize()),
        }
        for event in events
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        alt="The events that came in last: when, of whom, what, and by which way",
        column_config={"What it says": st.column_config.TextColumn(width="large")},
    )
    st.caption(
        "The latest, shown anew every few seconds. E-mail addresses are masked. What becomes of "
        "your e-mails stands on the page Live."
    )


def _person(user_id: str) -> str:
    """Name somebody: by their id, or as a visitor of whom nothing else is known."""
    if user_id == TEST_PERSON:
        return "Test"
    if user_id.startswith(ANONYMOUS):
        return f"Visitor {masked.text(user_id.removeprefix(ANONYMOUS))[:8]}"
    return masked.text(user_id)


def _said(event: Arrival) -> str:
    told = ", ".join(
        f"{name}: {data_words.value(value)}"
        for name, value in event.properties.items()
        if name != "context"
    )
    hidden = masked.text(told)
    return hidden if len(hidden) <= _LONGEST else hidden[: _LONGEST - 1] + "…"


def _show_refused_requests() -> None:
    """Name what knocked with a wrong key and the like, which never reaches the database."""
    moment = now()
    latest = [one for one in bootstrap.refused_requests().latest() if one.code != "unavailable"]
    counts = Counter((one.reason, one.origin) for one in latest)
    seen = {(one.reason, one.origin): one.at for one in reversed(latest)}
    for (reason, origin), count in list(counts.items())[:3]:
        # As code, so that a stranger's address does not become a link to click.
        page = f" from pages of `{origin.replace('`', '')}`" if origin else ""
        last = words.ago(seen[reason, origin], moment)
        refused = f"A request{page} was refused {last}"
        if count > 1:
            refused = f"{count:,} requests{page} were refused, the last one {last}"
        st.warning(f"{refused}: {formats.plain(masked.text(reason))}.", icon=":material/block:")


def _show_rejected() -> None:
    rejected = rejections(bootstrap.database(), _LOOKED_AT)
    if not rejected:
        return
    counts = Counter((one.kind, one.reason, one.source) for one in rejected)
    latest = {(one.kind, one.reason, one.source): one.received_at for one in reversed(rejected)}
    moment = now()
    more = "+" if len(rejected) == _LOOKED_AT else ""
    with st.expander(
        f"What could not be used ({len(rejected):,}{more})",
        icon=":material/report:",
        key="connect_rejected",
    ):
        rows = [
            {
                "Last": words.ago(latest[kind, reason, source], moment),
                "How often": count,
                "What": _CALLS.get(kind, "Unknown"),
                "Why": masked.text(reason),
                "By": _WAYS.get(source, source),
            }
            for (kind, reason, source), count in counts.items()
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            width="stretch",
            alt="What was sent and could not be used, and why, the latest first",
            column_config={"Why": st.column_config.TextColumn(width="large")},
        )
