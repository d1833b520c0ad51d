"""The page Live, as a marketer uses it, in a small shop whose clock is driven."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.experiments import settings_for
from core.domain.instants import as_microseconds
from core.domain.mail_events import MailEvent
from core.live.outcome_events import MailOutcome, note_outcomes
from core.services.calling import Caller
from core.services.campaigns import save_campaign
from core.services.experiment_launching import launch_test
from core.services.live_launches import LaunchMode, LaunchState, launch, launches, stop
from core.services.live_overview import Kind
from core.services.live_questions import dead_letters
from core.services.live_ticks import LEASE
from core.store import live_launches
from core.store.database import writing
from tests.live.launched import CART, START, Shop, at
from tests.pages.conftest import Open, click, metrics, open_tab, texts

PAGE = "live/live.py"
MAIL = "ann@example.org"


@pytest.fixture
def shop(home: Path) -> Shop:
    return Shop(bootstrap.database(), "ann", "bob", MAIL)


def said(app: AppTest) -> str:
    """Give all that is said, without the signs of Markdown."""
    return texts(app).replace("\\", "")


def log(app: AppTest) -> pd.DataFrame:
    """Give the log of decisions."""
    return next(f.value for f in app.dataframe if "What" in f.value.columns)


def report_in(shop: Shop, *, silent_for: timedelta = timedelta(0)) -> None:
    """Let a worker be heard of."""
    at = as_microseconds(now() - silent_for)
    with writing(shop.database) as session:
        live_launches.report_in(session, "worker", at, LEASE)


def hear_of_an_open(user_id: str, hours: float) -> None:
    """Let somebody open an e-mail of ours, which the shop did not tell."""
    moment = as_microseconds(at(hours))
    opened = MailOutcome(
        event=MailEvent.OPENED,
        key="1.1.reminder",
        user_id=user_id,
        at=moment,
        campaign="Cart",
        step="reminder",
        template="cart_recovery",
    )
    with writing(bootstrap.database()) as session:
        note_outcomes(session, [opened], now=moment)


def test_in_the_beginning_the_page_says_what_to_do_next(shop: Shop, visit: Open) -> None:
    app = visit(PAGE)

    assert "Nothing to decide." in said(app)
    assert "No saved campaign yet." in said(app)
    assert "Connect your shop" in said(app)


def test_a_saved_campaign_is_launched_in_the_sandbox(shop: Shop, visit: Open) -> None:
    campaign = Campaign.model_validate(CART)
    save_campaign(shop.database, campaign, name="Cart", note="", saved_at=START)

    app = click(visit(PAGE), "live_launch")

    (launched,) = launches(shop.database)
    assert (launched.name, launched.mode) == ("Cart", LaunchMode.SANDBOX)
    assert "sandbox: no customer gets mail" in said(app)
    assert "Launched “Cart” in the sandbox" in app.toast[0].value.replace("\\", "")


def test_a_campaign_whose_e_mail_is_missing_is_not_launched(shop: Shop, visit: Open) -> None:
    steps = [{"id": "mail", "kind": "send", "template": "cart_recovry"}]
    campaign = Campaign.model_validate({**CART, "steps": steps})
    save_campaign(shop.database, campaign, name="Cart", note="", saved_at=START)

    app = click(visit(PAGE), "live_launch")

    assert "there is no such e-mail" in app.error[0].value.replace("\\", "")
    assert launches(shop.database) == []


def test_the_log_says_what_was_decided_in_words_the_latest_first(shop: Shop, visit: Open) -> None:
    shop.launch(mode=LaunchMode.SANDBOX)
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.happen("ann", "add", 3.1)
    shop.tick(5)

    found = log(visit(PAGE))

    assert found["What"].tolist() == [
        "Not let in: still inside the flow",
        "Waits until Fri 1 May 2026, 06:00",
        "E-mail due: Cart recovery (sandbox)",
        "Entered: the trigger caught them",
    ]
    assert set(found["Campaign"]) == {"Cart (sandbox)"}


def test_the_log_is_filtered_by_person_and_by_what_happened(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.know({"bob": {"email": None}})
    for person in ("ann", "bob"):
        shop.happen(person, "add", 1)
    shop.tick(3)
    app = visit(PAGE)

    app.text_input(key="live_person").set_value("bob").run()
    of_bob = log(app)
    app.selectbox(key="live_kind").set_value(Kind.HELD_BACK).run()

    assert set(of_bob["Person"]) == {"bob"}
    assert log(app)["What"].tolist() == ["Held back: Cart recovery. No e-mail address"]


def test_a_person_whose_id_is_an_address_is_masked(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.happen(MAIL, "add", 1)
    shop.tick(3)

    app = visit(PAGE)

    assert set(log(app)["Person"]) == {"a…@example.org"}
    assert MAIL not in said(app)


def test_figures_say_what_came_in_and_who_is_under_way(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.happen("bob", "add", 2.5)
    hear_of_an_open("ann", 2.6)

    app = visit(PAGE)

    assert metrics(app) == {
        "Events received": "2",
        "Per second": "0.0",
        "Waiting": "2",
        "Late": "0",
        "Under way": "1",
        "Due now": "1",
    }
    assert "1 entry, 1 person under way. E-mails: 1 waiting to leave." in said(app)


def test_a_launch_is_paused_resumed_and_once_asked_stopped(shop: Shop, visit: Open) -> None:
    launched = shop.launch()
    app = visit(PAGE)

    states = []
    for deed in ("pause", "resume", "stop_for_good"):
        click(app, f"live_{deed}_{launched.id}")
        states.append(launches(shop.database)[0].state)

    assert states == [LaunchState.PAUSED, LaunchState.RUNNING, LaunchState.STOPPED]
    assert "stopped" in said(app)
    assert not [b for b in app.button if (b.key or "").startswith("live_pause")]


def test_it_is_said_whether_the_evaluator_runs(shop: Shop, visit: Open) -> None:
    shop.launch()
    missing = [w.value for w in visit(PAGE).warning]
    fresh = Campaign.model_validate({**CART, "name": "Fresh"})
    launch(shop.database, fresh, launched_at=now())
    begun = said(visit(PAGE))
    with shop.database.begin() as connection:
        connection.execute(text("UPDATE live_launches SET launched_at = 1 WHERE name = 'Fresh'"))
    report_in(shop, silent_for=timedelta(minutes=1))
    silent = [w.value for w in visit(PAGE).warning]
    report_in(shop)

    app = visit(PAGE)

    assert "it catches up in order" in missing[0]
    assert "is starting" in begun
    assert silent == missing
    assert "The evaluator runs" in said(app)
    assert not app.warning


def test_events_that_waited_long_are_told_as_a_lag(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    report_in(shop)

    assert "behind" in said(visit(PAGE))


def test_who_could_not_be_decided_is_tried_again(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("ann", "view", 1.2)
    shop.tick(1.1)
    with shop.database.begin() as connection:
        connection.execute(text("UPDATE live_states SET state = '{broken'"))
    shop.tick(1.5)
    app = open_tab(visit(PAGE), "live_tab", "What went wrong")
    before = said(app)

    click(app, f"live_try_{dead_letters(shop.database)[0].id}")

    assert "People who could not be decided" in before
    assert "**1 person** could not be decided on: see *What went wrong*." in before
    assert dead_letters(shop.database) == []
    assert metrics(app)["Waiting"] == "1"


def test_a_call_that_was_given_up_is_told_with_how_often_it_was_tried(
    shop: Shop, visit: Open
) -> None:
    shop.launch(steps=[{"id": "tell", "kind": "webhook", "url": "https://127.0.0.1:8080/x"}])
    shop.happen("ann", "add", 1)
    shop.tick(3)
    Caller(shop.database).run(at(3))

    app = open_tab(visit(PAGE), "live_tab", "What went wrong")

    assert "**1 call** to another system was given up: see *What went wrong*." in said(app)
    assert "Tried once. Port 8080 is not called" in said(app)


def test_launches_of_the_same_name_are_told_apart(shop: Shop, visit: Open) -> None:
    for hours in (0, 2):
        stop(shop.database, shop.launch(hours=hours).id, at=at(hours + 1))

    app = visit(PAGE)

    assert app.selectbox(key="live_of_campaign").options == [
        "Cart, Fri 1 May 2026, 00:00 (UTC)",
        "Cart, Fri 1 May 2026, 02:00 (UTC)",
    ]


def test_late_events_are_listed(shop: Shop, visit: Open) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("ann", "view", 1.5)
    shop.tick(1.6)
    shop.happen("ann", "buy", 1.2, arriving=1.7)
    shop.tick(3)

    app = open_tab(visit(PAGE), "live_tab", "What went wrong")
    late = next(f.value for f in app.dataframe if "Late by" in f.value.columns)

    assert late[["Event", "Late by"]].values.tolist() == [["buy", "30 minutes"]]


def test_a_campaign_that_a_running_test_reads_is_not_stopped_here(shop: Shop, visit: Open) -> None:
    variants = [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]
    split = {"id": "test", "kind": "split", "variants": variants}
    campaign = Campaign.model_validate({**CART, "steps": [split, *CART["steps"]]})
    launch_test(
        shop.database,
        campaign,
        settings_for(campaign, "test", name="Which one"),
        mode=LaunchMode.SANDBOX,
        history=None,
        by="test",
        at=START,
    )

    app = visit(PAGE)

    assert "The test **Which one** reads this campaign." in said(app)
    assert not [b for b in app.button if (b.key or "").startswith("live_stop")]


def test_a_stop_says_why_people_left(shop: Shop, visit: Open) -> None:
    launched = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)

    app = click(visit(PAGE), f"live_stop_for_good_{launched.id}")

    assert log(app)["What"].tolist()[0] == "Leaves the flow: the campaign was stopped"
    assert "E-mails: 1 held back." in said(app)
