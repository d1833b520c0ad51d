"""A/B on replayed history: what the arms show as observed, what is assumed, what stays a range."""

import pandas as pd
import streamlit as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.outcomes import Reactions
from core.domain.steps import SendStep
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.arms import EVERYBODY
from core.rehearsal.reports.ranges import CampaignRange, Range, ranges
from core.services import rehearsal_questions
from core.services.assumed_response import AssumedResponse, assumed_response
from core.services.rehearsal_questions import SplitTest
from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.experiments import place, plan_draft
from core.ui.rehearse import rehearse_assumptions, rehearse_words
from core.ui.rehearse.rehearse_view import View


def show(view: View) -> None:
    """Show the splits of a campaign, the assumed response, and what depends on reactions."""
    tests = [
        test
        for test in readers.report(view.rehearsal_id, rehearsal_questions.split_tests)
        if test.counts.place == view.place
    ]
    st.markdown("**What the data shows**")
    if not tests:
        st.caption("This campaign has no split. Add one on the page Flows to try two ways.")
    for test in tests:
        _show_split(test, view)
    st.markdown("**What the e-mails would bring, if…**")
    _show_assumed(view, tests)
    found = ranges_of(view)
    if found is not None:
        st.markdown("**What depends on how people react**")
        _show_ranges(found, view)


def _show_split(test: SplitTest, view: View) -> None:
    title = rehearse_words.step_title(view.campaign, test.counts.step_id)
    st.markdown(f"*{formats.plain(title)}*")
    st.table(split_table(test), alt="The variants of the split, as observed")
    for alarm in test.alarms:
        st.warning(alarm, icon=":material/warning:")
    st.caption(split_note(test))
    _offer_plan(test, view)


def _offer_plan(test: SplitTest, view: View) -> None:
    """Lead to the plan of a test of this split."""
    step_id = test.counts.step_id
    if st.button(
        "Plan this test",
        icon=navigation.EXPERIMENTS.icon,
        key=f"rehearse_plan_{step_id}",
        help="How many people and days it takes until one variant can be called better.",
    ):
        plan_draft.ask_for(plan_draft.key_of(view.rehearsal_id, view.place, step_id))
        place.ask_for(place.View.PLAN)
        st.switch_page(navigation.EXPERIMENTS)


def split_table(test: SplitTest) -> pd.DataFrame:
    """Put the arms side by side, as observed: people by their first time at the split."""
    arms = test.counts.arms
    total = sum(arm.weight for arm in arms)
    columns = {
        "Variant": [formats.plain(arm.name) for arm in arms],
        "Share meant": [formats.percent(arm.weight / total) for arm in arms],
        "People": [f"{arm.exposed_count:,}" for arm in arms],
        "E-mails sent": [f"{arm.sent_count:,}" for arm in arms],
        "People who got one": [f"{arm.recipient_count:,}" for arm in arms],
        "First e-mail after": [
            "–" if arm.median_wait is None else rehearse_words.wait(arm.median_wait) for arm in arms
        ],
    }
    if test.counts.has_goal:
        columns["Goal before the first e-mail"] = [
            f"{arm.before_first_send_count:,}" for arm in arms
        ]
        columns["Goal anyway"] = [f"{arm.goal_count:,} of {arm.decided_count:,}" for arm in arms]
        columns["Share with goal"] = [formats.interval(rate) for rate in test.rates]
    return pd.DataFrame(columns).set_index("Variant")


def split_note(test: SplitTest) -> str:
    """Say how to read the arms, and who is in none of them (Markdown)."""
    arms = test.counts.arms
    said = [formats.plain(test.note)]
    if not test.alarms and test.aa.p_value is not None:
        said.append("The variants are alike, as far as chance allows.")
    held = sum(arm.held_out_count for arm in arms)
    if held:
        said.append(
            f"{formats.people(held).capitalize()} of the comparison group are in no variant."
        )
    censored = sum(arm.censored_count for arm in arms)
    if censored:
        said.append(
            f"{formats.people(censored).capitalize()} came so late that their time for the goal is "
            "not over: they are in no share."
        )
    already = sum(arm.already_goal_count for arm in arms)
    if already:
        said.append(
            f"{formats.people(already).capitalize()} had the goal before they came to the split."
        )
    return " ".join(said)


