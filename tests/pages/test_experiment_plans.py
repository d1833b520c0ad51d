"""The view "Plan a test" of the page Experiments, as a marketer uses it, on the sample shop."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.experiments import ExperimentState, settings_for
from core.history.reading import open_dataset
from core.services import datasets, experiment_history, experiment_plan
from core.services.campaigns import save_campaign
from core.services.drafts import campaign_of, document_of
from core.services.experiments import end_experiment, experiments
from core.services.live_launches import LaunchMode, LaunchState, launches
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord, rehearse_and_keep
from core.stats.intervals import Reason
from core.ui.experiments import plan_checks
from tests.conftest import IMPORTED_AT
from tests.pages.conftest import Open, metrics, texts, widget

PAGE = "results/experiments.py"
SHOP = "Sample shop"
NAME = "Cart abandonment: timing"


def carts() -> Campaign:
    return next(c for c in bootstrap.starter_campaigns() if c.name == "Cart abandonment")


@pytest.fixture
def record(sample_home: Path) -> RehearsalRecord:
    save_campaign(bootstrap.database(), carts(), name=carts().name, note="", saved_at=IMPORTED_AT)
    given = [NamedVersion(campaign=carts(), version=1)]
    return rehearse_and_keep(
        sample_home, open_dataset(sample_home, SHOP), given, made_at=IMPORTED_AT
    )


@pytest.fixture
def plan_page(visit: Open) -> Callable[..., AppTest]:
    def follow(draft: str = "") -> AppTest:
        app = visit(PAGE)
        app.query_params["view"] = "plan"
        if draft:
            app.query_params["draft"] = draft
        app.run()
        assert not app.exception
        return app

    return follow


@pytest.fixture
def app(record: RehearsalRecord, plan_page: Callable[..., AppTest]) -> AppTest:
    return plan_page()


def said(app: AppTest) -> str:
    """Give all that is said, without the signs of Markdown."""
    return texts(app).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def ran(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def click(app: AppTest, ending: str) -> AppTest:
    return ran(widget(app, "button", ending).click().run())


def fixed(app: AppTest) -> dict[str, Any]:
    frame = next(t.value for t in app.table if "Fixed as" in t.value.columns)
    return {what: text.replace("\\", "") for what, text in frame["Fixed as"].items()}


def test_without_a_rehearsal_it_says_how_to_get_a_split(
    sample_home: Path, plan_page: Callable[..., AppTest]
) -> None:
    app = plan_page()

    assert "A test begins with a split." in said(app)
    assert "Cart abandonment · ready-made has one: “at once” or “next morning”" in said(
        app
    ).replace("**", "")
    click(app, "plan_rehearse_ready:Cart abandonment")
    assert app.session_state["rehearse_campaigns"] == ["ready:Cart abandonment"]


def test_without_data_it_leads_to_the_data(home: Path, plan_page: Callable[..., AppTest]) -> None:
    assert "It needs data first" in said(plan_page())


def test_the_answer_stands_first_and_is_that_of_the_plan(
    record: RehearsalRecord, sample_home: Path, app: AppTest
) -> None:
    settings = settings_for(carts(), "timing")
    history = experiment_history.history_for(
        sample_home, record.rehearsal_id, 0, "timing", settings
    )
    plan = experiment_plan.plan_experiment(
        history, settings, starts_on=app.date_input[0].value, smallest_lift=0.1
    )
    assert plan.duration is not None
    assert not isinstance(plan.size, Reason)

    shown = metrics(app)

    assert app.markdown[0].value.startswith("#### About ")
    assert f"{plan.size.people_count:,} people at the split" in said(app)
    assert shown["People it takes"] == f"{plan.size.people_count:,}"
    assert shown["Days"] == f"{plan.duration.days:,}"
    assert shown["Reach the goal anyway"].replace("\N{NO-BREAK SPACE}", " ") == "14.3 %"
    assert "164 of 1,147 people whose 7 days were over" in said(app)
    assert "56 people came too late for that to be known" in said(app)


def test_a_long_test_warns_and_a_suggestion_is_applied_with_its_button(app: AppTest) -> None:
    assert "That is longer than 60 days." in said(app)

    click(app, "plan_suggestion_0")

    assert int(metrics(app)["Days"]) <= 60
    assert widget(app, "number_input", "_lift").value > 50
    assert "That is longer than 60 days." not in said(app)


def test_what_is_asked_changes_the_answer(app: AppTest) -> None:
    before = metrics(app)

    ran(widget(app, "number_input", "_lift").set_value(20.0).run())
    larger = metrics(app)
    ran(widget(app, "number_input", "_holdout").set_value(50.0).run())

    assert int(larger["People it takes"].replace(",", "")) < 6_000
    assert larger["People it takes"] != before["People it takes"]
    assert metrics(app)["People it takes"] == larger["People it takes"]
    assert int(metrics(app)["Days"].replace(",", "")) > int(larger["Days"].replace(",", ""))


def test_a_plan_is_still_there_after_a_look_at_another_page(app: AppTest) -> None:
    click(app, "_primary_where_add")
    ran(widget(app, "selectbox", "_primary_where_0_name").set_value("currency").run())
    ran(widget(app, "selectbox", "_primary_where_0_value_one").set_value("EUR").run())

    app.switch_page("../../pages/start/home.py").run()
    ran(app.switch_page(f"../../pages/{PAGE}").run())

    assert fixed(app)["Decides"] == "purchase where currency is EUR within 7 days of the split"
    assert widget(app, "selectbox", "_primary_where_0_name").value == "currency"


def test_money_is_sized_by_the_formula_and_by_drawing(app: AppTest) -> None:
    ran(widget(app, "number_input", "_lift").set_value(60.0).run())

    money = widget(app, "selectbox", "_primary_money_purchase")
    assert "revenue" in money.options
    ran(money.set_value("revenue").run())

    shown = metrics(app)
    drawn, formula = (
        int(shown[label].removesuffix(" people").replace(",", ""))
        for label in ("Drawn from your history", "By the formula")
    )
    assert drawn > formula
    assert fixed(app)["Decides"].endswith("with the money in revenue")


def test_a_goal_that_cannot_decide_is_said_in_a_sentence(app: AppTest) -> None:
    ran(widget(app, "multiselect", "_primary_events").set_value([]).run())
    assert "Choose what people should do" in said(app)
    assert "People it takes" not in metrics(app)

    ran(widget(app, "multiselect", "_primary_events").set_value(["email_opened"]).run())
    assert "most openings are made by mail programs" in said(app)


def test_the_method_is_checked_beside_the_page(app: AppTest) -> None:
    click(app, "plan_check")
    job = bootstrap.jobs().get(plan_checks.JOB)
    assert job is not None
    job.wait(60)
    ran(app.run())

    assert "The rule keeps its promise on your own customers" in app.success[0].value
    assert "Looking every day for p < 0.05" in said(app)
    assert "Into 500 such tests an effect of +10 % was put in" in said(app)

    ran(widget(app, "number_input", "_lift").set_value(20.0).run())
    assert "The plan has changed since the last check" in said(app)


def test_a_draft_is_kept_and_opened_with_what_was_planned(
    app: AppTest, plan_page: Callable[..., AppTest]
) -> None:
    ran(widget(app, "number_input", "_lift").set_value(60.0).run())
    people = int(metrics(app)["People it takes"].replace(",", ""))

    click(app, "plan_keep")

    (kept,) = experiments(bootstrap.database())
    assert (kept.name, kept.state) == (NAME, ExperimentState.DRAFT)
    assert kept.settings.planned_people_count == people
    assert kept.settings.smallest_lift == 0.6
    assert app.query_params["draft"] == NAME
    again = plan_page(NAME)
    assert widget(again, "number_input", "_lift").value == 60.0
    assert not widget(again, "button", "plan_keep").disabled


def test_another_plan_does_not_take_the_name_of_a_draft(
    app: AppTest, plan_page: Callable[..., AppTest]
) -> None:
    click(app, "plan_keep")

    new = plan_page()
    assert widget(new, "text_input", "_name").value == f"{NAME} (2)"
    ran(widget(new, "text_input", "_name").set_value(NAME).run())

    assert "Another test has this name" in said(new)
    assert widget(new, "button", "plan_keep").disabled
    assert widget(new, "button", "plan_launch").disabled


def test_a_launch_in_the_sandbox_fixes_the_plan_and_opens_the_test(
    app: AppTest, plan_page: Callable[..., AppTest]
) -> None:
    ran(widget(app, "number_input", "_lift").set_value(60.0).run())
    planned = fixed(app)

    click(app, "plan_launch")

    (test,) = experiments(bootstrap.database())
    (begun,) = launches(bootstrap.database())
    assert (test.state, test.launch_id) == (ExperimentState.RUNNING, begun.id)
    assert (begun.mode, begun.campaign, begun.version_number) == (LaunchMode.SANDBOX, carts(), 1)
    assert planned["People"] == f"{test.settings.planned_people_count:,} at the split"
    assert test.settings.window == timedelta(days=7)
    assert app.query_params["test"] == NAME
    assert "was launched, so its plan is fixed" in said(plan_page(NAME))


def test_a_campaign_that_runs_is_not_launched_twice_and_can_be_stopped_after_its_test(
    app: AppTest, plan_page: Callable[..., AppTest]
) -> None:
    click(app, "plan_launch")

    again = plan_page()
    assert "runs in the sandbox since" in said(again)
    assert widget(again, "button", "plan_launch").disabled
    test = experiments(bootstrap.database())[0]
    assert test.launched_at is not None
    end_experiment(bootstrap.database(), NAME, by="somebody", at=test.launched_at)
    ended = plan_page()
    click(ended, "plan_stop_sandbox")

    assert [found.state for found in launches(bootstrap.database())] == [LaunchState.STOPPED]
    assert not widget(ended, "button", "plan_launch").disabled


def test_a_plan_for_a_later_day_is_launched_once_it_is_planned_from_today(app: AppTest) -> None:
    start = widget(app, "date_input", "_start")
    ran(start.set_value(start.value + timedelta(days=3)).run())

    assert widget(app, "button", "plan_launch").disabled
    click(app, "plan_today")

    assert not widget(app, "button", "plan_launch").disabled


def test_a_variant_that_is_left_out_is_in_no_plan_and_the_control_moves_on(
    sample_home: Path, plan_page: Callable[..., AppTest]
) -> None:
    document = document_of(carts())
    split = document["steps"][0]
    more = {"name": "after a day", "weight": 1, "next": split["variants"][1]["next"]}
    document["steps"][0] = {**split, "variants": [*split["variants"], more]}
    rehearse_and_keep(
        sample_home,
        open_dataset(sample_home, SHOP),
        [NamedVersion(campaign=campaign_of(document))],
        made_at=IMPORTED_AT,
    )
    app = plan_page()

    ran(widget(app, "toggle", "_in_0").set_value(False).run())
    assert fixed(app)["Compared with"] == "next morning"
    assert fixed(app)["Variants"] == "next morning 50 %, after a day 50 %"

    ran(widget(app, "toggle", "_in_1").set_value(False).run())
    assert "A test compares at least two variants" in said(app)


def test_other_weights_are_said_to_make_a_new_version(app: AppTest) -> None:
    assert "The plan shares people out otherwise" not in said(app)

    ran(widget(app, "number_input", "_weight_1").set_value(3.0).run())

    assert "The plan shares people out otherwise" in said(app)
    assert fixed(app)["Variants"] == "at once 25 %, next morning 75 %"


def test_data_that_has_changed_since_asks_for_another_rehearsal(
    record: RehearsalRecord, sample_home: Path, plan_page: Callable[..., AppTest]
) -> None:
    datasets.delete(sample_home, SHOP)

    app = plan_page()

    assert "has changed since this rehearsal, or is gone" in said(app)
    assert widget(app, "button", "plan_again").label == "Rehearse it again"


def test_the_tab_of_variants_leads_to_the_plan_of_their_split(
    record: RehearsalRecord, visit: Open
) -> None:
    app = visit("rehearsal/rehearse.py")
    app.query_params["rehearsal"] = record.rehearsal_id
    app.run()
    app.session_state["rehearse_tab"] = "A/B"
    app.run()

    click(app, "rehearse_plan_timing")

    assert widget(app, "selectbox", "plan_choice").value == f"{record.rehearsal_id}:0:timing"
    assert "people at the split" in said(app)
