"""Who reached the goal anyway: before each e-mail would leave, and in time after entering."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.domain.campaigns import Campaign
from core.services import phrases, rehearsal_questions
from core.services.rehearsal_questions import BeforeSendRate, GoalRates, GroupRate
from core.ui import formats, readers
from core.ui.rehearse import rehearse_figures, rehearse_words
from core.ui.rehearse.rehearse_view import View

NO_PROOF = (
    "Nobody got these e-mails, so these figures say who does it **anyway**. They prove no effect "
    "of an e-mail, and a rehearsal never can."
)


def show(view: View) -> None:
    """Show natural conversion of one campaign."""
    if view.campaign.goal is None:
        st.info(
            "This campaign has no goal. Choose one, such as a purchase, to see how many reach it "
            "anyway.",
            icon=":material/flag:",
        )
        return
    before = readers.report(view.rehearsal_id, rehearsal_questions.before_send_rates)[view.place]
    rates = readers.report(view.rehearsal_id, rehearsal_questions.goal_rates)[view.place]
    st.caption(NO_PROOF)
    _show_before(before.sends, view.campaign)
    st.markdown("**After entering**")
    _show_after(rates, view.campaign)


def _show_before(sends: Sequence[BeforeSendRate], campaign: Campaign) -> None:
    if not sends:
        st.caption("This campaign sends no e-mail yet.")
        return
    for line in before_sentences(sends, campaign):
        st.markdown(f"- {line}")
    if len([send for send in sends if send.rate is not None]) > 1:
        st.plotly_chart(
            before_figure(sends, campaign),
            key="rehearse_before",
            alt="Share of entries that had reached the goal before each e-mail",
        )
    st.caption(before_note(sends, campaign))


def before_sentences(sends: Sequence[BeforeSendRate], campaign: Campaign) -> list[str]:
    """Say of each e-mail how many had reached the goal before it would leave (Markdown)."""
    labels, done = rehearse_words.mail_labels(campaign), rehearse_words.goal_done(campaign.goal)
    return [_before(send, labels[send.before.step_id], done) for send in sends]


def _before(send: BeforeSendRate, label: str, done: str) -> str:
    before, name = send.before, f"*{formats.plain(label)}*"
    if not before.enrolment_count:
        return f"{name} never came up."
    wait = ""
    if before.median_wait is not None:
        wait = f", typically {_after(before.median_wait)}"
    return (
        f"**{before.goal_count:,} of {before.enrolment_count:,}** had already "
        f"{formats.plain(done)} by the time {name} would leave{wait}: "
        f"{formats.interval(send.rate)}."
    )


def before_note(sends: Sequence[BeforeSendRate], campaign: Campaign) -> str:
    """Say what is counted before each e-mail, and what is in no share (Markdown)."""
    said = (
        "Counts are entries for which the e-mail came up, or would have come up had the goal not "
        "ended them first."
    )
    waits = [send.before.median_wait for send in sends]
    said += rehearse_words.short_goal(campaign.goal, waits)
    if not sum(send.before.censored_count for send in sends):
        return said
    return (
        f"{said} Some began so near to the end of the data that nobody can say yet whether the "
        f"e-mail would still have come up ({_censored(sends, campaign)}); they are in no share."
    )


def _after(wait: timedelta) -> str:
    said = rehearse_words.wait(wait)
    return f"{said} when they enter" if said == "at once" else f"{said} after entering"


def _censored(sends: Sequence[BeforeSendRate], campaign: Campaign) -> str:
    labels = rehearse_words.mail_labels(campaign)
    return ", ".join(
        f"{formats.plain(labels[send.before.step_id])} {send.before.censored_count:,}"
        for send in sends
        if send.before.censored_count
    )


def before_figure(sends: Sequence[BeforeSendRate], campaign: Campaign) -> go.Figure:
    """Draw the shares of the e-mails that came up at all."""
    labels = rehearse_words.mail_labels(campaign)
    known = [(send, send.rate) for send in sends if send.rate is not None]
    return rehearse_figures.bought_before(
        [labels[send.before.step_id] for send, _ in known],
        [rate.value for _, rate in known],
        [f"{send.before.goal_count:,} of {send.before.enrolment_count:,}" for send, _ in known],
    )


def _show_after(rates: GoalRates, campaign: Campaign) -> None:
    st.markdown(after_sentence(rates, campaign))
    if rates.held_out is not None:
        st.table(groups_table(rates), alt="Goals of people in the flow and of those left out")
        if rates.comparison is not None:
            st.markdown(comparison_sentence(rates))
    for said in notes(rates):
        st.caption(said)


def notes(rates: GoalRates) -> list[str]:
    """Say how to read the shares, and who is in none of them (Markdown)."""
    censored = rates.not_held_out.count.censored_count
    if rates.held_out is not None:
        censored += rates.held_out.count.censored_count
    said = []
    if censored:
        within = phrases.duration(rates.within) if rates.within else ""
        said.append(
            f"{formats.people(censored).capitalize()} entered less than {within} before the data "
            "ends. Their time for the goal is not over, so they are counted apart and in no share: "
            "counting only those among them who were quick would make the figures wrong."
        )
    return [
        *said,
        "A person counts once, from the first time they entered. Ranges hold the true value in 95 "
        "of 100 cases.",
    ]


def after_sentence(rates: GoalRates, campaign: Campaign) -> str:
    """Say how many reached the goal in time after entering (Markdown)."""
    group, done = rates.not_held_out, rehearse_words.goal_done(campaign.goal)
    within = phrases.duration(rates.within) if rates.within else ""
    if group.rate is None:
        return f"Nobody's {within} after entering are over within the data yet."
    return (
        f"**{group.count.goal_count:,} of {formats.people(group.count.people_count)}** had "
        f"{formats.plain(done)} within {within} of entering: {formats.interval(group.rate)}."
    )


def groups_table(rates: GoalRates) -> pd.DataFrame:
    """Put those in the flow and those left out side by side."""
    groups = {"In the flow": rates.not_held_out, "Left out for comparison": rates.held_out}
    known = {name: group for name, group in groups.items() if group is not None}
    return pd.DataFrame(
        {
            "Group": list(known),
            "People": [f"{group.count.people_count:,}" for group in known.values()],
            "Reached the goal": [f"{group.count.goal_count:,}" for group in known.values()],
            "Share": [formats.interval(group.rate) for group in known.values()],
            "Not known yet": [_not_known(group) for group in known.values()],
        }
    ).set_index("Group")


def _not_known(group: GroupRate) -> str:
    return f"{group.count.censored_count:,}"


def comparison_sentence(rates: GoalRates) -> str:
    """Say whether the groups differ: in a rehearsal nobody got an e-mail, so they should not."""
    assert rates.comparison is not None
    if rates.comparison.is_alarm:
        return (
            ":orange[:material/warning: The two groups differ by more than chance allows, although "
            "neither got an e-mail. Something is wrong with the data or the comparison group.]"
        )
    return (
        ":gray[Neither group got an e-mail, so they should be alike, and they are, as far as "
        "chance allows.]"
    )
