"""What an open rehearsal can be compared with: another one of the same history, or a new one."""

from dataclasses import dataclass

import streamlit as st

from core.services.stored_rehearsals import NamedVersion, RehearsalRecord
from core.ui import readers, rehearse_choices, rehearse_job, rehearse_records
from core.ui.rehearse_job import Setup
from core.ui.rehearse_view import View

_ASK = "\0another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A campaign of a kept rehearsal to compare with."""

    record: RehearsalRecord
    place: int

    @property
    def named(self) -> NamedVersion:
        """Give the campaign and its version."""
        return self.record.campaigns[self.place]


def choose(view: View) -> Other | None:
    """Let one be chosen, or another campaign be rehearsed; None while there is none."""
    others = others_of(view)
    if st.session_state.get(_key(view)) not in (*others, _ASK):
        own = view.campaign.name
        same = (key for key, other in others.items() if other.named.campaign.name == own)
        st.session_state[_key(view)] = next(same, _ASK)
    chosen = st.selectbox(
        "Compare with",
        [*others, _ASK],
        key=_key(view),
        format_func=lambda key: _label(others[key], view) if key in others else "Rehearse another…",
        persist_state="session",
        help="Rehearsals of the same data up to the same time. People and e-mails are matched one "
        "by one.",
    )
    if chosen in others:
        return others[chosen]
    _offer_run(view)
    return None


def _key(view: View) -> str:
    """Name the choice: each campaign of each rehearsal has its own."""
    return f"rehearse_compared_{view.rehearsal_id}_{view.place}"


def others_of(view: View) -> dict[str, Other]:
    """List what can be compared: other rehearsals of the same history, by their key."""
    found = {}
    for record in readers.rehearsals():
        same = (record.dataset, record.fingerprint, record.until) == (
            view.record.dataset,
            view.record.fingerprint,
            view.record.until,
        )
        for place in range(len(record.campaigns)) if same else ():
            if (record.rehearsal_id, place) != (view.rehearsal_id, view.place):
                found[f"{record.rehearsal_id}:{place}"] = Other(record=record, place=place)
    own = view.campaign.name
    return dict(sorted(found.items(), key=lambda item: item[1].named.campaign.name != own))


def _label(other: Other, view: View) -> str:
    name, version = other.named.campaign.name, rehearse_records.version(other.named)
    if other.record.rehearsal_id == view.rehearsal_id:
        return f"{name} {version}, in this rehearsal"
    made = f"{other.record.made_at:%-d %b, %H:%M} UTC"
    count = len(other.record.campaigns)
    company = f", together with {count - 1} more" if count > 1 else ""
    return f"{name} {version}, rehearsed {made}{company}"


def _offer_run(view: View) -> None:
    """Offer to rehearse another campaign, or another version, on the same history."""
    if view.key is None:
        st.info(
            "The data has changed since, so nothing new can be rehearsed on the same history. "
            "Press *Rehearse again* first.",
            icon=":material/update:",
        )
        return
    manifest = readers.dataset(view.key).manifest
    choices = rehearse_choices.all_choices(manifest.counts_by_name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice_id = st.selectbox(
            "Campaign",
            list(choices),
            format_func=lambda key: choices[key].label,
            key="rehearse_other_campaign",
            width=380,
        )
        if choice_id is None:
            return
        choice = choices[choice_id]
        if choice.version is not None and choice.version > 1:
            numbers = list(range(choice.version, 0, -1))
            number = st.selectbox("Version", numbers, key="rehearse_other_version", width=120)
            if number != choice.version:
                choice = rehearse_choices.of_version(choice, number)
        st.button(
            "Rehearse and compare",
            type="primary",
            icon=":material/compare_arrows:",
            key="rehearse_compare",
            on_click=rehearse_job.start,
            args=(_same_history(view, choice.named), _key(view)),
            disabled=rehearse_job.is_running(),
        )
    st.caption("Over the same days of the same data. It is kept like any other rehearsal.")


def _same_history(view: View, named: NamedVersion) -> Setup:
    """Put another campaign in the place of the one looked at; those beside it stay."""
    beside = [
        other
        for place, other in enumerate(view.record.campaigns)
        if place != view.place and other.campaign.name != named.campaign.name
    ]
    record = view.record
    return Setup(
        dataset=record.dataset,
        campaigns=[named, *beside],
        since=record.since,
        until=record.until,
        seed=record.seed,
    )
