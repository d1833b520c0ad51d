"""What changes: this rehearsal against another one on the same history, people and messages."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.domain.errors import UnusableInput
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.change_lists import MessageChange, PersonChange
from core.rehearsal.reports.change_reasons import Reason
from core.rehearsal.reports.changes import Changes, StepChange, changes
from core.rehearsal.reports.funnel import StepFunnel
from core.services import step_words, version_diff
from core.ui import formats, readers
from core.ui.rehearse import (
    rehearse_others,
    rehearse_records,
    rehearse_words,
)
from core.ui.rehearse.rehearse_others import Other
from core.ui.rehearse.rehearse_view import View


def show(view: View) -> None:
    """Let the other side be chosen, then show what changes."""
    chosen = rehearse_others.choose(view)
    if chosen is None:
        return
    this = Other(record=view.record, place=view.place)
    pair = rehearse_others.in_order(this, chosen)
    is_swapped = st.toggle("The other way round", key="rehearse_swapped", persist_state="page")
    before, after = reversed(pair) if is_swapped else pair
    _show_sides(before, after, view)
    try:
        found = readers.report(
            before.record.rehearsal_id,
            _changes,
            after.record.rehearsal_id,
            before.place,
            after.place,
        )
    except UnusableInput as error:
        st.warning(str(error))
        return
    _show_settings(before, after)
    _show_counts(found)
    if found.is_empty:
        st.success("Nobody and no e-mail changes.", icon=":material/check:")
        return
    _show_messages(found, view)
    _show_people(found, view)
    _show_steps(found.steps, before, after)


def _changes(before: Outcome, after_id: str, before_place: int, after_place: int) -> Changes:
    after = readers.outcome(after_id)
    return changes(before, after, before_place=before_place, after_place=after_place)


def _show_sides(before: Other, after: Other, view: View) -> None:
    one, two = (
        f"**{formats.plain(side.named.campaign.name)}** {rehearse_records.version(side.named)}"
        + (" (this rehearsal)" if side.record.rehearsal_id == view.rehearsal_id else "")
        for side in (before, after)
    )
    st.markdown(f"From {one} :material/arrow_forward: to {two}")
    differing = {name for name in _beside(before) ^ _beside(after) if name}
    if differing:
        names = ", ".join(formats.plain(name) for name in sorted(differing))
        st.caption(
            f":orange[:material/info:] The two were rehearsed in other company ({names}): limits "
            "on e-mails per person count over all campaigns, which may change some by itself."
        )
    if before.record.since != after.record.since:
        st.caption(
            ":orange[:material/info:] The two were switched on at different days, which changes "
            "who enters."
        )


def _beside(side: Other) -> set[str]:
    return {n.campaign.name for p, n in enumerate(side.record.campaigns) if p != side.place}


def _show_settings(before: Other, after: Other) -> None:
    found = version_diff.differences(before.named.campaign, after.named.campaign)
    if not found:
        st.caption("Both campaigns mean the same.")
        return
    with st.expander(f"What is different in the campaign ({len(found)})", expanded=len(found) < 6):
        st.table(
            pd.DataFrame(
                {
                    "Where": [formats.plain(change.step_id) or "Campaign" for change in found],
                    "What": [formats.plain(change.what) for change in found],
                    "Before": [formats.plain(change.before) for change in found],
                    "After": [formats.plain(change.after) for change in found],
                }
            ).set_index("Where"),
            alt="What is different between the two campaigns",
        )


def _show_counts(found: Changes) -> None:
    with st.container(horizontal=True):
        st.metric("People gained", f"{found.people_gained_count:,}", help="They enter only after.")
        st.metric("People lost", f"{found.people_lost_count:,}", help="They enter only before.")
        st.metric("E-mails gained", f"{found.gained_count:,}", help="Sent only after.")
        st.metric("E-mails lost", f"{found.lost_count:,}", help="Sent only before.")
        st.metric("E-mails moved", f"{found.moved_count:,}", help="Sent by both, at other times.")
        st.metric("E-mails unchanged", f"{found.same_count:,}", help="Sent by both, same time.")
    st.caption(
        f"{formats.people(found.people_kept_count).capitalize()} "
        f"{'enters' if found.people_kept_count == 1 else 'enter'} in both."
    )
    if found.median_move is not None:
        st.markdown(
            f"Of the e-mails that moved, {_moved_ways(found)}; typically "
            f"{rehearse_words.moved(found.median_move)}."
        )


def _moved_ways(found: Changes) -> str:
    if not found.earlier_count or not found.later_count:
        return (
            f"all **{found.moved_count:,}** leave {'earlier' if found.earlier_count else 'later'}"
        )
    return f"**{found.earlier_count:,}** leave earlier and **{found.later_count:,}** later"


def _show_messages(found: Changes, view: View) -> None:
    groups = {
        f"Gained ({found.gained_count:,})": (found.gained, found.gained_count),
        f"Lost ({found.lost_count:,})": (found.lost, found.lost_count),
        f"Moved ({found.moved_count:,})": (found.moved, found.moved_count),
    }
    known = {label: group for label, group in groups.items() if group[1]}
    if not known:
        return
    st.markdown("**E-mails**")
    label = st.segmented_control(
        "Which e-mails",
        list(known),
        default=next(iter(known)),
        key=f"rehearse_changed_{'_'.join(known)}",
        label_visibility="collapsed",
        required=True,
    )
    listed, count = known[label if label in known else next(iter(known))]
    _show_reasons(str(label), found)
    st.dataframe(
        messages_table(listed, view),
        hide_index=True,
        height=300,
        alt="E-mails that change, with the reason",
    )
    _say_listed(len(listed), count, "e-mails", view)


def _show_reasons(label: str, found: Changes) -> None:
    for word, side, count_by_reason in (
        ("Gained", "before", found.gained_count_by_reason),
        ("Lost", "after", found.lost_count_by_reason),
    ):
        if label.startswith(word):
            st.markdown(f"Why they were not sent {side}:")
            st.markdown("\n".join(f"- {line}" for line in reason_lines(count_by_reason)))


def reason_lines(count_by_reason: Mapping[tuple[Reason, str], int]) -> list[str]:
    """Say how many e-mails are gained or lost for which reason (Markdown)."""
    return [
        f"**{count:,}**: {rehearse_words.change_reason(reason, detail)}"
        for (reason, detail), count in count_by_reason.items()
    ]


def messages_table(listed: Sequence[MessageChange], view: View) -> pd.DataFrame:
    """List e-mails that change: who, which, when on either side, why."""
    zone = view.campaign.timezone
    return pd.DataFrame(
        {
            **_people_column([change.user for change in listed], view),
            "E-mail": [step_words.email_title(change.template) for change in listed],
            "Before": [_moment(change.before_at, zone) for change in listed],
            "After": [_moment(change.after_at, zone) for change in listed],
            _why_heading(listed): [_message_reason(change) for change in listed],
        }
    )


def _why_heading(listed: Sequence[MessageChange]) -> str:
    """Say which side the reasons speak of: the one that does not send."""
    if listed and listed[0].before_at is None:
        return "Why not before"
    return "Why not after" if listed and listed[0].after_at is None else "Why"


def _message_reason(change: MessageChange) -> str:
    why = rehearse_words.change_reason(change.reason, change.detail)
    by = change.moved_by
    return why if by is None else f"{rehearse_words.moved(by)}: {why[:1].lower()}{why[1:]}"


def _moment(at: int | None, zone: str) -> str:
    return "–" if at is None else formats.moment(at, zone)


def _people_column(users: Sequence[int], view: View) -> dict[str, list[str]]:
    """Name the people, where the data is still the one that was rehearsed."""
    return {} if view.key is None else {"Person": readers.user_ids(view.key, users)}


def _say_listed(shown: int, total: int, what: str, view: View) -> None:
    first = f"The first {shown:,} of {total:,} {what}. " if shown < total else ""
    st.caption(f"{first}Times in {view.campaign.timezone}.")


def _show_people(found: Changes, view: View) -> None:
    groups = {
        "gained": (found.people_gained, found.people_gained_count),
        "lost": (found.people_lost, found.people_lost_count),
    }
    for word, (listed, count) in groups.items():
        if not count:
            continue
        with st.expander(f"People {word} ({count:,})"):
            st.dataframe(
                people_table(listed, view),
                hide_index=True,
                height=260,
                alt=f"People {word}, with the reason",
            )
            _say_listed(len(listed), count, "people", view)


def people_table(listed: Sequence[PersonChange], view: View) -> pd.DataFrame:
    """List people who enter on one side only: when, and why not on the other."""
    zone = view.campaign.timezone
    return pd.DataFrame(
        {
            **_people_column([change.user for change in listed], view),
            "Enters": [formats.moment(change.entered_at, zone) for change in listed],
            "Why not on the other side": [
                rehearse_words.change_reason(change.reason, change.detail) for change in listed
            ],
        }
    )


def _show_steps(found: Sequence[StepChange], before: Other, after: Other) -> None:
    if not found:
        return
    st.markdown("**Step by step**")
    st.table(steps_table(found, before, after), alt="Steps before and after")
    st.caption("Entries that come to a step, and e-mails sent there.")


def steps_table(found: Sequence[StepChange], before: Other, after: Other) -> pd.DataFrame:
    """Put the steps of both sides beside each other."""
    titles = []
    for change in found:
        side = before if change.after is None else after
        titles.append(rehearse_words.step_title(side.named.campaign, change.step_id))
    return pd.DataFrame(
        {
            "Step": [formats.plain(title) for title in titles],
            "Came before": [_arrived(change.before) for change in found],
            "Came after": [_arrived(change.after) for change in found],
            "Sent before": [_sent(change.before) for change in found],
            "Sent after": [_sent(change.after) for change in found],
        }
    ).set_index("Step")


def _arrived(step: StepFunnel | None) -> str:
    return "no such step" if step is None else f"{step.arrived_count:,}"


def _sent(step: StepFunnel | None) -> str:
    return f"{step.sent_count:,}" if step is not None and step.kind == "send" else ""
