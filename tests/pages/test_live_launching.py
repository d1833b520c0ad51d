"""Launching for real from the page Live, new versions, and the switch of the evaluator."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.roles import Role
from core.history.reading import open_dataset
from core.services import audit
from core.services.campaigns import save_campaign
from core.services.company import Company, keep_company
from core.services.evaluator_switch import EvaluatorState, evaluator_state, turn
from core.services.live_launches import LaunchMode, launches
from core.services.live_questions import outbox
from core.services.roles import give_role
from core.services.stored_rehearsals import NamedVersion, rehearse_and_keep
from tests.history.datasets import event, write_events
from tests.live.launched import CART, START, Shop
from tests.pages.conftest import Open, click, texts, widget

PAGE = "live/live.py"
VIEWER = "vera@example.com"
COMPANY = Company(
    name="Fellgrove",
    address="1 Hill Road",
    url="https://shop.example.com",
    cart_url="https://shop.example.com/cart",
    sender_address="hello@example.com",
)


@pytest.fixture
def shop(home: Path) -> Shop:
    return Shop(bootstrap.database(), "ann", "bob")


@pytest.fixture
def cart(shop: Shop) -> Campaign:
    campaign = Campaign.model_validate(CART)
    save_campaign(shop.database, campaign, name="Cart", note="", saved_at=START)
    return campaign


def said(app: AppTest) -> str:
    return texts(app).replace("\\", "")


def for_real(app: AppTest) -> AppTest:
    widget(app, "segmented_control", "live_mode").set_value(LaunchMode.LIVE).run()
    assert not app.exception
    return app


def has_button(app: AppTest, key: str) -> bool:
    return any(button.key == key for button in app.button)


def rehearsed(home: Path, campaign: Campaign) -> None:
    """Rehearse a campaign over three people who left carts, one of them twice, one long before."""
    write_events(
        home,
        "history",
        [
            event("ann", "add", 24 * 60),
            event("ann", "add", 24 * 63),
            event("bob", "add", 24 * 63),
            event("cat", "add", 0),
            event("cat", "view", 24 * 64),
        ],
    )
    rehearse_and_keep(
        home,
        open_dataset(home, "history"),
        [NamedVersion(campaign=campaign, version=1)],
        made_at=START,
    )


def test_what_is_missing_is_said_before_anything_can_be_launched_for_real(
    cart: Campaign, visit: Open
) -> None:
    app = for_real(visit(PAGE))

    warned = "\n".join(warning.value for warning in app.warning).replace("\\", "")
    assert "E-mails cannot leave yet" in warned
    assert "sender's address" in warned
    assert not has_button(app, "live_launch")


def test_a_version_that_was_never_rehearsed_is_launched_only_after_a_warning(
    shop: Shop, cart: Campaign, visit: Open
) -> None:
    keep_company(shop.database, COMPANY, changed_at=START)

    app = for_real(visit(PAGE))
    warned = "\n".join(warning.value for warning in app.warning)
    asked = said(app)
    click(app, "live_launch")

    assert "never rehearsed" in warned
    assert "Nobody knows how many people get an e-mail." in asked
    assert [found.mode for found in launches(shop.database)] == [LaunchMode.LIVE]


def test_a_launch_for_real_names_the_people_and_mails_of_the_last_rehearsal(
    shop: Shop, home: Path, cart: Campaign, visit: Open
) -> None:
    keep_company(shop.database, COMPANY, changed_at=START)
    rehearsed(home, cart)

    app = for_real(visit(PAGE))
    widget(app, "selectbox", "live_history").set_value("history").run()
    told = said(app)
    click(app, "live_launch")

    assert "nobody gets them" in told
    assert "2 people would have got 6 e-mails" in told
    assert "Expect about 6 e-mails to 2 people in 30 days, as in its rehearsal." in told
    (launched,) = launches(shop.database)
    assert (launched.name, launched.mode) == ("Cart", LaunchMode.LIVE)
    (entry,) = audit.entries(shop.database)
    assert (entry.action, entry.subject) == ("Launched a campaign", "Cart")
    assert entry.detail == "version 1, for real"


def test_a_call_that_will_be_refused_is_told_before_the_launch(
    home: Path, shop: Shop, visit: Open
) -> None:
    call = {"id": "tell", "kind": "webhook", "url": "https://127.0.0.1:8080/x"}
    campaign = Campaign.model_validate({**CART, "steps": [*CART["steps"], call]})
    save_campaign(shop.database, campaign, name="Cart", note="", saved_at=START)

    app = for_real(visit(PAGE))

    assert "`https://127.0.0.1:8080/x` will not be called: Port 8080 is not called" in said(app)


def test_another_version_goes_live_and_people_under_way_stay(
    shop: Shop, cart: Campaign, visit: Open
) -> None:
    launched = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shorter = cart.model_copy(update={"steps": cart.steps[:1]})
    save_campaign(shop.database, shorter, name="Cart", note="shorter", saved_at=START)

    app = click(visit(PAGE), f"live_publish_now_{launched.id}")
    shop.tick(20)

    (now_live,) = launches(shop.database)
    assert (now_live.version_number, now_live.campaign) == (2, shorter)
    assert "goes on with version 2" in app.toast[0].value.replace("\\", "")
    assert [mail.step for mail in outbox(shop.database)] == ["second", "reminder"]
    assert audit.entries(shop.database)[0].action == "Published a version"


def test_the_evaluator_is_paused_stopped_and_started_from_the_page(shop: Shop, visit: Open) -> None:
    shop.launch()
    app = visit(PAGE)

    states, told = [], []
    for deed in ("paused", "stopped", "running"):
        click(app, f"live_evaluator_{deed}")
        states.append(evaluator_state(shop.database))
        told.append(said(app))

    assert states == [EvaluatorState.PAUSED, EvaluatorState.STOPPED, EvaluatorState.RUNNING]
    assert "The evaluator is paused." in told[0]
    assert "The evaluator is stopped." in told[1]
    assert "The evaluator is starting." in told[2]
    assert [entry.action for entry in audit.entries(shop.database)] == [
        "Started the evaluator",
        "Stopped the evaluator",
        "Paused the evaluator",
    ]


def test_nothing_is_decided_while_the_evaluator_is_paused(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    turn(shop.database, EvaluatorState.PAUSED, at=START)
    shop.tick(3)
    meanwhile = shop.firings()
    turn(shop.database, EvaluatorState.RUNNING, at=START)

    shop.tick(3)

    assert meanwhile == []
    assert shop.firings() == [("ann", "enrolled")]


def test_who_only_looks_may_not_steer(shop: Shop, cart: Campaign, visit: Open) -> None:
    launched = shop.launch()
    give_role(shop.database, VIEWER, Role.VIEWER, given_at=START, given_by="test")
    app = visit(PAGE)
    app.user = {"is_logged_in": True, "email": VIEWER, "email_verified": True}

    app.run()

    steering = ("live_evaluator_paused", "live_evaluator_stopped", f"live_pause_{launched.id}")
    assert all(widget(app, "button", key).disabled for key in steering)
    assert widget(app, "button", "live_launch").disabled
