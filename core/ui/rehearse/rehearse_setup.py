"""Setting a rehearsal up: which data and days, which campaigns, and the button that starts it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from core.history.manifest import Manifest
from core.ui import datasets, formats
from core.ui.rehearse import (
    rehearse_choices,
    rehearse_job,
    rehearse_records,
)
from core.ui.rehearse.rehearse_choices import Choice
from core.ui.rehearse.rehearse_job import Setup

CAMPAIGNS = "rehearse_campaigns"
_SEEN = "rehearse_campaigns_seen"
_DAY = timedelta(days=1)


def ask_for(choice_ids: Sequence[str]) -> None:
    """Have the page Rehearse show the set-up with these campaigns chosen, whatever is open there.

    The same campaign may have been chosen before, and be another one by now.
    """
    st.session_state[CAMPAIGNS] = list(choice_ids)
    st.session_state.pop(_SEEN, None)


def is_asked_for() -> bool:
    """Say whether another page chose campaigns to rehearse since the set-up was last shown."""
    chosen = st.session_state.get(CAMPAIGNS)
    return chosen is not None and chosen != st.session_state.get(_SEEN)


def show() -> None:
    """Show the set-up; the button starts the rehearsal."""
    manifest = datasets.choose()
    choices = rehearse_choices.all_choices(manifest.counts_by_name)
    with st.container(border=True):
        chosen = _choose_campaigns(choices)
        zone = rehearse_records.common_zone([choice.campaign for choice in chosen])
        since, until = _choose_period(manifest, zone)
        seed = _choose_seed()
        faults = _faults(chosen, since, until)
        _warn(chosen, manifest.counts_by_name)
        for fault in faults:
            st.warning(fault, icon=":material/edit:")
        st.button(
            "Rehearse",
            type="primary",
            icon=":material/theater_comedy:",
            key="rehearse_start",
            disabled=bool(faults) or not chosen or rehearse_job.is_running(),
            on_click=rehearse_job.start,
            args=(
                Setup(
                    dataset=manifest.name,
                    campaigns=[choice.named for choice in chosen],
                    since=since,
                    until=until,
                    seed=seed,
                ),
            ),
        )


def _choose_campaigns(choices: Mapping[str, Choice]) -> list[Choice]:
    known = [c for c in st.session_state.get(CAMPAIGNS, []) if c in choices]
    if CAMPAIGNS not in st.session_state or (st.session_state[CAMPAIGNS] and not known):
        first = rehearse_choices.first_choice(choices.values())
        known = [] if first is None else [first]
    if st.session_state.get(CAMPAIGNS) != known:
        st.session_state[CAMPAIGNS] = known
    ids = st.multiselect(
        "Campaigns",
        list(choices),
        key=CAMPAIGNS,
        format_func=lambda choice_id: choices[choice_id].label,
        placeholder="Choose one or more",
        persist_state="session",
        help="Several campaigns are rehearsed together: limits such as “at most 3 e-mails a week” "
        "count over all of them.",
    )
    st.session_state[_SEEN] = ids
    if not ids:
        st.caption("Choose at least one campaign. You can draw one on the page Flows.")
    return [_choose_version(choices[choice_id]) for choice_id in ids]


def _choose_version(choice: Choice) -> Choice:
    """Let another version of a saved campaign be chosen, where there are several."""
    if choice.version is None or choice.version == 1:
        return choice
    numbers = list(range(choice.version, 0, -1))
    number = st.selectbox(
        f"Version of {formats.plain(choice.campaign.name)}",
        numbers,
        format_func=lambda n: f"{n} (the latest)" if n == choice.version else str(n),
        key=f"rehearse_version_{choice.campaign.name}_{choice.version}",
        width=260,
    )
    return choice if number == choice.version else rehearse_choices.of_version(choice, number)


def _choose_period(manifest: Manifest, zone: str) -> tuple[datetime | None, datetime | None]:
    """Give from when people enter and up to when is looked; None for an end of the history."""
    assert manifest.first_at is not None
    assert manifest.last_at is not None
    first, last = (
        at.astimezone(ZoneInfo(zone)).date() for at in (manifest.first_at, manifest.last_at)
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        begin = _choose_day("From", (first, last), first, manifest.name, _FROM_HELP)
        end = _choose_day("To", (first, last), last, manifest.name, _TO_HELP)
        differs = (first, last) != (manifest.first_at.date(), manifest.last_at.date())
        above = " The line above tells days in UTC." if differs else ""
        st.caption(f"Days in {zone}.{above}", width="content")
    since = None if begin is None or begin <= first else _instant(begin, zone)
    until = None if end is None or end >= last else _instant(end + _DAY, zone) - _MICROSECOND
    return since, until


_FROM_HELP = (
    "As if you had switched the campaigns on at the beginning of this day. What people did before "
    "still counts: a cart of the day before can bring somebody in."
)
_TO_HELP = "The end of this day. Whoever is still on the way then is counted apart."


def _choose_day(
    label: str, days: tuple[date, date], chosen: date, dataset: str, said: str
) -> date | None:
    first, last = days
    day = st.date_input(
        label,
        chosen,
        min_value=first,
        max_value=last,
        key=f"rehearse_{label.lower()}_{dataset}_{first}_{last}",  # other data: chosen anew
        format="YYYY-MM-DD",
        width=160,
        help=said,
    )
    return day if isinstance(day, date) else None


_MICROSECOND = timedelta(microseconds=1)


def _instant(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _choose_seed() -> int:
    with st.expander("More", key="rehearse_more", on_change="rerun"):
        seed = st.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            value=0,
            step=1,
            key="rehearse_seed",
            width=160,
            persist_state="session",
            help="Fixes what is drawn by lot in forecasts and assumed figures. The same number "
            "gives the same figures; who is mailed and when does not depend on it.",
        )
    return int(seed or 0)


def _faults(chosen: Sequence[Choice], since: datetime | None, until: datetime | None) -> list[str]:
    faults = []
    names = [choice.campaign.name for choice in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [
        f"“{formats.plain(name)}” is chosen twice. Rehearse one of the two, then compare it with "
        "the other under *What changes*."
        for name in twice
    ]
    if since is not None and until is not None and since > until:
        faults.append("The period ends before it begins: choose a later day under *To*.")
    return faults


def _warn(chosen: Sequence[Choice], known: Collection[str]) -> None:
    for choice in chosen:
        missing = rehearse_choices.unknown_events(choice.campaign, known)
        name = formats.plain(choice.campaign.name)
        if missing:
            events = ", ".join(f"*{formats.plain(event)}*" for event in missing)
            st.caption(
                f":orange[:material/info:] **{name}** speaks of {events}, which this data does not "
                "hold. Check the names of the events on the page Data."
            )
        if not choice.campaign.steps:
            st.caption(
                f":orange[:material/info:] **{name}** sends nothing yet: it has a trigger, but no "
                "flow. You will see who would enter."
            )
