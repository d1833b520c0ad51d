"""The tabs of the page Live beside the log: e-mails, past days checked again, alerts."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.services import audit
from core.services.alert_rules import Rule
from core.services.alerts import alert_settings, watch
from core.services.live_events import ingest
from core.services.live_launches import LaunchMode, launch
from core.services.live_questions import outbox
from core.services.live_ticks import tick
from core.ui.live import drift_view
from tests.live.launched import CART, Shop
from tests.pages.conftest import Open, click, open_tab, texts, widget

PAGE = "live/live.py"


@pytest.fixture
def shop(home: Path) -> Shop:
    return Shop(bootstrap.database(), "ann", "bob")


def said(app: AppTest) -> str:
    return texts(app).replace("\\", "")


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def left_carts(shop: Shop, *people: str, mode: LaunchMode = LaunchMode.LIVE) -> None:
    """Let people leave carts three hours ago, in a campaign of one e-mail, and decide it."""
    begun_at = now() - timedelta(hours=4)
    campaign = Campaign.model_validate({**CART, "steps": CART["steps"][:1]})
    launch(shop.database, campaign, launched_at=begun_at, mode=mode)
    for person in people:
        left_at = begun_at + timedelta(hours=1)
        event = Event(
            event_id=f"{person}-add", user_id=person, event="add", timestamp=left_at, properties={}
        )
        ingest(shop.database, [event], received_at=left_at)
    tick(shop.database, begun_at + timedelta(hours=2, seconds=10))


def become(shop: Shop, state: str, reason: str, user_id: str = "ann") -> None:
    """Let somebody's e-mails have come to a state."""
    with shop.database.begin() as connection:
        connection.execute(
            text("UPDATE live_messages SET state = :state, reason = :reason WHERE user_id = :user"),
            {"state": state, "reason": reason, "user": user_id},
        )


