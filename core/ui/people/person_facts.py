"""What is known of a person: profile, ids, what they did, and what campaigns decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.events import Event
from core.domain.reach import CONSENT
from core.domain.values import JsonValue
from core.history.manifest import Manifest, TableRecord
from core.services import live_events, live_questions, people
from core.services.erasing import names_of
from core.services.live_launches import launches
from core.services.live_overview import log
from core.services.people import Deed
from core.ui import formats, masked, navigation, readers
from core.ui.data import data_words
from core.ui.live import decision_log, mail_list
from core.ui.live import words as live_words
from core.ui.people import people_words
from core.ui.rehearse import rehearse_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a person: all ids, live traits, and profiles by dataset.

    `loaded_asks` says that the data which `loaded` is from tells of anybody's consent.
    """

    user_id: str
    ids: Sequence[str]
    live: Mapping[str, JsonValue] | None
    uploaded: Mapping[str, Mapping[str, JsonValue]]
    loaded_asks: bool = False

    @property
    def loaded(self) -> Mapping[str, JsonValue] | None:
        """The profile in the first of the loaded data that has one."""
        return next(iter(self.uploaded.values()), None)


def known(user_id: str, manifests: Sequence[Manifest]) -> Known:
    """Look up a person."""
    database = bootstrap.database()
    names = names_of(database, bootstrap.home(), user_id)
    uploaded = {}
    asks: list[bool] = []
    for manifest in manifests:
        for one in sorted(names.user_ids):
            found = readers.profile(readers.key_of(manifest), one)
            if found is not None:
                uploaded[manifest.name] = found
                asks.append(manifest.profiles is not None and _tells_of_consent(manifest.profiles))
    return Known(
        user_id=user_id,
        ids=sorted(names.user_ids - {user_id}),
        live=live_events.profile(database, user_id),
        uploaded=uploaded,
        loaded_asks=bool(asks) and asks[0],
    )


def show_profile(found: Known) -> None:
    """Show what live and the loaded data say of somebody."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Profile", anchor=False)
        masked.offer(found.user_id, key="people_show")
    if found.ids:
        others = ", ".join(formats.plain(masked.text(one, found.user_id)) for one in found.ids)
        st.caption(f"Also known as {others}")
    if found.live is None and not found.uploaded:
        st.caption("Nothing but what they did: nobody sent or loaded a profile.")
    if found.live is not None and found.uploaded:
        st.caption("Campaigns that run live go by what is known live, rehearsals by your data.")
    if found.live is not None:
        _show_traits("Known live", found.live, found.user_id)
    for name, traits in found.uploaded.items():
        _show_traits(f"In your data: {formats.plain(name)}", traits, found.user_id)


def _show_traits(title: str, traits: Mapping[str, JsonValue], user_id: str) -> None:
    st.markdown(f"**{title}**")
    rows = {
        formats.plain(masked.text(name)): formats.plain(
            masked.text(data_words.value(value), user_id)
        )
        for name, value in traits.items()
    }
    st.table(rows or {"–": "–"}, border="horizontal", alt=f"{title}: what is known of this person")


def show_deeds(found: Known, manifests: Sequence[Manifest]) -> None:
    """Show what somebody did, live and in the loaded data, the latest first."""
    deeds = people.deeds(bootstrap.database(), found.user_id)
    for manifest in manifests:
        key = readers.key_of(manifest)
        for one in (found.user_id, *found.ids):
            deeds += [_deed(event, manifest.name) for event in readers.timeline(key, one)]
    deeds.sort(key=lambda deed: deed.at, reverse=True)
    if not deeds:
        st.caption("They did nothing yet that we know of.")
        return
    shown = deeds[: people.MOST_EVENTS]
    st.dataframe(
        pd.DataFrame(
            {
                "When": [deed.at.astimezone(UTC).replace(tzinfo=None) for deed in shown],
                "What": [deed.event for deed in shown],
                "Details": [
                    masked.text(data_words.details(deed.properties), found.user_id)
                    for deed in shown
                ],
                "Known from": [people_words.source(deed.source) for deed in shown],
            }
        ),
        hide_index=True,
        alt="What this person did, the latest first",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", width=150),
            "Details": st.column_config.TextColumn(width="large"),
        },
    )
    more = f"The latest {len(shown):,}. " if len(shown) < len(deeds) else ""
    st.caption(f"{more}Times in UTC.")


def show_decisions(found: Known) -> None:
    """Show the messages of somebody, and why they got them or did not."""
    database = bootstrap.database()
    by_id = {launch.id: launch for launch in launches(database)}
    messages = [
        one
        for one in live_questions.outbox(database, user_id=found.user_id)
        if one.launch_id in by_id
    ]
    lines = [one for one in log(database, user_id=found.user_id) if one.launch_id in by_id]
    if not lines and not messages:
        st.markdown("No campaign that runs live has had anything to do with them yet.")
        _show_way_to_rehearsals()
        return
    zone = rehearse_records.common_zone([launch.campaign for launch in by_id.values()])
    st.markdown("**What campaigns decided, and why**")
    rows = [
        {
            "When": formats.exact_moment(line.at, zone),
            "What": live_words.line(
                line, by_id[line.launch_id].campaign, by_id[line.launch_id].mode, zone
            ),
            "Campaign": decision_log.label(by_id[line.launch_id]),
        }
        for line in lines
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="What campaigns decided about this person, the latest first",
        column_config={"What": st.column_config.TextColumn(width="large")},
    )
    if messages:
        st.markdown("**E-mails**")
        titles = {email.name: email.title for email in readers.emails()}
        said = [
            {
                "Due": formats.exact_moment(message.due_at, zone),
                "E-mail": mail_list.called(
                    message.template, message.step, by_id[message.launch_id].campaign, titles
                ),
                "State": live_words.state(message.state, by_id[message.launch_id].mode),
                "To": masked.text(message.address or "–", found.user_id),
                "Campaign": decision_log.label(by_id[message.launch_id]),
            }
            for message in messages
        ]
        st.dataframe(pd.DataFrame(said), hide_index=True, alt="E-mails to this person")
    st.caption(f"Times in {zone}.")
    _show_way_to_rehearsals()


def _show_way_to_rehearsals() -> None:
    st.caption("Why they would have got an e-mail, or not, in your recorded data:")
    st.page_link(navigation.REHEARSE, label="Rehearse, then choose Why")


def address_of(found: Known) -> str | None:
    """Give the address by which somebody gets e-mails."""
    address = (found.live or {}).get("email")
    return address if isinstance(address, str) and address else None


def _tells_of_consent(profiles: TableRecord) -> bool:
    return any(column.name == CONSENT for column in profiles.properties)


def _deed(event: Event, dataset: str) -> Deed:
    return Deed(
        at=event.timestamp,
        event=event.event,
        properties=dict(event.properties),
        source=dataset,
    )
