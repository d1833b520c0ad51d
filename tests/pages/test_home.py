"""The page Home: what to do next, and the state of everything."""

from dataclasses import replace
from pathlib import Path

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.email_sources import EmailSource
from core.history.reading import open_dataset
from core.services.campaigns import save_campaign, saved_campaign
from core.services.emails import email, save_email
from core.services.imports import SAMPLE_NAME
from core.services.live_launches import launch
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord, rehearse_and_keep
from tests.conftest import IMPORTED_AT
from tests.pages.conftest import Open, import_ended, metrics, texts

PAGE = "start/home.py"


def test_a_first_visit_says_to_load_data_and_offers_both_ways(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert "Next: your data" in texts(app)
    assert app.button(key="home_sample").label == "Load the sample shop"
    assert app.button(key="home_go_data").label == "Upload an export"
    assert "Nothing loaded yet." in texts(app)


def test_the_sample_shop_is_loaded_with_one_click(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    app.button(key="home_sample").click().run()
    import_ended(app)

    assert "149,899 events added" in texts(app)
    assert "Loaded: Sample shop" in texts(app)
    assert "Next: a trigger" in texts(app)


def test_with_data_the_next_step_is_a_trigger(sample_home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert "Next: a trigger" in texts(app)
    assert app.button(key="home_go_trigger").label == "Define a trigger"
    (datasets,) = app.dataframe
    assert datasets.value.iloc[0][["Name", "Events", "People"]].tolist() == [
        "Sample shop",
        149_899,
        4_567,
    ]


def saved(name: str, *, with_steps: bool) -> Campaign:
    campaign = next(c for c in bootstrap.starter_campaigns() if bool(c.steps) is with_steps)
    save_campaign(bootstrap.database(), campaign, name=name, note="", saved_at=IMPORTED_AT)
    return campaign


def rehearsed(home: Path, campaign: Campaign) -> RehearsalRecord:
    return rehearse_and_keep(
        home,
        open_dataset(home, SAMPLE_NAME),
        [NamedVersion(campaign=campaign, version=1)],
        made_at=IMPORTED_AT,
    )


def test_a_saved_trigger_is_shown_with_its_sentence_and_asks_for_its_flow(
    sample_home: Path, visit: Open
) -> None:
    saved("Spring_*sale*", with_steps=False)

    app = visit(PAGE)

    assert app.button(key="home_campaign_Spring_*sale*").label == r"**Spring\_\*sale\***"
    assert "When someone does" in texts(app)
    assert "no flow yet" in texts(app)
    assert "Next: the flow" in texts(app)
    assert app.button(key="home_go_flow").label == "Draw a flow"


def test_a_saved_flow_asks_to_be_rehearsed(sample_home: Path, visit: Open) -> None:
    saved("Spring", with_steps=True)

    app = visit(PAGE)

    assert "Drawn: Spring" in texts(app)
    assert "Next: the rehearsal" in texts(app)
    assert app.button(key="home_go_rehearsal").label == "Rehearse it"
    assert "None made yet." in texts(app)


def test_a_rehearsal_is_listed_with_what_it_found(sample_home: Path, visit: Open) -> None:
    record = rehearsed(sample_home, saved("Spring", with_steps=True))

    app = visit(PAGE)

    entered = record.summary["campaigns"][0]["people_enrolled"]
    assert f"{entered:,} people entered" in texts(app)
    assert "Next: the e-mail" in texts(app)
    assert app.button(key="home_go_email").label == "Edit an e-mail"
    listed = app.button(key=f"home_rehearsal_{record.rehearsal_id}")
    assert record.campaigns[0].campaign.name in listed.label


def test_with_an_email_of_its_own_the_launch_is_next_and_then_all_is_done(
    sample_home: Path, visit: Open
) -> None:
    rehearsed(sample_home, saved("Spring", with_steps=True))
    source = email(bootstrap.database(), bootstrap.starter_emails(), "welcome")
    assert isinstance(source, EmailSource)
    save_email(
        bootstrap.database(),
        bootstrap.starter_emails(),
        replace(source, subject="Hello"),
        note="",
        saved_at=IMPORTED_AT,
    )

    before = texts(visit(PAGE))
    campaign = saved_campaign(bootstrap.database(), "Spring")
    assert campaign is not None
    launch(bootstrap.database(), campaign.campaign, launched_at=IMPORTED_AT)
    app = visit(PAGE)

    assert "Next: live" in before
    assert "Next:" not in texts(app)
    assert "Saved: Welcome" in texts(app)
    assert "Launched: Spring" in texts(app)
    assert app.button(key="home_more_flows").label == "Open Flows"


def test_a_campaign_is_opened_on_flows(sample_home: Path, visit: Open) -> None:
    saved("Spring", with_steps=True)
    app = visit(PAGE)

    app.button(key="home_campaign_Spring").click().run()

    assert not app.exception
    assert app.session_state["flows_saved"][:2] == ("Spring", 1)
    assert "version 1" in texts(app)


def test_a_rehearsal_is_opened_on_its_page(sample_home: Path, visit: Open) -> None:
    record = rehearsed(sample_home, saved("Spring", with_steps=True))
    app = visit(PAGE)

    app.button(key=f"home_rehearsal_{record.rehearsal_id}").click().run()

    assert not app.exception
    assert "People entered" in metrics(app)


def test_it_says_where_everything_is_kept(home: Path, visit: Open) -> None:
    assert str(home) in texts(visit(PAGE))
