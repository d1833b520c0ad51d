"""The page Triggers, as a marketer uses it, on the sample shop."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services.campaign_files import campaign_yaml
from core.services.campaigns import saved_campaign
from tests.pages.conftest import Open, metrics, open_tab, widget

PAGE = "design/triggers.py"


@pytest.fixture
def open_page(sample_home: Path, visit: Open) -> Callable[[], AppTest]:
    return lambda: visit(PAGE)


def test_the_first_look_shows_cart_abandonment_with_its_figures(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_page()

    assert metrics(app) == {
        "People caught": "1,203",
        "Times caught": "1,729",
        "Left out": "155",
        "Reach the goal anyway": "14%",
    }
    assert any("does not do **purchase** within **24 hours**" in m.value for m in app.markdown)


def test_a_longer_wait_catches_fewer_people(open_page: Callable[[], AppTest]) -> None:
    app = open_page()

    widget(app, "number_input", "absence_within_amount").set_value(48).run()

    assert not app.exception
    assert metrics(app)["People caught"] == "1,155"


def test_catching_everybody_every_time_leaves_nobody_out(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_page()

    widget(app, "segmented_control", "reentry_mode").set_value("Every time").run()

    assert metrics(app)["Times caught"] == "1,884"
    assert metrics(app)["Left out"] == "0"


@pytest.mark.parametrize("kind", ["count", "event", "inactivity", "sequence"])
def test_every_kind_of_trigger_can_be_chosen_and_tried(
    open_page: Callable[[], AppTest], kind: str
) -> None:
    app = open_page()

    widget(app, "segmented_control", "_kind").set_value(kind).run()

    assert not app.exception
    assert int(metrics(app)["People caught"].replace(",", "")) > 0


def test_a_sum_asks_for_its_property_in_a_sentence(open_page: Callable[[], AppTest]) -> None:
    app = open_page()

    widget(app, "segmented_control", "_kind").set_value("sum").run()
    asked = [warning.value for warning in app.warning]
    widget(app, "selectbox", "sum_property").set_value("price").run()

    assert len(asked) == 1
    assert "property" in asked[0]
    assert not app.warning
    assert "People caught" in metrics(app)


def test_a_starter_replaces_the_sentence(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    app.session_state["triggers_gallery"] = True
    app.run()
    names = [campaign.name for campaign in bootstrap.starter_campaigns()]
    place = names.index("Viewed again and again")

    widget(app, "button", f"starter_{place}").click().run()

    assert not app.exception
    assert metrics(app)["People caught"] == "777"
    assert any("separately for each *product\\_id*" in m.value for m in app.markdown)


def test_the_audience_narrows_the_people(open_page: Callable[[], AppTest]) -> None:
    app = open_page()

    widget(app, "button", "audience_add").click().run()
    widget(app, "selectbox", "audience_0_name").set_value("country").run()
    widget(app, "selectbox", "audience_0_value_one").set_value("DE").run()

    assert not app.exception
    assert 0 < int(metrics(app)["People caught"].replace(",", "")) < 1_203
    assert any("not in the audience" in caption.value for caption in app.caption)


def test_a_persons_story_says_what_armed_and_what_fired(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_tab(open_page(), "triggers_tab", "People")

    told = app.table[0].value
    meanings = " ".join(told["What it meant"])

    assert "The clock starts" in meanings
    assert "**Caught**" in meanings


def test_a_stranger_gets_a_sentence(open_page: Callable[[], AppTest]) -> None:
    app = open_tab(open_page(), "triggers_tab", "People")

    app.text_input(key="triggers_person").set_value("nobody-of-that-id").run()

    assert not app.exception
    assert [w.value for w in app.warning] == [
        "Nobody in 'Sample shop' has the id 'nobody-of-that-id'."
    ]


def test_the_nearly_caught_are_counted_and_listed(open_page: Callable[[], AppTest]) -> None:
    app = open_tab(open_page(), "triggers_tab", "Nearly")

    assert any("did it before the time was up" in m.value for m in app.markdown)
    assert len(app.dataframe[0].value) > 50


def test_worth_compares_the_caught_with_others_and_promises_no_uplift(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_tab(open_page(), "triggers_tab", "Worth")

    assert list(app.table[0].value.index) == ["24 hours", "3 days", "7 days"]
    assert any("prove no effect" in caption.value for caption in app.caption)


def test_saving_keeps_a_version_under_the_name(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    widget(app, "number_input", "absence_within_amount").set_value(36).run()
    next(t for t in app.text_input if t.label == "Name").set_value("My carts").run()

    app.button(key="triggers_save").click().run()

    saved = saved_campaign(bootstrap.database(), "My carts")
    assert saved is not None
    assert saved.number == 1
    assert "within: 1d12h" in campaign_yaml(saved.campaign)


def test_a_trigger_leads_on_to_its_flow(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    widget(app, "number_input", "absence_within_amount").set_value(36).run()
    next(t for t in app.text_input if t.label == "Name").set_value("My carts").run()

    app.button(key="triggers_flow").click().run()

    assert not app.exception
    drawn = app.session_state["flows_edits"]["present"]
    assert (drawn["name"], drawn["trigger"]["within"]) == ("My carts", "1d12h")


def test_a_name_that_cannot_be_one_is_refused_in_a_sentence(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_page()
    next(t for t in app.text_input if t.label == "Name").set_value("").run()

    app.button(key="triggers_save").click().run()

    assert not app.exception
    assert len(app.error) == 1
    assert "name" in app.error[0].value


def test_without_data_the_page_says_where_to_begin(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert app.info[0].value.startswith(
        "Everything here is tried on what your customers really did"
    )
