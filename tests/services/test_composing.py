"""What leaves is what the preview showed, with links of ours in it."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine

from core.domain.email_sources import EmailSource
from core.domain.errors import UnusableInput
from core.domain.signed_links import LinkPurpose
from core.history.reading import open_dataset
from core.live.delivery.letters import Composed, Composition, NotComposed, Withheld
from core.rendering.emails import EmailTemplate, RenderedEmail
from core.rendering.render import render
from core.rendering.renderer import Renderer
from core.rendering.templates import load_templates
from core.services import emails
from core.services.audience_test import as_sent
from core.services.company import company
from core.services.composing import LiveComposer
from core.services.email_context import ContextSource, contexts_of, recipients_of
from core.services.imports import FileKind, import_files
from core.services.kept_recommender import FOLDER, kept_recommender
from core.services.live_events import save_profiles, suppress
from core.services.live_launches import launch
from core.services.live_questions import outbox
from core.services.rehearse import rehearse
from core.settings import REPOSITORY
from core.store.database import migrate, open_database
from core.store.live_outbox import OutboxMessage
from tests.live.feeding import feed
from tests.live.launched import Shop, at
from tests.live.sample import IMPORTED_AT, Sample, sample

URL = "https://mail.shop.example"
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"
    "</mj-body></mjml>"
)
LEFT = {
    "kind": "absence",
    "start": {"event": "cart_add"},
    "unless": {"event": "purchase"},
    "within": "1h",
}
OURS = re.compile(r"https://mail\.shop\.example/t/([a-z])/([\w.-]+)")
PICTURE = re.compile(r'<img src="https://mail\.shop\.example/t/o/[^>]*>')


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as kept:
        yield kept


@pytest.fixture(scope="module")
def starters() -> dict[str, EmailTemplate]:
    return dict(load_templates(REPOSITORY / "templates"))


@dataclass
class Sending:
    """A live shop and what makes its e-mails."""

    shop: Shop
    composer: LiveComposer

    def messages(self) -> list[OutboxMessage]:
        return list(reversed(outbox(self.shop.database)))

    def compose(self, hours: float = 3) -> Composition:
        return self.composer.compose(self.messages()[0], at(hours))

    def sent(self, hours: float = 3) -> RenderedEmail:
        made = self.compose(hours)
        assert isinstance(made, Composed)
        return made.rendered


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Launch the cart campaign without an upload; ann has left two products in the cart."""
    file = tmp_path_factory.mktemp("left") / "live.sqlite"
    database = open_database(f"sqlite:///{file}")
    migrate(database)
    left_a_cart(database)
    database.dispose()
    return file


@pytest.fixture
def sending(
    prepared: Path, tmp_path: Path, renderer: Renderer, starters: dict[str, EmailTemplate]
) -> Iterator[Sending]:
    database = open_database(f"sqlite:///{shutil.copy(prepared, tmp_path)}")
    composer = LiveComposer(database, tmp_path, starters, renderer, lambda: URL)
    yield Sending(Shop(database), composer)
    database.dispose()


def left_a_cart(database: Engine, **changes: Any) -> Shop:
    shop = Shop(database, "ann", "bob")
    shop.launch(trigger=LEFT, **changes)
    for product, price in (("P1", 20.0), ("P2", 5.5)):
        url = f"https://shop.example/{product}?a=1&b=2"
        shop.happen("ann", "cart_add", 1, product_id=product, price=price, product_url=url)
    shop.tick(2)
    return shop


# The law: what leaves is what the preview showed


@pytest.fixture(scope="module")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    home = tmp_path_factory.mktemp("composing")
    made = sample(home, share=80)
    for name in ("whole", "before"):
        import_files(
            home,
            name,
            [REPOSITORY / "data" / "catalogue.csv"],
            imported_at=IMPORTED_AT,
            kind=FileKind.CATALOGUE,
        )
    return replace(made, whole=open_dataset(home, "whole"), before=open_dataset(home, "before"))


