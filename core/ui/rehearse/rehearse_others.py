"""What an open rehearsal can be compared with: another one of the same history, or a new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import streamlit as st

from core.services.stored_rehearsals import NamedVersion, RehearsalRecord
from core.ui import readers
from core.ui.rehearse import (
    rehearse_choices,
    rehearse_job,
    rehearse_records,
)
from core.ui.rehearse.rehearse_choices import Choice
from core.ui.rehearse.rehearse_job import Setup
from core.ui.rehearse.rehearse_view import View

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
        st.session_state[_key(view)] = _likely_other(others, view)
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


def _likely_other(others: Mapping[str, Other], view: View) -> str:
    """Give what is most likely compared: another version of the campaign, else the same again."""
    own = view.campaign.name
    same = {key: o for key, o in others.items() if o.named.campaign.name == own}
    changed = (key for key, other in same.items() if other.named.campaign != view.campaign)
    return next(changed, next(iter(same), _ASK))


def _key(view: View) -> str:
    """Name the choice: each campaign of each rehearsal has its own."""
    return f"rehearse_compared_{view.rehearsal_id}_{view.place}"


def in_order(one: Other, two: Other) -> tuple[Other, Other]:
    """Put what came first before: the lower version of a campaign, else what was rehearsed first.

    What is not saved yet comes after every version of the same campaign.
    """

    def version(side: Other) -> float:
        return inf if side.named.version is None else side.named.version

    is_same = one.named.campaign.name == two.named.campaign.name
    if is_same and version(one) != version(two):
        return (one, two) if version(one) < version(two) else (two, one)
    return (one, two) if one.record.made_at <= two.record.made_at else (two, one)


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
            index=_likely(choices, view),
            format_func=lambda key: choices[key].label,
            key="rehearse_other_campaign",
            width=380,
        )
        if choice_id is None:
            return
        choice = _choose_version(choices[choice_id], view)
        is_itself = choice.campaign == view.campaign
        st.button(
            "Rehearse and compare",
            type="primary",
            icon=":material/compare_arrows:",
            key="rehearse_compare",
            on_click=rehearse_job.start,
            args=(_same_history(view, choice.named), _key(view)),
            disabled=is_itself or rehearse_job.is_running(),
        )
    if is_itself:
        st.caption(
            "That is what is rehearsed here. Choose another version or campaign, or change a delay "
            "on the page Flows and come back."
        )
    else:
        st.caption("Over the same days of the same data. It is kept like any other rehearsal.")


def _likely(choices: Mapping[str, Choice], view: View) -> int:
    """Give the place of what is most likely compared: the same campaign, else the first."""
    names = [choice.campaign.name for choice in choices.values()]
    return names.index(view.campaign.name) if view.campaign.name in names else 0


def _choose_version(choice: Choice, view: View) -> Choice:
    """Let a version of a saved campaign be chosen, at first not the one that is looked at."""
    if choice.version is None or choice.version == 1:
        return choice
    numbers = list(range(choice.version, 0, -1))
    is_here = choice.campaign.name == view.campaign.name
    here = view.record.campaigns[view.place].version if is_here else None
    number = st.selectbox(
        "Version",
        numbers,
        index=1 if numbers[0] == here else 0,
        key=f"rehearse_other_version_{choice.choice_id}_{choice.version}_{here}",
        width=120,
    )
    return choice if number == choice.version else rehearse_choices.of_version(choice, number)


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
