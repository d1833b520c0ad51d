"""What a trigger would have done: how many, when, who, why, who almost, and what it is worth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.firings import Admission
from core.history.manifest import Manifest
from core.rehearsal.curves import CurvePoint, window_of
from core.rehearsal.near_misses import NearMisses
from core.rehearsal.replay import CampaignReplay
from core.rehearsal.story import Moment
from core.services import phrases
from core.services.questions import WorthAnswer, WorthLine
from core.ui import (
    figures,
    formats,
    readers,
    words,
)
from core.ui.readers import DatasetKey

LISTED_PEOPLE = 1_000
TOLD_MOMENTS = 150
_PERSON = "triggers_person"


def show_counts(replayed: CampaignReplay, manifest: Manifest, worth: WorthAnswer | None) -> None:
    """Show how many people and times, what was refused, and who reaches the goal anyway."""
    enrolled = replayed.is_enrolled
    caught = len(np.unique(replayed.user[enrolled]))
    refused = {
        words.REASONS[reason.word]: int((replayed.outcome == reason).sum())
        for reason in Admission
        if reason is not Admission.ENROLLED
    }
    left_out = {reason: count for reason, count in refused.items() if count}
    with st.container(horizontal=True):
        st.metric(
            "People caught",
            f"{caught:,}",
            help=f"{formats.percent(caught / manifest.users)} of {formats.people(manifest.users)}.",
        )
        st.metric(
            "Times caught", f"{int(enrolled.sum()):,}", help="How often the flow would start."
        )
        st.metric(
            "Left out",
            f"{sum(left_out.values()):,}",
            help="Times the trigger was reached, but the person was caught too recently "
            "or is not in the audience.",
        )
        if worth is not None:
            _show_anyway(worth.lines[-1])
    if left_out:
        reasons = ", ".join(f"{reason.lower()} {count:,}" for reason, count in left_out.items())
        st.caption(f"Left out: {reasons}.")


def _show_anyway(line: WorthLine) -> None:
    within = phrases.duration(line.horizon)
    rate = None if line.caught_rate is None else line.caught_rate.value
    st.metric(
        "Reach the goal anyway",
        formats.percent(rate),
        help=f"{line.caught.goal_count:,} of {formats.people(line.caught.people_count)} within "
        f"{within} of being caught, without this e-mail. More under *Worth*.",
    )


def show_when(replayed: CampaignReplay, zone: str) -> None:
    """Show the days, and the hours of the week."""
    enrolled = replayed.is_enrolled
    at_by_label = {"caught": replayed.fired_at[enrolled]}
    if not enrolled.all():
        at_by_label["left out"] = replayed.fired_at[~enrolled]
    st.plotly_chart(
        figures.per_day(at_by_label, zone), key="triggers_per_day", alt="Times caught per day"
    )
    st.markdown("**When in the week**")
    st.plotly_chart(
        figures.weekly_heat(replayed.fired_at[enrolled], zone),
        key="triggers_heat",
        alt="Times caught by hour and weekday",
    )
    st.caption(f"Days and hours in {zone}.")


def show_people(replayed: CampaignReplay, campaign: Campaign, key: DatasetKey) -> None:
    """List the people caught; choosing one tells the story."""
    table = _people_table(replayed, key, campaign.timezone)
    total = len(np.unique(replayed.user[replayed.is_enrolled]))
    if not total:
        st.info("Nobody was caught. Look at *Nearly* for who came close.")
    else:
        chosen = st.dataframe(
            table,
            key="triggers_people",
            on_select="rerun",
            selection_mode="single-row",
            hide_index=True,
            height=260,
            alt="People the trigger caught",
        )
        shown = f"The first {LISTED_PEOPLE:,} of " if total > LISTED_PEOPLE else ""
        st.caption(f"{shown}{formats.people(total)}. Choose one to see why.")
        picked = chosen.selection.rows
        if picked and picked[0] < len(table):
            _choose_person(str(table.iloc[picked[0]]["Person"]), source=f"row {picked[0]}")
    show_story(campaign, key, suggested=str(table.iloc[0]["Person"]) if len(table) else "")


def _choose_person(user_id: str, source: str) -> None:
    """Put a chosen person into the search field, once per choice."""
    if st.session_state.get("triggers_person_source") != (user_id, source):
        st.session_state["triggers_person_source"] = (user_id, source)
        st.session_state[_PERSON] = user_id


def _people_table(replayed: CampaignReplay, key: DatasetKey, zone: str) -> pd.DataFrame:
    enrolled = np.flatnonzero(replayed.is_enrolled)
    people, first, count = np.unique(replayed.user[enrolled], return_index=True, return_counts=True)
    at = replayed.fired_at[enrolled[first]]
    newest = np.argsort(-at, kind="stable")[:LISTED_PEOPLE]
    table = {
        "Person": readers.user_ids(key, people[newest].tolist()),
        "First caught": [formats.moment(int(moment), zone) for moment in at[newest]],
        "Times": count[newest],
    }
    if replayed.campaign.trigger.key is not None:
        places = enrolled[first[newest]]
        table[replayed.campaign.trigger.key] = [replayed.key_of(int(n)) for n in places]
    return pd.DataFrame(table)


def show_story(campaign: Campaign, key: DatasetKey, suggested: str) -> None:
    """Tell why one person was or was not caught."""
    st.markdown("**Why was somebody caught, or not?**")
    st.session_state.setdefault(_PERSON, suggested)
    user_id = st.text_input("Person", key=_PERSON, placeholder="a user id", persist_state="page")
    if not user_id:
        return
    try:
        told = readers.story(key, campaign, user_id.strip())
    except UnusableInput as error:
        st.warning(str(error))
        return
    if not told.moments:
        st.info("Nothing this person did has to do with the trigger.")
        return
    shown = told.moments[-TOLD_MOMENTS:]
    st.table(_story_table(shown, campaign), alt=f"What the trigger saw of {user_id}")
    if len(shown) < len(told.moments) or not told.is_complete:
        st.caption(f"The last {len(shown)} of {len(told.moments):,} moments that mattered.")


def _story_table(moments: Sequence[Moment], campaign: Campaign) -> pd.DataFrame:
    zone, keyed = campaign.timezone, campaign.trigger.key
    rows = {
        "When": [formats.exact_moment(m.at, zone) for m in moments],
        "What happened": [_deed(m) for m in moments],
        "What it meant": [words.moment(m, campaign, zone) for m in moments],
    }
    if keyed is not None:
        rows[keyed] = [m.key or "" for m in moments]
    return pd.DataFrame(rows).set_index("When")


def _deed(moment: Moment) -> str:
    if moment.event is None:
        after = "" if moment.cause is None else f" after *{moment.cause.event}*"
        return f"Time passed{after}"
    details = [
        f"{name} {value}"
        for name, value in list(moment.event.properties.items())[:3]
        if isinstance(value, str | int | float) and len(str(value)) < 40
    ]
    return f"{moment.event.event}" + (f" ({', '.join(details)})" if details else "")


def show_nearly(found: NearMisses, campaign: Campaign, key: DatasetKey) -> None:
    """Show who was almost caught, and by how much."""
    parts = [
        f"**{formats.people(count)}** {words.MISSES[miss]}"
        for miss, count in found.count_by_miss.items()
        if count
    ]
    if not parts:
        st.info("Nobody came close without being caught.")
        return
    st.markdown("Not caught: " + "; ".join(parts) + ".")
    zone = campaign.timezone
    table = pd.DataFrame(
        {
            "Person": readers.user_ids(key, [miss.user for miss in found.nearest]),
            "How close": [words.near_miss(miss, campaign.trigger) for miss in found.nearest],
            "When": [formats.moment(miss.at, zone) for miss in found.nearest],
        }
    )
    if campaign.trigger.key is not None:
        table[campaign.trigger.key] = [miss.key or "" for miss in found.nearest]
    st.dataframe(table, hide_index=True, height=300, alt="People who were almost caught")
    st.caption("The nearest first. Look one up under *People* to see the whole story.")


def show_curve(points: Sequence[CurvePoint], title: str, key: str) -> None:
    """Show how many people other settings would catch, and say the next larger one."""
    if not points:
        return
    st.markdown(f"**{title}**")
    st.plotly_chart(figures.people_by_setting(points), key=key, alt=title)
    here = next(n for n, point in enumerate(points) if point.is_current)
    said = [
        _difference(points[here], points[other])
        for other in (here - 1, here + 1)
        if 0 <= other < len(points)
    ]
    st.caption(" ".join(said))


def _difference(current: CurvePoint, other: CurvePoint) -> str:
    label = figures.setting_label(other.setting)
    gained = other.people_count - current.people_count
    if gained == 0:
        return f"{label}: the same people."
    return f"{label}: {formats.people(abs(gained))} {'more' if gained > 0 else 'fewer'}."


def show_worth(answer: WorthAnswer | None, campaign: Campaign) -> None:
    """Show natural conversion, in comparison and over time, with what it does not prove."""
    if campaign.goal is None:
        st.info("Choose a goal, such as a purchase, to see how many reach it anyway.")
        return
    if answer is None:
        st.info(
            "This goal speaks of the very thing that set the trigger off (this order, this "
            "product), so how many reach it anyway is not measured here. Choose a plain goal."
        )
        return
    goal = phrases.matcher(campaign.goal.event, phrases.MARKDOWN)
    st.markdown(f"How many reach the goal, {goal}, **without this e-mail**:")
    st.table(_worth_table(answer.lines), alt="Natural conversion")
    st.caption(_worth_note(answer.lines))
    if not answer.reached_rates:
        return
    st.markdown("**From the first start to the goal**")
    wait = window_of(campaign.trigger)
    hours = None if wait is None else wait.total_seconds() / 3600
    st.plotly_chart(
        figures.reached(answer.hours, answer.reached_rates, hours),
        key="triggers_reached",
        alt="Share of people who reached the goal by hours since their first start",
    )
    lines = [
        f"- Wait **{phrases.duration(cost.wait)}**: {formats.percent(cost.before_rate)} got there "
        f"before and need no e-mail; {formats.percent(cost.after_rate)} get there later that week."
        for cost in answer.waits
    ]
    st.markdown("\n".join(lines))
    st.caption(
        f"From the first start of {formats.people(answer.start_count)}; people whose history ends "
        "before the goal count as long as they were seen (Kaplan–Meier)."
    )


def _worth_table(lines: Sequence[WorthLine]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Within": [phrases.duration(line.horizon) for line in lines],
            "Caught": [formats.interval(line.caught_rate) for line in lines],
            "Began, but not caught": [formats.interval(line.not_caught_rate) for line in lines],
            "Everybody": [formats.interval(line.everybody_rate) for line in lines],
            "Caught vs. not caught": [formats.times(line.against_not_caught) for line in lines],
            "Caught vs. everybody": [formats.times(line.against_everybody) for line in lines],
        }
    ).set_index("Within")


def _worth_note(lines: Sequence[WorthLine]) -> str:
    counts = "; ".join(
        f"within {phrases.duration(line.horizon)} {line.caught.goal_count:,} of "
        f"{line.caught.people_count:,} caught"
        + (f", {line.caught.censored_count:,} not known yet" if line.caught.censored_count else "")
        for line in lines
    )
    return (
        f"{counts.capitalize()}. A person counts once, from the first time caught; the others from "
        "the same point after their first start; everybody from a random moment. Ranges hold the "
        "true value in 95 of 100 cases. Nobody got this e-mail, so the figures say who does it "
        "anyway; they prove no effect of an e-mail."
    )