def previewed(
    shop: Sample, database: Engine, templates: dict[str, EmailTemplate]
) -> dict[Any, Any]:
    """Render what the rehearsal would have sent, in this process, as the audience test does."""
    rehearsed = rehearse(shop.campaigns, shop.whole, since=shop.since, until=shop.until)
    recommend = kept_recommender(shop.before, shop.home / FOLDER).recommend
    source = ContextSource(shop.whole, recommend=recommend, company=company(database).as_context())
    found = {}
    for place, campaign in enumerate(shop.campaigns):
        steps = {step.id: step for step in campaign.steps}
        recipients = recipients_of(rehearsed.outcome, shop.whole, place)
        links = {name: f"{URL}/{name}" for name in ("unsubscribe", "preferences", "browser")}
        for number, context in contexts_of(source, recipients, links):
            person = recipients[number]
            assert person.campaign is not None
            step = steps[person.campaign.step or ""]
            template = as_sent(templates[step.template], step)  # type: ignore[union-attr, arg-type]
            key = (campaign.name, person.user_id, person.campaign.step, person.at)
            found[key] = render(template, context.as_mapping())
    return found


def untracked(
    rendered: RenderedEmail, composer: LiveComposer, now: datetime
) -> tuple[str, str, str]:
    """Lead the links of an e-mail back to where they led before."""
    links = composer.links(now)

    def back(found: re.Match[str]) -> str:
        purpose, token = LinkPurpose(found[1]), found[2]
        if purpose is LinkPurpose.CLICK:
            said = links.read(purpose, token)
            assert said is not None
            return said.url
        names = {"u": "unsubscribe", "p": "preferences", "v": "browser"}
        return f"{URL}/{names[found[1]]}"

    html = OURS.sub(back, PICTURE.sub("", rendered.html))
    return rendered.subject, unescape(html), OURS.sub(back, rendered.text)


def test_what_leaves_is_what_the_preview_of_the_rehearsal_showed(
    sample_shop: Sample, tmp_path: Path, renderer: Renderer, starters: dict[str, EmailTemplate]
) -> None:
    database = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(database)
    for campaign in sample_shop.campaigns:
        launch(database, campaign, launched_at=sample_shop.since, history=sample_shop.before)
    feed(database, sample_shop.events, sample_shop.until, Random(5), since=sample_shop.since)
    composer = LiveComposer(database, sample_shop.home, starters, renderer, lambda: URL)
    messages = outbox(database, state="queued", limit=100_000)
    now = sample_shop.until

    made = composer.compose_many(messages, now)

    shown = previewed(sample_shop, database, starters)
    launched = {number + 1: campaign.name for number, campaign in enumerate(sample_shop.campaigns)}
    assert len(messages) == len(shown) > 40
    for message, one in zip(messages, made, strict=True):
        preview = shown[launched[message.launch_id], message.user_id, message.step, message.due_at]
        if not isinstance(preview, RenderedEmail):
            assert isinstance(one, NotComposed)
            assert preview.message in one.message
            continue
        assert isinstance(one, Composed), one
        assert untracked(one.rendered, composer, now) == (
            preview.subject,
            unescape(preview.html),
            preview.text,
        )
    database.dispose()


# Links and picture


def test_every_link_to_the_web_leads_through_us_and_says_where_it_goes(sending: Sending) -> None:
    rendered = sending.sent()

    links = sending.composer.links(at(3))
    told = [
        links.read(LinkPurpose.CLICK, token)
        for kind, token in OURS.findall(rendered.html)
        if kind == "c"
    ]
    hrefs = re.findall(r'href="([^"]*)"', rendered.html)
    assert "https://your-shop.example/cart" in {said.url for said in told if said}
    assert all(said is not None for said in told)
    assert all(href.startswith(f"{URL}/t/") for href in hrefs)


def test_links_to_unsubscribe_choose_and_see_stay_as_they_are(sending: Sending) -> None:
    rendered = sending.sent()

    kinds = {kind for kind, _ in OURS.findall(rendered.html)}
    assert kinds == {"c", "o", "p", "u"}
    assert "/t/u/" in rendered.text
    assert "https://your-shop.example" not in rendered.html


def test_the_text_part_has_the_same_links_and_no_picture(sending: Sending) -> None:
    rendered = sending.sent()

    in_html = {found for found in OURS.findall(rendered.html) if found[0] != "o"}
    assert set(OURS.findall(rendered.text)) == in_html
    assert len(PICTURE.findall(rendered.html)) == 1
    assert rendered.html.rstrip().endswith("</body></html>")


