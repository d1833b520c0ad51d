"""The page Flows, as a marketer uses it, on the sample shop."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services import campaigns
from core.services.campaign_files import campaign_yaml
from core.services.imports import import_files
from core.services.new_steps import KINDS
from core.ui.flows.flow_draft import START
from tests.conftest import IMPORTED_AT
from tests.pages.conftest import Open, texts, widget

PAGE = "design/flows.py"
READY = "Cart abandonment"
SMALL = """\
name: Small
trigger: {kind: event, match: {event: purchase}}
steps:
  - {id: pause, kind: delay, for: 24h}
  - {id: thanks, kind: send, template: cart_recovery}
"""


@pytest.fixture
def gallery(sample_home: Path, visit: Open) -> Callable[[], AppTest]:
    return lambda: visit(PAGE)


@pytest.fixture
def ready_flow(gallery: Callable[[], AppTest]) -> AppTest:
    """A ready flow, shown as a list."""
    app = gallery()
    app.button(key=f"flows_ready_{READY}").click().run()
    return as_list(app)


@pytest.fixture
def small_flow(gallery: Callable[[], AppTest]) -> AppTest:
    """A saved flow of two steps, shown as a list."""
    app = as_list(pasted(gallery(), SMALL))
    return saved(app, "first")


def as_list(app: AppTest) -> AppTest:
    app.session_state["flows_view"] = "List"
    app.run()
    assert not app.exception
    return app


def pasted(app: AppTest, text: str) -> AppTest:
    app.session_state["flows_gallery_tab"] = "From a file"
    app.run()
    app.text_area(key="flows_pasted").set_value(text)
    app.button(key="flows_open_file").click().run()
    assert not app.exception
    return app


def edit(app: AppTest, step_id: str) -> AppTest:
    app.button(key=f"flows_list_edit_{step_id}").click().run()
    assert not app.exception
    return app


def saved(app: AppTest, note: str, name: str | None = None) -> AppTest:
    app.session_state["flows_save"] = True
    app.run()
    if name is not None:
        widget(app, "text_input", "_save_name").set_value(name)
    widget(app, "text_input", "_save_note").set_value(note)
    widget(app, "button", "_save_go").click().run()
    assert not app.exception
    return app


def add(app: AppTest, step_id: str, place: str, kind: str) -> AppTest:
    app.menu_button(key=f"flows_list_add_{step_id}_{place}").click(kind).run()
    assert not app.exception
    return app


def step_ids(app: AppTest) -> list[str]:
    return [step["id"] for step in app.session_state["flows_edits"]["present"]["steps"]]


def test_the_gallery_shows_the_flows_that_come_with_steps(
    gallery: Callable[[], AppTest],
) -> None:
    app = gallery()

    offered = {
        b.key.removeprefix("flows_ready_") for b in app.button if b.label.startswith("Start")
    }
    assert offered == {c.name for c in bootstrap.starter_campaigns() if c.steps}
    assert "7 steps, 3 e-mails" in texts(app)


def test_a_ready_flow_opens_with_all_its_steps(ready_flow: AppTest) -> None:
    assert step_ids(ready_flow)[:2] == ["timing", "mail_now"]
    assert "Split\\: at once 50 %, next morning 50 %" in texts(ready_flow)
    assert not ready_flow.warning


def test_looking_at_every_step_and_setting_changes_nothing(ready_flow: AppTest) -> None:
    for step_id in step_ids(ready_flow):
        edit(ready_flow, step_id)
    ready_flow.button(key="flows_list_start").click().run()
    for tab in ("Start", "Who", "Goal", "Sending", "About"):
        ready_flow.session_state["flows_settings_tab"] = tab
        ready_flow.run()
        assert not ready_flow.exception

    assert ready_flow.session_state["flows_edits"]["past"] == []


def test_a_changed_delay_is_said_on_its_card_and_can_be_undone(small_flow: AppTest) -> None:
    edit(small_flow, "pause")

    widget(small_flow, "number_input", "_for_amount").set_value(36).run()
    after = texts(small_flow)
    small_flow.button(key="flows_undo").click().run()

    assert "Wait 1 day 12 hours" in after
    assert "Wait 24 hours" in texts(small_flow)
    assert widget(small_flow, "number_input", "_for_amount").value == 24
    small_flow.button(key="flows_redo").click().run()
    assert "Wait 1 day 12 hours" in texts(small_flow)


def test_what_was_typed_is_kept_when_another_step_is_chosen_at_once(small_flow: AppTest) -> None:
    edit(small_flow, "pause")

    widget(small_flow, "number_input", "_for_amount").set_value(36)
    small_flow.button(key="flows_list_edit_thanks").click().run()

    assert "Wait 1 day 12 hours" in texts(small_flow)
    assert widget(small_flow, "text_input", "_thanks_name").value == "thanks"


@pytest.mark.parametrize(("length", "amount", "unit"), [("90s", 90, "seconds"), ("7d", 7, "days")])
def test_a_duration_of_a_file_is_shown_as_it_is(
    gallery: Callable[[], AppTest], length: str, amount: int, unit: str
) -> None:
    app = as_list(pasted(gallery(), SMALL.replace("24h", length)))

    edit(app, "pause")

    assert widget(app, "number_input", "_for_amount").value == amount
    assert widget(app, "selectbox", "_for_unit").value == unit
    assert app.session_state["flows_edits"]["past"] == []


def test_a_wait_of_a_thousand_years_becomes_ten(small_flow: AppTest) -> None:
    edit(small_flow, "pause")

    widget(small_flow, "selectbox", "_for_unit").set_value("days")
    widget(small_flow, "number_input", "_for_amount").set_value(365_000).run()

    assert not small_flow.exception
    assert "Wait 3,650 days" in texts(small_flow)


def test_an_email_without_its_choice_is_a_problem_until_it_is_chosen(small_flow: AppTest) -> None:
    add(small_flow, "pause", "next", "send")

    said = [warning.value for warning in small_flow.warning]
    assert said == ["Choose the e\\-mail to send\\."]
    assert small_flow.button(key="flows_problem_mail").label == "Go to step"
    widget(small_flow, "selectbox", "_template").set_value("cart_recovery").run()
    assert not small_flow.warning
    assert step_ids(small_flow) == ["pause", "mail", "thanks"]


def test_an_incomplete_flow_is_neither_saved_nor_downloaded(small_flow: AppTest) -> None:
    add(small_flow, "thanks", "next", "send")
    small_flow.session_state["flows_save"] = True
    small_flow.run()

    assert widget(small_flow, "button", "_save_go").disabled
    assert small_flow.download_button(key="flows_download").proto.disabled
    assert "mend what is listed first" in texts(small_flow)


def test_every_kind_of_step_can_be_added_and_edited(small_flow: AppTest) -> None:
    for kind in KINDS:
        before = step_ids(small_flow)

        add(small_flow, "thanks", "next", kind)

        (new,) = set(step_ids(small_flow)) - set(before)
        assert small_flow.session_state["flows_chosen"] == new
        assert widget(small_flow, "text_input", f"_{new}_name").value == new
        small_flow.button(key=f"flows_list_edit_{new}").click().run()


def test_what_a_flow_may_not_set_is_said_beside_it(gallery: Callable[[], AppTest]) -> None:
    setting = "{id: pause, kind: update_profile, set: {consent: true, tier: gold}}"
    app = as_list(pasted(gallery(), SMALL.replace("{id: pause, kind: delay, for: 24h}", setting)))

    edit(app, "pause")

    assert "“consent” will stay as it is" in texts(app)


@pytest.mark.parametrize("address", ["http://127.0.0.1/hook", "https://10.0.0.7", "http://[::1]/"])
def test_an_address_that_is_never_called_is_said_beside_it(
    gallery: Callable[[], AppTest], address: str
) -> None:
    calling = f"{{id: pause, kind: webhook, url: '{address}'}}"
    app = as_list(pasted(gallery(), SMALL.replace("{id: pause, kind: delay, for: 24h}", calling)))

    edit(app, "pause")

    assert "lies in a private network or on this machine, and is not called" in texts(app)


def test_a_deleted_step_is_gone_and_its_neighbours_meet(small_flow: AppTest) -> None:
    small_flow.button(key="flows_list_delete_pause").click().run()

    assert step_ids(small_flow) == ["thanks"]


def test_a_renamed_step_keeps_its_form_open(small_flow: AppTest) -> None:
    edit(small_flow, "pause")

    widget(small_flow, "text_input", "_pause_name").set_value("one day").run()

    assert step_ids(small_flow) == ["one day", "thanks"]
    assert widget(small_flow, "text_input", "_one day_name").value == "one day"


def test_a_name_that_is_taken_is_refused_in_a_sentence(small_flow: AppTest) -> None:
    edit(small_flow, "pause")

    widget(small_flow, "text_input", "_pause_name").set_value("thanks").run()

    assert step_ids(small_flow) == ["pause", "thanks"]
    assert "Another step is called 'thanks' already" in small_flow.toast[0].value


def test_a_way_can_be_led_past_a_step(small_flow: AppTest) -> None:
    add(small_flow, "pause", "next", "delay")
    edit(small_flow, "pause")

    widget(small_flow, "selectbox", "_ways_next").set_value("thanks").run()

    assert "Nobody gets here" in texts(small_flow)


def test_split_shares_are_said_in_percent(small_flow: AppTest) -> None:
    add(small_flow, "pause", "next", "split")

    widget(small_flow, "number_input", "_0_weight").set_value(3.0).run()

    assert "Split\\: A 75 %, B 25 %" in texts(small_flow)


def test_a_branch_asks_for_any_of_two_things(small_flow: AppTest) -> None:
    add(small_flow, "thanks", "next", "branch")
    widget(small_flow, "menu_button", "_branch_0_more").click("did").run()

    widget(small_flow, "segmented_control", "_0_join").set_value("any").run()

    (case,) = small_flow.session_state["flows_edits"]["present"]["steps"][-1]["cases"]
    assert case["if"]["any"][0] == {"clicked": "thanks"}
    assert "did" in case["if"]["any"][1]
    assert not small_flow.exception


def test_a_wait_may_be_about_the_same_order_as_the_start(small_flow: AppTest) -> None:
    add(small_flow, "thanks", "next", "wait_for")
    widget(small_flow, "segmented_control", "_awaited").set_value("").run()
    widget(small_flow, "multiselect", "_event_events").set_value(["review"]).run()

    widget(small_flow, "multiselect", "_event_same").set_value(["order_id"]).run()

    wait = small_flow.session_state["flows_edits"]["present"]["steps"][-1]
    assert wait["event"]["where"] == [
        {"op": "eq", "value": "$trigger.order_id", "property": "order_id"}
    ]
    assert not small_flow.warning


def test_settings_of_sending_and_the_goal_reach_the_file(small_flow: AppTest) -> None:
    small_flow.button(key="flows_list_start").click().run()
    small_flow.session_state["flows_settings_tab"] = "Sending"
    small_flow.run()
    widget(small_flow, "toggle", "_quiet_is_on").set_value(True).run()
    widget(small_flow, "toggle", "_cap_is_on").set_value(True).run()
    small_flow.session_state["flows_settings_tab"] = "Who"
    small_flow.run()
    widget(small_flow, "number_input", "_holdout").set_value(10.0).run()

    saved(small_flow, "limits")

    version = campaigns.saved_campaign(bootstrap.database(), "Small")
    assert version is not None
    written = campaign_yaml(version.campaign)
    assert 'quiet_hours: {from: "21:00", to: "08:00"}' in written
    assert "frequency_cap: {max: 3, per: 7d}" in written
    assert "holdout: 0.1" in written


def test_every_save_is_a_version_with_its_note(small_flow: AppTest) -> None:
    edit(small_flow, "pause")
    widget(small_flow, "number_input", "_for_amount").set_value(48).run()

    saved(small_flow, "two days")

    kept = campaigns.versions(bootstrap.database(), "Small")
    assert [(version.number, version.note) for version in kept] == [(2, "two days"), (1, "first")]
    assert "Saved Small, version 2" in small_flow.toast[0].value


def test_saving_what_did_not_change_says_so(small_flow: AppTest) -> None:
    saved(small_flow, "again")

    assert len(campaigns.versions(bootstrap.database(), "Small")) == 1
    assert "Nothing has changed since Small, version 1" in small_flow.toast[0].value


def test_two_versions_are_compared_in_words_and_an_old_one_comes_back(
    small_flow: AppTest,
) -> None:
    edit(small_flow, "pause")
    widget(small_flow, "number_input", "_for_amount").set_value(48).run()
    saved(small_flow, "two days")

    small_flow.button(key="flows_versions").click().run()
    said = texts(small_flow)
    small_flow.button(key="flows_restore_1").click().run()

    assert "~~24 hours~~ → 48 hours" in said
    assert "two days" in said
    assert "Wait 24 hours" in texts(small_flow)


def test_a_version_brought_back_can_be_undone(small_flow: AppTest) -> None:
    small_flow.button(key="flows_list_delete_pause").click().run()
    small_flow.button(key="flows_versions").click().run()

    small_flow.button(key="flows_restore_1").click().run()
    assert step_ids(small_flow) == ["pause", "thanks"]
    small_flow.button(key="flows_undo").click().run()

    assert step_ids(small_flow) == ["thanks"]


def test_a_file_that_cannot_be_read_gets_a_sentence_with_its_line(
    gallery: Callable[[], AppTest],
) -> None:
    app = pasted(gallery(), SMALL.replace("for: 24h", "for: soon"))

    assert len(app.error) == 1
    assert "pasted\\.yaml\\:4" in app.error[0].value


def test_a_saved_campaign_opens_with_its_places(small_flow: AppTest) -> None:
    campaigns.save_layout(bootstrap.database(), "Small", {"pause": (10.0, 20.0)})
    small_flow.button(key="flows_other").click().run()
    small_flow.session_state["flows_gallery_tab"] = "Your campaigns"
    small_flow.run()

    small_flow.button(key="flows_saved_Small").click().run()

    assert step_ids(small_flow) == ["pause", "thanks"]
    assert small_flow.session_state["flows_places"] == {"pause": (10.0, 20.0)}


def test_a_flow_of_ones_own_begins_with_an_invitation(gallery: Callable[[], AppTest]) -> None:
    app = gallery()
    app.session_state["flows_gallery_tab"] = "Draw your own"
    app.run()

    app.button(key="flows_own").click().run()
    as_list(app)
    app.button(key="flows_first_mail").click().run()

    assert not app.exception
    assert step_ids(app) == ["mail"]


def test_names_of_a_ready_flow_are_matched_to_the_data(
    home: Path, visit: Open, tmp_path: Path
) -> None:
    events = tmp_path / "mine.csv"
    rows = [f"u{n},addtocart,2026-03-01T10:00:00Z" for n in range(3)]
    rows += ["u0,transaction,2026-03-02T10:00:00Z", "u1,view,2026-03-02T10:00:00Z"]
    events.write_text("\n".join(["user_id,event,timestamp", *rows]) + "\n")
    import_files(home, "Mine", [events], imported_at=IMPORTED_AT)
    app = visit(PAGE)

    app.button(key=f"flows_ready_{READY}").click().run()

    assert "cart\\_add → **addtocart**, purchase → **transaction**" in texts(app)
    trigger = app.session_state["flows_edits"]["present"]["trigger"]
    assert trigger["start"]["event"] == ["addtocart"]


def test_going_to_rehearse_takes_the_draft_along(small_flow: AppTest) -> None:
    small_flow.button(key="flows_list_delete_pause").click().run()

    small_flow.button(key="flows_rehearse").click().run()

    assert not small_flow.exception
    assert small_flow.title[0].value == "Rehearse"
    assert small_flow.session_state["rehearse_campaigns"] == ["draft"]


def test_the_settings_open_in_the_list(small_flow: AppTest) -> None:
    small_flow.button(key="flows_list_start").click().run()

    assert small_flow.session_state["flows_chosen"] == START
    assert [tab.label for tab in small_flow.tabs] == ["Start", "Who", "Goal", "Sending", "About"]


def test_without_data_the_page_says_where_to_begin(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert "Upload an export" in app.info[0].value