def test_each_e_mail_is_listed_with_its_state_and_why(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann", "bob")
    become(shop, "failed", "bounced")

    app = open_tab(visit(PAGE), "live_tab", "E-mails")
    found = table(app, "State")

    assert "(UTC)" in next(m.value for m in app.markdown if "due" in m.value)
    assert sorted(found[["Person", "E-mail", "State", "Why"]].values.tolist()) == [
        ["ann", "Cart recovery", "Failed", "The recipient's server refused it for good"],
        ["bob", "Cart recovery", "Waiting to leave", ""],
    ]


def test_e_mails_of_one_template_are_told_apart_and_a_sandbox_lets_none_leave(
    shop: Shop, visit: Open
) -> None:
    steps = [
        {"id": "first", "kind": "send", "template": "cart_recovery"},
        {"id": "last", "kind": "send", "template": "cart_recovery", "subject": "Still here"},
    ]
    shop.launch(mode=LaunchMode.SANDBOX, steps=steps)
    shop.happen("ann", "add", 1)
    shop.tick(3)

    found = table(open_tab(visit(PAGE), "live_tab", "E-mails"), "State")

    assert sorted(found[["E-mail", "State"]].values.tolist()) == [
        ["Cart recovery (first)", "Would have been sent"],
        ["Cart recovery (“Still here”)", "Would have been sent"],
    ]


def test_e_mails_are_filtered_by_state_and_person(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann", "bob")
    become(shop, "sent", "")
    app = open_tab(visit(PAGE), "live_tab", "E-mails")

    widget(app, "selectbox", "live_mails_state").set_value("sent").run()
    sent = table(app, "State")["Person"].tolist()
    told = said(app)
    widget(app, "text_input", "live_mails_person").set_value("bob").run()

    assert sent == ["ann"]
    assert "No mail server is set: what is sent are files, and nobody gets them." in told
    assert "Nothing fits." in said(app)


def test_what_failed_is_let_leave_once_more(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann")
    become(shop, "failed", "template")
    app = open_tab(visit(PAGE), "live_tab", "E-mails")
    (mail,) = outbox(shop.database)

    click(app, f"live_mail_again_{mail.id}")

    (queued,) = outbox(shop.database)
    assert (queued.state, queued.reason, queued.key) == ("queued", "", mail.key)
    assert audit.entries(shop.database)[0].action == "Sent an e-mail again"


def test_what_nobody_knows_of_is_sent_again_only_after_a_warning(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann")
    become(shop, "unknown", "no_reply")
    app = open_tab(visit(PAGE), "live_tab", "E-mails")
    (mail,) = outbox(shop.database)
    warned = said(app)

    click(app, f"live_mail_again_{mail.id}")

    assert "may get this e-mail twice" in warned
    assert outbox(shop.database)[0].state == "queued"
    assert "may arrive twice" in audit.entries(shop.database)[0].detail


def test_an_e_mail_that_is_too_old_is_not_sent_again(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann")
    become(shop, "failed", "deferred")
    with shop.database.begin() as connection:
        day = 25 * 3_600_000_000
        connection.execute(text("UPDATE live_messages SET due_at = due_at - :day"), {"day": day})
    app = open_tab(visit(PAGE), "live_tab", "E-mails")

    click(app, f"live_mail_again_{outbox(shop.database)[0].id}")

    assert outbox(shop.database)[0].state == "failed"
    assert "too late to be of use" in app.toast[0].value.replace("\\", "")


def test_a_past_day_is_checked_and_found_equal(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann", "bob")
    app = open_tab(visit(PAGE), "live_tab", "Check a past day")

    found = checked(app)

    assert "No difference: live decided what the rehearsal decides" in said(found)
    assert "2 times the trigger caught somebody, 2 e-mails due" in said(found)


def test_a_difference_is_shown_with_its_cause(shop: Shop, visit: Open) -> None:
    left_carts(shop, "ann")
    bought_at = now() - timedelta(hours=2, minutes=30)
    bought = Event(event_id="late", user_id="ann", event="buy", timestamp=bought_at, properties={})
    ingest(shop.database, [bought], received_at=now() - timedelta(minutes=1))
    tick(shop.database, now())

    app = checked(open_tab(visit(PAGE), "live_tab", "Check a past day"))

    found = table(app, "Cause")
    assert "2 differences" in said(app)
    assert found["What"].tolist() == ["Entry", "Cart recovery"]
    assert found["Rehearsed"].tolist() == ["nothing", "nothing"]
    assert all(cause.startswith("An event came late: buy of") for cause in found["Cause"])


def checked(app: AppTest) -> AppTest:
    click(app, "live_drift_check")
    job = bootstrap.jobs().get(drift_view.JOB)
    assert job is not None
    job.wait(60)
    app.run()
    assert not app.exception
    return app


def test_an_alert_stands_on_top_until_it_is_over_and_then_in_the_list(
    shop: Shop, visit: Open
) -> None:
    left_carts(shop, "ann")
    waiting_since = now() - timedelta(minutes=20)
    view = Event(event_id="v", user_id="bob", event="view", timestamp=waiting_since, properties={})
    ingest(shop.database, [view], received_at=waiting_since)
    watch(shop.database, now(), lambda notice: "")
    during = visit(PAGE)
    tick(shop.database, now())
    watch(shop.database, now(), lambda notice: "")

    after = open_tab(visit(PAGE), "live_tab", "Alerts")

    assert [error.value.split(" :gray")[0].replace("\\", "") for error in during.error] == [
        "Decisions are 20 minutes behind what came in."
    ]
    assert not after.error
    assert table(after, "Told")["What"].tolist() == [
        "Decisions are 20 minutes behind what came in."
    ]


def test_alerts_are_set_on_the_page_settings(home: Path, visit: Open) -> None:
    app = visit("settings/settings.py")

    widget(app, "number_input", "limit_unsubscriptions").set_value(3.5)
    widget(app, "toggle", "on_silence").set_value(True)
    widget(app, "text_input", "settings_alerts_email").set_value("me@example.com")
    click(app, "settings_alerts_save")

    kept = alert_settings(bootstrap.database())
    assert kept.email == "me@example.com"
    assert kept.alarms.rules[Rule.UNSUBSCRIPTIONS].limit == pytest.approx(0.035)
    assert kept.alarms.rules[Rule.SILENCE].is_on
    assert "No events come in" in audit.entries(bootstrap.database())[0].detail


def test_a_webhook_into_the_own_network_is_refused_with_a_reason(home: Path, visit: Open) -> None:
    app = visit("settings/settings.py")

    widget(app, "text_input", "settings_alerts_webhook").set_value("http://127.0.0.1:9/x")
    click(app, "settings_alerts_save")

    assert "The webhook cannot be called" in app.error[0].value.replace("\\", "")
    assert alert_settings(bootstrap.database()).webhook == ""