def test_one_click_unsubscribes_where_the_letter_says(sending: Sending) -> None:
    made = sending.compose()

    assert isinstance(made, Composed)
    said = sending.composer.links(at(3)).read(
        LinkPurpose.UNSUBSCRIBE, made.unsubscribe_url.rpartition("/")[2]
    )
    assert said is not None
    assert (said.message_key, said.user_id) == (sending.messages()[0].key, "ann")
    assert made.recipient.address == "ann@example.org"


# What it says


def test_without_an_upload_live_events_tell_what_is_in_the_cart(sending: Sending) -> None:
    assert "25.50" in sending.sent().text


def test_it_tells_of_the_time_it_was_due_not_of_when_it_leaves(sending: Sending) -> None:
    sending.shop.happen("ann", "cart_add", 2.5, product_id="P3", price=100)

    assert "25.50" in sending.sent(hours=5).text


def test_what_was_saved_last_before_it_leaves_is_sent(
    sending: Sending, starters: dict[str, EmailTemplate]
) -> None:
    before = sending.sent().subject

    body = starters["cart_recovery"].source
    source = EmailSource(name="cart_recovery", subject="Another one", body=body)
    emails.save_email(sending.shop.database, starters, source, note="", saved_at=at(3))

    assert before != "Another one"
    assert sending.sent().subject == "Another one"


def test_the_page_of_a_message_shows_what_was_saved_when_it_left(
    sending: Sending, starters: dict[str, EmailTemplate]
) -> None:
    source = EmailSource(name="cart_recovery", subject="s", body=MJML.format("Changed since"))
    emails.save_email(sending.shop.database, starters, source, note="", saved_at=at(3))
    message = sending.messages()[0]

    then = sending.composer.page(message, at(2), at(4))
    now = sending.composer.page(message, at(3), at(4))

    assert "Changed since" not in (then or "")
    assert "Changed since" in (now or "")


def test_a_step_may_have_a_subject_of_its_own(
    tmp_path: Path, renderer: Renderer, starters: dict[str, EmailTemplate]
) -> None:
    database = open_database(f"sqlite:///{tmp_path}/own.sqlite")
    migrate(database)
    step = {"id": "reminder", "kind": "send", "template": "cart_recovery", "subject": "Still here"}
    sending = Sending(
        left_a_cart(database, steps=[step]),
        LiveComposer(database, tmp_path, starters, renderer, lambda: URL),
    )

    assert sending.sent().subject == "Still here"
    database.dispose()


# Who gets none


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"unsubscribed": True}, "unsubscribed"),
        ({"consent": False}, "unsubscribed"),
        ({"suppressed": True}, "suppressed"),
        ({"email": None}, "no_address"),
    ],
)
def test_who_must_not_get_it_any_more_gets_none(
    sending: Sending, traits: dict[str, Any], reason: str
) -> None:
    save_profiles(sending.shop.database, {"ann": traits}, saved_at=at(2.5))

    assert sending.compose() == Withheld(reason=reason)


def test_an_address_that_bounced_meanwhile_gets_none(sending: Sending) -> None:
    suppress(sending.shop.database, ["ANN@example.org"], reason="bounce", source="test", at=at(2.5))

    assert sending.compose() == Withheld(reason="suppressed")


def test_an_e_mail_that_fails_for_somebody_is_a_sentence_and_keeps_no_other_from_theirs(
    sending: Sending, starters: dict[str, EmailTemplate]
) -> None:
    sending.shop.happen("bob", "cart_add", 2, product_id="P1", price=0)
    sending.shop.tick(3)
    body = MJML.format("{{ 1 / cart.total }}")
    source = EmailSource(name="cart_recovery", subject="s", body=body)
    emails.save_email(sending.shop.database, starters, source, note="", saved_at=at(3))
    messages = [m for m in sending.messages() if m.step == "reminder"]

    made = sending.composer.compose_many(messages, at(4))

    assert [message.user_id for message in messages] == ["ann", "bob"]
    assert isinstance(made[0], Composed)
    assert isinstance(made[1], NotComposed)
    begin = "The e-mail 'cart_recovery' for 'bob': cart_recovery.mjml:1:"
    assert made[1].message.startswith(begin)
    with pytest.raises(UnusableInput, match="for 'bob'"):
        sending.composer.compose(messages[1], at(4))


def test_an_e_mail_that_is_gone_is_a_sentence(sending: Sending) -> None:
    message = sending.messages()[0]._replace(template="deleted")

    with pytest.raises(UnusableInput, match="There is no e-mail 'deleted' any more"):
        sending.composer.compose(message, at(3))