def _show_assumed(view: View, tests: list[SplitTest]) -> None:
    assumptions = rehearse_assumptions.edit(view)
    if assumptions is None:
        return
    splits: list[str | None] = [*(test.counts.step_id for test in tests)] or [None]
    for split in splits:
        try:
            answer = readers.report(
                view.rehearsal_id,
                assumed_response,
                view.place,
                assumptions,
                split=split,
                seed=view.record.seed,
            )
        except UnusableInput as error:
            st.warning(str(error))
            return
        st.table(assumed_table(answer), alt="What the e-mails would bring under the assumptions")
        _show_assumptions(answer)


def _show_assumptions(answer: AssumedResponse) -> None:
    """Say beside the figures that they are assumed, and what is."""
    said = [f"- {formats.plain(text)}" for text in answer.assumptions]
    with st.container(border=True, gap="small"):
        st.badge("Assumed", icon=":material/function:", color="orange")
        st.markdown("\n".join(said))
        st.caption(f"{formats.plain(answer.note)} Ranges hold 95 of 100 draws.")


def assumed_table(answer: AssumedResponse) -> pd.DataFrame:
    """Put the arms side by side, under the assumptions."""
    columns = {
        "Variant": [
            "Everybody" if arm.name == EVERYBODY else formats.plain(arm.name) for arm in answer.arms
        ],
        "E-mails opened (assumed)": [rehearse_assumptions.figure(arm.opens) for arm in answer.arms],
        "E-mails clicked (assumed)": [
            rehearse_assumptions.figure(arm.clicks) for arm in answer.arms
        ],
    }
    if any(arm.additional_goals is not None for arm in answer.arms):
        columns["Additional goals (assumed)"] = [
            rehearse_assumptions.figure(arm.additional_goals) for arm in answer.arms
        ]
    return pd.DataFrame(columns).set_index("Variant")


def ranges_of(view: View) -> CampaignRange | None:
    """Give the ranges of a campaign that depends on reactions; None of any other."""
    if not view.record.has_range:
        return None
    found = readers.report(view.rehearsal_id, _ranges, view.rehearsal_id)[view.place]
    return found if found.depends else None


def _ranges(observed: Outcome, rehearsal_id: str) -> list[CampaignRange]:
    return ranges(observed, readers.outcome(rehearsal_id, Reactions.EVERYBODY))


def _show_ranges(found: CampaignRange, view: View) -> None:
    differing = [step for step in found.steps if not (step.arrived.is_one and step.sent.is_one)]
    st.markdown(
        "This flow asks whether people opened or clicked its e-mails. Nobody got them, so nobody "
        "could. What would happen lies between two ends: **only what the data recorded**, and "
        "**everybody reacts to every e-mail**."
    )
    if not differing:
        st.caption("Here both ends are the same.")
        return
    st.table(ranges_table(found, view.campaign), alt="Steps that depend on reactions, as a range")
    st.caption(range_note(found))


def range_note(found: CampaignRange) -> str:
    """Say how to read the ranges (Markdown)."""
    said = "Each range goes from what the data recorded … to everybody reacting to every e-mail."
    if all(step.is_whole for step in found.steps):
        return said
    return (
        f"{said} At steps marked with \\* more than one reaction matters: people who react to one "
        "e-mail and not to another may lie outside of the range."
    )


def ranges_table(found: CampaignRange, campaign: Campaign) -> pd.DataFrame:
    """Give the steps that differ, from one end to the other."""
    rows = [step for step in found.steps if not (step.arrived.is_one and step.sent.is_one)]
    titles = [rehearse_words.step_title(campaign, row.step_id) for row in rows]
    marks = ["" if row.is_whole else " *" for row in rows]
    return pd.DataFrame(
        {
            "Step": [
                formats.plain(title + mark) for title, mark in zip(titles, marks, strict=True)
            ],
            "Entries that come here": [_range(row.arrived) for row in rows],
            "E-mails sent": [
                _range(row.sent) if _is_send(campaign, row.step_id) else "" for row in rows
            ],
        }
    ).set_index("Step")


def _is_send(campaign: Campaign, step_id: str) -> bool:
    return isinstance(rehearse_words.step_of(campaign, step_id), SendStep)


def _range(found: Range) -> str:
    if found.is_one:
        return f"{found.observed:,}"
    return f"{found.observed:,} … {found.everybody:,}"
