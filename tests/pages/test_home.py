"""The page Home: what to do next, and the state of everything."""

from pathlib import Path

from core import bootstrap
from core.services.campaigns import save_campaign
from tests.conftest import IMPORTED_AT
from tests.pages.conftest import Open, import_ended, texts

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


def test_a_saved_campaign_is_shown_with_its_sentence(sample_home: Path, visit: Open) -> None:
    campaign = bootstrap.starter_campaigns()[0]
    save_campaign(
        bootstrap.database(), campaign, name="Spring_*sale*", note="", saved_at=IMPORTED_AT
    )

    app = visit(PAGE)

    assert r"**Spring\_\*sale\***" in texts(app)
    assert "When someone does" in texts(app)
    assert "Next:" not in texts(app)
    assert app.button(key="home_more_triggers").label == "Open Triggers"


def test_what_the_product_cannot_do_yet_is_no_dead_link(sample_home: Path, visit: Open) -> None:
    app = visit(PAGE)

    for step in ("The e-mail", "The flow", "The rehearsal", "Live"):
        (told,) = [line for line in texts(app).split("\n") if f"**{step}**" in line]
        assert "Coming later" in told
    assert [button.key for button in app.button] == ["home_go_trigger"]


def test_it_says_where_everything_is_kept(home: Path, visit: Open) -> None:
    assert str(home) in texts(visit(PAGE))
