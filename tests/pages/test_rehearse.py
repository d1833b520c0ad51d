"""The page Rehearse, as a marketer uses it, on the sample shop."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.errors import Cancelled
from core.domain.outcomes import MessageOutcome
from core.history.reading import open_dataset
from core.services import edit_history, stored_rehearsals
from core.services.campaigns import save_campaign
from core.services.flow_forms import opened
from core.services.jobs import Job
from core.services.person_stories import person_story
from core.services.stored_rehearsals import (
    NamedVersion,
    RehearsalRecord,
    open_rehearsal,
    rehearse_and_keep,
)
from core.ui.rehearse import rehearse_job, rehearse_story
from tests.history.datasets import event, write_events
from tests.pages.conftest import Open, metrics, open_tab, texts, widget

PAGE = "rehearsal/rehearse.py"
SHOP = "Sample shop"
MADE_AT = datetime(2026, 9, 2, 8, 0, tzinfo=UTC)
CARTS: dict[str, Any] = {
    "name": "Left carts",
    "timezone": "Europe/Berlin",
    "trigger": {
        "kind": "absence",
        "start": {"event": "cart_add"},
        "unless": {"event": "purchase"},
        "within": "24h",
    },
    "reentry": {"cooldown": "7d"},
    "holdout": 0.1,
    "goal": {"event": {"event": "purchase"}, "within": "7d"},
    "quiet_hours": {"from": "21:00", "to": "08:00"},
    "frequency_cap": {"max": 3, "per": "7d"},
    "steps": [
        {
            "id": "timing",
            "kind": "split",
            "salt": "timing",
            "variants": [
                {"name": "now", "weight": 1, "next": "reminder"},
                {"name": "later", "weight": 1, "next": "pause"},
            ],
        },
        {"id": "pause", "kind": "delay", "for": "4h", "next": "reminder"},
        {"id": "reminder", "kind": "send", "template": "cart_recovery"},
        {
            "id": "clicked",
            "kind": "wait_for",
            "event": {"event": "email_clicked"},
            "timeout": "48h",
            "then": "done",
            "otherwise": "offer",
        },
        {"id": "offer", "kind": "send", "template": "cart_discount"},
        {"id": "done", "kind": "exit"},
    ],
}


def carts(**changes: Any) -> Campaign:
    return Campaign.model_validate({**CARTS, **changes})


def with_pause(length: str) -> Campaign:
    steps = [{**s, "for": length} if s["id"] == "pause" else s for s in CARTS["steps"]]
    return carts(steps=steps)


def rehearsed(home: Path, *campaigns: Campaign, made_at: datetime = MADE_AT) -> RehearsalRecord:
    given = [NamedVersion(campaign=campaign) for campaign in campaigns]
    return rehearse_and_keep(home, open_dataset(home, SHOP), given, made_at=made_at)


@pytest.fixture
def record(sample_home: Path) -> RehearsalRecord:
    return rehearsed(sample_home, carts())


@pytest.fixture
def open_link(visit: Open) -> Callable[[str], AppTest]:
    """Open the page by the link of a rehearsal."""

    def follow(rehearsal_id: str) -> AppTest:
        app = visit(PAGE)
        app.query_params["rehearsal"] = rehearsal_id
        app.run()
        assert not app.exception
        return app

    return follow


def ended(app: AppTest) -> AppTest:
    """Wait for the rehearsal that was started, and look again."""
    job = bootstrap.jobs().get(rehearse_job.JOB)
    assert job is not None
    job.wait(60)
    app.run()
    assert not app.exception
    return app


def table(app: AppTest, *columns: str) -> Mapping[str, list[str]]:
    """Give the one table that has these columns, its index as a column of its own."""
    shown = [t.value.reset_index() for t in app.table]
    found = [frame for frame in shown if set(columns) <= set(frame.columns)]
    assert len(found) == 1, [list(frame.columns) for frame in shown]
    return found[0].to_dict("list")


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_a_campaign_is_rehearsed_and_its_link_stands_in_the_address(
    sample_home: Path, visit: Open
) -> None:
    save_campaign(bootstrap.database(), carts(), name="Left carts", note="", saved_at=MADE_AT)
    app = visit(PAGE)

    app.button(key="rehearse_start").click().run()
    ended(app)

    (kept,) = stored_rehearsals.records(sample_home)
    assert app.query_params["rehearsal"] == kept.rehearsal_id
    assert [(n.campaign.name, n.version) for n in kept.campaigns] == [("Left carts", 1)]
    assert "People entered" in metrics(app)


def test_the_headline_says_what_the_summary_says(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    (said,) = record.summary["campaigns"]
    messages = said["messages"].values()
    sent = sum(counted["sent"] for counted in messages)
    withheld = sum(sum(counted.values()) - counted["sent"] for counted in messages)

    shown = metrics(open_link(record.rehearsal_id))

    assert number(shown["People entered"]) == said["people_enrolled"] == 1203
    assert number(shown["E-mails sent"]) == sent > 0
    assert number(shown["E-mails held back"]) == withheld > 0
    assert number(shown["Still under way"]) == said["enrolments"]["active"]
    assert shown["Bought anyway"] == "14%"


def test_a_link_to_nothing_is_said_in_a_sentence(
    sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    app = open_link("0123456789ab")

    assert "no rehearsal under this link" in app.warning[0].value
    assert app.button(key="rehearse_start")


def test_the_flow_as_a_list_counts_the_entries_at_each_step(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_link(record.rehearsal_id)

    widget(app, "segmented_control", "flow_as").set_value("List").run()

    shown = table(app, "Step", "Came here", "Then")
    assert len(shown["Step"]) == len(CARTS["steps"])
    assert shown["Came here"][0] == "1,729"
    assert "went on by “now”" in shown["Then"][0]


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("When", "The next 30 days"),
        ("Held back", "that came up would not have left"),
        ("Paths", "came through to the end"),
        ("Pressure", "would have got at least one e-mail"),
        ("Bought anyway", "had already bought by the time"),
        ("A/B", "this is an A/A test of the split"),
        ("Why", "Choose a row to read the story"),
        ("What changes", "It is kept like any other rehearsal"),
    ],
)
def test_every_tab_opens_and_says_what_it_is_about(
    record: RehearsalRecord, open_link: Callable[[str], AppTest], tab: str, said: str
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", tab)

    assert said in texts(app).replace("\\", "")


def test_what_was_held_back_adds_up_by_reason_and_by_email(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "Held back")

    by_reason = table(app, "Why", "E-mails", "People")
    by_email = table(app, "E-mail", "Sent")
    held = number(metrics(app)["E-mails held back"])

    assert sum(map(number, by_reason["E-mails"])) == held
    assert sum(map(number, by_email["Sent"])) == number(metrics(app)["E-mails sent"])
    reasons = set(by_email) - {"E-mail", "Sent"}
    assert sum(number(n) for reason in reasons for n in by_email[reason]) == held


def test_no_figure_of_a_replayed_split_names_a_winner(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "A/B")

    arms = table(app, "Variant", "People", "Share with goal")
    assumed = table(app, "Variant", "E-mails opened (assumed)")

    assert arms["Variant"] == ["now", "later"]
    assert assumed["Variant"] == ["now", "later"]
    assert "no variant can win" in texts(app)
    assert "name no winner" in texts(app)


def test_additional_goals_appear_only_once_an_effect_is_assumed(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "A/B")
    before = [list(t.value.columns) for t in app.table]

    app.number_input(key="rehearse_uplift").set_value(10.0)
    next(b for b in app.button if b.label == "Work it out").click().run()

    assert not app.exception
    assert not any("Additional goals (assumed)" in columns for columns in before)
    assert table(app, "Additional goals (assumed)")
    assert "After a mail people reach the goal 10 % more often" in texts(app).replace("\\", "")


def test_assumptions_that_contradict_each_other_are_refused_in_a_sentence(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "A/B")
    widget(app, "segmented_control", "rates_from").set_value("Your numbers").run()

    app.number_input(key="rehearse_opened").set_value(2.0)
    app.number_input(key="rehearse_clicked").set_value(5.0)
    next(b for b in app.button if b.label == "Work it out").click().run()

    assert not app.exception
    assert "do not fit together" in app.warning[0].value


def test_a_step_that_depends_on_reactions_is_shown_as_a_range(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "A/B")

    shown = table(app, "Step", "Entries that come here")

    assert shown["Step"][0].startswith("Send “Cart")
    assert " … " in shown["Entries that come here"][0]


def test_a_persons_story_tells_what_led_there_and_what_came_of_it(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "Why")
    entered = app.dataframe[0].value
    left_at_goal = entered[entered["Then"] == "left at the goal"]["Person"].iloc[0]

    app.text_input(key="rehearse_person").set_value(left_at_goal).run()

    told = "\n".join(table(app, "When", "Where", "What happened")["What happened"])
    assert not app.exception
    assert "The clock starts" in told
    assert "**Enters**" in told
    assert "Reached the goal" in told
    assert "left the flow" in texts(app)


def test_a_stranger_gets_a_sentence(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "Why")

    app.text_input(key="rehearse_person").set_value("nobody-of-that-id").run()

    assert [w.value for w in app.warning] == [
        "Nobody in 'Sample shop' has the id 'nobody-of-that-id'."
    ]


def test_emails_are_found_by_what_became_of_them(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "Why")
    widget(app, "segmented_control", "why_by").set_value("E-mails").run()

    app.selectbox(key="rehearse_why_outcome").set_value("no_address").run()

    listed = app.dataframe[0].value
    said = record.summary["campaigns"][0]["messages"].values()
    assert len(listed) == sum(counted["no_address"] for counted in said) > 0
    assert set(listed["What became of it"]) == {"Held back: no e-mail address"}


def test_why_an_email_was_held_back_is_said_of_the_one_that_was_chosen(
    record: RehearsalRecord, sample_home: Path
) -> None:
    outcome = open_rehearsal(sample_home, record.rehearsal_id)[1]
    messages = outcome.messages
    place = int(np.flatnonzero(messages.outcome == MessageOutcome.HOLDOUT)[0])
    dataset = open_dataset(sample_home, SHOP)
    user_id = str(dataset.user_ids()[int(outcome.enrolments.user[messages.enrolment[place]])])
    story = person_story(record, outcome, 0, dataset, user_id)
    step_id = outcome.campaigns[0].steps[messages.step[place]].id

    said = rehearse_story.about_message(story, (step_id, int(messages.due_at[place])))

    assert said is not None
    assert "**held back**" in said
    assert said.endswith("left out for comparison.")


def test_a_longer_pause_moves_emails_and_is_named_as_the_difference(
    sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    rehearsed(sample_home, with_pause("4h"))
    later = rehearsed(sample_home, with_pause("30h"), made_at=MADE_AT + timedelta(hours=1))

    app = open_tab(open_link(later.rehearsal_id), "rehearse_tab", "What changes")

    shown = metrics(app)
    different = table(app, "What", "Before", "After")
    assert (shown["People gained"], shown["People lost"]) == ("0", "0")
    assert number(shown["E-mails moved"]) > 0
    assert (different["Before"], different["After"]) == (["4 hours"], ["1 day 6 hours"])
    assert "Had reached the goal before the e-mail" in texts(app)


def test_an_older_version_is_before_a_newer_one_whenever_they_were_rehearsed(
    sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    dataset = open_dataset(sample_home, SHOP)
    newer, _ = (
        rehearse_and_keep(
            sample_home,
            dataset,
            [NamedVersion(campaign=with_pause(length), version=version)],
            made_at=MADE_AT + timedelta(hours=hours),
        )
        for length, version, hours in (("30h", 2, 0), ("4h", 1, 1))
    )

    app = open_tab(open_link(newer.rehearsal_id), "rehearse_tab", "What changes")

    different = table(app, "What", "Before", "After")
    assert (different["Before"], different["After"]) == (["4 hours"], ["1 day 6 hours"])


def test_a_rehearsal_is_not_compared_with_itself(
    sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    for length in ("4h", "30h"):
        save_campaign(
            bootstrap.database(), with_pause(length), name="Left carts", note="", saved_at=MADE_AT
        )
    given = [NamedVersion(campaign=with_pause("30h"), version=2)]
    made = rehearse_and_keep(sample_home, open_dataset(sample_home, SHOP), given, made_at=MADE_AT)

    app = open_tab(open_link(made.rehearsal_id), "rehearse_tab", "What changes")
    offered = widget(app, "selectbox", "_2_2")
    is_offered = not app.button(key="rehearse_compare").disabled
    offered.set_value(2).run()

    assert (offered.value, is_offered) == (2, True)
    assert app.button(key="rehearse_compare").disabled
    assert "That is what is rehearsed here" in texts(app)


def test_what_was_rehearsed_is_opened_on_flows_to_be_changed(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_link(record.rehearsal_id)

    app.button(key="rehearse_flow_open").click().run()

    assert not app.exception
    assert app.session_state["flows_edits"]["present"]["name"] == "Left carts"


def test_another_campaign_is_rehearsed_on_the_same_history_and_compared(
    record: RehearsalRecord, sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    save_campaign(
        bootstrap.database(), with_pause("30h"), name="Left carts", note="", saved_at=MADE_AT
    )
    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "What changes")
    app.selectbox(key="rehearse_other_campaign").set_value("saved:Left carts").run()

    app.button(key="rehearse_compare").click().run()
    ended(app)

    assert app.query_params["rehearsal"] == record.rehearsal_id
    assert len(stored_rehearsals.records(sample_home)) == 2
    assert number(metrics(app)["E-mails moved"]) > 0


def test_once_the_data_has_changed_counts_stay_and_nobody_is_named(
    record: RehearsalRecord, sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    write_events(sample_home, SHOP, [event("newcomer", "cart_add", 0)])

    app = open_tab(open_link(record.rehearsal_id), "rehearse_tab", "Why")

    assert "has changed since" in app.warning[0].value
    assert metrics(app)["People entered"] == "1,203"
    assert "nobody can be named" in texts(app)
    assert not app.dataframe


def test_a_newer_version_of_a_campaign_is_mentioned(
    sample_home: Path, open_link: Callable[[str], AppTest]
) -> None:
    for campaign in (with_pause("4h"), with_pause("5h")):
        save_campaign(bootstrap.database(), campaign, name="Left carts", note="", saved_at=MADE_AT)
    given = [NamedVersion(campaign=with_pause("4h"), version=1)]
    dataset = open_dataset(sample_home, SHOP)
    made = rehearse_and_keep(sample_home, dataset, given, made_at=MADE_AT)

    app = open_link(made.rehearsal_id)

    assert "Left carts is at version 2, this is version 1" in app.info[0].value


def test_a_deleted_rehearsal_is_gone_from_the_list(
    record: RehearsalRecord, sample_home: Path, visit: Open
) -> None:
    app = visit(PAGE)

    app.button(key=f"rehearse_forget_{record.rehearsal_id}").click().run()

    assert not app.exception
    assert stored_rehearsals.records(sample_home) == []
    assert "None yet" in texts(app)


def test_a_later_first_day_lets_fewer_people_in(sample_home: Path, visit: Open) -> None:
    save_campaign(bootstrap.database(), carts(), name="Left carts", note="", saved_at=MADE_AT)
    app = visit(PAGE)

    first = next(d for d in app.date_input if d.label == "From")
    first.set_value(date(2026, 8, 1)).run()
    app.button(key="rehearse_start").click().run()
    ended(app)

    (kept,) = stored_rehearsals.records(sample_home)
    assert kept.since == datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
    assert 0 < number(metrics(app)["People entered"]) < 1203
    app.session_state["rehearse_sends_open"] = True
    assert app.run().dataframe[0].value["Day"].iloc[0] == date(2026, 8, 1)


def test_a_rehearsal_that_runs_can_be_stopped_from_the_page(sample_home: Path, visit: Open) -> None:
    def endless(job: Job) -> None:
        while not job.is_cancelled():
            sleep(0.01)
        raise Cancelled("stopped")

    bootstrap.jobs().start(rehearse_job.JOB, endless)
    app = visit(PAGE)
    is_disabled = app.button(key="rehearse_start").disabled

    app.button(key="rehearse_stop").click().run()
    ended(app)

    assert is_disabled
    assert "was stopped; nothing was kept" in app.info[0].value
    assert stored_rehearsals.records(sample_home) == []


def test_without_data_the_page_says_where_to_begin(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert app.info[0].value.startswith(
        "Everything here is tried on what your customers really did"
    )


def test_campaigns_chosen_on_another_page_lead_to_the_set_up(
    record: RehearsalRecord, open_link: Callable[[str], AppTest]
) -> None:
    app = open_link(record.rehearsal_id)

    app.session_state["rehearse_campaigns"] = ["ready:Welcome"]
    app.run()

    assert not app.exception
    assert app.multiselect(key="rehearse_campaigns").value == ["ready:Welcome"]
    assert "rehearsal" not in app.query_params


def test_the_same_campaign_asked_for_again_leads_to_the_set_up_not_to_its_old_rehearsal(
    sample_home: Path, visit: Open
) -> None:
    save_campaign(bootstrap.database(), carts(), name="Left carts", note="", saved_at=MADE_AT)
    given = [NamedVersion(campaign=carts(), version=1)]
    made = rehearse_and_keep(sample_home, open_dataset(sample_home, SHOP), given, made_at=MADE_AT)
    app = visit(PAGE)
    app.multiselect(key="rehearse_campaigns").set_value(["saved:Left carts"]).run()
    app.button(key=f"rehearse_open_{made.rehearsal_id}").click().run()
    app.button(key="rehearse_flow_open").click().run()
    app.query_params.clear()  # a browser forgets them with the page
    app.switch_page("../../pages/design/flows.py").run()

    app.button(key="flows_rehearse").click().run()

    assert not app.exception
    assert app.multiselect(key="rehearse_campaigns").value == ["saved:Left carts"]
    assert "rehearsal" not in app.query_params


@pytest.fixture
def with_draft(visit: Open) -> Callable[[Campaign], AppTest]:
    """Open the page while a campaign lies unsaved on the page Flows."""

    def draw(campaign: Campaign) -> AppTest:
        app = visit(PAGE)
        app.session_state["flows_edits"] = edit_history.started(opened(campaign))
        app.run()
        assert not app.exception
        return app

    return draw


def test_the_draft_on_the_page_flows_is_rehearsed_unsaved(
    sample_home: Path, with_draft: Callable[[Campaign], AppTest]
) -> None:
    app = with_draft(carts(name="Just drawn"))

    app.multiselect(key="rehearse_campaigns").set_value(["draft"]).run()
    app.button(key="rehearse_start").click().run()
    ended(app)

    (kept,) = stored_rehearsals.records(sample_home)
    assert [(n.campaign.name, n.version) for n in kept.campaigns] == [("Just drawn", None)]


def test_two_campaigns_of_one_name_are_refused_in_a_sentence(
    sample_home: Path, with_draft: Callable[[Campaign], AppTest]
) -> None:
    save_campaign(bootstrap.database(), carts(), name="Left carts", note="", saved_at=MADE_AT)
    app = with_draft(with_pause("9h"))

    app.multiselect(key="rehearse_campaigns").set_value(["draft", "saved:Left carts"]).run()

    assert "is chosen twice" in app.warning[0].value
    assert app.button(key="rehearse_start").disabled
